//! What the kernels are given: the seed network's shapes, and numbers that are the same in every run.

use longhand_kernels::batch_norm::{InputGradient, Normaliser};
use longhand_kernels::{Geometry, LANES, Lanes};

/// One convolution that keeps its image's size.
#[derive(Clone, Copy)]
pub struct Convolution {
    pub inputs: usize,
    pub outputs: usize,
    /// Rows and columns of the image.
    pub side: usize,
}

/// The seed network's four, 3×3.
pub const CONVOLUTIONS: [Convolution; 4] = [
    Convolution { inputs: 1, outputs: 10, side: 28 },
    Convolution { inputs: 10, outputs: 20, side: 28 },
    Convolution { inputs: 20, outputs: 30, side: 14 },
    Convolution { inputs: 30, outputs: 40, side: 7 },
];

/// Two of the depthwise separable `under10k`, 1×1.
pub const POINTWISE_CONVOLUTIONS: [Convolution; 2] =
    [Convolution { inputs: 24, outputs: 24, side: 28 }, Convolution { inputs: 40, outputs: 44, side: 7 }];

/// The activation behind the first convolution, stored as the second one reads it.
pub const FIRST_ACTIVATION: Geometry = Geometry::new(10, 28, 28, 1);

/// The activation behind the second convolution, before it is pooled: the network's largest.
pub const LARGEST_ACTIVATION: Geometry = Geometry::new(20, 28, 28, 0);

/// [`LARGEST_ACTIVATION`] pooled, stored as the third convolution reads it.
pub const LARGEST_POOLED: Geometry = Geometry::new(20, 14, 14, 1);

/// The shape as the benches name it, such as `10×28×28`.
pub fn name(shape: Geometry) -> String {
    format!("{}×{}×{}", shape.channels, shape.height, shape.width)
}

/// Bytes of content of a lane group.
pub fn bytes(shape: Geometry) -> usize {
    shape.elements() * LANES * size_of::<f32>()
}

/// Number `i` of a fixed row of numbers in -0.5 … 0.5.
pub fn number(i: usize) -> f32 {
    ((i * 7919) % 1009) as f32 / 1009.0 - 0.5
}

/// The first `n` of the fixed numbers.
pub fn numbers(n: usize) -> Vec<f32> {
    (0..n).map(number).collect()
}

/// Content from the fixed numbers from `first` on, a zero border.
pub fn tensor(shape: Geometry, first: usize) -> Vec<Lanes> {
    let mut values = zeros(shape);
    for c in 0..shape.channels {
        for r in 0..shape.height {
            for s in 0..shape.width {
                let at = shape.index(c, r, s);
                values[at] = Lanes(std::array::from_fn(|l| number(first + at * LANES + l)));
            }
        }
    }
    values
}

/// Zeros, to be overwritten.
pub fn zeros(shape: Geometry) -> Vec<Lanes> {
    vec![Lanes::ZERO; shape.len()]
}

/// What batch norm makes of each channel.
pub fn normalisers(channels: usize) -> Vec<Normaliser> {
    (0..channels)
        .map(|c| Normaliser { mean: number(c), scale: 1.0 + number(c + 100), shift: number(c + 200) })
        .collect()
}

/// What batch norm's input gradient takes of each channel.
pub fn input_gradients(channels: usize) -> Vec<InputGradient> {
    (0..channels)
        .map(|c| InputGradient {
            mean: number(c),
            of_gradient: 1.0 + number(c + 100),
            of_deviation: number(c + 300),
            constant: number(c + 400),
        })
        .collect()
}
