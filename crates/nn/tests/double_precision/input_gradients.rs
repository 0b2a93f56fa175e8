//! Each kernel's input gradient against finite differences of L = Σ G·y with a random G.

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::{Geometry, Isa, Lanes, global_average_pool, linear, log_softmax, max_pool2d};

use crate::batch_norm_passes::{BatchNormCase, both_passes};
use crate::finite_difference::gradient;
use crate::lane_packing::{pack, unpack};
use crate::numbers::Numbers;
use crate::plain::{self, Branches, Tensor};
use crate::worst_difference::WorstDifferences;

/// One layer, sums of up to a hundred products; batch norm's backward subtracts what is nearly equal.
const LIMIT: f64 = 2e-6;

/// Images in a batch: more than a lane group, the second one masked.
const IMAGES: usize = 17;

struct Input {
    single: Vec<f32>,
    double: Tensor,
}

impl Input {
    fn new(numbers: &mut Numbers, shape: [usize; 3]) -> Self {
        let [channels, height, width] = shape;
        let single = numbers.normals(IMAGES * channels * height * width);
        let values = doubles(&single);
        Input { single, double: Tensor { images: IMAGES, channels, height, width, values } }
    }

    fn geometry(&self, border: usize) -> Geometry {
        Geometry::new(self.double.channels, self.double.height, self.double.width, border)
    }

    /// ∂(Σ G·y)/∂x by finite differences of `forward`, which sees the whole batch.
    fn gradient(&self, grad_output: &[f32], forward: impl Fn(Tensor, &mut Branches) -> Tensor) -> Vec<f64> {
        weighted_gradient(&self.double, grad_output, forward)
    }

    /// The same where an image's output depends on that image alone: far less to compute.
    fn gradient_by_image(&self, grad_output: &[f32], forward: impl Fn(Tensor, &mut Branches) -> Tensor) -> Vec<f64> {
        let elements = self.double.values.len() / IMAGES;
        let images =
            self.double.values.chunks_exact(elements).zip(grad_output.chunks_exact(grad_output.len() / IMAGES));
        images
            .flat_map(|(image, grad_output)| {
                let image = Tensor { images: 1, values: image.to_vec(), ..self.double };
                weighted_gradient(&image, grad_output, &forward)
            })
            .collect()
    }
}

fn weighted_gradient(
    input: &Tensor,
    grad_output: &[f32],
    forward: impl Fn(Tensor, &mut Branches) -> Tensor,
) -> Vec<f64> {
    gradient(&input.values, |values| {
        let mut branches = Branches::none();
        let y = forward(Tensor { values: values.to_vec(), ..*input }, &mut branches);
        assert_eq!(y.values.len(), grad_output.len(), "output and its gradient");
        let weighted = y.values.iter().zip(grad_output).map(|(y, g)| y * f64::from(*g)).sum();
        (weighted, branches)
    })
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// Runs `backward` on every lane group and puts the images back in a row.
fn each_group(
    grad_outputs: &[Vec<Lanes>],
    inputs: &[Vec<Lanes>],
    dx_geometry: Geometry,
    backward: impl Fn(&mut [Lanes], &[Lanes], &[Lanes]),
) -> Vec<f64> {
    let groups: Vec<Vec<Lanes>> = grad_outputs
        .iter()
        .zip(inputs)
        .map(|(dy, x)| {
            let mut dx = vec![Lanes::ZERO; dx_geometry.len()];
            backward(&mut dx, dy, x);
            dx
        })
        .collect();
    unpack(&groups, IMAGES, dx_geometry)
}

#[test]
fn every_input_gradient_is_the_finite_difference() {
    let mut differences = WorstDifferences::default();
    let mut numbers = Numbers::new(7);
    for (size, padding) in [1, 3, 5].into_iter().flat_map(|size| (0..size).map(move |padding| (size, padding))) {
        convolution(&mut differences, &mut numbers, Kernel { size, padding });
    }
    for through_relu in [false, true] {
        batch_normalisation(&mut differences, &mut numbers, through_relu);
    }
    max_pooling(&mut differences, &mut numbers);
    global_average_pooling(&mut differences, &mut numbers);
    linear_layer(&mut differences, &mut numbers);
    log_softmax_layer(&mut differences, &mut numbers);
    differences.finish();
}

fn convolution(differences: &mut WorstDifferences, numbers: &mut Numbers, kernel: Kernel) {
    let Kernel { size, padding } = kernel;
    let (channels, shape) = (3, [2, 5, 5]);
    let input = Input::new(numbers, shape);
    let weight = numbers.normals(channels * shape[0] * size * size);
    let (height, width) = kernel.output_side(shape[1], shape[2]).expect("the kernel fits");
    let grad_output = numbers.normals(IMAGES * channels * height * width);
    let wanted = input
        .gradient_by_image(&grad_output, |x, _| plain::conv2d(&x, &doubles(&weight), None, channels, size, padding));

    let mut flipped = vec![0.0; weight.len()];
    conv2d::flip_transpose(&weight, channels, shape[0], size, &mut flipped);
    let (dx_geometry, x_geometry) = (input.geometry(1), input.geometry(0));
    let dy_geometry = Geometry::new(channels, height, width, kernel.of_input_gradient().padding);
    let dy = pack(&grad_output, IMAGES, dy_geometry, 0.0);
    let inputs = pack(&input.single, IMAGES, x_geometry, 77.0);
    let found = each_group(&dy, &inputs, dx_geometry, |dx, dy, _| {
        conv2d::grad_input(Isa::detect(), kernel, dx, dx_geometry, dy, dy_geometry, &flipped);
    });
    differences.compare("conv2d", &format!("conv {size}×{size}, padding {padding}"), &found, &wanted, LIMIT);
}

fn batch_normalisation(differences: &mut WorstDifferences, numbers: &mut Numbers, through_relu: bool) {
    let shape = [3, 3, 4];
    let input = Input::new(numbers, shape);
    let weight: Vec<f32> = (0..3).map(|_| numbers.between(0.5, 1.5)).collect();
    let bias = numbers.normals(3);
    let grad_output = numbers.normals(input.single.len());
    let eps = 1e-5;
    let (gamma, beta) = (doubles(&weight), doubles(&bias));
    let wanted = input.gradient(&grad_output, |x, branches| {
        let x = if through_relu { plain::relu(x, branches) } else { x };
        let statistics = plain::statistics(&x);
        plain::batch_norm(x, &statistics, &gamma, &beta, eps)
    });
    let behind_relu: Vec<f32> = input.single.iter().map(|&x| if through_relu { x.max(0.0) } else { x }).collect();
    let case = BatchNormCase {
        shape,
        images: IMAGES,
        input: &behind_relu,
        weight: &weight,
        bias: &bias,
        eps,
        grad_output: &grad_output,
        through_relu,
    };
    let found = both_passes(Isa::detect(), &case).grad_input;
    let name = if through_relu { "batch norm, taken through the ReLU before it" } else { "batch norm" };
    differences.compare("batch_norm", name, &found, &wanted, LIMIT);
}

fn max_pooling(differences: &mut WorstDifferences, numbers: &mut Numbers) {
    let input = Input::new(numbers, [2, 5, 7]);
    let grad_output = numbers.normals(IMAGES * 2 * 2 * 3);
    let wanted = input.gradient_by_image(&grad_output, |x, branches| plain::max_pool(&x, branches));
    let (x_geometry, dx_geometry) = (input.geometry(2), input.geometry(1));
    let dy_geometry = Geometry::new(2, 2, 3, 0);
    let (dy, x) = (pack(&grad_output, IMAGES, dy_geometry, 0.0), pack(&input.single, IMAGES, x_geometry, 77.0));
    let found = each_group(&dy, &x, dx_geometry, |dx, dy, x| {
        max_pool2d::backward(Isa::detect(), dx, dx_geometry, dy, dy_geometry, x, x_geometry);
    });
    differences.compare("max_pool2d", "max pool, odd sides", &found, &wanted, LIMIT);
}

fn global_average_pooling(differences: &mut WorstDifferences, numbers: &mut Numbers) {
    let input = Input::new(numbers, [3, 3, 5]);
    let grad_output = numbers.normals(IMAGES * 3);
    let wanted = input.gradient_by_image(&grad_output, |x, _| plain::global_average_pool(&x));
    let (x_geometry, dx_geometry) = (input.geometry(0), input.geometry(1));
    let dy_geometry = Geometry::new(3, 1, 1, 1);
    let (dy, x) = (pack(&grad_output, IMAGES, dy_geometry, 0.0), pack(&input.single, IMAGES, x_geometry, 77.0));
    let found = each_group(&dy, &x, dx_geometry, |dx, dy, _| {
        global_average_pool::backward(dx, dx_geometry, dy, dy_geometry);
    });
    differences.compare("global_average_pool", "global average pool", &found, &wanted, LIMIT);
}

fn linear_layer(differences: &mut WorstDifferences, numbers: &mut Numbers) {
    let input = Input::new(numbers, [3, 2, 4]);
    let features = 5;
    let weight = numbers.normals(features * 24);
    let grad_output = numbers.normals(IMAGES * features);
    let wanted = input.gradient_by_image(&grad_output, |x, _| plain::linear(&x, &doubles(&weight), None, features));
    let (x_geometry, dx_geometry) = (input.geometry(0), input.geometry(2));
    let dy_geometry = Geometry::new(features, 1, 1, 0);
    let (dy, x) = (pack(&grad_output, IMAGES, dy_geometry, 0.0), pack(&input.single, IMAGES, x_geometry, 77.0));
    let found = each_group(&dy, &x, dx_geometry, |dx, dy, _| {
        linear::grad_input(Isa::detect(), dx, dx_geometry, dy, &weight);
    });
    differences.compare("linear", "linear", &found, &wanted, LIMIT);
}

fn log_softmax_layer(differences: &mut WorstDifferences, numbers: &mut Numbers) {
    let input = Input::new(numbers, [7, 1, 1]);
    let grad_output = numbers.normals(IMAGES * 7);
    let wanted = input.gradient_by_image(&grad_output, |x, _| plain::log_softmax(x));
    let (geometry, dx_geometry) = (input.geometry(0), input.geometry(2));
    let (dy, x) = (pack(&grad_output, IMAGES, geometry, 0.0), pack(&input.single, IMAGES, geometry, 77.0));
    let found = each_group(&dy, &x, dx_geometry, |dx, dy, x| {
        let mut y = vec![Lanes::ZERO; geometry.len()];
        log_softmax::forward(Isa::detect(), &mut y, x);
        log_softmax::backward(Isa::detect(), dx, dx_geometry, dy, &y);
    });
    differences.compare("log_softmax", "log-softmax", &found, &wanted, LIMIT);
}
