//! Rotation, scaling, shear and shift: the map from each pixel back to its source, and sampling along it.

use super::AugmentationSpec;
use super::framed::{FRAME, Framed, Span};
use crate::random::Stream;

/// Where each pixel of the changed image comes from: source = centre + `matrix` · (out − centre − shift).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SourceMap {
    /// `[[x from x, x from y], [y from x, y from y]]`.
    pub(super) matrix: [[f64; 2]; 2],
    /// Columns, rows.
    pub(super) shift: [f64; 2],
}

impl SourceMap {
    /// Draws the amounts and inverts rotation · shear · scale, the change from source to output.
    pub(super) fn draw(spec: &AugmentationSpec, random: &mut Stream) -> Self {
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

/// One pixel in fixed point with 32 fractional bits. Source coordinates are such numbers, so that walking along a row
/// is an exact addition, and whole and fractional part come without a rounding mode.
const ONE: i64 = 1 << 32;

/// Bilinear sampling of the source through `map`, writing over `out`.
///
/// The four taps of a source coordinate in [first, end) on both axes may touch ink, of all others none does: so for
/// each row of the output only the columns that fall into the ink's box are walked, without a test inside the loop,
/// and the rest is black.
pub(super) fn resample(map: &SourceMap, framed: &Framed, height: usize, width: usize, out: &mut [f32]) {
    let Framed { pixels: framed, stride, rows, columns } = framed;
    let stride = *stride;
    let fixed = |pixels: f64| (pixels * ONE as f64) as i64;
    let [[x_from_x, x_from_y], [y_from_x, y_from_y]] = map.matrix;
    let (centre_x, centre_y) = ((width as f64 - 1.0) * 0.5, (height as f64 - 1.0) * 0.5);
    let walk_x = Walk::new(fixed(x_from_x), *columns);
    let walk_y = Walk::new(fixed(y_from_x), *rows);
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

/// The fractional part of a fixed-point coordinate, in [0, 1): its upper 24 bits, which f32 holds exactly.
fn fraction(coordinate: i64) -> f32 {
    (coordinate as u32 >> 8) as f32 * (1.0 / (1 << 24) as f32)
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
        let (first, end) = if ink.is_empty() {
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
