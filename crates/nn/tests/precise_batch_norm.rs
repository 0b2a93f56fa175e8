//! Statistics taken anew are those of what each batch norm reads, by double precision over every image.

use longhand_kernels::{Isa, LANES};
use longhand_nn::{Initialisation, LaneGroup, Loss, LossSpec, Network, NetworkSpec};

/// Batch norms behind a fused convolution, with pooling behind, behind a depthwise and behind a linear layer; dropout before
/// some of them, which must drop nothing.
const SPEC: &str = r#"
    input = [2, 11, 10]
    layers = [
        { type = "conv", channels = 5, kernel = 3, padding = 1 },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "dropout", rate = 0.4 },
        { type = "conv", channels = 9, kernel = 3, padding = 1, bias = false },
        { type = "relu" },
        { type = "batch_norm" },
        { type = "max_pool" },
        { type = "depthwise_conv", kernel = 3, padding = 1, bias = false },
        { type = "batch_norm" },
        { type = "relu" },
        { type = "linear", features = 7 },
        { type = "batch_norm" },
        { type = "linear", features = 4 },
        { type = "log_softmax" },
    ]
"#;
/// Of the layers above, those that write what a batch norm reads, as `activations` counts them.
const READ: [&str; 4] = ["conv + ReLU", "conv + ReLU", "depthwise conv", "linear"];
const IMAGES: usize = 37;

fn pixel(image: usize, element: usize) -> f32 {
    let mut h = ((image * 1000 + element) as u32).wrapping_mul(0x9E37_79B1);
    h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
    ((h ^ (h >> 16)) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

fn image(n: usize) -> Vec<f32> {
    (0..2 * 11 * 10).map(|e| pixel(n, e)).collect()
}

fn load(g: usize, group: &mut LaneGroup) {
    for lane in 0..group.active() {
        let n = g * LANES + lane;
        group.set_image(lane, image(n).into_iter());
        group.set_label(lane, (n % 4) as u8);
        group.set_dropout_key(lane, n as u64);
    }
}

/// A network whose running statistics are not those of its weights any more.
fn network() -> Network {
    let spec: NetworkSpec = toml::from_str(SPEC).unwrap();
    let mut network = Network::new(&spec, Initialisation::He, 5).unwrap();
    let mut groups = vec![network.training_group(); IMAGES.div_ceil(LANES)];
    for _ in 0..3 {
        network.train_step(Isa::detect(), &mut groups, IMAGES, &Loss::new(&LossSpec::default()), load);
        let (parameters, gradient) = network.parameters_and_gradient();
        parameters.iter_mut().zip(gradient).for_each(|(w, g)| *w -= 0.1 * *g);
    }
    network
}

fn statistics(network: &Network) -> Vec<(String, Vec<f32>)> {
    let state = network.state().into_iter().filter(|(name, ..)| name.contains("running"));
    state.map(|(name, _, values)| (name, values.to_vec())).collect()
}

/// Mean and unbiased variance of every channel that each batch norm reads, in inference by the network as it is.
fn what_is_read(network: &Network) -> Vec<(Vec<f64>, Vec<f64>)> {
    let mut of_norms: Vec<Vec<Vec<f64>>> = vec![Vec::new(); READ.len()];
    for n in 0..IMAGES {
        let activations = network.activations(Isa::detect(), &image(n));
        let followed = activations.windows(2).filter(|pair| pair[1].name.starts_with("batch norm"));
        for ((elements, name), pair) in of_norms.iter_mut().zip(READ).zip(followed) {
            assert_eq!(pair[0].name, name);
            let shape = pair[0].shape;
            elements.resize(shape.channels, Vec::new());
            for (c, values) in pair[0].values.chunks(shape.height * shape.width).enumerate() {
                elements[c].extend(values.iter().map(|&v| f64::from(v)));
            }
        }
    }
    let moments = |x: &Vec<f64>| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64)
    };
    of_norms.iter().map(|channels| channels.iter().map(moments).unzip()).collect()
}

#[test]
fn each_batch_norm_has_the_statistics_of_what_it_reads() {
    let mut network = network();
    let before = network.clone();
    network.take_precise_statistics(Isa::detect(), IMAGES, load);
    assert_eq!(network.parameters(), before.parameters());
    assert_eq!(network.batches_tracked(), before.batches_tracked());
    let found = statistics(&network);
    for (norm, (means, variances)) in what_is_read(&network).into_iter().enumerate() {
        let close = |(name, found): &(String, Vec<f32>), wanted: &[f64]| {
            assert_eq!(found.len(), wanted.len(), "{name}");
            for (c, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
                let error = (f64::from(found) - wanted).abs();
                assert!(error <= 2e-6 * (1.0 + wanted.abs()), "{name}, channel {c}: {found}, wanted {wanted}");
            }
        };
        close(&found[2 * norm], &means);
        close(&found[2 * norm + 1], &variances);
    }
    // And they were others: of three steps of a tenth each, with dropout, by earlier weights.
    let apart = found.iter().zip(statistics(&before)).all(|(new, old)| new.1 != old.1);
    assert!(apart, "statistics that were right beforehand test nothing");
}

/// Neither who counts, nor where an image lies, nor having counted before decides a bit.
#[test]
fn the_same_bits_on_every_instruction_set_and_number_of_threads() {
    let take = |isa: Isa, threads: usize, times: usize| {
        let mut network = network();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        (0..times).for_each(|_| pool.install(|| network.take_precise_statistics(isa, IMAGES, load)));
        statistics(&network)
    };
    let wanted = take(Isa::available()[0], 1, 1);
    for isa in Isa::available() {
        for (threads, times) in [(1, 2), (2, 1), (3, 1)] {
            assert_eq!(take(isa, threads, times), wanted, "{isa}, {threads} threads, {times} times");
        }
    }
}
