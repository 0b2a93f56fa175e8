//! Trained models: loaded, asked, judged, saved.

use std::path::Path;

use longhand_kernels::{Isa, LANES};
use longhand_model_files::{read_model, safetensors, weights_sha256};
use longhand_nn::Summary;
use longhand_training::evaluate;
use rayon::prelude::*;

use crate::classifier::{Classifier, probabilities};
use crate::error::{Error, ErrorKind};
use crate::evaluation::Evaluation;
use crate::export::write;
use crate::images::Images;
use crate::predictions::{Predictions, most_probable};

/// A trained network with all that one needs to use it: how it wants its pixels, and which recipe it came from.
///
/// Images are grey, one byte a pixel, white ink (255) on black (0) as in MNIST, `[row][column]`.
///
/// ```
/// use longhand::{Data, Model, Recipe, Training};
///
/// let data = Data::strokes(256, 32);
/// let model = Training::new(Recipe::named("seed")?.set("epochs", 1)?).run(&data)?.model;
///
/// let image = data.test().image(0);
/// let probabilities = model.probabilities(image)?;
/// assert_eq!(probabilities.len(), 10);
///
/// // A file is bytes under PyTorch's names; reading it back gives the same bits.
/// let again = Model::from_bytes(&model.to_bytes())?;
/// assert_eq!(again.probabilities(image)?, probabilities);
/// # Ok::<(), longhand::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model(longhand_model_files::Model);

impl Model {
    /// Reads the model in the safetensors file `path`, or in `model.safetensors` where `path` is a run's folder.
    ///
    /// # Errors
    /// When it cannot be read, is not such a file, or its tensors do not fit the network it names.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let read = if path.is_dir() { read_model(&path.join("model.safetensors")) } else { read_model(path) };
        read.map_err(|e| Error::new(ErrorKind::Model, e)).and_then(Model::checked)
    }

    /// The model that [`Model::to_bytes`] made `bytes` of.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        safetensors::read(bytes).map_err(|e| Error::new(ErrorKind::Model, e)).and_then(Model::checked)
    }

    /// The model as a safetensors file: weights under PyTorch's names and in its layouts, the network in the metadata.
    pub fn to_bytes(&self) -> Vec<u8> {
        let longhand_model_files::Model { network, normalisation, recipe } = &self.0;
        safetensors::write(network, recipe, normalisation)
    }

    /// Writes [`Model::to_bytes`] to `path`; a file of that name is replaced at once or, on failure, left as it was.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write(path.as_ref(), &self.to_bytes())
    }

    /// The name of the recipe that it was trained by.
    pub fn recipe(&self) -> &str {
        &self.0.recipe
    }

    /// Rows and columns of the images that it takes.
    pub fn image_size(&self) -> (usize, usize) {
        let [_, rows, columns] = self.0.network.spec().input;
        (rows, columns)
    }

    /// How many classes it tells apart.
    pub fn classes(&self) -> usize {
        self.0.network.classes()
    }

    /// How many trained parameters it has.
    pub fn parameters(&self) -> usize {
        Summary::of(self.0.network.spec()).expect("the network was built from this spec").parameters()
    }

    /// SHA-256, in hexadecimal, of all parameters and running statistics: it names these very weights.
    pub fn weights_sha256(&self) -> String {
        weights_sha256(&self.0.network)
    }

    /// The probability of each class for one image.
    ///
    /// Packs the weights afresh: to ask about one image after another, take a [`Model::classifier`].
    ///
    /// # Errors
    /// When the image is not of [`Model::image_size`], or an output is not a number.
    pub fn probabilities(&self, image: &[u8]) -> Result<Vec<f32>, Error> {
        Ok(self.classifier().probabilities(image)?.to_vec())
    }

    /// The most probable class of one image, the first of equals.
    ///
    /// # Errors
    /// As [`Model::probabilities`].
    pub fn class(&self, image: &[u8]) -> Result<usize, Error> {
        self.probabilities(image).map(|probabilities| most_probable(&probabilities))
    }

    /// The probabilities of every class for each of many images, `[image][row][column]`.
    ///
    /// Takes sixteen images through the network together, on all threads of the rayon pool it is called from; each
    /// image gets the bits it gets alone.
    ///
    /// # Errors
    /// When the pixels are not a whole number of images of [`Model::image_size`], or an output is not a number.
    pub fn predict(&self, images: &[u8]) -> Result<Predictions, Error> {
        let (rows, columns) = self.image_size();
        let area = rows * columns;
        if !images.len().is_multiple_of(area) {
            let message = format!(
                "{} pixels are not a whole number of images of {rows}×{columns}, which is what the model takes: give \
                 {area} bytes for each image, row after row",
                images.len()
            );
            return Err(Error::new(ErrorKind::Images, message));
        }
        let (isa, table) = (Isa::detect(), self.0.normalisation.table());
        let inference = self.0.network.inference();
        let groups: Vec<Vec<f32>> = images
            .par_chunks(area * LANES)
            .map_init(
                || self.0.network.inference_group(),
                |group, images| {
                    let active = images.len() / area;
                    group.set_active(active);
                    for (lane, image) in images.chunks(area).enumerate() {
                        group.set_image(lane, image.iter().map(|&pixel| table[usize::from(pixel)]));
                    }
                    inference.infer(isa, group);
                    (0..active).flat_map(|lane| probabilities(group.log_probabilities(lane))).collect()
                },
            )
            .collect();
        let values = groups.concat();
        crate::classifier::check_numbers(&values)?;
        Ok(Predictions::new(self.classes(), values))
    }

    /// The model made ready to be asked about one image at a time, in the shortest time.
    pub fn classifier(&self) -> Classifier {
        Classifier::new(&self.0)
    }

    /// How well it does on `images`, on all threads of the rayon pool it is called from.
    ///
    /// # Errors
    /// When there are none, they are not of [`Model::image_size`], or a label is no class of the model.
    pub fn evaluate(&self, images: &Images) -> Result<Evaluation, Error> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Images, message));
        let (rows, columns) = self.image_size();
        if images.is_empty() {
            return wrong("there are no images to judge the model by; give at least one".to_owned());
        }
        if (images.height(), images.width()) != (rows, columns) {
            return wrong(format!(
                "the images are {}×{} and the model takes {rows}×{columns}; give images of that size",
                images.height(),
                images.width()
            ));
        }
        if let Some(label) = images.labels().iter().find(|&&label| usize::from(label) >= self.classes()) {
            return wrong(format!(
                "an image has label {label} and the model tells {} classes apart, 0 to {}",
                self.classes(),
                self.classes() - 1
            ));
        }
        let found = evaluate(&self.0.network, Isa::detect(), images.set(), &self.0.normalisation);
        Ok(Evaluation::of(found))
    }

    /// Refuses what takes other than grey images: everything here hands it one channel.
    fn checked(model: longhand_model_files::Model) -> Result<Self, Error> {
        match model.network.spec().input {
            [1, _, _] => Ok(Model(model)),
            input => {
                let message = format!(
                    "the model takes images of {input:?} (channels, rows, columns), and images here are grey, of one \
                     channel; load a model trained on such"
                );
                Err(Error::new(ErrorKind::Model, message))
            }
        }
    }

    pub(crate) fn of(model: longhand_model_files::Model) -> Self {
        Model(model)
    }

    pub(crate) fn inner(&self) -> &longhand_model_files::Model {
        &self.0
    }
}
