//! Log-softmax with its loss, through a network whose every logit is a weight.

use longhand_kernels::{Isa, LANES};
use longhand_nn::{Initialisation, LaneGroup, LayerSpec, Loss, LossSpec, Network, NetworkSpec};
use serde::Deserialize;

use crate::{Case, SUMS};

#[derive(Deserialize)]
struct Parameters {
    label_smoothing: f64,
}

/// Image *n* of a batch of N is the *n*-th unit vector, so the logit k of image n is the weight `[k][n]` of a linear
/// layer, and its gradient is that weight's gradient.
pub fn check(case: &mut Case) {
    let Parameters { label_smoothing } = case.parameters();
    let (logits, labels) = (case.f32("logits"), case.u8("labels").values);
    let [images, classes] = logits.shape[..] else { panic!("logits of shape {:?}", logits.shape) };
    let transposed = |values: &[f32], rows: usize, columns: usize| -> Vec<f32> {
        (0..columns).flat_map(|c| (0..rows).map(move |r| values[r * columns + c])).collect()
    };
    let layers = vec![LayerSpec::Linear { features: classes, bias: false }, LayerSpec::LogSoftmax {}];
    let spec = NetworkSpec { input: [images, 1, 1], layers };
    let mut network = Network::new(&spec, Initialisation::He, 0).expect("a sound spec");
    let weight = transposed(&logits.values, images, classes);
    network.load_state(&[("linear1.weight".to_owned(), vec![classes, images], weight)], 0).expect("the logits fit");

    let mut groups: Vec<LaneGroup> = (0..images.div_ceil(LANES)).map(|_| network.training_group()).collect();
    let loss = Loss::new(&LossSpec { label_smoothing });
    let outcome = network.train_step(Isa::detect(), &mut groups, images, &loss, |g, group| {
        for lane in 0..group.active() {
            let n = g * LANES + lane;
            group.set_image(lane, (0..images).map(|i| if i == n { 1.0 } else { 0.0 }));
            group.set_label(lane, labels[n]);
        }
    });

    let log_probabilities: Vec<f64> =
        (0..images).flat_map(|n| groups[n / LANES].log_probabilities(n % LANES)).map(f64::from).collect();
    case.compare("cross entropy", "log_probabilities", &log_probabilities, SUMS);
    case.compare("cross entropy", "loss", &[outcome.loss], SUMS);
    let grad_logits = transposed(network.gradient(), classes, images);
    case.compare("cross entropy", "grad_logits", &crate::doubles(&grad_logits), SUMS);
    let right = labels.iter().zip(logits.values.chunks(classes)).filter(|(label, logits)| {
        let own = logits[usize::from(**label)];
        logits.iter().all(|&x| x <= own)
    });
    assert_eq!(outcome.correct, right.count(), "{}: images recognised", case.name);
}
