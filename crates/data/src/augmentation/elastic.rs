//! Elastic distortion: every pixel displaced by a smooth random field (Simard, Steinkraus and Platt 2003, "Best
//! practices for convolutional neural networks applied to visual document analysis").
//!
//! Simard smooths a random number per pixel with a Gaussian. The same kind of field comes cheaper from a coarse grid of
//! random numbers, interpolated by a cubic B-spline: a spline of spacing h is a bell of standard deviation h/√3, so the
//! spacing is √3 times the smoothness asked for.

use super::AugmentationSpec;
use super::framed::{FRAME, Framed, Span};
use super::source_map::SourceMap;
use crate::random::Stream;

/// The mean over t of Σ B(t − i)², B the cubic B-spline: 151/315. A field whose control points have deviation s has, on
/// the average over the pixels, the deviation s·151/315: this factor's root for each axis.
const MEAN_SQUARE: f64 = 151.0 / 315.0;
/// √3: an even distribution over ±a has deviation a/√3, and the bell of a spline of spacing h deviation h/√3.
const SQRT_3: f64 = 1.732_050_807_568_877_2;
/// Adding and subtracting 2²³ rounds an f32 below 2²² to a whole number, and leaves it in the low bits in between.
const WHOLE: f32 = 8_388_608.0;

/// What of a field the random numbers do not decide: made once for images of one size.
#[derive(Debug)]
pub(super) struct Elastic {
    /// Displacement of a control point of 1.
    amplitude: f32,
    /// For each row, the first of the four rows of control points that it lies among, and their weights.
    rows: Vec<(usize, [f32; 4])>,
    /// Rows of control points.
    row_controls: usize,
    /// For each column of control points, the first column it reaches, and its weight in that one and those that follow.
    columns: Vec<(usize, Vec<f32>)>,
    /// 0, 1, 2 …: the columns.
    ramp: Vec<f32>,
}

/// Sums along the rows of control points: displacements to the right and down, `[control row][column]` each.
pub(super) struct Field {
    right: Vec<f32>,
    down: Vec<f32>,
}

impl Elastic {
    /// The fields of `spec`, which displaces, for images of `height` × `width`.
    pub(super) fn new(spec: &AugmentationSpec, height: usize, width: usize) -> Self {
        // Validated specs have at least a pixel; what is below would make a grid without end.
        let spacing = (SQRT_3 * f64::from(spec.elastic_smoothness)).max(1.0);
        let rows = positions(height, spacing);
        let across = positions(width, spacing);
        let count = |positions: &[(usize, [f32; 4])]| positions.last().map_or(0, |(first, _)| first + 4);
        let columns = (0..count(&across))
            .map(|control| {
                let reached = |&(first, _): &(usize, [f32; 4])| (first..first + 4).contains(&control);
                let start = across.iter().position(reached).unwrap_or(0);
                let weights = across[start..].iter().take_while(|p| reached(p)).map(|(first, w)| w[control - first]);
                (start, weights.collect())
            })
            .collect();
        Elastic {
            amplitude: (f64::from(spec.elastic) * SQRT_3 / MEAN_SQUARE) as f32,
            row_controls: count(&rows),
            rows,
            columns,
            ramp: (0..width).map(|column| column as f32).collect(),
        }
    }

    /// Draws a field: of each control point's 32 bits one half displaces to the right and one down, evenly up to the
    /// amplitude.
    pub(super) fn draw(&self, random: &mut Stream) -> Field {
        let width = self.ramp.len();
        let len = self.row_controls * width;
        let mut field = Field { right: vec![0.0; len], down: vec![0.0; len] };
        let unit = self.amplitude / 32_767.5;
        let displacement = |half: u32| ((half & 0xFFFF) as f32 - 32_767.5) * unit;
        for (right, down) in field.right.chunks_exact_mut(width).zip(field.down.chunks_exact_mut(width)) {
            for (first, weights) in &self.columns {
                let word = random.next_u32();
                let (x, y) = (displacement(word >> 16), displacement(word));
                let reached = *first..first + weights.len();
                for ((right, down), w) in right[reached.clone()].iter_mut().zip(&mut down[reached]).zip(weights) {
                    *right += x * w;
                    *down += y * w;
                }
            }
        }
        field
    }

    /// Bilinear sampling of the source through `map`, each source displaced by `field`, writing over `out`.
    pub(super) fn resample(&self, map: &SourceMap, field: &Field, framed: &Framed, out: &mut [f32]) {
        let (width, height) = (self.ramp.len(), self.rows.len());
        let [[x_from_x, x_from_y], [y_from_x, y_from_y]] = map.matrix;
        let (centre_x, centre_y) = ((width as f64 - 1.0) * 0.5, (height as f64 - 1.0) * 0.5);
        let mut taps = Taps::new(width);
        for (row, (out, (first, weights))) in out.chunks_exact_mut(width).zip(&self.rows).enumerate() {
            let (dx, dy) = (-centre_x - map.shift[0], row as f64 - centre_y - map.shift[1]);
            let x = Coordinate {
                start: (centre_x + FRAME as f64 + x_from_x * dx + x_from_y * dy) as f32,
                step: x_from_x as f32,
                limit: (width + FRAME) as f32,
            };
            let y = Coordinate {
                start: (centre_y + FRAME as f64 + y_from_x * dx + y_from_y * dy) as f32,
                step: y_from_x as f32,
                limit: (height + FRAME) as f32,
            };
            let lines = *first * width..(first + 4) * width;
            x.along(&self.ramp, &field.right[lines.clone()], weights, &mut taps.column, &mut taps.right_share);
            y.along(&self.ramp, &field.down[lines], weights, &mut taps.row, &mut taps.lower_share);
            taps.sample(framed, out);
        }
    }
}

/// For each of `length` positions, the first of the four control points around it and their weights. The grid reaches
/// one control point beyond the interval at either end, and is centred.
fn positions(length: usize, spacing: f64) -> Vec<(usize, [f32; 4])> {
    let last = length as f64 - 1.0;
    let intervals = (last / spacing).ceil().max(1.0);
    (0..length)
        .map(|position| {
            let u = ((position as f64 - last * 0.5) / spacing + intervals * 0.5).clamp(0.0, intervals);
            let first = u.floor().min(intervals - 1.0);
            let t = u - first;
            let s = 1.0 - t;
            let weights = [
                s * s * s / 6.0,
                (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
                (3.0 * s * s * s - 6.0 * s * s + 4.0) / 6.0,
                t * t * t / 6.0,
            ];
            (first as usize, weights.map(|w| w as f32))
        })
        .collect()
}

/// One source coordinate along a row of the output, the frame counted in.
struct Coordinate {
    start: f32,
    /// What one column adds.
    step: f32,
    /// From 0 to this, all four taps exist; at both ends all are black.
    limit: f32,
}

impl Coordinate {
    /// The coordinate of each column, displaced by the weighted sum of four `lines`: its whole part and its fraction.
    fn along(&self, ramp: &[f32], lines: &[f32], weights: &[f32; 4], whole: &mut [f32], fraction: &mut [f32]) {
        let width = ramp.len();
        let (l0, rest) = lines.split_at(width);
        let (l1, rest) = rest.split_at(width);
        let (l2, l3) = rest.split_at(width);
        let lines = l0.iter().zip(l1).zip(l2).zip(l3);
        for (((column, (((l0, l1), l2), l3)), whole), fraction) in
            ramp.iter().zip(lines).zip(whole.iter_mut()).zip(fraction.iter_mut())
        {
            let displacement = weights[0] * l0 + weights[1] * l1 + weights[2] * l2 + weights[3] * l3;
            let at = (self.start + column * self.step + displacement).max(0.0).min(self.limit);
            // The floor without a call: rounded to the nearest, and one less where that went up.
            let nearest = (at + WHOLE) - WHOLE;
            let floor = nearest - if nearest > at { 1.0 } else { 0.0 };
            *whole = floor;
            *fraction = at - floor;
        }
    }
}

/// Where the pixels of one row come from.
struct Taps {
    column: Vec<f32>,
    row: Vec<f32>,
    right_share: Vec<f32>,
    lower_share: Vec<f32>,
}

impl Taps {
    fn new(width: usize) -> Self {
        let line = || vec![0.0; width];
        Taps { column: line(), row: line(), right_share: line(), lower_share: line() }
    }

    /// Samples the pixels between the outermost two that may see ink; the others are black.
    fn sample(&self, framed: &Framed, out: &mut [f32]) {
        let stride = framed.stride;
        let reach = |ink: Span| {
            if ink.is_empty() { (1.0, 0.0) } else { ((ink.first + FRAME - 1) as f32, (ink.last + FRAME) as f32) }
        };
        let ((left, right), (top, bottom)) = (reach(framed.columns), reach(framed.rows));
        let sees_ink = |(row, column): (&f32, &f32)| (left..=right).contains(column) & (top..=bottom).contains(row);
        out.fill(0.0);
        let mut corners = self.row.iter().zip(&self.column);
        let Some(first) = corners.clone().position(sees_ink) else { return };
        let last = corners.rposition(sees_ink).unwrap_or(first);
        let range = first..last + 1;
        let corners = self.row[range.clone()].iter().zip(&self.column[range.clone()]);
        let shares = self.right_share[range.clone()].iter().zip(&self.lower_share[range.clone()]);
        for ((out, (row, column)), (right_share, lower_share)) in out[range].iter_mut().zip(corners).zip(shares) {
            let corner = (row * stride as f32 + column) as usize;
            let taps = &framed.pixels[corner..corner + stride + 2];
            let upper = taps[0] + right_share * (taps[1] - taps[0]);
            let lower = taps[stride] + right_share * (taps[stride + 1] - taps[stride]);
            *out = upper + lower_share * (lower - upper);
        }
    }
}
