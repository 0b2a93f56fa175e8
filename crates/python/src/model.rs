//! Trained models, for Python.

use std::path::PathBuf;

use longhand::OnnxOptions;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arrays::{Pixels, of_counts, of_f32};
use crate::data::images;
use crate::error::refused;
use crate::threads::pool;

/// A trained network: asked, judged, saved, loaded.
///
/// Images are numpy arrays of uint8, 0 black to 255 white ink as in MNIST: N×28×28 (or N×1×28×28), or 28×28 for one.
///
/// Example:
///     >>> model = longhand.Model.load("model.safetensors")
///     >>> model.predict(images)
///     array([7, 2, 1])
#[pyclass(module = "longhand", frozen)]
pub struct Model(longhand::Model);

impl Model {
    pub fn of(model: longhand::Model) -> Self {
        Model(model)
    }

    /// Probabilities, one row for each image, and whether there was one image by itself.
    fn ask(&self, py: Python<'_>, array: &Bound<'_, PyAny>) -> PyResult<(longhand::Predictions, bool)> {
        let pixels = Pixels::of(array)?;
        pixels.check_size(self.0.image_size())?;
        let pool = pool()?;
        let predictions = py.detach(|| pool.install(|| self.0.predict(&pixels.bytes))).map_err(refused)?;
        Ok((predictions, pixels.count.is_none()))
    }
}

#[pymethods]
impl Model {
    /// Reads the model in the safetensors file `path`, or in `model.safetensors` where `path` is a run's folder.
    ///
    /// Example:
    ///     >>> model = longhand.Model.load("runs/2026-11-25-sprint-s0")
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| longhand::Model::load(path)).map(Model).map_err(refused)
    }

    /// The model that `to_bytes` made `data` of.
    ///
    /// Example:
    ///     >>> longhand.Model.from_bytes(model.to_bytes()).weights_sha256 == model.weights_sha256
    ///     True
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        longhand::Model::from_bytes(data).map(Model).map_err(refused)
    }

    /// The model as a safetensors file: PyTorch's names and layouts, the network in the metadata.
    ///
    /// Example:
    ///     >>> len(model.to_bytes())
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Writes `to_bytes()` to `path`; an older file of that name is replaced at once or left as it was.
    ///
    /// Example:
    ///     >>> run.model.save("model.safetensors")
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.0.save(path)).map_err(refused)
    }

    /// Writes the model as ONNX, which other runtimes read: input N×1×28×28 float32, output the log-probabilities.
    ///
    /// Args:
    ///     path: the file to write.
    ///     fold_batch_norm: batch norm goes into the weights of the layers around it.
    ///     normalised_input: the graph takes pixels that the caller has normalised; else raw ones, 0 to 255.
    ///
    /// Example:
    ///     >>> run.model.to_onnx("model.onnx")
    #[pyo3(signature = (path, *, fold_batch_norm=false, normalised_input=false))]
    fn to_onnx(&self, py: Python<'_>, path: PathBuf, fold_batch_norm: bool, normalised_input: bool) -> PyResult<()> {
        let options = OnnxOptions::new().fold_batch_norm(fold_batch_norm).normalised_input(normalised_input);
        py.detach(|| self.0.save_onnx(path, options)).map_err(refused)
    }

    /// Writes the model as one self-contained C99 header with a predict function, for microcontrollers.
    ///
    /// Args:
    ///     path: the file to write.
    ///     name: what every name in it begins with.
    ///
    /// Example:
    ///     >>> run.model.to_c_header("digits.h", name="digits")
    #[pyo3(signature = (path, *, name="model"))]
    fn to_c_header(&self, py: Python<'_>, path: PathBuf, name: &str) -> PyResult<()> {
        py.detach(|| self.0.save_c_header(path, name)).map_err(refused)
    }

    /// The most probable class: an int for one image, an int64 array of N for many.
    ///
    /// Example:
    ///     >>> model.predict(images[0])
    ///     7
    fn predict<'py>(&self, py: Python<'py>, images: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (predictions, one) = self.ask(py, images)?;
        if one {
            return Ok(predictions.class(0).into_pyobject(py)?.into_any());
        }
        of_counts(py, &predictions.classes(), &[predictions.len()])
    }

    /// The probability of every class: a float32 array of C for one image, of N×C for many.
    ///
    /// Example:
    ///     >>> model.predict_proba(images).shape
    ///     (10000, 10)
    fn predict_proba<'py>(&self, py: Python<'py>, images: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (predictions, one) = self.ask(py, images)?;
        let classes = self.0.classes();
        let shape: &[usize] = if one { &[classes] } else { &[predictions.len(), classes] };
        of_f32(py, predictions.as_slice(), shape)
    }

    /// How well it does on labelled images: a dict of accuracy, errors, images, loss (mean negative log-likelihood) and
    /// confusion (an array: row the label, column the class it was taken for).
    ///
    /// Example:
    ///     >>> model.evaluate(test_images, test_labels)["errors"]
    ///     53
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        images: &Bound<'py, PyAny>,
        labels: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let set = self::images(images, labels)?;
        let pool = pool()?;
        let found = py.detach(|| pool.install(|| self.0.evaluate(&set))).map_err(refused)?;
        let classes = self.0.classes();
        let result = PyDict::new(py);
        result.set_item("accuracy", found.accuracy())?;
        result.set_item("errors", found.errors())?;
        result.set_item("images", found.images)?;
        result.set_item("loss", found.loss)?;
        result.set_item("confusion", of_counts(py, &found.confusion.concat(), &[classes, classes])?)?;
        Ok(result)
    }

    /// The name of the recipe that it was trained by.
    #[getter]
    fn recipe(&self) -> &str {
        self.0.recipe()
    }

    /// How many trained parameters it has.
    #[getter]
    fn parameters(&self) -> usize {
        self.0.parameters()
    }

    /// How many classes it tells apart.
    #[getter]
    fn classes(&self) -> usize {
        self.0.classes()
    }

    /// Rows and columns of the images that it takes.
    #[getter]
    fn image_size(&self) -> (usize, usize) {
        self.0.image_size()
    }

    /// SHA-256 of all parameters and running statistics: it names these very weights.
    #[getter]
    fn weights_sha256(&self) -> String {
        self.0.weights_sha256()
    }

    fn __repr__(&self) -> String {
        format!("Model(recipe={:?}, parameters={})", self.0.recipe(), self.0.parameters())
    }

    /// Pickled as its safetensors file, so that it can go to other processes.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((slf.get_type().getattr("from_bytes")?, (slf.get().to_bytes(slf.py()),)))
    }
}
