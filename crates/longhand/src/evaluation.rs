//! How well a model did on labelled images.

/// What [`Model::evaluate`](crate::Model::evaluate) found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Evaluation {
    /// Images in all.
    pub images: usize,
    /// Images recognised.
    pub correct: usize,
    /// Mean negative log-likelihood of the labels.
    pub loss: f64,
    /// `confusion[label][class]`: how many images of `label` were taken for `class`.
    pub confusion: Vec<Vec<usize>>,
}

impl Evaluation {
    /// Share of the images recognised, of 1.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images as f64
    }

    /// Images not recognised.
    pub fn errors(&self) -> usize {
        self.images - self.correct
    }

    pub(crate) fn of(found: longhand_training::Evaluation) -> Self {
        let longhand_training::Evaluation { loss, correct, images, confusion } = found;
        Evaluation { images, correct, loss, confusion }
    }
}
