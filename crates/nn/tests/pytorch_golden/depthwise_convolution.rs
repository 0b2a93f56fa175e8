//! Depthwise convolution through the kernels' doors.

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::{Geometry, Isa, Lanes, depthwise_conv2d};
use serde::Deserialize;

use crate::lane_packing::{pack, unpack};
use crate::{Case, SUMS, geometry};

#[derive(Deserialize)]
struct Parameters {
    kernel: usize,
    padding: usize,
    bias: bool,
}

pub fn check(case: &mut Case) {
    let isa = Isa::detect();
    let Parameters { kernel, padding, bias } = case.parameters();
    let kernel = Kernel { size: kernel, padding };
    let back = kernel.of_input_gradient();
    let (input, output, grad_output) = (case.f32("input"), case.f32("output"), case.f32("grad_output"));
    let weight = case.f32("weight").values;
    let offset = case.optional_f32("bias").map(|b| b.values);
    assert_eq!(offset.is_some(), bias, "{}", case.name);

    let (images, x_geometry) = geometry(&input, padding);
    let (_, y_geometry) = geometry(&output, 0);
    let dy_geometry = Geometry { border: back.padding, ..y_geometry };
    let dx_geometry = Geometry { border: 1, ..x_geometry };
    let mut flipped = vec![0.0; weight.len()];
    depthwise_conv2d::flip(&weight, kernel.size, &mut flipped);

    let (mut outputs, mut grad_inputs) = (Vec::new(), Vec::new());
    let mut grad_weight = vec![0.0f64; weight.len()];
    let mut grad_bias = vec![0.0f64; y_geometry.channels];
    let inputs = pack(&input.values, images, x_geometry, 77.0);
    for (x, dy) in inputs.iter().zip(&pack(&grad_output.values, images, dy_geometry, 0.0)) {
        let mut y = vec![Lanes::ZERO; y_geometry.len()];
        depthwise_conv2d::forward(isa, kernel, &mut y, y_geometry, x, x_geometry, &weight, offset.as_deref(), false);
        outputs.push(y);
        let mut dx = vec![Lanes::ZERO; dx_geometry.len()];
        depthwise_conv2d::forward(isa, back, &mut dx, dx_geometry, dy, dy_geometry, &flipped, None, false);
        grad_inputs.push(dx);
        let mut part = vec![0.0; weight.len()];
        depthwise_conv2d::grad_weight(isa, kernel, &mut part, dy, dy_geometry, x, x_geometry);
        grad_weight.iter_mut().zip(part).for_each(|(total, part)| *total += f64::from(part));
        let mut part = vec![0.0; y_geometry.channels];
        conv2d::grad_bias(isa, &mut part, dy, dy_geometry);
        grad_bias.iter_mut().zip(part).for_each(|(total, part)| *total += f64::from(part));
    }
    let kind = "depthwise convolution";
    case.compare(kind, "output", &unpack(&outputs, images, y_geometry), SUMS);
    case.compare(kind, "grad_input", &unpack(&grad_inputs, images, dx_geometry), SUMS);
    case.compare(kind, "grad_weight", &grad_weight, SUMS);
    if bias {
        case.compare(kind, "grad_bias", &grad_bias, SUMS);
    }
}
