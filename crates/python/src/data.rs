//! Data sets from what Python hands in.

use std::path::PathBuf;

use longhand::{Data, Images};
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;

use crate::arrays::{Pixels, labels, numpy_array};
use crate::error::{refused, refused_images};
use crate::threads::pool;

/// How many stroke digits the program's own data set has, to train on and to test.
const STROKES: (usize, usize) = (60_000, 10_000);

/// What `data` may be: nothing (as the program finds it), a word, a folder, or images with labels.
#[derive(FromPyObject)]
pub enum Source<'py> {
    /// `"auto"`, `"mnist"`, `"strokes"`, or a folder.
    Place(PathBuf),
    /// `(images, labels)`.
    Pair(Bound<'py, PyAny>, Bound<'py, PyAny>),
}

/// Images to train on, and images to judge by where they are given.
pub fn data(py: Python<'_>, source: Option<Source<'_>>, test: Option<Source<'_>>) -> PyResult<Data> {
    let place = match (source, test) {
        (Some(Source::Pair(pixels, labels)), test) => {
            let train = images(&pixels, &labels)?;
            let test = match test {
                Some(Source::Pair(pixels, labels)) => images(&pixels, &labels)?,
                Some(Source::Place(_)) => return Err(refused_images("test must be (images, labels)".to_owned())),
                None => Images::new(train.height(), train.width(), vec![], vec![]).map_err(refused)?,
            };
            return Data::new(train, test).map_err(refused);
        }
        (_, Some(_)) => {
            let message = "test goes with data=(images, labels); MNIST and the stroke digits bring test images";
            return Err(refused_images(message.to_owned()));
        }
        (Some(Source::Place(place)), None) => place,
        (None, None) => PathBuf::from("auto"),
    };
    let pool = pool()?;
    let find = || match place.to_str() {
        Some("auto") => Data::find(),
        Some("mnist") => Data::mnist(),
        Some("strokes") => Ok(Data::strokes(STROKES.0, STROKES.1)),
        _ => Data::from_folder(&place),
    };
    let data = py.detach(|| pool.install(find)).map_err(refused)?;
    if let Some(why) = data.substitute() {
        let text = std::ffi::CString::new(format!("{why}. What follows is NOT MNIST; data=\"mnist\" refuses it"))?;
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 1)?;
    }
    Ok(data)
}

/// Labelled images of arrays.
pub fn images(pixels: &Bound<'_, PyAny>, of: &Bound<'_, PyAny>) -> PyResult<Images> {
    let pixels = Pixels::of(pixels)?;
    if pixels.count.is_none() {
        let message = "one image by itself is no set of images: give N×rows×columns, images[None] for one";
        return Err(refused_images(message.to_owned()));
    }
    Images::new(pixels.height, pixels.width, pixels.bytes, labels(of)?).map_err(refused)
}

/// Images and labels as numpy arrays.
type Arrays<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The data that `train` trains on, as numpy arrays of uint8.
///
/// Args:
///     data: None or "auto" (MNIST from $LONGHAND_DATA, the cache, or the public mirrors; else stroke digits, with a
///         warning), "mnist" (and nothing in its place), "strokes", or the folder with MNIST's four files.
///
/// Returns:
///     ((train_images, train_labels), (test_images, test_labels)); images are N×28×28.
///
/// Example:
///     >>> (train_images, train_labels), (test_images, test_labels) = longhand.load_data("strokes")
///     >>> train_images.shape
///     (60000, 28, 28)
#[pyfunction]
#[pyo3(signature = (data=None))]
pub fn load_data(py: Python<'_>, data: Option<PathBuf>) -> PyResult<(Arrays<'_>, Arrays<'_>)> {
    let data = self::data(py, data.map(Source::Place), None)?;
    let arrays = |set: &Images| {
        let images = numpy_array(py, set.pixels(), "uint8", &[set.len(), set.height(), set.width()])?;
        PyResult::Ok((images, numpy_array(py, set.labels(), "uint8", &[set.len()])?))
    };
    Ok((arrays(data.train())?, arrays(data.test())?))
}
