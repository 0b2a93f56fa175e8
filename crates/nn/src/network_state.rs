//! The state of a network as plain numbers: what a training that goes on later needs of it.

use crate::network::Network;

/// Everything of a network that training changes, exactly as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkState {
    /// All parameters, in the order of the layout.
    pub parameters: Vec<f32>,
    /// The running mean of every batch norm channel, in layer order.
    pub running_mean: Vec<f32>,
    /// The running variance of each.
    pub running_var: Vec<f32>,
    /// How many training batches the running statistics have seen.
    pub batches_tracked: u64,
}

/// A [`NetworkState`] or an [`crate::OptimiserState`] is not that of the network or optimiser it is given to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRestored {
    /// A list of numbers has another length.
    #[error("{what} has {found} numbers and {wanted} are wanted")]
    Length {
        /// Which list.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What it must be.
        wanted: usize,
    },
    /// The state is another optimiser's.
    #[error("it holds the state of {found} and {wanted} is trained with")]
    Optimiser {
        /// Whose it is.
        found: &'static str,
        /// Whose it must be.
        wanted: &'static str,
    },
}

pub(crate) fn check_length(what: &'static str, found: &[f32], wanted: usize) -> Result<(), NotRestored> {
    if found.len() == wanted { Ok(()) } else { Err(NotRestored::Length { what, found: found.len(), wanted }) }
}

impl Network {
    /// The network's state, copied.
    pub fn snapshot(&self) -> NetworkState {
        NetworkState {
            parameters: self.parameters.clone(),
            running_mean: self.running_mean.clone(),
            running_var: self.running_var.clone(),
            batches_tracked: self.batches_tracked,
        }
    }

    /// Takes over `state`, a [`Network::snapshot`] of a network of the same spec.
    ///
    /// # Errors
    /// When a length is not this network's; the network is then unchanged.
    pub fn restore(&mut self, state: &NetworkState) -> Result<(), NotRestored> {
        check_length("parameters", &state.parameters, self.parameters.len())?;
        check_length("running_mean", &state.running_mean, self.running_mean.len())?;
        check_length("running_var", &state.running_var, self.running_var.len())?;
        self.parameters.copy_from_slice(&state.parameters);
        self.running_mean.copy_from_slice(&state.running_mean);
        self.running_var.copy_from_slice(&state.running_var);
        self.batches_tracked = state.batches_tracked;
        Ok(())
    }
}
