//! A model that is asked about one image at a time.

use longhand_kernels::Isa;
use longhand_kernels::exp_ln::exp;
use longhand_model_files::NotPredicted;

use crate::error::{Error, ErrorKind};
use crate::predictions::most_probable;

/// A model made ready, by [`Model::classifier`](crate::Model::classifier), to be asked about one image after another.
///
/// It owns what it needs, and allocates nothing when it is asked. Each image gets the bits that it gets among many.
#[derive(Clone, Debug)]
pub struct Classifier {
    inner: longhand_model_files::Classifier,
    probabilities: Vec<f32>,
}

impl Classifier {
    pub(crate) fn new(model: &longhand_model_files::Model) -> Self {
        let probabilities = Vec::with_capacity(model.network.classes());
        Classifier { inner: model.classifier(Isa::detect()), probabilities }
    }

    /// The probability of each class for `image`, `[row][column]`.
    ///
    /// # Errors
    /// When the image is not of the model's size, or an output is not a number.
    pub fn probabilities(&mut self, image: &[u8]) -> Result<&[f32], Error> {
        let logs = self.inner.log_probabilities(image).map_err(|error| {
            let kind = if matches!(error, NotPredicted::NotANumber) { ErrorKind::Model } else { ErrorKind::Images };
            Error::new(kind, error)
        })?;
        self.probabilities.clear();
        self.probabilities.extend(probabilities(logs.iter().copied()));
        Ok(&self.probabilities)
    }

    /// The most probable class of `image`, the first of equals.
    ///
    /// # Errors
    /// As [`Classifier::probabilities`].
    pub fn class(&mut self, image: &[u8]) -> Result<usize, Error> {
        self.probabilities(image).map(most_probable)
    }
}

/// Probabilities from their logarithms, by the kernels' own exponential: the same bits on every platform.
pub(crate) fn probabilities(logs: impl Iterator<Item = f32>) -> impl Iterator<Item = f32> {
    logs.map(exp)
}

/// Refuses outputs that are not numbers.
pub(crate) fn check_numbers(probabilities: &[f32]) -> Result<(), Error> {
    if probabilities.iter().all(|p| p.is_finite()) {
        return Ok(());
    }
    let message = "the model's outputs are not numbers: its weights are not sound; train it again or load another";
    Err(Error::new(ErrorKind::Model, message))
}
