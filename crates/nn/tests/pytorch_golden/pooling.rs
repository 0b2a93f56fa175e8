//! ReLU, max pooling and global average pooling through the kernels' doors.

use longhand_kernels::{Geometry, Isa, Lanes, global_average_pool, max_pool2d, relu};

use crate::lane_packing::{pack, unpack};
use crate::{Case, ROUNDING, SUMS, geometry};

pub fn check_relu(case: &mut Case) {
    let (input, grad_output) = (case.f32("input"), case.f32("grad_output"));
    let (images, g) = geometry(&input, 1);
    let dy_geometry = Geometry { border: 0, ..g };
    let mut values = pack(&input.values, images, g, 77.0);
    let mut gradients = pack(&grad_output.values, images, dy_geometry, 0.0);
    for (values, gradient) in values.iter_mut().zip(&mut gradients) {
        relu::forward(Isa::detect(), values, g);
        relu::backward(Isa::detect(), gradient, dy_geometry, values, g);
    }
    case.compare("ReLU", "output", &unpack(&values, images, g), 0.0);
    case.compare("ReLU", "grad_input", &unpack(&gradients, images, dy_geometry), 0.0);
}

pub fn check_max_pool(case: &mut Case) {
    let (input, output, grad_output) = (case.f32("input"), case.f32("output"), case.f32("grad_output"));
    let (images, x_geometry) = geometry(&input, 1);
    let (_, y_geometry) = geometry(&output, 2);
    let dy_geometry = Geometry { border: 0, ..y_geometry };
    let dx_geometry = Geometry { border: 2, ..x_geometry };
    let inputs = pack(&input.values, images, x_geometry, 77.0);
    let grad_outputs = pack(&grad_output.values, images, dy_geometry, 0.0);
    let (mut outputs, mut grad_inputs) = (Vec::new(), Vec::new());
    for (x, dy) in inputs.iter().zip(&grad_outputs) {
        let mut y = vec![Lanes::ZERO; y_geometry.len()];
        max_pool2d::forward(Isa::detect(), &mut y, y_geometry, x, x_geometry);
        outputs.push(y);
        // What stood there before must be gone, the dropped row and column included.
        let mut dx = vec![Lanes::splat(7.0); dx_geometry.len()];
        max_pool2d::backward(Isa::detect(), &mut dx, dx_geometry, dy, dy_geometry, x, x_geometry);
        grad_inputs.push(dx);
    }
    case.compare("max pool", "output", &unpack(&outputs, images, y_geometry), 0.0);
    case.compare("max pool", "grad_input", &unpack(&grad_inputs, images, dx_geometry), 0.0);
}

pub fn check_global_average_pool(case: &mut Case) {
    let (input, output, grad_output) = (case.f32("input"), case.f32("output"), case.f32("grad_output"));
    let (images, x_geometry) = geometry(&input, 1);
    let (_, y_geometry) = geometry(&output, 0);
    let dx_geometry = Geometry { border: 2, ..x_geometry };
    let inputs = pack(&input.values, images, x_geometry, 77.0);
    let grad_outputs = pack(&grad_output.values, images, y_geometry, 0.0);
    let (mut outputs, mut grad_inputs) = (Vec::new(), Vec::new());
    for (x, dy) in inputs.iter().zip(&grad_outputs) {
        let mut y = vec![Lanes::ZERO; y_geometry.len()];
        global_average_pool::forward(Isa::detect(), &mut y, y_geometry, x, x_geometry);
        outputs.push(y);
        let mut dx = vec![Lanes::ZERO; dx_geometry.len()];
        global_average_pool::backward(&mut dx, dx_geometry, dy, y_geometry);
        grad_inputs.push(dx);
    }
    case.compare("global average pool", "output", &unpack(&outputs, images, y_geometry), SUMS);
    case.compare("global average pool", "grad_input", &unpack(&grad_inputs, images, dx_geometry), ROUNDING);
}
