//! Every way in which a network spec can be impossible gets its own error at its own layer, and none a panic.

use longhand_kernels::Isa;
use longhand_nn::{Initialisation, LayerSpec, Loss, LossSpec, Network, NetworkSpec, SpecProblem, Summary};
use proptest::prelude::*;

/// The error of a spec of these layers, as (layer index, message); the same from every door.
fn error(input: [usize; 3], layers: &str) -> (Option<usize>, String, SpecProblem) {
    let spec: NetworkSpec = toml::from_str(&format!("input = {input:?}\nlayers = [{layers}]")).expect("sound TOML");
    let error = spec.shapes().expect_err("an impossible spec");
    // Texts, as an error about NaN equals nothing.
    assert_eq!(Summary::of(&spec).unwrap_err().to_string(), error.to_string());
    assert_eq!(Network::new(&spec, Initialisation::He, 0).unwrap_err().to_string(), error.to_string());
    (error.layer, error.to_string(), error.problem)
}

#[test]
fn every_problem_is_found_at_its_layer_and_said_plainly() {
    const END: &str = r#"{ type = "global_average_pool" }, { type = "log_softmax" }"#;
    let cases: Vec<([usize; 3], String, Option<usize>, &str)> = vec![
        (
            [0, 28, 28],
            END.into(),
            None,
            "an input of [0, 28, 28] (channels, rows, columns) cannot be: each must be from 1 to 1024",
        ),
        (
            [1, 28, 1025],
            END.into(),
            None,
            "an input of [1, 28, 1025] (channels, rows, columns) cannot be: each must be from 1 to 1024",
        ),
        (
            [1, 28, 28],
            format!("{}{END}", r#"{ type = "relu" }, "#.repeat(999)),
            None,
            "the network's layers come to 1001, above the limit of 1000; make the network smaller",
        ),
        ([1, 28, 28], String::new(), None, "the network has no layers; give at least a linear and a log_softmax layer"),
        (
            [1, 28, 28],
            format!(r#"{{ type = "relu" }}, {{ type = "conv", channels = 8, kernel = 4 }}, {END}"#),
            Some(1),
            "layer 2: a kernel 4 wide cannot be: kernel must be 1, 3 or 5",
        ),
        (
            [1, 28, 28],
            format!(r#"{{ type = "conv", channels = 8, padding = 3 }}, {END}"#),
            Some(0),
            "layer 1: padding 3 is too much for a kernel 3 wide: it must be below 3",
        ),
        (
            [1, 5, 3],
            format!(r#"{{ type = "conv", channels = 8, kernel = 5 }}, {END}"#),
            Some(0),
            "layer 1: a kernel 5 wide with padding 0 does not fit an input of 1×5×3; give it more padding, or pool less before it",
        ),
        (
            [1, 28, 28],
            format!(r#"{{ type = "conv", channels = 0 }}, {END}"#),
            Some(0),
            "layer 1: channels = 0 cannot be: it must be from 1 to 65536",
        ),
        (
            [1, 2, 2],
            r#"{ type = "linear", features = 65537 }, { type = "log_softmax" }"#.into(),
            Some(0),
            "layer 1: features = 65537 cannot be: it must be from 1 to 65536",
        ),
        (
            [3, 1, 2],
            format!(r#"{{ type = "relu" }}, {{ type = "max_pool" }}, {END}"#),
            Some(1),
            "layer 2: 2×2 max pooling needs at least 2 rows and 2 columns, and 3×1×2 comes in; remove a pooling layer",
        ),
        (
            [3, 4, 4],
            format!(r#"{{ type = "dropout", rate = 1.0 }}, {END}"#),
            Some(0),
            "layer 1: a dropout rate of 1 cannot be: it must be at least 0 and below 1",
        ),
        (
            [3, 4, 4],
            format!(r#"{{ type = "dropout", rate = nan }}, {END}"#),
            Some(0),
            "layer 1: a dropout rate of NaN cannot be: it must be at least 0 and below 1",
        ),
        (
            [3, 4, 4],
            format!(r#"{{ type = "batch_norm", momentum = -0.5 }}, {END}"#),
            Some(0),
            "layer 1: batch norm momentum -0.5 cannot be: it must be from 0 to 1",
        ),
        (
            [3, 4, 4],
            format!(r#"{{ type = "batch_norm", eps = 0.0 }}, {END}"#),
            Some(0),
            "layer 1: batch norm eps 0 cannot be: it must be from 1e-12 to 1",
        ),
        (
            [3, 1, 1],
            r#"{ type = "log_softmax" }, { type = "relu" }, { type = "log_softmax" }"#.into(),
            Some(0),
            "layer 1: log_softmax must be the last layer and only that; 2 layers follow",
        ),
        (
            [3, 4, 4],
            r#"{ type = "relu" }, { type = "linear", features = 10 }"#.into(),
            Some(1),
            "layer 2: the last layer must be log_softmax, and it is linear; add { type = \"log_softmax\" }",
        ),
        (
            [3, 4, 5],
            r#"{ type = "relu" }, { type = "log_softmax" }"#.into(),
            Some(1),
            "layer 2: log_softmax needs one number per class, and 3×4×5 comes in; put linear or global_average_pool \
             before it",
        ),
        (
            [3, 4, 4],
            r#"{ type = "linear", features = 1 }, { type = "log_softmax" }"#.into(),
            Some(1),
            "layer 2: classes = 1 cannot be: log_softmax takes from 2 to 256",
        ),
        (
            [3, 4, 4],
            r#"{ type = "linear", features = 257 }, { type = "log_softmax" }"#.into(),
            Some(1),
            "layer 2: classes = 257 cannot be: log_softmax takes from 2 to 256",
        ),
        (
            [1, 28, 28],
            r#"{ type = "linear", features = 65536 }, { type = "linear", features = 10 }, { type = "log_softmax" }"#
                .into(),
            Some(0),
            "layer 1: the network's parameters come to 51445760, above the limit of 50000000; make the network smaller",
        ),
        (
            [1, 1024, 1024],
            format!(r#"{{ type = "relu" }}, {{ type = "conv", channels = 48, kernel = 1 }}, {END}"#),
            Some(1),
            "layer 2: the activations of one image come to 52428800, above the limit of 50000000; make the network smaller",
        ),
    ];
    // A name for every variant; a new one stops this from compiling, and its case must then be written above.
    let name = |problem: &SpecProblem| match problem {
        SpecProblem::Input(_) => "Input",
        SpecProblem::NoLayers => "NoLayers",
        SpecProblem::Kernel(_) => "Kernel",
        SpecProblem::Padding { .. } => "Padding",
        SpecProblem::KernelDoesNotFit { .. } => "KernelDoesNotFit",
        SpecProblem::Count { .. } => "Count",
        SpecProblem::NothingToPool(_) => "NothingToPool",
        SpecProblem::DropoutRate(_) => "DropoutRate",
        SpecProblem::Momentum(_) => "Momentum",
        SpecProblem::Eps(_) => "Eps",
        SpecProblem::LogSoftmaxNotLast(_) => "LogSoftmaxNotLast",
        SpecProblem::NoLogSoftmax(_) => "NoLogSoftmax",
        SpecProblem::NotAVector(_) => "NotAVector",
        SpecProblem::Classes(_) => "Classes",
        SpecProblem::TooLarge { .. } => "TooLarge",
    };
    let mut met = std::collections::BTreeSet::new();
    for (input, layers, layer, message) in cases {
        let (found_layer, found_message, problem) = error(input, &layers);
        assert_eq!((found_layer, found_message.as_str()), (layer, message));
        met.insert(name(&problem));
    }
    assert_eq!(met.len(), 15, "problems met: {met:?}");
}

#[test]
fn a_key_or_type_that_is_unknown_is_named() {
    let message = |layer: &str| {
        let toml = format!("input = [1, 4, 4]\nlayers = [{layer}]");
        toml::from_str::<NetworkSpec>(&toml).expect_err("not a spec").to_string()
    };
    for (layer, said) in [
        (r#"{ type = "convolution" }"#, "unknown variant `convolution`"),
        (r#"{ type = "conv", chanels = 8 }"#, "unknown field `chanels`"),
        (r#"{ type = "relu", rate = 0.1 }"#, "unknown field `rate`"),
        (r#"{ type = "conv" }"#, "missing field `channels`"),
        (r#"{ type = "conv", channels = -1 }"#, "-1"),
        (r#"{ type = "linear", features = 2.5 }"#, "2.5"),
        (r#"{ rate = 0.1 }"#, "missing field `type`"),
    ] {
        let message = message(layer);
        assert!(message.contains(said), "{layer}: {message}");
    }
}

/// Mostly a small number, sometimes one that no network should have.
fn count(small: std::ops::Range<usize>) -> impl Strategy<Value = usize> {
    prop_oneof![
        40 => small,
        1 => prop_oneof![
            Just(0),
            Just(65_536),
            Just(65_537),
            Just(usize::MAX / 2),
            Just(usize::MAX - 1),
            Just(usize::MAX),
            any::<usize>(),
        ],
    ]
}

fn layer() -> impl Strategy<Value = LayerSpec> {
    let kernel = || prop_oneof![12 => Just(1), 18 => Just(3), 12 => Just(5), 1 => count(0..8)];
    prop_oneof![
        6 => (kernel(), count(0..3), any::<bool>())
            .prop_map(|(kernel, padding, bias)| LayerSpec::DepthwiseConv { kernel, padding, bias }),
        12 => (count(1..6), kernel(), count(0..3), any::<bool>())
            .prop_map(|(channels, kernel, padding, bias)| LayerSpec::Conv { channels, kernel, padding, bias }),
        9 => Just(LayerSpec::Relu {}),
        6 => Just(LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 }),
        1 => (any::<f64>(), any::<f64>()).prop_map(|(momentum, eps)| LayerSpec::BatchNorm { momentum, eps }),
        3 => Just(LayerSpec::MaxPool {}),
        6 => (0.0f32..1.0).prop_map(|rate| LayerSpec::Dropout { rate }),
        1 => any::<f32>().prop_map(|rate| LayerSpec::Dropout { rate }),
        2 => Just(LayerSpec::GlobalAveragePool {}),
        6 => (count(1..20), any::<bool>()).prop_map(|(features, bias)| LayerSpec::Linear { features, bias }),
        1 => Just(LayerSpec::LogSoftmax {}),
    ]
}

/// Any layers; three quarters of them with an end that fits.
fn spec() -> impl Strategy<Value = NetworkSpec> {
    (
        [count(1..4), count(1..12), count(1..12)],
        prop::collection::vec(layer(), 0..9),
        prop::option::weighted(0.75, 2usize..6),
    )
        .prop_map(|(input, mut layers, classes)| {
            if let Some(features) = classes {
                layers.retain(|layer| !matches!(layer, LayerSpec::LogSoftmax {}));
                layers.extend([LayerSpec::Linear { features, bias: true }, LayerSpec::LogSoftmax {}]);
            }
            NetworkSpec { input, layers }
        })
}

/// Above this many parameters a spec is only checked, not built: initial weights take time.
const BUILT: usize = 200_000;
/// Above this many multiply-adds an image, or this many elements in a layer, a network is built but not run.
const RUN: usize = 2_000_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_specs_are_built_and_run_or_refused(spec in spec(), seed: u64) {
        let shapes = match spec.shapes() {
            Ok(shapes) => shapes,
            Err(error) => {
                prop_assert!(error.layer.is_none_or(|layer| layer < spec.layers.len()), "{error:?}");
                prop_assert!(!error.to_string().is_empty());
                let refused = Network::new(&spec, Initialisation::He, seed).unwrap_err();
                prop_assert_eq!(refused.to_string(), error.to_string());
                return Ok(());
            }
        };
        let summary = Summary::of(&spec).expect("as sound as before");
        prop_assert_eq!(summary.layers.iter().map(|l| l.output).collect::<Vec<_>>(), shapes.clone());
        prop_assert!(spec.layers.iter().all(|layer| !layer.describe().is_empty()));
        if summary.parameters() > BUILT {
            return Ok(());
        }
        let mut network = Network::new(&spec, Initialisation::Pytorch, seed).expect("as sound as before");
        prop_assert_eq!(network.parameters().len(), summary.parameters());
        prop_assert_eq!(network.classes(), shapes.last().expect("a layer").channels);
        let elements = shapes.iter().map(|shape| shape.elements()).sum::<usize>() + spec.input.iter().product::<usize>();
        if summary.multiply_adds() > RUN || elements > RUN / 8 {
            return Ok(());
        }
        let mut groups = [network.training_group()];
        let input = spec.input.iter().product::<usize>();
        let outcome = network.train_step(Isa::detect(), &mut groups, 3, &Loss::new(&LossSpec::default()), |_, group| {
            for lane in 0..group.active() {
                group.set_image(lane, (0..input).map(|e| ((e + 7 * lane) % 5) as f32 - 2.0));
                group.set_label(lane, (lane % 2) as u8);
                group.set_dropout_key(lane, seed.wrapping_add(lane as u64));
            }
        });
        prop_assert!(outcome.loss.is_finite(), "loss {}", outcome.loss);
        prop_assert!(network.gradient().iter().all(|g| g.is_finite()));
        let probability: f64 = groups[0].log_probabilities(0).map(|y| f64::from(y).exp()).sum();
        prop_assert!((probability - 1.0).abs() < 1e-5, "probabilities of all classes sum to {probability}");
    }
}
