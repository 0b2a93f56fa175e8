//! Each convolution's kernels alone, on one thread: the doors that a training step uses.

use std::time::Instant;

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::winograd::{self, Scratch, TransformedWeight};
use longhand_kernels::{Geometry, Isa, LANES, Lanes};
use longhand_nn::{LayerSpec, NetworkSpec, SpecError};
use serde::Serialize;

use super::median;

/// A kernel's speed.
#[derive(Clone, Debug, Serialize)]
pub struct KernelSpeed {
    /// The layer, such as `10→20 3×3, 28×28`.
    pub layer: String,
    /// `forward`, `grad_input` or `grad_weight`.
    pub direction: &'static str,
    /// `direct` or `winograd`.
    pub way: &'static str,
    /// Floating-point operations of the direct convolution for one image, two a multiply-add.
    pub flop_per_image: usize,
    /// Median speed of one thread, in operations of the direct convolution.
    pub gflop_per_second: f64,
}

/// Times the three directions of every convolution of `spec` that is not depthwise on one thread.
///
/// # Errors
/// When the spec is impossible.
///
/// # Panics
/// When a fast kernel's answer is not the plain form's.
pub fn convolutions(spec: &NetworkSpec, isa: Isa) -> Result<Vec<KernelSpeed>, SpecError> {
    let shapes = spec.shapes()?;
    let mut input = spec.input_shape();
    let mut speeds = Vec::new();
    for (layer, &output) in spec.layers.iter().zip(&shapes) {
        if let LayerSpec::Conv { kernel, padding, .. } = *layer {
            let kernel = Kernel { size: kernel, padding };
            let x = Geometry::new(input.channels, input.height, input.width, padding);
            let back = kernel.of_input_gradient().padding;
            let y = Geometry::new(output.channels, output.height, output.width, back);
            let name =
                format!("{}→{} {}×{}, {}×{}", x.channels, y.channels, kernel.size, kernel.size, y.height, y.width);
            let flop = 2 * y.elements() * x.channels * kernel.size * kernel.size;
            let tiled = kernel.size == winograd::SIZE && winograd::pays(x.channels, y.channels, y.height, y.width);
            let operands = Operands::new(kernel, x, y);
            let mut time = |direction, tiled, direct: Call, by_winograd: Call| {
                let (way, call) = if tiled { ("winograd", by_winograd) } else { ("direct", direct) };
                let seconds = operands.check_and_time(isa, call);
                let gflop_per_second = (flop * LANES) as f64 / seconds / 1e9;
                let layer = name.clone();
                speeds.push(KernelSpeed { layer, direction, way, flop_per_image: flop, gflop_per_second });
            };
            time("forward", tiled, Operands::forward, Operands::winograd_forward);
            time("grad_input", tiled, Operands::grad_input, Operands::winograd_grad_input);
            // Every 3×3 weight gradient goes Winograd's way along rows.
            let tiled = kernel.size == winograd::SIZE;
            time("grad_weight", tiled, Operands::grad_weight, Operands::winograd_grad_weight);
        }
        input = output;
    }
    Ok(speeds)
}

/// One direction of a convolution, by one of its doors.
type Call = fn(&Operands, Isa, &mut Output);

/// The operands of one convolution.
struct Operands {
    kernel: Kernel,
    x: Geometry,
    y: Geometry,
    input: Vec<Lanes>,
    grad_output: Vec<Lanes>,
    weight: Vec<f32>,
    flipped: Vec<f32>,
    transformed: TransformedWeight,
    transformed_flipped: TransformedWeight,
}

/// What a call writes, and its room.
#[derive(Default)]
struct Output {
    lanes: Vec<Lanes>,
    floats: Vec<f32>,
    scratch: Scratch,
    sums: Vec<Lanes>,
}

impl Operands {
    fn new(kernel: Kernel, x: Geometry, y: Geometry) -> Self {
        let number = |i: usize| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5;
        let tensor = |g: Geometry| {
            let mut values = vec![Lanes::ZERO; g.len()];
            for c in 0..g.channels {
                for r in 0..g.height {
                    for s in 0..g.width {
                        let at = g.index(c, r, s);
                        values[at] = Lanes(std::array::from_fn(|l| number(at * LANES + l)));
                    }
                }
            }
            values
        };
        let weight: Vec<f32> = (0..x.channels * y.channels * kernel.size * kernel.size).map(number).collect();
        let mut flipped = vec![0.0; weight.len()];
        conv2d::flip_transpose(&weight, y.channels, x.channels, kernel.size, &mut flipped);
        let (mut transformed, mut transformed_flipped) = (TransformedWeight::default(), TransformedWeight::default());
        if kernel.size == winograd::SIZE {
            transformed.set(&weight, y.channels, x.channels);
            transformed_flipped.set_flipped(&weight, y.channels, x.channels, 0..x.channels);
        }
        let (input, grad_output) = (tensor(x), tensor(y));
        Operands { kernel, x, y, input, grad_output, weight, flipped, transformed, transformed_flipped }
    }

    fn forward(&self, isa: Isa, out: &mut Output) {
        out.lanes.resize(self.y.len(), Lanes::ZERO);
        conv2d::forward(isa, self.kernel, &mut out.lanes, self.y, &self.input, self.x, &self.weight, None, false);
    }

    fn grad_input(&self, isa: Isa, out: &mut Output) {
        out.lanes.resize(self.x.len(), Lanes::ZERO);
        conv2d::grad_input(isa, self.kernel, &mut out.lanes, self.x, &self.grad_output, self.y, &self.flipped);
    }

    fn grad_weight(&self, isa: Isa, out: &mut Output) {
        out.floats.resize(self.weight.len(), 0.0);
        conv2d::grad_weight(isa, self.kernel, &mut out.floats, &self.grad_output, self.y, &self.input, self.x);
    }

    fn winograd_forward(&self, isa: Isa, out: &mut Output) {
        let Output { lanes, scratch, .. } = out;
        lanes.resize(self.y.len(), Lanes::ZERO);
        let (padding, rows) = (self.kernel.padding, 0..winograd::tiles_across(self.y.height));
        let (input, weight) = (&self.input, &self.transformed);
        winograd::forward(isa, padding, rows, lanes, self.y, input, self.x, weight, None, false, scratch);
    }

    fn winograd_grad_input(&self, isa: Isa, out: &mut Output) {
        let Output { lanes, scratch, .. } = out;
        lanes.resize(self.x.len(), Lanes::ZERO);
        let (padding, rows) = (self.kernel.of_input_gradient().padding, 0..winograd::tiles_across(self.x.height));
        let (gradient, weight) = (&self.grad_output, &self.transformed_flipped);
        winograd::forward(isa, padding, rows, lanes, self.x, gradient, self.y, weight, None, false, scratch);
    }

    fn winograd_grad_weight(&self, isa: Isa, out: &mut Output) {
        let Output { floats, sums, .. } = out;
        floats.resize(self.weight.len(), 0.0);
        sums.resize(winograd::grad_weight_room(self.x.channels, self.y.width), Lanes::ZERO);
        let (padding, gradient) = (self.kernel.padding, &self.grad_output);
        winograd::grad_weight(isa, padding, floats, gradient, self.y, &self.input, self.x, sums);
    }

    /// The median seconds of a call, its answer checked before.
    fn check_and_time(&self, isa: Isa, call: Call) -> f64 {
        let (mut fast, mut plain) = (Output::default(), Output::default());
        call(self, isa, &mut fast);
        call(self, Isa::Plain, &mut plain);
        let same = fast.lanes == plain.lanes && fast.floats == plain.floats;
        assert!(same, "{isa} gives another answer than the plain form");
        let seconds = |_| {
            let started = Instant::now();
            call(self, isa, &mut fast);
            started.elapsed().as_secs_f64()
        };
        median(&(0..25).map(seconds).collect::<Vec<_>>())
    }
}
