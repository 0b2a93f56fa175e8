//! Batch norm's two passes over several lane groups, put together from the kernels.
//!
//! The meetings between the kernels are written here as the formulas of `longhand_kernels::batch_norm` say them, so
//! that a gradient of the output may be given; those of `longhand_nn` are witnessed by whole networks.

use longhand_kernels::batch_norm::{self, GradientSums, InputGradient, Moments, Normaliser};
use longhand_kernels::{Geometry, Isa};

use crate::lane_packing::{active, pack, unpack};

/// What goes in.
pub struct BatchNormCase<'a> {
    /// Channels and sides of an image.
    pub shape: [usize; 3],
    /// How many images.
    pub images: usize,
    /// `[image][channel][row][column]`.
    pub input: &'a [f32],
    /// γ.
    pub weight: &'a [f32],
    /// β.
    pub bias: &'a [f32],
    /// ε.
    pub eps: f64,
    /// ∂L/∂y.
    pub grad_output: &'a [f32],
    /// Whether the input is a ReLU's output, the input gradient being wanted before that ReLU.
    pub through_relu: bool,
}

/// What comes out.
#[allow(dead_code, reason = "finite differences are taken of the input gradient alone")]
pub struct BatchNormResult {
    /// y.
    pub output: Vec<f64>,
    /// ∂L/∂x.
    pub grad_input: Vec<f64>,
    /// ∂L/∂γ.
    pub grad_weight: Vec<f64>,
    /// ∂L/∂β.
    pub grad_bias: Vec<f64>,
    /// Moments of the batch, a channel each.
    pub moments: Vec<Moments>,
}

/// Both passes; every tensor is stored with another border, as in a network.
pub fn both_passes(isa: Isa, case: &BatchNormCase) -> BatchNormResult {
    let [channels, height, width] = case.shape;
    let geometry = |border| Geometry::new(channels, height, width, border);
    let (x_geometry, y_geometry, dy_geometry, dx_geometry) = (geometry(0), geometry(2), geometry(0), geometry(1));
    let inputs = pack(case.input, case.images, x_geometry, 77.0);
    let grad_outputs = pack(case.grad_output, case.images, dy_geometry, 0.0);

    let mut merged = vec![Moments::default(); channels];
    for (g, x) in inputs.iter().enumerate() {
        let mut moments = vec![Moments::default(); channels];
        batch_norm::moments(isa, &mut moments, x, x_geometry, active(case.images, g));
        for (merged, moments) in merged.iter_mut().zip(moments) {
            *merged = merged.merged(moments);
        }
    }
    let one_over_deviation = |c: usize| 1.0 / (merged[c].variance() + case.eps).sqrt();
    let normalisers: Vec<Normaliser> = (0..channels)
        .map(|c| Normaliser {
            mean: merged[c].mean as f32,
            scale: (f64::from(case.weight[c]) * one_over_deviation(c)) as f32,
            shift: case.bias[c],
        })
        .collect();

    let (mut output, mut grad_input) = (Vec::new(), Vec::new());
    let (mut grad_weight, mut grad_bias) = (vec![0.0f64; channels], vec![0.0f64; channels]);
    for (x, dy) in inputs.iter().zip(&grad_outputs) {
        let mut y = vec![longhand_kernels::Lanes::ZERO; y_geometry.len()];
        batch_norm::normalise(isa, &mut y, y_geometry, x, x_geometry, &normalisers);
        output.push(y);
        let mut sums = vec![GradientSums::default(); channels];
        batch_norm::gradient_sums(isa, &mut sums, dy, dy_geometry, x, x_geometry, &normalisers);
        for (c, sums) in sums.iter().enumerate() {
            grad_weight[c] += f64::from(sums.gradient_times_deviation) * one_over_deviation(c);
            grad_bias[c] += f64::from(sums.gradient);
        }
    }
    let coefficients: Vec<InputGradient> = (0..channels)
        .map(|c| {
            let scale = f64::from(case.weight[c]) * one_over_deviation(c);
            let m = merged[c].count;
            InputGradient {
                mean: merged[c].mean as f32,
                of_gradient: scale as f32,
                of_deviation: (-scale * grad_weight[c] * one_over_deviation(c) / m) as f32,
                constant: (-scale * grad_bias[c] / m) as f32,
            }
        })
        .collect();
    for (g, (x, dy)) in inputs.iter().zip(&grad_outputs).enumerate() {
        let mut dx = vec![longhand_kernels::Lanes::ZERO; dx_geometry.len()];
        let (lanes, through_relu) = (active(case.images, g), case.through_relu);
        let (dg, og, ig) = (dx_geometry, dy_geometry, x_geometry);
        batch_norm::grad_input(isa, &mut dx, dg, dy, og, x, ig, &coefficients, lanes, through_relu, None);
        grad_input.push(dx);
    }
    BatchNormResult {
        output: unpack(&output, case.images, y_geometry),
        grad_input: unpack(&grad_input, case.images, dx_geometry),
        grad_weight,
        grad_bias,
        moments: merged,
    }
}
