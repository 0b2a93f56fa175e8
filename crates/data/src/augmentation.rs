//! Random changes of an image: rotation, scaling, shear and shift, elastic distortion, and a square cut out.
//!
//! Affine and elastic changes together are one map from each pixel back to its source, sampled once, bilinearly.

mod cutout;
mod elastic;
mod framed;
mod source_map;

use serde::{Deserialize, Serialize};

use crate::random::{Purpose, stream};
use elastic::Elastic;
use framed::Framed;
use source_map::{SourceMap, resample};

/// How far each image may be changed at random; the default leaves images as they are.
///
/// Each affine amount is drawn evenly from −limit to +limit, anew for each image and epoch; the change is about the
/// image's centre, and what comes in from outside is black.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentationSpec {
    /// Rotation, in degrees: up to 180.
    pub rotation: f32,
    /// Change of scale as a fraction, drawn for each axis by itself: up to 0.9.
    pub scale: f32,
    /// Shear: how many columns a pixel moves for each row it lies above the centre: up to 2.
    pub shear: f32,
    /// Shift in pixels, drawn for each axis by itself: up to 64.
    pub shift: f32,
    /// Elastic distortion: the root mean square displacement of a pixel along each axis, in pixels, up to 16. Simard's
    /// own setting (σ = 4, α = 34 on 29 × 29) comes to 1.4.
    pub elastic: f32,
    /// How smooth the displacements are: the deviation of the bell that smooths them, Simard's σ, in pixels, 1 to 64.
    pub elastic_smoothness: f32,
    /// The side, in pixels, of a black square whose centre may be any pixel: up to 64.
    pub cutout: u32,
}

impl Default for AugmentationSpec {
    fn default() -> Self {
        let off = 0.0;
        AugmentationSpec {
            rotation: off,
            scale: off,
            shear: off,
            shift: off,
            elastic: off,
            elastic_smoothness: 4.0,
            cutout: 0,
        }
    }
}

/// A limit that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("augmentation {field} is {value}, but must be a number from {least} to {limit} {unit}")]
pub struct AugmentationError {
    /// The field of [`AugmentationSpec`].
    pub field: &'static str,
    /// Its value.
    pub value: f32,
    /// The smallest allowed.
    pub least: f32,
    /// The largest allowed.
    pub limit: f32,
    /// What they are counted in.
    pub unit: &'static str,
}

impl AugmentationSpec {
    /// Whether images stay as they are.
    pub fn is_off(&self) -> bool {
        self.moves_nothing() && self.cutout == 0
    }

    /// Whether no pixel comes from anywhere but its own place.
    fn moves_nothing(&self) -> bool {
        [self.rotation, self.scale, self.shear, self.shift, self.elastic] == [0.0; 5]
    }

    /// Checks that every limit makes sense.
    ///
    /// # Errors
    /// When one is negative, absurdly large, or no number.
    pub fn validate(&self) -> Result<(), AugmentationError> {
        let checks = [
            ("rotation", self.rotation, 0.0, 180.0, "degrees"),
            ("scale", self.scale, 0.0, 0.9, "of the size"),
            ("shear", self.shear, 0.0, 2.0, "columns a row"),
            ("shift", self.shift, 0.0, 64.0, "pixels"),
            ("elastic", self.elastic, 0.0, 16.0, "pixels"),
            ("elastic_smoothness", self.elastic_smoothness, 1.0, 64.0, "pixels"),
            ("cutout", self.cutout as f32, 0.0, 64.0, "pixels"),
        ];
        for (field, value, least, limit, unit) in checks {
            // Written so that NaN fails.
            if !(value >= least && value <= limit) {
                return Err(AugmentationError { field, value, least, limit, unit });
            }
        }
        Ok(())
    }
}

/// An [`AugmentationSpec`] made ready for images of one size.
#[derive(Debug)]
pub struct Augmenter {
    spec: AugmentationSpec,
    height: usize,
    width: usize,
    elastic: Option<Elastic>,
}

impl Augmenter {
    /// The changes of `spec` to images of `height` × `width`.
    pub fn new(spec: &AugmentationSpec, height: usize, width: usize) -> Self {
        let elastic = (spec.elastic != 0.0).then(|| Elastic::new(spec, height, width));
        Augmenter { spec: *spec, height, width, elastic }
    }

    /// Writes the image `source` (`[row][column]`), changed at random, over `out`: pixel values 0 to 255 as f32, not
    /// normalised.
    ///
    /// The change is a function of (`seed`, `epoch`, `image_index`) alone.
    ///
    /// # Panics
    /// When `source` or `out` are not of the size it was made for.
    pub fn apply(&self, seed: u64, epoch: u64, image_index: u64, source: &[u8], out: &mut [f32]) {
        let Augmenter { spec, height, width, elastic } = self;
        let (height, width) = (*height, *width);
        assert_eq!((source.len(), out.len()), (height * width, height * width), "an image of {height}×{width}");
        if spec.is_off() {
            copy(source, out);
            return;
        }
        // In this order, and the square's place drawn with or without a square: switching one change on leaves the
        // others as they were.
        let mut random = stream(seed, epoch, image_index, Purpose::Augmentation);
        let map = SourceMap::draw(spec, &mut random);
        let centre = cutout::draw(height, width, &mut random);
        if let Some(elastic) = elastic {
            let field = elastic.draw(&mut random);
            elastic.resample(&map, &field, &Framed::new(source, height, width), out);
        } else if spec.moves_nothing() {
            copy(source, out);
        } else {
            resample(&map, &Framed::new(source, height, width), height, width, out);
        }
        cutout::blacken(spec.cutout as usize, centre, width, out);
    }
}

/// [`Augmenter::apply`] for a single image of `height` × `width`.
///
/// # Panics
/// When `source` or `out` are not of `height` × `width`.
#[allow(clippy::too_many_arguments)]
pub fn augment_into(
    spec: &AugmentationSpec,
    seed: u64,
    epoch: u64,
    image_index: u64,
    source: &[u8],
    height: usize,
    width: usize,
    out: &mut [f32],
) {
    Augmenter::new(spec, height, width).apply(seed, epoch, image_index, source, out);
}

fn copy(source: &[u8], out: &mut [f32]) {
    for (out, &pixel) in out.iter_mut().zip(source) {
        *out = f32::from(pixel);
    }
}

#[cfg(test)]
mod tests;
