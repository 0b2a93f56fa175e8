//! An image alone gets, to the bit, the log-probabilities that it has in a lane group, on every instruction set; and so
//! it does where the activation of every layer is looked at.

use longhand_kernels::{Isa, LANES};
use longhand_nn::{Initialisation, LayerActivation, LayerSpec, Network, NetworkSpec};

/// The network everything began with, and one with every layer in odd places.
const SPECS: [&str; 3] = [
    r#"
    input = [1, 28, 28]
    layers = [
        { type = "conv", channels = 10, kernel = 3, padding = 1 }, { type = "relu" }, { type = "batch_norm" },
        { type = "dropout", rate = 0.01 },
        { type = "conv", channels = 20, kernel = 3, padding = 1 }, { type = "relu" }, { type = "batch_norm" },
        { type = "max_pool" }, { type = "dropout", rate = 0.01 },
        { type = "conv", channels = 30, kernel = 3, padding = 1 }, { type = "relu" }, { type = "batch_norm" },
        { type = "max_pool" }, { type = "dropout", rate = 0.01 },
        { type = "conv", channels = 40, kernel = 3, padding = 1 }, { type = "relu" }, { type = "batch_norm" },
        { type = "max_pool" }, { type = "dropout", rate = 0.01 },
        { type = "global_average_pool" }, { type = "linear", features = 10 }, { type = "log_softmax" },
    ]
    "#,
    r#"
    input = [2, 23, 18]
    layers = [
        { type = "conv", channels = 17, kernel = 5, padding = 3 }, { type = "batch_norm" }, { type = "relu" },
        { type = "max_pool" }, { type = "relu" },
        { type = "conv", channels = 33, kernel = 3, padding = 2, bias = false }, { type = "dropout", rate = 0.5 },
        { type = "max_pool" },
        { type = "conv", channels = 18, kernel = 3 }, { type = "max_pool" }, { type = "batch_norm" },
        { type = "conv", channels = 5, kernel = 1 }, { type = "relu" }, { type = "linear", features = 65, bias = false },
        { type = "batch_norm" }, { type = "conv", channels = 16, kernel = 3, padding = 2 },
        { type = "linear", features = 9 }, { type = "relu" }, { type = "linear", features = 7 },
        { type = "log_softmax" },
    ]
    "#,
    r#"
    input = [16, 3, 3]
    layers = [
        { type = "max_pool" }, { type = "global_average_pool" }, { type = "dropout", rate = 0.2 },
        { type = "log_softmax" },
    ]
    "#,
];

/// Random networks compared.
const NETWORKS: u64 = 60;

struct Numbers(u64);

impl Numbers {
    /// A number from 0 to `limit` − 1.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % limit
    }

    /// A number in −1 … 1.
    fn next(&mut self) -> f32 {
        self.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0
    }
}

/// The network of `spec` with anything for its parameters and running statistics.
fn network(spec: &NetworkSpec, numbers: &mut Numbers) -> Network {
    let mut network = Network::new(spec, Initialisation::He, numbers.0).expect("a sound spec");
    let mut number = |name: &str, kept: f32| match name {
        _ if name.ends_with("running_var") => 0.25 + numbers.next().abs(),
        _ if name.ends_with("running_mean") => 0.5 * numbers.next(),
        _ if name.ends_with("bias") => 0.3 * numbers.next(),
        _ if name.starts_with("batch_norm") => numbers.next() + 0.3,
        _ => kept,
    };
    let state = network.state();
    let tensors: Vec<_> = state
        .into_iter()
        .map(|(name, shape, values)| {
            let values: Vec<f32> = values.iter().map(|&kept| number(&name, kept)).collect();
            (name, shape, values)
        })
        .collect();
    network.load_state(&tensors, 1).expect("its own tensors");
    network
}

/// Every image of a group, in any lane, against the same image alone; whether the images differ in what they get.
fn compare(spec: &NetworkSpec, numbers: &mut Numbers) -> bool {
    let network = network(spec, numbers);
    let elements: usize = spec.input.iter().product();
    let images: Vec<Vec<f32>> = (0..3).map(|_| (0..elements).map(|_| 2.0 * numbers.next()).collect()).collect();
    let first_lane = numbers.below(LANES - 2);
    let mut group = network.inference_group();
    group.set_active(LANES);
    for (n, image) in images.iter().enumerate() {
        group.set_image(first_lane + n, image.iter().copied());
    }
    network.inference().infer(Isa::Plain, &mut group);
    let mut one = network.one_image();
    for isa in Isa::available() {
        for (n, image) in images.iter().enumerate() {
            let expected: Vec<f32> = group.log_probabilities(first_lane + n).collect();
            let found = one.log_probabilities(isa, image.iter().copied());
            assert_eq!(found.len(), network.classes());
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert!(bits(found) == bits(&expected), "{isa}, image {n}: {found:?} and {expected:?} of {spec:?}");
            assert!(found.iter().all(|x| x.is_finite()), "nothing is shown by {found:?}");
            let activations = network.activations(isa, image);
            let last = &activations.last().expect("a network has layers").values;
            assert!(bits(last) == bits(&expected), "{isa}, image {n}: {last:?} and {expected:?} of {spec:?}");
            check_layers(spec, &activations);
        }
    }
    group.log_probabilities(first_lane).ne(group.log_probabilities(first_lane + 1))
}

/// The activations stand for every layer in order, in the shapes that the spec says.
fn check_layers(spec: &NetworkSpec, activations: &[LayerActivation]) {
    let shapes = spec.shapes().expect("a sound spec");
    let mut next = 0;
    for LayerActivation { layers, shape, values, name } in activations {
        let between = &spec.layers[next..layers.start];
        assert!(between.iter().all(|l| matches!(l, LayerSpec::Dropout { .. })), "{between:?} before {name} left out");
        assert_eq!((*shape, values.len()), (shapes[layers.end - 1], shape.elements()), "{name} of {spec:?}");
        let rectified = matches!(spec.layers[layers.end - 1], LayerSpec::Relu {});
        assert!(!rectified || values.iter().all(|&x| x >= 0.0), "{name} after its ReLU");
        next = layers.end;
    }
    assert_eq!(next, spec.layers.len());
}

#[test]
fn an_image_alone_gets_the_bits_it_gets_among_others() {
    for (n, spec) in SPECS.iter().enumerate() {
        assert!(compare(&toml::from_str(spec).expect("sound TOML"), &mut Numbers(n as u64)), "nothing is shown");
    }
}

#[test]
fn so_it_does_in_random_networks() {
    let differing = (0..NETWORKS).filter(|seed| {
        let mut numbers = Numbers(1_000 + seed);
        let spec = random_spec(&mut numbers);
        compare(&spec, &mut numbers)
    });
    let differing = differing.count() as u64;
    // A ReLU that lets nothing through makes a network that says the same of every image.
    assert!(differing > NETWORKS * 3 / 4, "only {differing} of {NETWORKS} networks tell images apart");
}

/// A network of up to nine random layers that fit, and an end.
fn random_spec(numbers: &mut Numbers) -> NetworkSpec {
    let mut below = |n: usize| numbers.below(n);
    let input = [1 + below(18), 1 + below(13), 1 + below(13)];
    let wanted = 1 + below(9);
    let end = [LayerSpec::Linear { features: 2 + below(20), bias: below(2) == 0 }, LayerSpec::LogSoftmax {}];
    let mut layers = Vec::new();
    while layers.len() < wanted {
        let kernel = [1, 3, 3, 5][below(4)];
        layers.push(match below(12) {
            0..4 => LayerSpec::Conv { channels: 1 + below(40), kernel, padding: below(kernel), bias: below(3) > 0 },
            4 | 5 => LayerSpec::Relu {},
            6 => LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 },
            7 => LayerSpec::MaxPool {},
            8 => [LayerSpec::Dropout { rate: 0.2 }, LayerSpec::GlobalAveragePool {}][below(2)].clone(),
            9 | 10 => LayerSpec::DepthwiseConv { kernel, padding: below(kernel), bias: below(3) > 0 },
            _ => LayerSpec::Linear { features: 1 + below(40), bias: below(3) > 0 },
        });
        let spec = NetworkSpec { input, layers: layers.iter().chain(&end).cloned().collect() };
        if spec.shapes().is_err() {
            layers.pop();
        }
    }
    layers.extend(end);
    NetworkSpec { input, layers }
}

#[test]
fn it_keeps_the_weights_that_the_network_had() {
    let spec: NetworkSpec = toml::from_str(SPECS[1]).expect("sound TOML");
    let mut numbers = Numbers(9);
    let mut network = network(&spec, &mut numbers);
    let image: Vec<f32> = (0..2 * 23 * 18).map(|_| numbers.next()).collect();
    let isa = Isa::detect();
    let mut before = network.one_image();
    let expected = before.log_probabilities(isa, image.iter().copied()).to_vec();
    network.parameters_and_gradient().0.fill(0.0);
    assert_eq!(before.clone().log_probabilities(isa, image.iter().copied()), expected);
    assert_ne!(network.one_image().log_probabilities(isa, image.iter().copied()), expected);
}

#[test]
#[should_panic(expected = "pixels of an image")]
fn an_image_of_another_size_is_refused() {
    let network = Network::new(&toml::from_str(SPECS[2]).expect("sound TOML"), Initialisation::He, 0).unwrap();
    network.one_image().log_probabilities(Isa::Plain, std::iter::repeat_n(0.0, 143));
}
