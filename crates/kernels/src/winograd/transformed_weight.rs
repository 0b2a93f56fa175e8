//! The transformed weights.

use std::ops::Range;

use super::{CHANNELS_AT_ONCE, PAIRS_OF_POINTS, POINTS, SIZE, transform_kernel};

/// U = G w Gᵀ of every pair of channels, packed in the order in which the fast form reads it.
///
/// Packed as `[block of output channels][i][step][input channel][output channel in block][point of the step]`, a step being
/// a pair of points.
#[derive(Clone, Debug, Default)]
pub struct TransformedWeight {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    values: Vec<f32>,
}

impl TransformedWeight {
    /// Transforms `weight`, `[output channel][input channel][3][3]`, for [`super::forward`] (overwrites what was here).
    ///
    /// # Panics
    /// When `weight` is not so long.
    pub fn set(&mut self, weight: &[f32], outputs: usize, inputs: usize) {
        assert_eq!(weight.len(), outputs * inputs * SIZE * SIZE, "weight length");
        let kernels = weight.as_chunks().0;
        self.fill(outputs, inputs, |k, c| kernels[k * inputs + c]);
    }

    /// Transforms the weights of a convolution from `inputs` to `outputs` channels, flipped and transposed, for the
    /// convolution of its output gradient that is its input gradient, as far as it makes the input channels `wanted`
    /// (overwrites what was here).
    ///
    /// # Panics
    /// As [`TransformedWeight::set`], and when there are no such channels.
    pub fn set_flipped(&mut self, weight: &[f32], outputs: usize, inputs: usize, wanted: Range<usize>) {
        assert!(wanted.end <= inputs, "input channels {wanted:?} of {inputs}");
        assert_eq!(weight.len(), outputs * inputs * SIZE * SIZE, "weight length");
        let kernels = weight.as_chunks().0;
        self.fill(wanted.len(), outputs, |c, k| {
            let mut flipped: [f32; SIZE * SIZE] = kernels[k * inputs + wanted.start + c];
            flipped.reverse();
            flipped
        });
    }

    fn fill(&mut self, outputs: usize, inputs: usize, kernel: impl Fn(usize, usize) -> [f32; SIZE * SIZE]) {
        (self.outputs, self.inputs) = (outputs, inputs);
        self.values.resize(outputs * inputs * POINTS * POINTS, 0.0);
        let mut rest = &mut self.values[..];
        for (first, channels) in blocks(outputs) {
            let (block, after) = rest.split_at_mut(channels * inputs * POINTS * POINTS);
            rest = after;
            let (pairs, _) = block.as_chunks_mut::<2>();
            let step = inputs * channels;
            for k in 0..channels {
                for c in 0..inputs {
                    let u = transform_kernel(kernel(first + k, c));
                    let mut at = c * channels + k;
                    for u in &u {
                        for points in PAIRS_OF_POINTS {
                            pairs[at] = points.map(|j| u[j]);
                            at += step;
                        }
                    }
                }
            }
        }
    }

    /// Row `i` of points of the block of `channels` output channels from `first`: for each pair of points
    /// `[input channel][output channel][point]`.
    #[inline(always)]
    pub(super) fn row(&self, first: usize, channels: usize, i: usize) -> [&[f32]; 3] {
        let length = channels * self.inputs * 2;
        let row = &self.values[(first * POINTS + i * channels) * POINTS * self.inputs..][..3 * length];
        let (near, others) = row.split_at(length);
        let (far, ends) = others.split_at(length);
        [near, far, ends]
    }

    /// Point (`i`, `j`) of output channel `k` and input channel `c`.
    pub(super) fn point(&self, k: usize, c: usize, i: usize, j: usize) -> f32 {
        let blocks = blocks(self.outputs);
        let (first, channels) = blocks.into_iter().find(|&(first, n)| k < first + n).expect("an output channel");
        let step = PAIRS_OF_POINTS.iter().position(|points| points.contains(&j)).expect("a point");
        let point = PAIRS_OF_POINTS[step].iter().position(|&p| p == j).expect("a point of the step");
        self.row(first, channels, i)[step][(c * channels + k - first) * 2 + point]
    }
}

/// Blocks of output channels, all but perhaps the last [`CHANNELS_AT_ONCE`] wide: yields `(first, channels)`.
#[inline(always)]
pub(super) fn blocks(outputs: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outputs).step_by(CHANNELS_AT_ONCE).map(move |first| (first, CHANNELS_AT_ONCE.min(outputs - first)))
}
