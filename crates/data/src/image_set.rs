//! Grey images of one size with their labels.

use std::ops::Range;

use crate::{CLASSES, DataError};

/// `n` grey images of `height` × `width` pixels (0 black, 255 white ink) and their labels (0 to 9).
#[derive(Clone, PartialEq, Eq)]
pub struct ImageSet {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl ImageSet {
    /// Joins `pixels` (`[image][row][column]`) and `labels`.
    ///
    /// # Errors
    /// When a side is zero, when the pixels are not `labels.len()` images of `height` × `width`, or when a label is
    /// above 9.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, DataError> {
        let expected = height
            .checked_mul(width)
            .filter(|&area| area > 0)
            .ok_or(DataError::ImageSides { height, width })?
            .checked_mul(labels.len());
        if expected != Some(pixels.len()) {
            return Err(DataError::PixelCount { height, width, labels: labels.len(), pixels: pixels.len() });
        }
        if let Some((index, &label)) = labels.iter().enumerate().find(|&(_, &label)| usize::from(label) >= CLASSES) {
            return Err(DataError::Label { index, label });
        }
        Ok(Self { height, width, pixels, labels })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image at all.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Rows of an image.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of an image.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The pixels of image `index`, `[row][column]`.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len).
    pub fn image(&self, index: usize) -> &[u8] {
        let area = self.height * self.width;
        &self.pixels[index * area..(index + 1) * area]
    }

    /// The label of image `index`, 0 to 9.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len).
    pub fn label(&self, index: usize) -> u8 {
        self.labels[index]
    }

    /// All pixels, `[image][row][column]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All labels, in image order.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// A copy of the images in `range`, in their order.
    ///
    /// # Panics
    /// When the range is reversed or ends past the last image, as slicing does.
    pub fn subset(&self, range: Range<usize>) -> Self {
        let area = self.height * self.width;
        Self {
            height: self.height,
            width: self.width,
            pixels: self.pixels[range.start * area..range.end * area].to_vec(),
            labels: self.labels[range].to_vec(),
        }
    }

    /// Copies into (training, validation): the validation set is the last `held_out` images, the rest is for training.
    ///
    /// # Errors
    /// When `held_out` leaves nothing to train on.
    pub fn split(&self, held_out: usize) -> Result<(Self, Self), DataError> {
        if held_out >= self.len() {
            return Err(DataError::Split { held_out, images: self.len() });
        }
        let cut = self.len() - held_out;
        Ok((self.subset(0..cut), self.subset(cut..self.len())))
    }
}

impl std::fmt::Debug for ImageSet {
    /// The size only: tens of megabytes of pixels would help nobody in a failure message.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ImageSet({} images of {}×{})", self.len(), self.height, self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> ImageSet {
        ImageSet::new(1, 2, vec![0, 1, 2, 3, 4, 5], vec![7, 8, 9]).unwrap()
    }

    #[test]
    fn images_and_labels_stay_together() {
        let set = three();
        assert_eq!((set.len(), set.height(), set.width(), set.is_empty()), (3, 1, 2, false));
        assert_eq!((set.image(1), set.label(1)), (&[2, 3][..], 8));
        let (train, validation) = set.split(1).unwrap();
        assert_eq!((train.pixels(), train.labels()), (&[0, 1, 2, 3][..], &[7, 8][..]));
        assert_eq!((validation.pixels(), validation.labels()), (&[4, 5][..], &[9][..]));
        assert_eq!(set.split(0).unwrap(), (set.clone(), set.subset(3..3)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let message = |result: Result<ImageSet, DataError>| result.unwrap_err().to_string();
        assert!(message(ImageSet::new(0, 2, vec![], vec![])).contains("0×2"));
        assert!(message(ImageSet::new(1, 2, vec![0; 3], vec![1])).contains("3 pixels"));
        assert!(message(ImageSet::new(usize::MAX, 2, vec![0; 3], vec![1])).contains("cannot"));
        assert!(message(ImageSet::new(1, 1, vec![0; 2], vec![1, 10])).contains("label 10"));
        assert!(three().split(3).unwrap_err().to_string().contains("leaves nothing"));
    }
}
