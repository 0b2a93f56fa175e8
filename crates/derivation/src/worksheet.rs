//! Everything about one network, worked out once: what every page, document and workbook is a view of.

use crate::derivation::Derivation;
use crate::divergence::DivergenceProbe;
use crate::evaluation::Values;
use crate::network::Network;
use crate::spec::NetworkSpec;
use crate::spec_error::SpecError;
use crate::table::Table;

/// A network with its derivation, its table and its values in row 1.
#[derive(Debug, Clone)]
pub struct Worksheet {
    /// The network; its graph holds every expression that the derivation speaks of.
    pub network: Network,
    /// The derivation, where it is short enough to be read.
    pub derivation: Option<Derivation>,
    /// The training tables.
    pub table: Table,
    /// What learning rates above the listed ones do.
    pub divergence: DivergenceProbe,
    /// The value of every node in row 1, at the first learning rate.
    pub values: Values,
}

impl Worksheet {
    /// Works everything out.
    ///
    /// # Errors
    /// Where the description is not sound, see [`NetworkSpec::validate`].
    pub fn work_out(spec: NetworkSpec) -> Result<Self, SpecError> {
        let mut network = Network::build(spec)?;
        let derivation = network.is_readable().then(|| Derivation::write(&mut network));
        let table = Table::compute(&network);
        let divergence = DivergenceProbe::search(&network);
        let values = network.initial_values();
        Ok(Worksheet { network, derivation, table, divergence, values })
    }
}
