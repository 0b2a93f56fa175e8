//! Batch norm: both passes through the kernels' doors, running statistics and inference through small networks.

use longhand_kernels::{Isa, LANES};
use longhand_nn::{Initialisation, LaneGroup, LayerSpec, Loss, LossSpec, Network, NetworkSpec};
use serde::Deserialize;

use crate::batch_norm_passes::{BatchNormCase, both_passes};
use crate::golden_file::GoldenTensor;
use crate::{Case, ROUNDING, SUMS, doubles, geometry};

#[derive(Deserialize)]
struct Parameters {
    momentum: f64,
    eps: f64,
    dead_channel: Option<usize>,
}

pub fn check(case: &mut Case) {
    let Parameters { momentum, eps, dead_channel } = case.parameters();
    let (input, weight, bias) = (case.f32("input"), case.f32("weight"), case.f32("bias"));
    let grad_output = case.f32("grad_output");
    let (images, g) = geometry(&input, 0);
    let shape = [g.channels, g.height, g.width];
    let result = both_passes(
        Isa::detect(),
        &BatchNormCase {
            shape,
            images,
            input: &input.values,
            weight: &weight.values,
            bias: &bias.values,
            eps,
            grad_output: &grad_output.values,
            through_relu: false,
        },
    );
    // x − μ with μ rounded to single precision is off by up to 2⁻²⁴·|μ|, which counts in deviations.
    let far = result.moments.iter().map(|m| m.mean.abs() / (m.variance() + eps).sqrt()).fold(0.0, f64::max);
    let limit = SUMS + ROUNDING * far;
    case.compare("batch norm", "output", &result.output, limit);
    case.compare("batch norm", "grad_weight", &result.grad_weight, limit);
    case.compare("batch norm", "grad_bias", &result.grad_bias, SUMS);
    match dead_channel {
        None => case.compare("batch norm", "grad_input", &result.grad_input, limit),
        Some(dead) => {
            // The dead channel's gradient is 1/√ε times larger; the others must not hide behind it.
            let wanted = doubles(&case.f32("grad_input").values);
            for (kind, dead_wanted) in [("live", false), ("dead", true)] {
                let of_kind = |values: &[f64]| -> Vec<f64> {
                    let plane = g.height * g.width;
                    let is_wanted = |i: usize| (i / plane % g.channels == dead) == dead_wanted;
                    values.iter().enumerate().filter(|(i, _)| is_wanted(*i)).map(|(_, &v)| v).collect()
                };
                let (found, wanted) = (of_kind(&result.grad_input), of_kind(&wanted));
                let name = format!("{} ({kind} channels)", case.path("grad_input"));
                case.differences.compare("batch norm grad_input", &name, &found, &wanted, limit);
            }
        }
    }

    let before = State {
        weight: &weight.values,
        bias: &bias.values,
        mean: &case.f32("running_mean_before").values,
        var: &case.f32("running_var_before").values,
    };
    let layer = LayerSpec::BatchNorm { momentum, eps };
    let mut network = in_network(shape, layer.clone(), &before);
    let mut groups: Vec<LaneGroup> = (0..images.div_ceil(LANES)).map(|_| network.training_group()).collect();
    let load = |g: usize, group: &mut LaneGroup| load_images(group, g, &input);
    network.train_step(Isa::detect(), &mut groups, images, &Loss::new(&LossSpec::default()), load);
    let output = case.f32("output");
    compare_log_softmax(case, "output in a network", &log_probabilities(&groups, images), &output, limit);
    let (mean, var) = running(&network);
    case.compare("batch norm", "running_mean_after", &mean, ROUNDING);
    case.compare("batch norm", "running_var_after", &var, SUMS);

    let after =
        State { mean: &case.f32("running_mean_after").values, var: &case.f32("running_var_after").values, ..before };
    let network = in_network(shape, layer, &after);
    let mut groups: Vec<LaneGroup> = (0..images.div_ceil(LANES)).map(|_| network.inference_group()).collect();
    for (g, group) in groups.iter_mut().enumerate() {
        group.set_active((images - g * LANES).min(LANES));
        load_images(group, g, &input);
        network.inference().infer(Isa::detect(), group);
    }
    let output = case.f32("eval_output");
    compare_log_softmax(case, "eval_output", &log_probabilities(&groups, images), &output, limit);
}

struct State<'a> {
    weight: &'a [f32],
    bias: &'a [f32],
    mean: &'a [f32],
    var: &'a [f32],
}

/// Batch norm, then an identity as linear layer, then log-softmax: what comes out is batch norm's output, but for one
/// number an image that is added to all of it.
fn in_network(shape: [usize; 3], batch_norm: LayerSpec, state: &State) -> Network {
    let elements = shape.iter().product();
    let layers = vec![batch_norm, LayerSpec::Linear { features: elements, bias: false }, LayerSpec::LogSoftmax {}];
    let mut network = Network::new(&NetworkSpec { input: shape, layers }, Initialisation::He, 0).expect("a sound spec");
    let mut identity = vec![0.0; elements * elements];
    identity.iter_mut().step_by(elements + 1).for_each(|w| *w = 1.0);
    let tensor = |name: &str, values: &[f32]| (format!("batch_norm1.{name}"), vec![shape[0]], values.to_vec());
    let tensors = [
        tensor("weight", state.weight),
        tensor("bias", state.bias),
        tensor("running_mean", state.mean),
        tensor("running_var", state.var),
        ("linear1.weight".to_owned(), vec![elements, elements], identity),
    ];
    network.load_state(&tensors, 0).expect("the state fits");
    network
}

fn load_images(group: &mut LaneGroup, g: usize, input: &GoldenTensor<f32>) {
    let elements = input.values.len() / input.shape[0];
    for lane in 0..group.active() {
        let image = &input.values[(g * LANES + lane) * elements..][..elements];
        group.set_image(lane, image.iter().copied());
        group.set_label(lane, 0);
    }
}

fn log_probabilities(groups: &[LaneGroup], images: usize) -> Vec<f64> {
    (0..images).flat_map(|n| groups[n / LANES].log_probabilities(n % LANES)).map(f64::from).collect()
}

fn running(network: &Network) -> (Vec<f64>, Vec<f64>) {
    let state = network.state();
    let find = |name: &str| doubles(state.iter().find(|(n, ..)| n == name).expect("a running statistic").2);
    (find("batch_norm1.running_mean"), find("batch_norm1.running_var"))
}

/// Compares with the log-softmax of PyTorch's output, image by image.
fn compare_log_softmax(case: &mut Case, tensor: &str, found: &[f64], output: &GoldenTensor<f32>, limit: f64) {
    let elements = output.values.len() / output.shape[0];
    let wanted: Vec<f64> = output
        .values
        .chunks_exact(elements)
        .flat_map(|image| {
            let image = doubles(image);
            let total: f64 = image.iter().map(|y| y.exp()).sum();
            image.into_iter().map(move |y| y - total.ln())
        })
        .collect();
    let name = case.path(tensor);
    case.differences.compare(&format!("batch norm {tensor}"), &name, found, &wanted, limit);
}
