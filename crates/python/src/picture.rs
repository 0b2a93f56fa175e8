//! Pictures of digits, for Python.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::arrays::numpy_array;
use crate::error::refused;

/// A picture's file, or its bytes.
#[derive(FromPyObject)]
pub enum Source {
    /// The bytes of a PNG or JPEG file.
    Bytes(Vec<u8>),
    /// Where it is.
    Path(PathBuf),
}

/// Reads a PNG or JPEG picture of a digit and brings it into the form that models take: a uint8 array of 28×28.
///
/// The digit is found, whatever the picture's size and colours, dark on light or light on dark, fitted into 20×20 pixels
/// and centred by mass, as MNIST's digits were. The array is what a network sees: look at it.
///
/// Args:
///     picture: a path, or the bytes of the file.
///
/// Example:
///     >>> model.predict(longhand.read_picture("seven.jpg"))
///     7
#[pyfunction]
pub fn read_picture(py: Python<'_>, picture: Source) -> PyResult<Bound<'_, PyAny>> {
    let read = py.detach(|| match picture {
        Source::Bytes(bytes) => longhand::read_picture(&bytes),
        Source::Path(path) => longhand::read_picture_file(path),
    });
    let pixels = read.map_err(refused)?;
    let side = pixels.len().isqrt();
    numpy_array(py, &pixels, "uint8", &[side, side])
}
