//! Models for other programs: ONNX, and C for microcontrollers.

use std::path::Path;

use longhand_model_files::{c_header, onnx};
use longhand_training::write_atomically;

use crate::error::{Error, ErrorKind};
use crate::model::Model;

/// How [`Model::to_onnx`] writes; by default batch norm is kept, and the graph takes raw pixels, 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnnxOptions(onnx::Options);

impl OnnxOptions {
    /// The default.
    pub fn new() -> Self {
        OnnxOptions::default()
    }

    /// Whether batch norm goes into the weights of the layers around it wherever it can, or stays a node of its own.
    pub fn fold_batch_norm(mut self, fold: bool) -> Self {
        self.0.batch_norm = if fold { onnx::BatchNorm::Fold } else { onnx::BatchNorm::Keep };
        self
    }

    /// Whether the graph takes pixels that the caller has normalised, or raw ones, 0 to 255, and normalises them itself.
    pub fn normalised_input(mut self, normalised: bool) -> Self {
        self.0.input = if normalised { onnx::Input::Normalised } else { onnx::Input::Raw };
        self
    }
}

impl Model {
    /// The model as an ONNX file: any number of images `[image][1][row][column]` in, log-probabilities out.
    ///
    /// ```
    /// use longhand::{Data, OnnxOptions, Recipe, Training};
    ///
    /// let run = Training::new(Recipe::named("seed")?.set("epochs", 1)?).run(&Data::strokes(64, 10))?;
    /// let bytes = run.model.to_onnx(OnnxOptions::new().fold_batch_norm(true))?;
    /// assert!(bytes.len() > 4 * 18_800);
    /// # Ok::<(), longhand::Error>(())
    /// ```
    ///
    /// # Errors
    /// When a weight is not a finite number.
    pub fn to_onnx(&self, options: OnnxOptions) -> Result<Vec<u8>, Error> {
        onnx::write(self.inner(), &options.0).map_err(|e| Error::new(ErrorKind::Model, e))
    }

    /// Writes [`Model::to_onnx`] to `path`; a file of that name is replaced at once or, on failure, left as it was.
    ///
    /// # Errors
    /// As [`Model::to_onnx`], and when the operating system refuses.
    pub fn save_onnx(&self, path: impl AsRef<Path>, options: OnnxOptions) -> Result<(), Error> {
        write(path.as_ref(), &self.to_onnx(options)?)
    }

    /// The model as one self-contained C99 header with a `predict` function that allocates nothing; every name in it
    /// begins with `name`, made a C identifier.
    ///
    /// # Errors
    /// When a weight, batch norm folded in, is not a finite number.
    pub fn to_c_header(&self, name: &str) -> Result<String, Error> {
        c_header::write(self.inner(), name).map(|header| header.text).map_err(|e| Error::new(ErrorKind::Model, e))
    }

    /// Writes [`Model::to_c_header`] to `path`; a file of that name is replaced at once or, on failure, left as it was.
    ///
    /// # Errors
    /// As [`Model::to_c_header`], and when the operating system refuses.
    pub fn save_c_header(&self, path: impl AsRef<Path>, name: &str) -> Result<(), Error> {
        write(path.as_ref(), self.to_c_header(name)?.as_bytes())
    }
}

/// Writes a model's file whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomically(path, bytes)
        .map_err(|e| Error::new(ErrorKind::Output, format!("cannot write the model {}: {e}", path.display())))
}
