//! The Python module `longhand`: a thin layer over the library of the same name.
//!
//! What is here turns Python's values into the library's and back, lets other Python threads run meanwhile, and listens for
//! Ctrl-C. What is computed, and what is refused, is the library's.
#![forbid(unsafe_code)]

mod arrays;
mod data;
mod derivation;
mod error;
mod model;
mod picture;
mod run;
mod settings;
mod threads;
mod train;

use pyo3::prelude::*;

/// Neural networks worked out by hand, and tiny convolutional ones trained fast on an ordinary CPU.
///
/// `derive` works a small network out on paper, `train` trains a convolutional one, `Model` is what comes of it.
#[pymodule(name = "longhand")]
mod module {
    #[pymodule_export]
    use crate::data::load_data;
    #[pymodule_export]
    use crate::derivation::{Derivation, derive};
    #[pymodule_export]
    use crate::error::{LonghandError, TrainingInterrupted};
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::picture::read_picture;
    #[pymodule_export]
    use crate::run::Run;
    #[pymodule_export]
    use crate::train::{recipes, train};

    /// The version of the module, which is the library's.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
