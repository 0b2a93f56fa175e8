//! Depthwise convolution in its three directions, 3×3 on the seed network's activations and 5×5 on one of them.

use criterion::{Criterion, Throughput};
use longhand_kernels::conv2d::Kernel;
use longhand_kernels::{Geometry, Isa, LANES, Lanes, depthwise_conv2d};

use crate::measure::{fast_isas, measure};
use crate::operands::{numbers, tensor, zeros};

/// Channels, side of the image, kernel.
const SHAPES: [(usize, usize, Kernel); 4] = [
    (10, 28, Kernel { size: 3, padding: 1 }),
    (20, 14, Kernel { size: 3, padding: 1 }),
    (30, 7, Kernel { size: 3, padding: 1 }),
    (20, 14, Kernel { size: 5, padding: 2 }),
];

/// The operands of one convolution and the calls of its doors.
struct Operands {
    kernel: Kernel,
    x: Geometry,
    y: Geometry,
    input: Vec<Lanes>,
    grad_output: Vec<Lanes>,
    weight: Vec<f32>,
    flipped_weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Operands {
    fn new((channels, side, kernel): (usize, usize, Kernel)) -> Self {
        let x = Geometry::new(channels, side, side, kernel.padding);
        let y = Geometry::new(channels, side, side, kernel.of_input_gradient().padding);
        let weight = numbers(channels * kernel.size * kernel.size);
        let mut flipped_weight = vec![0.0; weight.len()];
        depthwise_conv2d::flip(&weight, kernel.size, &mut flipped_weight);
        let (input, grad_output) = (tensor(x, 0), tensor(y, 1));
        Operands { kernel, x, y, input, grad_output, weight, flipped_weight, bias: numbers(channels) }
    }

    /// As training calls it: bias and ReLU included.
    fn forward(&self, isa: Isa, output: &mut [Lanes]) {
        let (kernel, bias) = (self.kernel, Some(&self.bias[..]));
        depthwise_conv2d::forward(isa, kernel, output, self.y, &self.input, self.x, &self.weight, bias, true);
    }

    fn grad_input(&self, isa: Isa, grad_input: &mut [Lanes]) {
        let (kernel, weight) = (self.kernel.of_input_gradient(), &self.flipped_weight);
        depthwise_conv2d::forward(isa, kernel, grad_input, self.x, &self.grad_output, self.y, weight, None, false);
    }

    fn grad_weight(&self, isa: Isa, grad_weight: &mut [f32]) {
        depthwise_conv2d::grad_weight(isa, self.kernel, grad_weight, &self.grad_output, self.y, &self.input, self.x);
    }

    /// Operations for a lane group, two a multiply-add; the same in every direction.
    fn flop(&self) -> u64 {
        (2 * self.y.elements() * self.kernel.size * self.kernel.size * LANES) as u64
    }
}

pub fn bench(criterion: &mut Criterion) {
    for direction in ["forward", "grad_input", "grad_weight"] {
        let mut group = criterion.benchmark_group(format!("depthwise_conv2d {direction}"));
        for (i, shape) in SHAPES.into_iter().enumerate() {
            let (channels, side, Kernel { size, .. }) = shape;
            let case = format!("{channels} {side}×{side} by {size}×{size}");
            let operands = Operands::new(shape);
            // The plain form too, once, on the first.
            let isas = if i == 0 { Isa::available() } else { fast_isas() };
            group.throughput(Throughput::Elements(operands.flop()));
            match direction {
                "forward" => {
                    measure(&mut group, &case, &isas, zeros(operands.y), |isa, out| operands.forward(isa, out));
                }
                "grad_input" => {
                    measure(&mut group, &case, &isas, zeros(operands.x), |isa, out| operands.grad_input(isa, out));
                }
                _ => {
                    let grad_weight = vec![0.0; operands.weight.len()];
                    measure(&mut group, &case, &isas, grad_weight, |isa, out| operands.grad_weight(isa, out));
                }
            }
        }
        group.finish();
    }
}
