//! Lanes without an image touch nothing, whatever an earlier batch left in them.

use longhand_kernels::{Isa, LANES};
use longhand_nn::{Initialisation, LaneGroup, Loss, LossSpec, Network, NetworkSpec};

const SPECS: [&str; 3] = [
    r#"
    input = [1, 5, 6]
    layers = [
        { type = "conv", channels = 3, padding = 1 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "max_pool" },
        { type = "conv", channels = 3, kernel = 5, padding = 2 },
        { type = "batch_norm" },
        { type = "relu" },
        { type = "global_average_pool" },
        { type = "linear", features = 4 },
        { type = "log_softmax" },
    ]"#,
    // Dropout in place on the images: idle lanes would grow from step to step.
    r#"
    input = [2, 3, 3]
    layers = [{ type = "dropout", rate = 0.9 }, { type = "linear", features = 4 }, { type = "log_softmax" }]"#,
    r#"
    input = [2, 3, 3]
    layers = [
        { type = "batch_norm" },
        { type = "conv", channels = 4, kernel = 1 },
        { type = "global_average_pool" },
        { type = "log_softmax" },
    ]"#,
];

/// A training step on `batch` images of `pixel`s; the loss and the gradient, as bits.
fn step(
    network: &mut Network,
    groups: &mut [LaneGroup],
    batch: usize,
    pixel: impl Fn(usize, usize) -> f32 + Sync,
) -> (u64, Vec<u32>) {
    let elements = network.spec().input.iter().product::<usize>();
    let outcome = network.train_step(Isa::detect(), groups, batch, &Loss::new(&LossSpec::default()), |g, group| {
        for lane in 0..group.active() {
            let n = g * LANES + lane;
            group.set_image(lane, (0..elements).map(|e| pixel(n, e)));
            group.set_label(lane, (n % 4) as u8);
            group.set_dropout_key(lane, n as u64);
        }
    });
    (outcome.loss.to_bits(), network.gradient().iter().map(|g| g.to_bits()).collect())
}

fn ordinary(n: usize, e: usize) -> f32 {
    ((n * 31 + e * 17) % 23) as f32 / 7.0 - 1.5
}

#[test]
fn what_an_earlier_batch_left_in_a_lane_changes_nothing() {
    for spec in SPECS {
        let spec: NetworkSpec = toml::from_str(spec).expect("a sound spec");
        let mut network = Network::new(&spec, Initialisation::He, 1).expect("a sound spec");
        let fresh = vec![network.training_group(), network.training_group()];
        for batch in [1, 5, 16, 21] {
            let wanted = step(&mut network, &mut fresh.clone(), batch, ordinary);
            assert!(wanted.1.iter().all(|&g| f32::from_bits(g).is_finite()));
            for (what, left) in [("ordinary", 1.0), ("huge", 1e30), ("infinite", f32::INFINITY), ("no", f32::NAN)] {
                let mut used = fresh.clone();
                step(&mut network, &mut used, 32, |n, e| ordinary(n + 1, e) * left);
                let found = step(&mut network, &mut used, batch, ordinary);
                assert!(found == wanted, "a batch of {batch} after one of {what} numbers\n{spec:?}");
            }
        }
    }
}

#[test]
fn idle_lanes_do_not_grow_from_step_to_step() {
    for spec in SPECS {
        let spec: NetworkSpec = toml::from_str(spec).expect("a sound spec");
        let mut network = Network::new(&spec, Initialisation::He, 1).expect("a sound spec");
        let mut groups = vec![network.training_group()];
        step(&mut network, &mut groups, 16, ordinary);
        for _ in 0..60 {
            let (loss, gradient) = step(&mut network, &mut groups, 3, ordinary);
            assert!(f64::from_bits(loss).is_finite(), "{spec:?}");
            assert!(gradient.iter().all(|&g| f32::from_bits(g).is_finite()), "{spec:?}");
        }
    }
}
