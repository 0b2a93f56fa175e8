//! Random rotation, scaling, shear and shift of an image, by bilinear sampling.

use serde::{Deserialize, Serialize};

use crate::random::{Purpose, Stream, stream};

/// How far each image may be changed at random; all 0, the default, leaves images as they are.
///
/// Each amount is drawn evenly from −limit to +limit, anew for each image and epoch; the change is about the
/// image's centre, and what comes in from outside is black.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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
}

/// A limit that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("augmentation {field} is {value}, but must be a number from 0 to {limit} {unit}")]
pub struct AugmentationError {
    /// The field of [`AugmentationSpec`].
    pub field: &'static str,
    /// Its value.
    pub value: f32,
    /// The largest allowed.
    pub limit: f32,
    /// What both are counted in.
    pub unit: &'static str,
}

impl AugmentationSpec {
    /// Whether images stay as they are.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that every limit makes sense.
    ///
    /// # Errors
    /// When one is negative, absurdly large, or no number.
    pub fn validate(&self) -> Result<(), AugmentationError> {
        let checks = [
            ("rotation", self.rotation, 180.0, "degrees"),
            ("scale", self.scale, 0.9, "of the size"),
            ("shear", self.shear, 2.0, "columns a row"),
            ("shift", self.shift, 64.0, "pixels"),
        ];
        for (field, value, limit, unit) in checks {
            // Written so that NaN fails.
            if !(value >= 0.0 && value <= limit) {
                return Err(AugmentationError { field, value, limit, unit });
            }
        }
        Ok(())
    }
}

/// Where each pixel of the changed image comes from: source = centre + `matrix` · (out − centre − shift).
#[derive(Clone, Copy, Debug, PartialEq)]
struct SourceMap {
    /// `[[x from x, x from y], [y from x, y from y]]`.
    matrix: [[f32; 2]; 2],
    /// Columns, rows.
    shift: [f32; 2],
}

impl SourceMap {
    /// Draws the amounts and inverts rotation · shear · scale, the change from source to output.
    fn draw(spec: &AugmentationSpec, random: &mut Stream) -> Self {
        let angle = f64::from(random.symmetric(spec.rotation)).to_radians();
        let (scale_x, scale_y) = (1.0 + random.symmetric(spec.scale), 1.0 + random.symmetric(spec.scale));
        let shear = f64::from(random.symmetric(spec.shear));
        let shift = [random.symmetric(spec.shift), random.symmetric(spec.shift)];
        let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
        // scale⁻¹ · [[1, −shear], [0, 1]] · [[cos, sin], [−sin, cos]]
        let (inverse_x, inverse_y) = (1.0 / f64::from(scale_x), 1.0 / f64::from(scale_y));
        let matrix = [
            [inverse_x * (cosine + shear * sine), inverse_x * (sine - shear * cosine)],
            [inverse_y * -sine, inverse_y * cosine],
        ];
        Self { matrix: matrix.map(|row| row.map(|value| value as f32)), shift }
    }
}

/// Writes the image `source` (`[row][column]`, `height` × `width`), changed at random, over `out`: pixel values
/// 0 to 255 as f32, not normalised.
///
/// The change is a function of (`seed`, `epoch`, `image_index`) alone.
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
    assert_eq!((source.len(), out.len()), (height * width, height * width), "an image of {height}×{width}");
    if spec.is_off() {
        for (out, &pixel) in out.iter_mut().zip(source) {
            *out = f32::from(pixel);
        }
        return;
    }
    let map = SourceMap::draw(spec, &mut stream(seed, epoch, image_index, Purpose::Augmentation));
    resample(&map, source, height, width, out);
}

/// Bilinear sampling of `source` through `map`.
///
/// The source is first copied into a frame of black, one pixel wide above and to the left and two below and to the
/// right, and source coordinates are clamped to that frame: so all four taps always exist, a coordinate outside meets
/// only black, and the loop has no branches.
fn resample(map: &SourceMap, source: &[u8], height: usize, width: usize, out: &mut [f32]) {
    let stride = width + 3;
    let mut framed = vec![0.0_f32; (height + 3) * stride];
    for (row, framed) in source.chunks_exact(width).zip(framed.chunks_exact_mut(stride).skip(1)) {
        for (&pixel, framed) in row.iter().zip(&mut framed[1..]) {
            *framed = f32::from(pixel);
        }
    }
    let centre = [(width as f32 - 1.0) * 0.5, (height as f32 - 1.0) * 0.5];
    let [[x_from_x, x_from_y], [y_from_x, y_from_y]] = map.matrix;
    // The frame's corner is (−1, −1) of the source, so + 1 makes coordinates in the frame, none negative.
    let largest = [(width + 1) as f32, (height + 1) as f32];
    for (row, out) in out.chunks_exact_mut(width).enumerate() {
        let (dx, dy) = (-centre[0] - map.shift[0], row as f32 - centre[1] - map.shift[1]);
        let x_start = centre[0] + 1.0 + x_from_x * dx + x_from_y * dy;
        let y_start = centre[1] + 1.0 + y_from_x * dx + y_from_y * dy;
        for (column, out) in out.iter_mut().enumerate() {
            let column = column as f32;
            let x = (x_start + x_from_x * column).clamp(0.0, largest[0]);
            let y = (y_start + y_from_x * column).clamp(0.0, largest[1]);
            let (left, top) = (x as u16, y as u16);
            let (right_share, lower_share) = (x - f32::from(left), y - f32::from(top));
            let corner = usize::from(top) * stride + usize::from(left);
            let taps = &framed[corner..corner + stride + 2];
            let upper = taps[0] + right_share * (taps[1] - taps[0]);
            let lower = taps[stride] + right_share * (taps[stride + 1] - taps[stride]);
            *out = upper + lower_share * (lower - upper);
        }
    }
}
