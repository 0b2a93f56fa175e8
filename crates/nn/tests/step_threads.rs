//! A training step on whatever threads there are: the same bits, nobody waiting for ever, no panic lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use longhand_kernels::{Isa, LANES};
use longhand_nn::{Initialisation, LaneGroup, Loss, LossSpec, Network, NetworkSpec};
use rayon::prelude::*;

/// Two batch norms, and convolutions of enough channels to be shared in blocks.
const SPEC: &str = r#"
    input = [1, 10, 9]
    layers = [
        { type = "conv", channels = 6, kernel = 3, padding = 1 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "dropout", rate = 0.1 },
        { type = "conv", channels = 20, kernel = 3, padding = 1 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "max_pool" },
        { type = "conv", channels = 12, kernel = 3, padding = 1 },
        { type = "global_average_pool" },
        { type = "linear", features = 4 },
        { type = "log_softmax" },
    ]
"#;

/// Ends the process when `work` takes two minutes: a test that waits forever tells nobody why.
fn in_time<R: Send>(what: &str, work: impl FnOnce() -> R + Send) -> R {
    let (over, wait) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if wait.recv_timeout(Duration::from_secs(120)) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{what}: still waiting after two minutes");
                std::process::abort();
            }
        });
        let result = work();
        drop(over);
        result
    })
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads")
}

/// A number in −1 … 1 that depends on nothing but `n`.
fn number(n: usize) -> f32 {
    let mut h = (n as u32).wrapping_mul(0x9E37_79B1);
    h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
    ((h ^ (h >> 16)) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// Loads images that depend on nothing but their number.
fn load(elements: usize, step: usize, g: usize, group: &mut LaneGroup) {
    for lane in 0..group.active() {
        let image = step * 1000 + g * LANES + lane;
        group.set_image(lane, (0..elements).map(|e| number(image * elements + e)));
        group.set_label(lane, (image % 4) as u8);
        group.set_dropout_key(lane, image as u64);
    }
}

/// Every bit that some steps of plain descent leave.
fn train(seed: u64, batch: usize, steps: usize) -> Vec<u32> {
    let spec: NetworkSpec = toml::from_str(SPEC).expect("a sound spec");
    let elements = spec.input.iter().product();
    let mut network = Network::new(&spec, Initialisation::He, seed).expect("a sound spec");
    let mut groups: Vec<LaneGroup> = (0..batch.div_ceil(LANES)).map(|_| network.training_group()).collect();
    let loss = Loss::new(&LossSpec::default());
    let mut bits = Vec::new();
    for step in 0..steps {
        let load = |g: usize, group: &mut LaneGroup| load(elements, step, g, group);
        let outcome = network.train_step(Isa::detect(), &mut groups, batch, &loss, load);
        bits.extend([(outcome.loss as f32).to_bits(), outcome.correct as u32]);
        let (parameters, gradient) = network.parameters_and_gradient();
        parameters.iter_mut().zip(gradient).for_each(|(p, g)| *p -= 0.1 * g);
    }
    bits.extend(network.state().iter().flat_map(|(_, _, values)| values.iter().map(|v| v.to_bits())));
    bits.extend(network.gradient().iter().map(|g| g.to_bits()));
    bits
}

/// Partial last groups, single groups, more threads than groups and than the machine has cores.
#[test]
fn any_number_of_threads_leaves_the_same_bits() {
    in_time("numbers of threads", || {
        for batch in [5, 16, 37, 120, 128] {
            let wanted = pool(1).install(|| train(1, batch, 3));
            for threads in [2, 3, 8, 16, 24] {
                let found = pool(threads).install(|| train(1, batch, 3));
                assert!(found == wanted, "a batch of {batch} on {threads} threads has other bits");
            }
        }
    });
}

#[test]
fn networks_trained_at_once_on_one_pool() {
    in_time("networks at once", || {
        for batch in [16, 40] {
            let alone = |seed| pool(1).install(|| train(seed, batch, 6));
            let wanted: Vec<_> = (0..4).map(alone).collect();
            for threads in [2, 8] {
                let pool = pool(threads);
                let jobs = (0..4u32).into_par_iter().with_max_len(1);
                let found: Vec<_> = pool.install(|| jobs.map(|seed| train(seed.into(), batch, 6)).collect());
                assert!(found == wanted, "batches of {batch} on {threads} threads have other bits");
            }
        }
    });
}

/// From threads of no pool, several at once, which share the global one.
#[test]
fn steps_from_outside_any_pool() {
    in_time("from outside", || {
        let wanted = pool(1).install(|| train(7, 40, 4));
        std::thread::scope(|scope| {
            let trainings: Vec<_> = (0..3).map(|_| scope.spawn(|| train(7, 40, 4))).collect();
            trainings.into_iter().for_each(|t| assert!(t.join().expect("no panic") == wanted, "other bits"));
        });
    });
}

/// A panic in `load`, in any group and so on any thread, is the caller's; the network can be trained after it.
#[test]
fn a_panic_while_loading_is_the_callers() {
    in_time("panics", || {
        let spec: NetworkSpec = toml::from_str(SPEC).expect("a sound spec");
        let elements = spec.input.iter().product();
        let loss = Loss::new(&LossSpec::default());
        for threads in [1, 2, 8] {
            let pool = pool(threads);
            let mut network = Network::new(&spec, Initialisation::He, 1).expect("a sound spec");
            let mut groups: Vec<LaneGroup> = (0..4).map(|_| network.training_group()).collect();
            for bad in 0..4 {
                let mut step = |bad: usize| {
                    network.train_step(Isa::detect(), &mut groups, 64, &loss, |g, group| {
                        if g == bad {
                            std::panic::panic_any(format!("group {g}"));
                        }
                        load(elements, 0, g, group);
                    })
                };
                let panic = catch_unwind(AssertUnwindSafe(|| pool.install(|| step(bad)))).expect_err("a panic");
                assert_eq!(*panic.downcast::<String>().expect("the panic of `load`"), format!("group {bad}"));
                assert!(pool.install(|| step(usize::MAX)).loss.is_finite());
            }
        }
    });
}
