//! A picture to look at data by: rows of samples, one row for each digit.

use font8x8::UnicodeFonts;

use crate::augmentation::augment_into;
use crate::random::{Purpose, stream};
use crate::{AugmentationSpec, CLASSES, DataError, ImageSet, grey_png};

/// What a contact sheet shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactSheetOptions {
    /// The line above the samples, such as "mnist, training images".
    pub title: String,
    /// Samples of each digit.
    pub columns: usize,
    /// Screen pixels along each side of an image's pixel.
    pub scale: usize,
    /// Where given, a second block beside the first shows the same samples augmented, as training at epoch 0 sees
    /// them.
    pub augmentation: Option<AugmentationSpec>,
    /// Decides which samples are shown, and how they are augmented.
    pub seed: u64,
}

impl Default for ContactSheetOptions {
    /// Twelve samples of each digit at twice their size, without a second block.
    fn default() -> Self {
        Self { title: String::new(), columns: 12, scale: 2, augmentation: None, seed: 0 }
    }
}

/// Screen pixels of black between the parts of the sheet, and around it.
const MARGIN: usize = 12;
/// Screen pixels between two samples.
const GAP: usize = 3;
/// The side of a letter: the font's 8 pixels, drawn at twice their size.
const LETTER: usize = 16;
/// Grey of the sheet behind the samples, so that each sample's black field can be seen.
const GROUND: u8 = 48;
/// Grey of the letters.
const INK: u8 = 200;

/// Draws samples of `set`, chosen at random, as a PNG file: a row for each digit.
///
/// A digit with fewer samples than columns leaves the rest of its row empty.
///
/// # Errors
/// When the augmentation makes no sense, or the picture cannot be encoded.
pub fn contact_sheet(set: &ImageSet, options: &ContactSheetOptions) -> Result<Vec<u8>, DataError> {
    if let Some(spec) = &options.augmentation {
        spec.validate()?;
    }
    let scale = options.scale.max(1);
    let (cell_width, cell_height) = (set.width() * scale + GAP, set.height() * scale + GAP);
    let block_width = (options.columns * cell_width).saturating_sub(GAP);
    let left = MARGIN + LETTER + MARGIN;
    let top = MARGIN + LETTER + MARGIN + if options.augmentation.is_some() { LETTER + MARGIN / 2 } else { 0 };
    let second = left + block_width + 2 * MARGIN;
    let samples_end = if options.augmentation.is_some() { second + block_width } else { left + block_width };
    let title_end = MARGIN + LETTER * options.title.chars().count();
    let mut sheet = Sheet::new(samples_end.max(title_end) + MARGIN, top + CLASSES * cell_height - GAP + MARGIN);

    sheet.write(MARGIN, MARGIN, &options.title);
    if options.augmentation.is_some() {
        sheet.write(left, top - LETTER - MARGIN / 2, "as they are");
        sheet.write(second, top - LETTER - MARGIN / 2, "augmented");
    }
    let mut augmented = vec![0.0; set.height() * set.width()];
    for digit in 0..CLASSES {
        let y = top + digit * cell_height;
        sheet.write(MARGIN, y + (cell_height - GAP - LETTER.min(cell_height - GAP)) / 2, &digit.to_string());
        for (column, index) in choose(set, digit, options).into_iter().enumerate() {
            let image = set.image(index);
            sheet.place(left + column * cell_width, y, image, set.width(), scale);
            if let Some(spec) = &options.augmentation {
                let (height, width) = (set.height(), set.width());
                augment_into(spec, options.seed, 0, index as u64, image, height, width, &mut augmented);
                let grey: Vec<u8> = augmented.iter().map(|&pixel| (pixel + 0.5) as u8).collect();
                sheet.place(second + column * cell_width, y, &grey, set.width(), scale);
            }
        }
    }
    sheet.encode()
}

/// Up to `columns` different images of `digit`, chosen at random.
fn choose(set: &ImageSet, digit: usize, options: &ContactSheetOptions) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..set.len()).filter(|&index| usize::from(set.label(index)) == digit).collect();
    let mut random = stream(options.seed, 0, digit as u64, Purpose::Preview);
    let wanted = options.columns.min(indices.len());
    for place in 0..wanted {
        let left = (indices.len() - place) as u32;
        indices.swap(place, place + random.below(left) as usize);
    }
    indices.truncate(wanted);
    indices
}

/// A grey picture.
struct Sheet {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Sheet {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![GROUND; width * height] }
    }

    /// Fills the `side` × `side` square whose upper left corner is (`x`, `y`), as far as it lies on the sheet.
    fn square(&mut self, x: usize, y: usize, side: usize, grey: u8) {
        for row in y..(y + side).min(self.height) {
            let start = row * self.width;
            self.pixels[start + x.min(self.width)..start + (x + side).min(self.width)].fill(grey);
        }
    }

    fn place(&mut self, x: usize, y: usize, image: &[u8], width: usize, scale: usize) {
        for (row, pixels) in image.chunks_exact(width).enumerate() {
            for (column, &pixel) in pixels.iter().enumerate() {
                self.square(x + column * scale, y + row * scale, scale, pixel);
            }
        }
    }

    /// Writes a line of text; a letter that the font lacks becomes a question mark.
    fn write(&mut self, x: usize, y: usize, text: &str) {
        for (index, letter) in text.chars().enumerate() {
            let glyph = font8x8::BASIC_FONTS
                .get(letter)
                .or_else(|| font8x8::LATIN_FONTS.get(letter))
                .or_else(|| font8x8::BASIC_FONTS.get('?'));
            for (row, bits) in glyph.unwrap_or_default().into_iter().enumerate() {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    self.square(x + index * LETTER + 2 * column, y + 2 * row, 2, INK);
                }
            }
        }
    }

    fn encode(&self) -> Result<Vec<u8>, DataError> {
        Ok(grey_png::encode(self.width, self.height, &self.pixels)?)
    }
}
