//! What an optimiser remembers between steps, as plain numbers.

use super::Optimiser;
use crate::network_state::{NotRestored, check_length};

/// Everything that an [`Optimiser`] remembers between steps, exactly as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum OptimiserState {
    /// Of stochastic gradient descent.
    Sgd {
        /// The velocity of every parameter, in the parameters' order.
        velocity: Vec<f32>,
    },
    /// Of AdamW.
    AdamW {
        /// The moving mean of every parameter's gradient.
        mean: Vec<f32>,
        /// The moving mean of its square.
        mean_square: Vec<f32>,
        /// β₁ᵗ and β₂ᵗ after t steps.
        powers: [f64; 2],
    },
}

impl OptimiserState {
    /// `sgd` or `adamw`, as in a recipe.
    pub fn type_name(&self) -> &'static str {
        match self {
            OptimiserState::Sgd { .. } => "sgd",
            OptimiserState::AdamW { .. } => "adamw",
        }
    }
}

impl Optimiser {
    /// What it remembers, copied.
    pub fn state(&self) -> OptimiserState {
        match self {
            Optimiser::Sgd(sgd) => OptimiserState::Sgd { velocity: sgd.velocity.clone() },
            Optimiser::AdamW(adamw) => OptimiserState::AdamW {
                mean: adamw.mean.clone(),
                mean_square: adamw.mean_square.clone(),
                powers: adamw.powers,
            },
        }
    }

    /// Takes over `state`, [`Optimiser::state`] of an optimiser of the same spec and layout.
    ///
    /// # Errors
    /// When it is another optimiser's, or a length is not that of the layout; the optimiser is then unchanged.
    pub fn restore(&mut self, state: &OptimiserState) -> Result<(), NotRestored> {
        match (self, state) {
            (Optimiser::Sgd(sgd), OptimiserState::Sgd { velocity }) => {
                check_length("velocity", velocity, sgd.velocity.len())?;
                sgd.velocity.copy_from_slice(velocity);
            }
            (Optimiser::AdamW(adamw), OptimiserState::AdamW { mean, mean_square, powers }) => {
                check_length("mean", mean, adamw.mean.len())?;
                check_length("mean_square", mean_square, adamw.mean.len())?;
                adamw.mean.copy_from_slice(mean);
                adamw.mean_square.copy_from_slice(mean_square);
                adamw.powers = *powers;
            }
            (own, state) => {
                let wanted = own.state().type_name();
                return Err(NotRestored::Optimiser { found: state.type_name(), wanted });
            }
        }
        Ok(())
    }
}
