//! Convolution in its three directions, on the seed network's four and on 1×1 ones between depthwise convolutions.

use criterion::{Criterion, Throughput};
use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::{Geometry, Isa, LANES, Lanes};

use crate::measure::{fast_isas, measure};
use crate::operands::{CONVOLUTIONS, Convolution, POINTWISE_CONVOLUTIONS, numbers, tensor, zeros};

const SQUARE: Kernel = Kernel { size: 3, padding: 1 };
const POINTWISE: Kernel = Kernel { size: 1, padding: 0 };

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
    fn new(kernel: Kernel, shape: Convolution) -> Self {
        let x = Geometry::new(shape.inputs, shape.side, shape.side, kernel.padding);
        let y = Geometry::new(shape.outputs, shape.side, shape.side, kernel.of_input_gradient().padding);
        let weight = numbers(shape.inputs * shape.outputs * kernel.size * kernel.size);
        let mut flipped_weight = vec![0.0; weight.len()];
        conv2d::flip_transpose(&weight, shape.outputs, shape.inputs, kernel.size, &mut flipped_weight);
        let (input, grad_output) = (tensor(x, 0), tensor(y, 1));
        Operands { kernel, x, y, input, grad_output, weight, flipped_weight, bias: numbers(shape.outputs) }
    }

    /// As training calls it: bias and ReLU included.
    fn forward(&self, isa: Isa, output: &mut [Lanes]) {
        conv2d::forward(isa, self.kernel, output, self.y, &self.input, self.x, &self.weight, Some(&self.bias), true);
    }

    fn grad_input(&self, isa: Isa, grad_input: &mut [Lanes]) {
        conv2d::grad_input(isa, self.kernel, grad_input, self.x, &self.grad_output, self.y, &self.flipped_weight);
    }

    fn grad_weight(&self, isa: Isa, grad_weight: &mut [f32]) {
        conv2d::grad_weight(isa, self.kernel, grad_weight, &self.grad_output, self.y, &self.input, self.x);
    }

    /// Operations of direct convolution for a lane group, two a multiply-add; the same in every direction, and the
    /// measure of a kernel that needs fewer.
    fn flop(&self) -> u64 {
        (2 * self.y.elements() * self.x.channels * self.kernel.size * self.kernel.size * LANES) as u64
    }
}

pub fn bench(criterion: &mut Criterion) {
    for direction in ["forward", "grad_input", "grad_weight"] {
        let mut group = criterion.benchmark_group(format!("conv2d {direction}"));
        let square = CONVOLUTIONS.map(|shape| (SQUARE, shape));
        let pointwise = POINTWISE_CONVOLUTIONS.map(|shape| (POINTWISE, shape));
        for (i, (kernel, shape)) in square.into_iter().chain(pointwise).enumerate() {
            // The size of a 3×3 kernel is not named, so that cases keep their names, and `--baseline` its comparisons.
            let size = if kernel.size == 3 { String::new() } else { format!("{0}×{0} ", kernel.size) };
            let case = format!("{size}{}→{} {}×{}", shape.inputs, shape.outputs, shape.side, shape.side);
            let operands = Operands::new(kernel, shape);
            // The plain form too, once, on the smallest.
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
