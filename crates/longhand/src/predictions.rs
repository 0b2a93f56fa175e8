//! What a model makes of many images.

/// The probabilities of every class for each of many images, in the images' order.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    classes: usize,
    values: Vec<f32>,
}

impl Predictions {
    pub(crate) fn new(classes: usize, values: Vec<f32>) -> Self {
        Predictions { classes, values }
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.classes
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The probability of each class for image `index`.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn probabilities(&self, index: usize) -> &[f32] {
        &self.values[index * self.classes..][..self.classes]
    }

    /// The most probable class of image `index`, the first of equals.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn class(&self, index: usize) -> usize {
        most_probable(self.probabilities(index))
    }

    /// The most probable class of every image.
    pub fn classes(&self) -> Vec<usize> {
        self.values.chunks(self.classes).map(most_probable).collect()
    }

    /// All probabilities, `[image][class]`.
    pub fn as_slice(&self) -> &[f32] {
        &self.values
    }
}

/// The place of the largest, the first of equals.
pub(crate) fn most_probable(probabilities: &[f32]) -> usize {
    let mut best = 0;
    for (class, probability) in probabilities.iter().enumerate() {
        if *probability > probabilities[best] {
            best = class;
        }
    }
    best
}
