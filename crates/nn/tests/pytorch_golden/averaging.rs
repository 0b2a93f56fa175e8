//! The moving average of weights against `torch.optim.swa_utils.AveragedModel`.

use longhand_nn::{AveragingSpec, Initialisation, Network, NetworkSpec, WeightAverage};
use serde::Deserialize;

use crate::worst_difference::largest;
use crate::{Case, SUMS, doubles};

#[derive(Deserialize)]
struct Parameters {
    decay: f64,
    warm_up: bool,
}

pub fn check(case: &mut Case) {
    let Parameters { decay, warm_up } = case.parameters();
    let spec = AveragingSpec { decay, warm_up };
    spec.validate().expect("sound settings");
    let (weights, wanted) = (case.f32("weight").values, case.f64("average").values);
    // Fourteen numbers: ten parameters and a batch norm's running statistics.
    let network: NetworkSpec = toml::from_str(
        r#"
        input = [1, 1, 1]
        layers = [
            { type = "conv", channels = 2, kernel = 1, bias = false },
            { type = "batch_norm" },
            { type = "linear", features = 2, bias = false },
            { type = "log_softmax" },
        ]"#,
    )
    .expect("a sound spec");
    let mut network = Network::new(&network, Initialisation::He, 0).expect("a sound spec");
    let count: usize = network.state().iter().map(|(_, _, values)| values.len()).sum();
    let mut average = WeightAverage::new(&spec, &network).expect("switched on");
    let mut found = Vec::new();
    for values in weights.chunks_exact(count) {
        let mut values = values.iter().copied();
        let state: Vec<_> = network
            .state()
            .into_iter()
            .map(|(name, shape, old)| (name, shape, values.by_ref().take(old.len()).collect::<Vec<_>>()))
            .collect();
        network.load_state(&state, 0).expect("its own tensors");
        average.update(&network);
        found.extend(average.network().state().into_iter().flat_map(|(_, _, values)| doubles(values)));
    }
    let name = case.path("average");
    case.differences.compare_to_scale("averaging average", &name, &found, &wanted, largest(&wanted), SUMS);
}
