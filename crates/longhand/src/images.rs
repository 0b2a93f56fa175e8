//! Grey images with their labels, as a caller hands them in.

use longhand_data::ImageSet;

use crate::error::{Error, ErrorKind};

/// Grey images of one size, white ink (255) on black (0) as in MNIST, each with its label, 0 to 9.
///
/// ```
/// let pixels = vec![0; 2 * 28 * 28];
/// let images = longhand::Images::new(28, 28, pixels, vec![3, 7])?;
/// assert_eq!((images.len(), images.label(1)), (2, 7));
/// assert!(longhand::Images::new(28, 28, vec![0; 100], vec![3]).is_err());
/// # Ok::<(), longhand::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images(ImageSet);

impl Images {
    /// Images of `height` × `width` from their pixels, `[image][row][column]`, and their labels.
    ///
    /// # Errors
    /// When a side is zero, the pixels are not one image for each label, or a label is above 9.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, Error> {
        ImageSet::new(height, width, pixels, labels).map(Images).map_err(|e| Error::new(ErrorKind::Images, e))
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Rows of an image.
    pub fn height(&self) -> usize {
        self.0.height()
    }

    /// Columns of an image.
    pub fn width(&self) -> usize {
        self.0.width()
    }

    /// The pixels of image `index`, `[row][column]`.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        self.0.image(index)
    }

    /// The label of image `index`.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn label(&self, index: usize) -> u8 {
        self.0.label(index)
    }

    /// All pixels, `[image][row][column]`.
    pub fn pixels(&self) -> &[u8] {
        self.0.pixels()
    }

    /// All labels, in the images' order.
    pub fn labels(&self) -> &[u8] {
        self.0.labels()
    }

    pub(crate) fn of(set: ImageSet) -> Self {
        Images(set)
    }

    pub(crate) fn set(&self) -> &ImageSet {
        &self.0
    }
}
