//! Weights that are no numbers, which no other program is given.

use super::{Operation, Step, singles};

/// Why a model is not written for other programs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "`{layer}` would have a weight of {value} in the file, and other programs take finite numbers only; was the model's \
     training stopped after it diverged?"
)]
pub struct NotFinite {
    /// The layer.
    pub layer: String,
    /// The first such number.
    pub value: f32,
}

/// Refuses `steps` with a number that single precision cannot hold: batch norm that is folded in divides by a deviation,
/// which may be tiny.
///
/// # Errors
/// When there is one.
pub(crate) fn ensure_finite(steps: &[Step]) -> Result<(), NotFinite> {
    for step in steps {
        if let Some(value) = step.operation.numbers().into_iter().flat_map(singles).find(|v| !v.is_finite()) {
            return Err(NotFinite { layer: step.name.clone(), value });
        }
    }
    Ok(())
}

impl Operation {
    /// Every array of numbers that the operation needs.
    pub(crate) fn numbers(&self) -> Vec<&[f64]> {
        match self {
            Operation::Convolution { weights, .. } | Operation::Linear { weights } => {
                [&weights.weight[..]].into_iter().chain(weights.bias.as_deref()).collect()
            }
            Operation::Relu { floor } => floor.as_deref().into_iter().collect(),
            Operation::BatchNorm { gamma, beta, mean, var, .. } => vec![gamma, beta, mean, var],
            Operation::ScaleShift(affine) => vec![&affine.scale, &affine.shift],
            Operation::Normalise { .. } | Operation::MaxPool | Operation::GlobalAveragePool | Operation::LogSoftmax => {
                vec![]
            }
        }
    }
}
