//! Everything that can be wrong with data, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::augmentation::AugmentationError;
use crate::fetch::FetchError;
use crate::idx::IdxError;

/// What can go wrong between a request for data and a [`Dataset`](crate::Dataset).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A side of zero, or sides whose product no memory can hold.
    #[error("images of {height}×{width} pixels cannot be: both sides must be at least 1 and their product fit memory")]
    ImageSides {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// The pixels do not make up one image for each label.
    #[error(
        "{labels} labels need {labels} images of {height}×{width}, but there are {pixels} pixels; \
         pass images and labels of the same set"
    )]
    PixelCount {
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
        /// Labels given.
        labels: usize,
        /// Pixels given.
        pixels: usize,
    },
    /// A label that is no digit.
    #[error("image {index} has label {label}, but labels are the digits 0 to 9")]
    Label {
        /// Which image.
        index: usize,
        /// Its label.
        label: u8,
    },
    /// More images held out than there are to spare.
    #[error("holding out {held_out} of {images} images leaves nothing to train on; hold out fewer than {images}")]
    Split {
        /// Images asked for in the validation set.
        held_out: usize,
        /// Images there are.
        images: usize,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as in "cannot *read* this".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// An IDX file that says one thing and is another.
    #[error("{} is not a sound IDX file: {source}; fetch or copy it again", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: IdxError,
    },
    /// A folder without one of the four MNIST files.
    #[error(
        "{} has no {file}.gz (nor {file}); the folder must hold the four MNIST files \
         train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, \
         each plain or with .gz", folder.display()
    )]
    MissingFile {
        /// The folder looked into.
        folder: PathBuf,
        /// The first file that is not there, in the usual spelling.
        file: &'static str,
    },
    /// A data folder that is not there, or is not a folder.
    #[error("{} is not a folder; name the folder that holds the four MNIST files", folder.display())]
    MissingFolder {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// A file that holds another of the four.
    #[error(
        "{} should hold the {expected} but holds the {found}: two files were swapped or copied over one another; \
         give each its right name", path.display()
    )]
    Swapped {
        /// The file.
        path: PathBuf,
        /// What its name promises, such as "training images".
        expected: &'static str,
        /// What it holds.
        found: &'static str,
    },
    /// A sound file with other bytes than MNIST's.
    #[error(
        "{} is not MNIST's file of {contents}: the MD5 of its uncompressed bytes is {found}, expected {expected}; \
         fetch it again", path.display()
    )]
    Fingerprint {
        /// The file.
        path: PathBuf,
        /// What it should hold, such as "training images".
        contents: &'static str,
        /// The MD5 that MNIST's file has.
        expected: &'static str,
        /// The MD5 of this file.
        found: String,
    },
    /// Images and labels of different number.
    #[error(
        "{} holds {images} images, but {} holds {labels} labels; they must be of the same set",
        images_path.display(), labels_path.display()
    )]
    CountsDiffer {
        /// The file of images.
        images_path: PathBuf,
        /// Images in it.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// Labels in it.
        labels: usize,
    },
    /// Neither found nor fetched, and the substitute was refused.
    #[error("{0}")]
    NoMnist(String),
    /// A download that failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An augmentation that cannot be.
    #[error(transparent)]
    Augmentation(#[from] AugmentationError),
    /// The picture could not be encoded.
    #[error("cannot write the picture: {0}")]
    Picture(#[from] png::EncodingError),
}

impl DataError {
    /// An [`DataError::Io`] for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
