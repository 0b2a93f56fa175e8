//! Trajectories of SGD and AdamW against `torch.optim`.

use longhand_nn::{AdamW, AdamWSpec, ParameterEntry, ParameterKind, ParameterLayout, Sgd, SgdSpec};
use serde::Deserialize;

use crate::worst_difference::largest;
use crate::{Case, SUMS, doubles};

#[derive(Deserialize)]
struct SgdParameters {
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
}

pub fn check_sgd(case: &mut Case) {
    let SgdParameters { momentum, nesterov, weight_decay } = case.parameters();
    let spec = SgdSpec { momentum, nesterov, weight_decay, decay_all: false };
    spec.validate().expect("sound settings");
    let before = case.f32("weight_before").values;
    let gradients = case.f32("grad_weight").values;
    let (rates, wanted) = (case.f64("learning_rates").values, case.f64("weight").values);
    let velocity = (momentum != 0.0).then(|| case.f64("velocity").values);
    let count = before.len();

    let mut parameters = before.clone();
    let mut sgd = Sgd::new(spec.clone(), &layout_of(ParameterKind::Weight, count));
    let (mut found, mut found_velocity) = (Vec::new(), Vec::new());
    for (gradient, &rate) in gradients.chunks_exact(count).zip(&rates) {
        sgd.step(&mut parameters, gradient, rate);
        found.extend(doubles(&parameters));
        found_velocity.extend(doubles(sgd.velocity()));
    }
    let mut compare = |tensor: &str, found: &[f64], wanted: &[f64]| {
        let name = case.path(tensor);
        case.differences.compare_to_scale(&format!("sgd {tensor}"), &name, found, wanted, largest(wanted), SUMS);
    };
    compare("weight", &found, &wanted);
    if let Some(velocity) = velocity {
        compare("velocity", &found_velocity, &velocity);
    }

    // Weight decay leaves biases and batch norm alone unless told otherwise.
    for kind in [ParameterKind::Bias, ParameterKind::Scale, ParameterKind::Shift] {
        for decay_all in [false, true] {
            let mut parameters = before.clone();
            let mut sgd = Sgd::new(SgdSpec { decay_all, ..spec.clone() }, &layout_of(kind, count));
            for (gradient, &rate) in gradients.chunks_exact(count).zip(&rates) {
                sgd.step(&mut parameters, gradient, rate);
            }
            let as_weight = doubles(&parameters) == found[found.len() - count..];
            assert_eq!(as_weight, decay_all || weight_decay == 0.0, "{}: {kind:?} decays", case.name);
        }
    }
}

#[derive(Deserialize)]
struct AdamWParameters {
    betas: [f64; 2],
    eps: f64,
    weight_decay: f64,
}

pub fn check_adamw(case: &mut Case) {
    let AdamWParameters { betas, eps, weight_decay } = case.parameters();
    let spec = AdamWSpec { betas, eps, weight_decay, decay_all: false };
    spec.validate().expect("sound settings");
    let before = case.f32("weight_before").values;
    let gradients = case.f32("grad_weight").values;
    let (rates, wanted) = (case.f64("learning_rates").values, case.f64("weight").values);
    let count = before.len();
    let trajectory = |kind, decay_all| {
        let mut parameters = before.clone();
        let mut adamw = AdamW::new(AdamWSpec { decay_all, ..spec.clone() }, &layout_of(kind, count));
        let (mut weights, mut means, mut squares) = (Vec::new(), Vec::new(), Vec::new());
        for (gradient, &rate) in gradients.chunks_exact(count).zip(&rates) {
            adamw.step(&mut parameters, gradient, rate);
            weights.extend(doubles(&parameters));
            means.extend(doubles(adamw.means().0));
            squares.extend(doubles(adamw.means().1));
        }
        (weights, means, squares)
    };
    let (found, mean, mean_square) = trajectory(ParameterKind::Weight, false);
    let (wanted_mean, wanted_square) = (case.f64("mean").values, case.f64("mean_square").values);
    for (tensor, found, wanted) in
        [("weight", &found, &wanted), ("mean", &mean, &wanted_mean), ("mean_square", &mean_square, &wanted_square)]
    {
        let name = case.path(tensor);
        case.differences.compare_to_scale(&format!("adamw {tensor}"), &name, found, wanted, largest(wanted), SUMS);
    }
    for kind in [ParameterKind::Bias, ParameterKind::Scale, ParameterKind::Shift] {
        for decay_all in [false, true] {
            let as_weight = trajectory(kind, decay_all).0 == found;
            assert_eq!(as_weight, decay_all || weight_decay == 0.0, "{}: {kind:?} decays", case.name);
        }
    }
}

fn layout_of(kind: ParameterKind, count: usize) -> ParameterLayout {
    let entry = ParameterEntry { name: "w".into(), shape: vec![count], range: 0..count, kind, fan_in: 1 };
    ParameterLayout { entries: vec![entry], batch_norms: Vec::new() }
}
