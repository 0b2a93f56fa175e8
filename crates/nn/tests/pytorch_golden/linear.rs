//! The linear layer through the kernels' doors.

use longhand_kernels::{Geometry, Isa, Lanes, linear};
use serde::Deserialize;

use crate::lane_packing::{pack, unpack};
use crate::{Case, SUMS};

#[derive(Deserialize)]
struct Parameters {
    outputs: usize,
    bias: bool,
}

pub fn check(case: &mut Case) {
    let isa = Isa::detect();
    let Parameters { outputs: features, bias } = case.parameters();
    let (input, weight, grad_output) = (case.f32("input"), case.f32("weight").values, case.f32("grad_output"));
    let offset = case.optional_f32("bias").map(|b| b.values);
    assert_eq!(offset.is_some(), bias, "{}", case.name);
    let images = input.shape[0];
    let x_geometry = match input.shape[..] {
        [_, elements] => Geometry::new(elements, 1, 1, 0),
        [_, channels, height, width] => Geometry::new(channels, height, width, 0),
        _ => panic!("input of shape {:?}", input.shape),
    };
    // The input gradient is stored with a border, as before a convolution.
    let dx_geometry = Geometry { border: 2, ..x_geometry };
    let y_geometry = Geometry::new(features, 1, 1, 1);
    let dy_geometry = Geometry::new(features, 1, 1, 0);
    let inputs = pack(&input.values, images, x_geometry, 77.0);
    let grad_outputs = pack(&grad_output.values, images, dy_geometry, 0.0);

    let (mut outputs, mut grad_inputs) = (Vec::new(), Vec::new());
    let (mut grad_weight, mut grad_bias) = (vec![0.0f64; weight.len()], vec![0.0f64; features]);
    for (x, dy) in inputs.iter().zip(&grad_outputs) {
        let mut y = vec![Lanes::ZERO; y_geometry.len()];
        linear::forward(isa, &mut y, y_geometry, x, &weight, offset.as_deref());
        outputs.push(y);
        let mut dx = vec![Lanes::ZERO; dx_geometry.len()];
        linear::grad_input(isa, &mut dx, dx_geometry, dy, &weight);
        grad_inputs.push(dx);
        let mut part = vec![0.0; weight.len()];
        linear::grad_weight(isa, &mut part, dy, x);
        grad_weight.iter_mut().zip(part).for_each(|(total, part)| *total += f64::from(part));
        let mut part = vec![0.0; features];
        linear::grad_bias(&mut part, dy);
        grad_bias.iter_mut().zip(part).for_each(|(total, part)| *total += f64::from(part));
    }
    case.compare("linear", "output", &unpack(&outputs, images, y_geometry), SUMS);
    case.compare("linear", "grad_input", &unpack(&grad_inputs, images, dx_geometry), SUMS);
    case.compare("linear", "grad_weight", &grad_weight, SUMS);
    if bias {
        case.compare("linear", "grad_bias", &grad_bias, SUMS);
    }
}
