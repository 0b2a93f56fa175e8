//! Convolution through the kernels' doors.

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::{Geometry, Isa, Lanes};
use longhand_nn::{LayerSpec, NetworkSpec, SpecProblem};
use serde::Deserialize;

use crate::lane_packing::{pack, unpack};
use crate::{Case, ROUNDING, SUMS, geometry};

#[derive(Deserialize)]
struct Parameters {
    kernel: usize,
    padding: usize,
    bias: bool,
}

pub fn check(case: &mut Case) {
    let isa = Isa::detect();
    let Parameters { kernel, padding, bias } = case.parameters();
    if padding >= kernel {
        return check_refused(case, kernel, padding);
    }
    let kernel = Kernel { size: kernel, padding };
    let (input, output, grad_output) = (case.f32("input"), case.f32("output"), case.f32("grad_output"));
    let weight = case.f32("weight").values;
    let offset = case.optional_f32("bias").map(|b| b.values);
    assert_eq!(offset.is_some(), bias, "{}", case.name);

    let (images, x_geometry) = geometry(&input, padding);
    let (_, y_geometry) = geometry(&output, 0);
    let dy_geometry = Geometry { border: kernel.of_input_gradient().padding, ..y_geometry };
    let dx_geometry = Geometry { border: 1, ..x_geometry };
    let inputs = pack(&input.values, images, x_geometry, 77.0);
    let grad_outputs = pack(&grad_output.values, images, dy_geometry, 0.0);
    let mut flipped = vec![0.0; weight.len()];
    conv2d::flip_transpose(&weight, y_geometry.channels, x_geometry.channels, kernel.size, &mut flipped);

    let (mut outputs, mut grad_inputs) = (Vec::new(), Vec::new());
    let mut grad_weight = vec![0.0f64; weight.len()];
    let mut grad_bias = vec![0.0f64; y_geometry.channels];
    for (x, dy) in inputs.iter().zip(&grad_outputs) {
        let mut y = vec![Lanes::ZERO; y_geometry.len()];
        conv2d::forward(isa, kernel, &mut y, y_geometry, x, x_geometry, &weight, offset.as_deref(), false);
        outputs.push(y);
        let mut dx = vec![Lanes::ZERO; dx_geometry.len()];
        conv2d::grad_input(isa, kernel, &mut dx, dx_geometry, dy, dy_geometry, &flipped);
        grad_inputs.push(dx);
        let mut part = vec![0.0; weight.len()];
        conv2d::grad_weight(isa, kernel, &mut part, dy, dy_geometry, x, x_geometry);
        grad_weight.iter_mut().zip(part).for_each(|(total, part)| *total += f64::from(part));
        let mut part = vec![0.0; y_geometry.channels];
        conv2d::grad_bias(isa, &mut part, dy, dy_geometry);
        grad_bias.iter_mut().zip(part).for_each(|(total, part)| *total += f64::from(part));
    }
    case.compare("convolution", "output", &unpack(&outputs, images, y_geometry), SUMS);
    case.compare("convolution", "grad_input", &unpack(&grad_inputs, images, dx_geometry), SUMS);
    case.compare("convolution", "grad_weight", &grad_weight, SUMS);
    if bias {
        case.compare("convolution", "grad_bias", &grad_bias, SUMS);
    }

    // With ReLU while still in registers: PyTorch's output, cut off at zero.
    let relu_outputs: Vec<Vec<Lanes>> = inputs
        .iter()
        .map(|x| {
            let mut y = vec![Lanes::ZERO; y_geometry.len()];
            conv2d::forward(isa, kernel, &mut y, y_geometry, x, x_geometry, &weight, offset.as_deref(), true);
            y
        })
        .collect();
    let cut_off: Vec<f64> = unpack(&outputs, images, y_geometry).into_iter().map(|y| y.max(0.0)).collect();
    let found = unpack(&relu_outputs, images, y_geometry);
    let name = case.path("output through ReLU");
    case.differences.compare("convolution output through ReLU", &name, &found, &cut_off, ROUNDING);
}

/// Padding that reaches the kernel's side adds rows that see nothing but zeros. PyTorch computes them, a network spec
/// says no.
fn check_refused(case: &mut Case, kernel: usize, padding: usize) {
    let [_, channels, height, width] = case.f32("input").shape[..] else { panic!("{}: four dimensions", case.name) };
    let layer = LayerSpec::Conv { channels: 3, kernel, padding, bias: true };
    let spec = NetworkSpec { input: [channels, height, width], layers: vec![layer] };
    assert_eq!(spec.shapes().unwrap_err().problem, SpecProblem::Padding { padding, kernel }, "{}", case.name);
    for tensor in ["output", "grad_output", "grad_input", "weight", "grad_weight", "bias", "grad_bias"] {
        println!("{}: not computed, such padding is refused", case.path(tensor));
        case.f32(tensor);
    }
}
