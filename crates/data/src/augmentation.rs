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
    matrix: [[f64; 2]; 2],
    /// Columns, rows.
    shift: [f64; 2],
}

impl SourceMap {
    /// Draws the amounts and inverts rotation · shear · scale, the change from source to output.
    fn draw(spec: &AugmentationSpec, random: &mut Stream) -> Self {
        let mut draw = |limit: f32| f64::from(random.symmetric(limit));
        let angle = draw(spec.rotation).to_radians();
        let (scale_x, scale_y) = (1.0 + draw(spec.scale), 1.0 + draw(spec.scale));
        let shear = draw(spec.shear);
        let shift = [draw(spec.shift), draw(spec.shift)];
        let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
        // scale⁻¹ · [[1, −shear], [0, 1]] · [[cos, sin], [−sin, cos]]
        let (inverse_x, inverse_y) = (1.0 / scale_x, 1.0 / scale_y);
        let matrix = [
            [inverse_x * (cosine + shear * sine), inverse_x * (sine - shear * cosine)],
            [inverse_y * -sine, inverse_y * cosine],
        ];
        Self { matrix, shift }
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

/// One pixel in fixed point with 32 fractional bits. Source coordinates are such numbers, so that walking along a row
/// is an exact addition, and whole and fractional part come without a rounding mode.
const ONE: i64 = 1 << 32;

/// Bilinear sampling of `source` through `map`, writing over `out`.
///
/// The four taps of a source coordinate in [first, end) on both axes may touch ink, of all others none does: so for
/// each row of the output only the columns that fall into the ink's box are walked, without a test inside the loop,
/// and the rest is black. The source stands in a black frame two pixels wide, so that all four taps exist.
fn resample(map: &SourceMap, source: &[u8], height: usize, width: usize, out: &mut [f32]) {
    let stride = width + 2 * FRAME;
    let mut framed = vec![0.0_f32; (height + 2 * FRAME) * stride];
    let (mut rows, mut columns) = (Span::EMPTY, Span::EMPTY);
    for (row, (pixels, framed)) in
        source.chunks_exact(width).zip(framed.chunks_exact_mut(stride).skip(FRAME)).enumerate()
    {
        let Some(first) = pixels.iter().position(|&pixel| pixel > 0) else { continue };
        let last = pixels.iter().rposition(|&pixel| pixel > 0).unwrap_or(first);
        rows.include(row, row);
        columns.include(first, last);
        for (&pixel, framed) in pixels.iter().zip(&mut framed[FRAME..]) {
            *framed = f32::from(pixel);
        }
    }
    let fixed = |pixels: f64| (pixels * ONE as f64) as i64;
    let [[x_from_x, x_from_y], [y_from_x, y_from_y]] = map.matrix;
    let (centre_x, centre_y) = ((width as f64 - 1.0) * 0.5, (height as f64 - 1.0) * 0.5);
    let walk_x = Walk::new(fixed(x_from_x), columns);
    let walk_y = Walk::new(fixed(y_from_x), rows);
    for (row, out) in out.chunks_exact_mut(width).enumerate() {
        let (dx, dy) = (-centre_x - map.shift[0], row as f64 - centre_y - map.shift[1]);
        let x_start = fixed(centre_x + FRAME as f64 + x_from_x * dx + x_from_y * dy);
        let y_start = fixed(centre_y + FRAME as f64 + y_from_x * dx + y_from_y * dy);
        let (first_x, end_x) = walk_x.columns(x_start, width);
        let (first_y, end_y) = walk_y.columns(y_start, width);
        let (first, end) = (first_x.max(first_y), end_x.min(end_y));
        if first >= end {
            out.fill(0.0);
            continue;
        }
        out[..first].fill(0.0);
        out[end..].fill(0.0);
        let mut x = x_start + first as i64 * walk_x.step;
        let mut y = y_start + first as i64 * walk_y.step;
        for out in &mut out[first..end] {
            let corner = (y >> 32) as usize * stride + (x >> 32) as usize;
            let taps = &framed[corner..corner + stride + 2];
            let (right_share, lower_share) = (fraction(x), fraction(y));
            let upper = taps[0] + right_share * (taps[1] - taps[0]);
            let lower = taps[stride] + right_share * (taps[stride + 1] - taps[stride]);
            *out = upper + lower_share * (lower - upper);
            x += walk_x.step;
            y += walk_y.step;
        }
    }
}

/// The width of the black frame around the source.
const FRAME: usize = 2;

/// The fractional part of a fixed-point coordinate, in [0, 1): its upper 24 bits, which f32 holds exactly.
fn fraction(coordinate: i64) -> f32 {
    (coordinate as u32 >> 8) as f32 * (1.0 / (1 << 24) as f32)
}

/// The first and last row, or column, with ink.
#[derive(Clone, Copy)]
struct Span {
    first: usize,
    last: usize,
}

impl Span {
    const EMPTY: Self = Self { first: usize::MAX, last: 0 };

    fn include(&mut self, first: usize, last: usize) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}

/// One source coordinate along a row of the output.
struct Walk {
    /// What one column adds.
    step: i64,
    per_step: f64,
    /// Coordinates in first..end have a tap among the ink; both count from the frame's corner.
    first: i64,
    end: i64,
}

impl Walk {
    fn new(step: i64, ink: Span) -> Self {
        let (first, end) = if ink.first > ink.last {
            (0, 0)
        } else {
            ((ink.first + FRAME - 1) as i64 * ONE, (ink.last + FRAME + 1) as i64 * ONE)
        };
        Self { step, per_step: 1.0 / step as f64, first, end }
    }

    /// The columns (first, end) of a row that starts at `start` whose coordinates lie in first..end.
    fn columns(&self, start: i64, width: usize) -> (usize, usize) {
        let inside = |column: usize| (self.first..self.end).contains(&(start + column as i64 * self.step));
        if self.step == 0 {
            return if inside(0) { (0, width) } else { (0, 0) };
        }
        // Where the coordinate enters and leaves, to within a column; then exactly.
        let at = |coordinate: i64| (coordinate - start) as f64 * self.per_step;
        let (enters, leaves) = (at(self.first).min(at(self.end)), at(self.first).max(at(self.end)));
        let mut first = ((enters - 1.0).max(0.0) as usize).min(width);
        let mut end = ((leaves + 2.0).max(0.0) as usize).min(width);
        while first < end && !inside(first) {
            first += 1;
        }
        while first < end && !inside(end - 1) {
            end -= 1;
        }
        (first, end)
    }
}

#[cfg(test)]
mod tests;
