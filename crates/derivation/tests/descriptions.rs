//! What a description of a network may say, and what is said about one that is wrong.

use longhand_derivation::network::Network;
use longhand_derivation::spec::{Activation, Biases, NetworkDraft, NetworkSpec, usual_weights};

#[test]
fn left_out_altogether_it_is_the_exercise() {
    let spec: NetworkSpec = toml::from_str("").unwrap();
    assert_eq!(spec, NetworkSpec::default());
    assert_eq!(spec.layers, [2, 2, 2]);
    assert_eq!(spec.weights, [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]);
    assert_eq!((&spec.samples[0].inputs[..], &spec.samples[0].targets[..]), (&[0.05, 0.10][..], &[0.01, 0.99][..]));
    assert_eq!(spec.learning_rates, [0.1, 0.2, 0.5, 0.8, 1.0, 2.0]);
    assert_eq!((spec.rows, spec.biases), (181, Biases::None));
}

#[test]
fn a_complete_description_reads_back_as_itself() {
    let spec: NetworkSpec = toml::from_str(
        "layers = [3, 4, 2]\nhidden_activation = \"tanh\"\nbiases = { per_neuron = [] }\nrows = 7\n\
         samples = [{ inputs = [1, 2, 3], targets = [0, 1] }, { inputs = [3, 2, 1], targets = [1, 0] }]",
    )
    .unwrap();
    assert_eq!(spec.output_activation, Activation::Tanh);
    let text = toml::to_string(&spec).unwrap();
    assert_eq!(toml::from_str::<NetworkSpec>(&text).unwrap(), spec);
}

#[test]
fn no_two_neurons_of_a_larger_network_start_alike() {
    for layers in [vec![9, 5, 3], vec![3, 4, 2], vec![2, 8, 8, 2], vec![18, 4, 2]] {
        let weights = usual_weights(&layers);
        let mut rest = weights.as_slice();
        for pair in layers.windows(2) {
            let (layer, behind) = rest.split_at(pair[0] * pair[1]);
            rest = behind;
            let neurons: Vec<&[f64]> = layer.chunks(pair[0]).collect();
            for (place, neuron) in neurons.iter().enumerate() {
                assert!(!neurons[..place].contains(neuron), "{layers:?}");
            }
        }
        assert!(weights.iter().all(|weight| weight.abs() < 0.6));
    }
}

#[test]
fn what_is_wrong_is_said_with_the_value_and_the_limit() {
    let cases = [
        (
            "weights = [1, 2]",
            "2 weights given, 8 needed, in this order: w1, w2 into h1; w3, w4 into h2; w5, w6 into o1; w7, w8 into o2",
        ),
        (
            "layers = [3, 5, 1]\nweights = []",
            "0 weights given, 20 needed, in this order: w1..w3 into h1; w4..w6 into h2; w7..w9 into h3; …; w16..w20 into o1",
        ),
        ("layers = [2]", "1 layer sizes given; give at least two"),
        ("layers = [2, 0, 2]", "layer 2 has no neurons"),
        ("layers = [70, 70]", "need 4900 weights; the most that a table holds is 4096"),
        ("layers = [9223372036854775807, 9223372036854775807, 2]", "the most that a table holds is 4096"),
        ("hidden_activation = \"sigmod\"", "\"sigmod\" is not an activation; choose sigmoid, tanh, relu or identity"),
        ("loss = \"hinge\"", "\"hinge\" is not a loss; choose squared_error or softmax_cross_entropy"),
        ("weights = [1, 1, nan, 1, 1, 1, 1, 1]", "w3 is NaN; it must be a number from -1000000 to 1000000"),
        ("inputs = [1e7, 1]", "i1 is 10000000; it must be a number from -1000000 to 1000000"),
        ("targets = [1, inf]", "t2 is inf; it must be a number"),
        ("biases = { per_layer = [1, 2, 3] }", "3 biases given, 2 needed: one for each layer behind the input"),
        ("biases = { per_neuron = [1, 2, 3] }", "3 biases given, 4 needed: one for each hidden and output neuron"),
        ("biases = { per_layer = [nan, 2] }", "b1 is NaN"),
        ("inputs = [1]", "sample 1 has 1 inputs, 2 needed"),
        ("samples = []", "no samples"),
        (
            "samples = [{ inputs = [1, 2], targets = [1, 2] }]\ninputs = [1, 2]",
            "give either samples or inputs and targets",
        ),
        ("samples = [{ inputs = [1, 2], targets = [1, 2], weight = 3 }]", "unknown field `weight`"),
        ("rows = 0", "0 rows; give from 1 to 100000"),
        ("rows = 100001", "100001 rows; give from 1 to 100000"),
        ("rows = 100000", "6 tables of 100000 rows and about 47 columns are too large"),
        ("learning_rates = []", "no learning rates"),
        ("learning_rates = [0.1, -1]", "learning rate -1; it must be above 0"),
        ("learning_rates = [nan]", "learning rate NaN; it must be above 0"),
        ("learning_rates = [0.1, 0.1]", "learning rate 0.1 is given twice"),
        ("layers = [2, 2, 1]\nloss = \"softmax_cross_entropy\"", "softmax over 1 output is always 1"),
        ("loss = \"softmax_cross_entropy\"\noutput_activation = \"tanh\"", "leave output_activation out (it is tanh)"),
        ("loss = \"softmax_cross_entropy\"\ntargets = [1, 1]", "the targets of sample 1 must be probabilities"),
        ("eta = 1", "unknown field `eta`"),
    ];
    for (text, expected) in cases {
        match toml::from_str::<NetworkDraft>(text) {
            Ok(draft) => {
                let error = draft.resolve().expect_err(text).to_string();
                assert!(error.contains(expected), "{text}\nsays {error}\nnot  {expected}");
            }
            Err(error) => assert!(error.message().contains(expected), "{text}\nsays {error}\nnot {expected}"),
        }
        // The resolved description refuses the same.
        assert!(toml::from_str::<NetworkSpec>(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_too_long_to_read_still_has_a_table() {
    let readable = |text: &str| Network::build(toml::from_str(text).unwrap()).unwrap().is_readable();
    assert!(readable("layers = [2, 3, 3, 1]"));
    assert!(readable("layers = [8, 8]"));
    assert!(!readable("layers = [8, 8, 1]"));
    // Few weights, but 2¹⁵ paths.
    assert!(!readable("layers = [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]"));
    let spec = toml::from_str("layers = [10, 10, 3]\nrows = 20").unwrap();
    let worksheet = longhand_derivation::worksheet::Worksheet::work_out(spec).unwrap();
    assert!(worksheet.derivation.is_none());
    assert_eq!(worksheet.table.rates[5].rows(), 20);
    let text = longhand_derivation::document::markdown(&worksheet);
    assert!(text.contains("This network has 130 weights"), "{text}");
}
