//! MNIST files, built-in stroke digits, augmentation, batches.
//!
//! The usual way in is [`locate::locate`]: it finds MNIST in a folder, in the cache or on a public mirror, and
//! otherwise draws the built-in stroke digits, and says which it did and why. What comes back is a [`Dataset`]:
//! two [`ImageSet`]s of grey images with labels, and a fingerprint that names the very bytes.
//!
//! A digit from elsewhere comes in as a [`Picture`], which [`mnist_form`] brings into the form of MNIST's digits.
//!
//! Everything random here is a function of (seed, epoch, image, purpose), see [`random`]; nothing depends on the
//! number of threads or on the platform's mathematics library.
#![forbid(unsafe_code)]

mod area;
pub mod augmentation;
pub mod cache;
pub mod contact_sheet;

mod dataset;
mod error;
pub mod fetch;
pub mod grey_png;
pub mod idx;
mod image_set;
pub mod locate;
pub mod mnist;
mod mnist_form;
mod normalisation;
mod picture;
pub mod random;
pub mod shuffle;
pub mod strokes;

pub use augmentation::AugmentationSpec;
pub use dataset::Dataset;
pub use error::DataError;
pub use image_set::ImageSet;
pub use locate::{DataChoice, DataRequest, Located, locate};
pub use mnist_form::{MNIST_SIDE, NoDigit, mnist_form};
pub use normalisation::Normalisation;
pub use picture::{MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS, MAX_PICTURE_SIDE, Picture, PictureError, WORKING_SIDE};

/// How many classes there are: the ten digits.
pub const CLASSES: usize = 10;
