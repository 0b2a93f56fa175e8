//! What Python sees of errors.

use pyo3::create_exception;
use pyo3::exceptions::{PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;

create_exception!(
    longhand,
    LonghandError,
    PyValueError,
    "What could not be done, in a sentence that names the offending value and what to do about it.\n\n\
     Its attribute `kind` says what it is about: 'recipe', 'data', 'images', 'model', 'network', 'training', 'output'."
);
create_exception!(
    longhand,
    TrainingInterrupted,
    PyKeyboardInterrupt,
    "Ctrl-C stopped a training. Its attribute `run` holds what was learned until then, as `train` would have returned it."
);

/// What the library refused, for Python.
pub fn refused(error: longhand::Error) -> PyErr {
    let kind = format!("{:?}", error.kind()).to_lowercase();
    refused_as(&kind, error.to_string())
}

/// What this layer refused: arrays that are no images or labels.
pub fn refused_images(message: String) -> PyErr {
    refused_as("images", message)
}

fn refused_as(kind: &str, message: String) -> PyErr {
    Python::attach(|py| {
        let error = LonghandError::new_err(message);
        match error.value(py).setattr("kind", kind) {
            Ok(()) => error,
            Err(instead) => instead,
        }
    })
}
