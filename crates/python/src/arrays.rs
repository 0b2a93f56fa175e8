//! Arrays in by the buffer protocol, arrays out through numpy.
//!
//! The buffer protocol needs no crate and takes whatever exports one: numpy arrays, `memoryview`, `bytes` in a shape. Pixels
//! are copied once, in one block, because other Python threads run, and may write to the array, while the network reads.

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyTuple};

use crate::error::refused_images;

/// Pixels as they were handed in.
pub struct Pixels {
    /// `[image][row][column]`.
    pub bytes: Vec<u8>,
    /// How many images; `None` where one image was given by itself, without a dimension for images.
    pub count: Option<usize>,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
}

impl Pixels {
    /// Pixels of an array of N×rows×columns, N×1×rows×columns, or rows×columns.
    pub fn of(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::<u8>::get(array).map_err(|_| refused_images(not_pixels(array)))?;
        let (count, height, width) = match *buffer.shape() {
            [height, width] => (None, height, width),
            [count, height, width] | [count, 1, height, width] => (Some(count), height, width),
            ref shape => {
                return Err(refused_images(format!(
                    "an array of shape {shape:?} is not images: give N×28×28 (or N×1×28×28), or 28×28 for one image"
                )));
            }
        };
        Ok(Pixels { bytes: buffer.to_vec(array.py())?, count, height, width })
    }

    /// Refuses images of another size than `wanted` (rows, columns).
    pub fn check_size(&self, wanted: (usize, usize)) -> PyResult<()> {
        if (self.height, self.width) == wanted {
            return Ok(());
        }
        Err(refused_images(format!(
            "the images are {}×{} and the model takes {}×{}; give images of that size",
            self.height, self.width, wanted.0, wanted.1
        )))
    }
}

/// Why `array` is not pixels, and what to do.
fn not_pixels(array: &Bound<'_, PyAny>) -> String {
    let kind = array.get_type().name().map_or_else(|_| "this".to_owned(), |name| name.to_string());
    let Ok(dtype) = array.getattr("dtype") else {
        return format!(
            "images must be an array of uint8 that exports a buffer, such as numpy's, and this is a {kind}"
        );
    };
    let advice = match dtype.getattr("kind").and_then(|kind| kind.extract::<String>()).as_deref() {
        Ok("f") => "where they are from 0 to 1, (images * 255).round().astype('uint8')",
        Ok(_) => "images.astype('uint8')",
        // A tensor of PyTorch has a dtype of another make, and no buffer.
        Err(_) => "images.numpy(), and see that it is uint8",
    };
    format!("images must be uint8, 0 (black) to 255 (white ink), and this {kind} is {dtype}; give {advice}")
}

/// Labels of a sequence or array of whole numbers, one for each image.
pub fn labels(array: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let numpy = array.py().import("numpy")?;
    let array = numpy.call_method1("asarray", (array,))?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    let shape: Vec<usize> = array.getattr("shape")?.extract()?;
    if !matches!(kind.as_str(), "i" | "u") || shape.len() != 1 {
        let dtype = array.getattr("dtype")?;
        return Err(refused_images(format!(
            "labels must be whole numbers, one for each image, and this is {dtype} of shape {shape:?}"
        )));
    }
    if shape[0] > 0 {
        for end in ["min", "max"] {
            let label = array.call_method0(end)?.call_method0("item")?;
            if label.extract::<u8>().is_err() {
                return Err(refused_images(format!("a label is {label}, but labels are the digits 0 to 9")));
            }
        }
    }
    PyBuffer::<u8>::get(&array.call_method1("astype", ("uint8",))?)?.to_vec(array.py())
}

/// A writable numpy array of `dtype` and `shape` over a copy of `bytes`, its values in the machine's order.
pub fn numpy_array<'py>(py: Python<'py>, bytes: &[u8], dtype: &str, shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let numpy = py.import("numpy")?;
    let flat = numpy.call_method1("frombuffer", (PyByteArray::new(py, bytes), dtype))?;
    flat.call_method1("reshape", (PyTuple::new(py, shape)?,))
}

/// A numpy array of float32.
pub fn of_f32<'py>(py: Python<'py>, values: &[f32], shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    numpy_array(py, &bytes, "float32", shape)
}

/// A numpy array of float64.
pub fn of_f64<'py>(py: Python<'py>, values: &[f64]) -> PyResult<Bound<'py, PyAny>> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    numpy_array(py, &bytes, "float64", &[values.len()])
}

/// A numpy array of int64.
pub fn of_counts<'py>(py: Python<'py>, values: &[usize], shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let bytes: Vec<u8> = values.iter().flat_map(|&value| (value as i64).to_ne_bytes()).collect();
    numpy_array(py, &bytes, "int64", shape)
}
