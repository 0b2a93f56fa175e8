//! The weights after some training steps have the same bits on any number of threads and on every instruction set.

use longhand_kernels::{Isa, LANES};
use longhand_nn::{
    AdamW, AdamWSpec, Anneal, AveragingSpec, Initialisation, LaneGroup, LayerSpec, Loss, LossSpec, Network,
    NetworkSpec, Schedule, Sgd, SgdSpec, WeightAverage,
};

const STEPS: usize = 4;

/// Every layer there is, in kernels of every side, dropout in two places.
const SPEC: &str = r#"
    input = [2, 11, 10]
    layers = [
        { type = "conv", channels = 5, kernel = 5, padding = 2 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "dropout", rate = 0.1 },
        { type = "conv", channels = 11, kernel = 3, padding = 1, bias = false },
        { type = "batch_norm" },
        { type = "relu" },
        { type = "max_pool" },
        { type = "depthwise_conv", kernel = 3, padding = 1, bias = false },
        { type = "batch_norm" },
        { type = "conv", channels = 6, kernel = 1 },
        { type = "depthwise_conv", kernel = 5, padding = 3 },
        { type = "relu" },
        { type = "linear", features = 9 },
        { type = "relu" },
        { type = "dropout", rate = 0.3 },
        { type = "batch_norm" },
        { type = "conv", channels = 8, kernel = 3, padding = 2 },
        { type = "global_average_pool" },
        { type = "linear", features = 4 },
        { type = "log_softmax" },
    ]
"#;

/// A number in −1 … 1 that depends on nothing but `n`.
fn number(n: usize) -> f32 {
    let mut h = (n as u32).wrapping_mul(0x9E37_79B1);
    h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
    ((h ^ (h >> 16)) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// What a short training leaves, every float as its bits.
#[derive(PartialEq)]
struct Left {
    state: Vec<(String, Vec<u32>)>,
    average: Vec<(String, Vec<u32>)>,
    losses: Vec<u64>,
    inferred: Vec<u32>,
}

fn train(isa: Isa, threads: usize, batch: usize) -> Left {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
    let spec: NetworkSpec = toml::from_str(SPEC).expect("a sound spec");
    let elements: usize = spec.input.iter().product();
    let mut network = Network::new(&spec, Initialisation::He, 3).expect("a sound spec");
    let optimiser = SgdSpec { momentum: 0.9, nesterov: true, weight_decay: 5e-4, decay_all: false };
    let mut sgd = Sgd::new(optimiser, network.layout());
    let mut adamw = AdamW::new(AdamWSpec::default(), network.layout());
    let averaging = AveragingSpec { decay: 0.9, warm_up: true };
    let mut average = WeightAverage::new(&averaging, &network).expect("switched on");
    let schedule =
        Schedule::OneCycle { learning_rate: 0.1, start: 0.01, end: 1e-3, warm_up: 0.5, anneal: Anneal::Cosine };
    let loss = Loss::new(&LossSpec { label_smoothing: 0.1 });
    let mut groups: Vec<LaneGroup> = (0..batch.div_ceil(LANES)).map(|_| network.training_group()).collect();
    let mut losses = Vec::new();
    for step in 0..STEPS {
        let load = |g: usize, group: &mut LaneGroup| {
            for lane in 0..group.active() {
                let image = step * batch + g * LANES + lane;
                group.set_image(lane, (0..elements).map(|e| number(image * elements + e)));
                group.set_label(lane, (image % 4) as u8);
                group.set_dropout_key(lane, image as u64);
            }
        };
        let outcome = pool.install(|| network.train_step(isa, &mut groups, batch, &loss, load));
        losses.push(outcome.loss.to_bits());
        let (parameters, gradient) = network.parameters_and_gradient();
        // Both optimisers, in turn.
        match step % 2 {
            0 => sgd.step(parameters, gradient, schedule.rate(step, STEPS, 1)),
            _ => adamw.step(parameters, gradient, 0.1 * schedule.rate(step, STEPS, 1)),
        }
        average.update(&network);
    }
    let mut group = network.inference_group();
    group.set_active(5);
    (0..5).for_each(|lane| group.set_image(lane, (0..elements).map(|e| number(lane * elements + e))));
    network.inference().infer(isa, &mut group);
    let bits = |network: &Network| {
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect();
        network.state().into_iter().map(|(name, _, values)| (name, bits(values))).collect()
    };
    Left {
        state: bits(&network),
        average: bits(average.network()),
        losses,
        inferred: (0..5).flat_map(|lane| group.log_probabilities(lane)).map(f32::to_bits).collect(),
    }
}

/// Names what differs, if anything does.
fn assert_same(found: &Left, wanted: &Left, how: &str) {
    let tensors = |left: &Left| left.state.iter().chain(&left.average).cloned().collect::<Vec<_>>();
    for ((name, found), (_, wanted)) in tensors(found).iter().zip(&tensors(wanted)) {
        let differing = found.iter().zip(wanted).filter(|(a, b)| a != b).count();
        assert_eq!(differing, 0, "{how}: {differing} of {} elements of {name} have other bits", wanted.len());
    }
    assert!(found.losses == wanted.losses, "{how}: the losses have other bits");
    assert!(found.inferred == wanted.inferred, "{how}: the log-probabilities have other bits");
}

fn same_everywhere(batch: usize) {
    let isas = Isa::available();
    let wanted = train(isas[0], 1, batch);
    let finite = |bits: &u32| f32::from_bits(*bits).is_finite();
    assert!(wanted.state.iter().all(|(_, bits)| bits.iter().all(finite)), "a weight is not a number");
    for threads in [2, 3, 4, 8] {
        assert_same(&train(isas[0], threads, batch), &wanted, &format!("{} on {threads} threads", isas[0]));
    }
    for (i, isa) in isas.iter().enumerate().skip(1) {
        assert_same(&train(*isa, 1 + i % 4, batch), &wanted, isa.name());
    }
    let names: Vec<_> = isas.iter().map(Isa::name).collect();
    println!("a batch of {batch}: the same bits on 1, 2, 3, 4 and 8 threads and on {}", names.join(", "));
}

#[test]
fn a_batch_whose_last_group_is_masked() {
    same_everywhere(37);
}

/// More threads than lane groups share the output channels of a convolution.
#[test]
fn a_batch_of_a_single_group() {
    same_everywhere(13);
}

#[test]
fn a_batch_of_whole_groups() {
    same_everywhere(128);
}

#[test]
fn every_layer_is_in_it() {
    let spec: NetworkSpec = toml::from_str(SPEC).expect("a sound spec");
    let found: std::collections::BTreeSet<_> = spec.layers.iter().map(LayerSpec::type_name).collect();
    assert_eq!(found.len(), 9, "{found:?}");
}

/// A dropped element must depend on the image, not on where it stands in the batch.
#[test]
fn the_order_of_images_in_a_group_changes_no_image() {
    let spec: NetworkSpec = toml::from_str(SPEC_WITHOUT_BATCH_NORM).expect("a sound spec");
    let elements: usize = spec.input.iter().product();
    let mut network = Network::new(&spec, Initialisation::He, 3).expect("a sound spec");
    let loss = Loss::new(&LossSpec::default());
    let mut outputs = Vec::new();
    for reversed in [false, true] {
        let mut groups = vec![network.training_group(), network.training_group()];
        let image_at = |n: usize| if reversed { 19 - n } else { n };
        network.train_step(Isa::detect(), &mut groups, 20, &loss, |g, group| {
            for lane in 0..group.active() {
                let image = image_at(g * LANES + lane);
                group.set_image(lane, (0..elements).map(|e| number(image * elements + e)));
                group.set_label(lane, 0);
                group.set_dropout_key(lane, image as u64);
            }
        });
        let of_image = |image: usize| -> Vec<u32> {
            let n = (0..20).find(|&n| image_at(n) == image).expect("an image of the batch");
            groups[n / LANES].log_probabilities(n % LANES).map(f32::to_bits).collect()
        };
        outputs.push((0..20).map(of_image).collect::<Vec<_>>());
    }
    assert!(outputs[0] == outputs[1], "an image's output depends on its place in the batch");
}

const SPEC_WITHOUT_BATCH_NORM: &str = r#"
    input = [1, 6, 6]
    layers = [
        { type = "conv", channels = 3, kernel = 3, padding = 1 },
        { type = "relu" },
        { type = "dropout", rate = 0.4 },
        { type = "linear", features = 4 },
        { type = "log_softmax" },
    ]
"#;
