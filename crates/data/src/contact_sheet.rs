//! A picture of samples: a row for each digit.

use crate::{AugmentationSpec, DataError, ImageSet};

/// What a contact sheet shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactSheetOptions {
    /// Samples of each digit.
    pub columns: usize,
    /// Screen pixels for each pixel of an image.
    pub scale: u32,
    /// Where given, a second block shows the same samples augmented so, beside the originals.
    pub augmentation: Option<AugmentationSpec>,
    /// Which samples, and which augmentation.
    pub seed: u64,
}

/// Draws samples of `set` as a PNG file: a row for each digit, `options.columns` samples in a row.
///
/// # Errors
/// When the picture cannot be encoded.
pub fn contact_sheet(_set: &ImageSet, _title: &str, _options: &ContactSheetOptions) -> Result<Vec<u8>, DataError> {
    todo!("being drawn")
}
