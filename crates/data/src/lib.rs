//! MNIST files, built-in stroke digits, augmentation, batches.
//!
//! The usual way in is [`locate::locate`]: it finds MNIST in a folder, in the cache or on a public mirror, and
//! otherwise draws the built-in stroke digits, and says which it did and why. What comes back is a [`Dataset`]:
//! two [`ImageSet`]s of grey images with labels, and a fingerprint that names the very bytes.
//!
//! Everything random here is a function of (seed, epoch, image, purpose), see [`random`]; nothing depends on the
//! number of threads or on the platform's mathematics library.
#![forbid(unsafe_code)]

pub mod augmentation;
pub mod cache;
pub mod contact_sheet;
mod dataset;
mod error;
pub mod fetch;
pub mod idx;
mod image_set;
pub mod locate;
pub mod mnist;
mod normalisation;
pub mod random;
pub mod shuffle;
pub mod strokes;

pub use augmentation::AugmentationSpec;
pub use dataset::Dataset;
pub use error::DataError;
pub use image_set::ImageSet;
pub use locate::{DataChoice, DataRequest, Located, locate};
pub use normalisation::Normalisation;

/// How many classes there are: the ten digits.
pub const CLASSES: usize = 10;
