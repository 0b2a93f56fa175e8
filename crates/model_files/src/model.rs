//! A trained network and what one needs to use it.

use longhand_data::Normalisation;
use longhand_nn::Network;

/// A trained network, how it wants its pixels, and the recipe it came from.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// What pixels become before the network sees them.
    pub normalisation: Normalisation,
    /// The recipe's name.
    pub recipe: String,
}
