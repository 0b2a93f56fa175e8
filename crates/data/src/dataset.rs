//! A data set: a training set, a test set, and where they came from.

use crate::ImageSet;

/// A training set and a test set of grey digit images, with what is needed to name them in a record.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `"mnist"` or `"strokes"`.
    pub name: String,
    /// The training images, 60,000 for MNIST.
    pub train: ImageSet,
    /// The test images, 10,000 for MNIST; never used to choose anything.
    pub test: ImageSet,
    /// 32 hexadecimal digits that name these bytes and no others: see [`crate::mnist::fingerprint`] and
    /// [`crate::strokes::generate`].
    pub fingerprint: String,
    /// Where the images came from, for people: a folder, or how they were drawn.
    pub source: String,
}
