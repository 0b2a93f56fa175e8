//! What a model takes a digit for.

use longhand_data::{MNIST_SIDE, NoDigit, PictureError};
use longhand_kernels::Isa;
use longhand_kernels::exp_ln::exp;
use longhand_nn::OneImage;

use crate::model::Model;

/// A model made ready to tell one image after another.
#[derive(Clone, Debug)]
pub struct Classifier {
    isa: Isa,
    network: OneImage,
    /// What the network sees of each value of a pixel.
    normalised: [f32; 256],
    input: [usize; 3],
}

/// What an image was taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The class, the first of equals.
    pub class: usize,
    /// The next most probable class; `None` where there is but one.
    pub runner_up: Option<usize>,
    /// The probability of each class, of 1.
    pub probabilities: Vec<f64>,
}

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotPredicted {
    /// The bytes are no picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The picture has no digit.
    #[error(transparent)]
    NoDigit(#[from] NoDigit),
    /// The model looks at something else than MNIST's images.
    #[error(
        "the model takes images of {0:?} (channels, rows, columns), and pictures are brought into the form of MNIST, \
         [1, {MNIST_SIDE}, {MNIST_SIDE}]; take a model trained on that"
    )]
    OtherInput([usize; 3]),
    /// Pixels that are not the model's input.
    #[error(
        "{found} pixels were given, and the model takes {}×{}×{} (channels, rows, columns): give {}",
        wanted[0], wanted[1], wanted[2], wanted.iter().product::<usize>()
    )]
    PixelCount {
        /// Pixels given.
        found: usize,
        /// The model's input.
        wanted: [usize; 3],
    },
    /// The network's output is no number.
    #[error("the model's output is not a number: its weights are damaged, or its training diverged; train it anew")]
    NotANumber,
}

impl Model {
    /// The model made ready to classify one image after another, with the kernels of `isa`.
    pub fn classifier(&self, isa: Isa) -> Classifier {
        let (network, input) = (self.network.one_image(), self.network.spec().input);
        Classifier { isa, network, input, normalised: self.normalisation.table() }
    }
}

impl Classifier {
    /// Says whether the model looks at images in MNIST's form.
    ///
    /// # Errors
    /// When it does not.
    pub fn ensure_mnist_form(&self) -> Result<(), NotPredicted> {
        if self.input == [1, MNIST_SIDE, MNIST_SIDE] { Ok(()) } else { Err(NotPredicted::OtherInput(self.input)) }
    }

    /// The log-probabilities of the classes of an image in the form the model was trained on, `[channel][row][column]`, 0
    /// paper to 255 ink. Allocates nothing, and each image gets the bits that it gets among many.
    ///
    /// # Errors
    /// When the pixels are not as many as the model takes, or its output is not a number.
    pub fn log_probabilities(&mut self, pixels: &[u8]) -> Result<&[f32], NotPredicted> {
        if pixels.len() != self.input.iter().product::<usize>() {
            return Err(NotPredicted::PixelCount { found: pixels.len(), wanted: self.input });
        }
        let normalised = pixels.iter().map(|&pixel| self.normalised[usize::from(pixel)]);
        let log_probabilities = self.network.log_probabilities(self.isa, normalised);
        if log_probabilities.iter().any(|y| y.is_nan()) {
            return Err(NotPredicted::NotANumber);
        }
        Ok(log_probabilities)
    }

    /// Classifies an image in the form the model was trained on, `[channel][row][column]`, 0 paper to 255 ink.
    ///
    /// # Errors
    /// As [`Classifier::log_probabilities`].
    pub fn classify(&mut self, pixels: &[u8]) -> Result<Prediction, NotPredicted> {
        let log_probabilities = self.log_probabilities(pixels)?;
        let largest_but = |not: Option<usize>| {
            let others = log_probabilities.iter().enumerate().filter(|&(class, _)| Some(class) != not);
            others.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(class, _)| class)
        };
        let class = largest_but(None).expect("a network has a class");
        Ok(Prediction {
            class,
            runner_up: largest_but(Some(class)),
            // The kernels' own exponential: the same bits everywhere.
            probabilities: log_probabilities.iter().map(|&y| f64::from(exp(y))).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use longhand_data::Normalisation;
    use longhand_nn::{Initialisation, LayerSpec, Network, NetworkSpec};

    use super::*;

    fn model(input: [usize; 3]) -> Model {
        let layers = vec![LayerSpec::Linear { features: 10, bias: true }, LayerSpec::LogSoftmax {}];
        let network = Network::new(&NetworkSpec { input, layers }, Initialisation::He, 1).unwrap();
        Model { network, normalisation: Normalisation::default(), recipe: "test".into() }
    }

    #[test]
    fn pixels_and_models_of_another_shape_are_refused() {
        let error = model([1, 28, 28]).classifier(Isa::detect()).classify(&[0; 10]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "10 pixels were given, and the model takes 1×28×28 (channels, rows, columns): give 784"
        );
        let error = model([1, 14, 14]).classifier(Isa::detect()).ensure_mnist_form().unwrap_err();
        assert!(matches!(error, NotPredicted::OtherInput([1, 14, 14])), "{error}");
    }

    #[test]
    fn equal_probabilities_go_to_the_first_class() {
        let mut model = model([1, 28, 28]);
        let zeros: Vec<_> =
            model.network.state().iter().map(|(n, s, v)| (n.clone(), s.clone(), vec![0.0; v.len()])).collect();
        model.network.load_state(&zeros, 0).unwrap();
        let prediction = model.classifier(Isa::detect()).classify(&[0; 784]).unwrap();
        assert_eq!((prediction.class, prediction.runner_up), (0, Some(1)));
        assert_eq!(prediction.probabilities.len(), 10);
        assert!((prediction.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    }
}
