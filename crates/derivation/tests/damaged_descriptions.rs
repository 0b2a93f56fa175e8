//! Descriptions of networks with anything at all written into them.

use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;
use proptest::prelude::*;

const WHOLE: &str = r#"layers = [2, 2, 1]
hidden_activation = "tanh"
output_activation = "identity"
loss = "squared_error"
biases = { per_layer = [0.35, 0.60] }
samples = [{ inputs = [0.05, 0.10], targets = [0.01] }, { inputs = [-1e0, 1], targets = [1.0] }]
weights = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45]
learning_rates = [0.5, 2.0]
rows = 3
"#;

/// What is written into it, over as many bytes as are given with it.
fn writes() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, &'static str)>> {
    let texts = vec![
        "",
        "\n",
        "=",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "-",
        "9",
        "0",
        ".",
        ",",
        "é",
        "nan",
        "inf",
        "#",
        "1e999",
        "1e-320",
        "\u{0}",
        "_",
        "relu",
        "softmax",
        "per_neuron",
        "9223372036854775807",
        "[[samples]]",
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0usize..3, prop::sample::select(texts)), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    /// It is refused in a sentence, or it is written down to read the same and, where it is small, worked out whole.
    #[test]
    fn are_refused_or_worked_out(writes in writes()) {
        let mut text = WHOLE.to_owned();
        for (index, over, with) in writes {
            let place = |text: &str, at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            let from = place(&text, index.index(text.len()));
            let to = place(&text, from + over).max(from);
            text.replace_range(from..to, with);
        }
        match toml::from_str::<NetworkSpec>(&text) {
            Err(error) => prop_assert!(!error.message().is_empty()),
            Ok(spec) => {
                let written = toml::to_string(&spec).unwrap();
                prop_assert_eq!(&toml::from_str::<NetworkSpec>(&written).unwrap(), &spec, "written as\n{}", written);
                if spec.rows * spec.learning_rates.len() <= 200 {
                    let worksheet = Worksheet::work_out(spec).unwrap();
                    prop_assert!(worksheet.table.csv().lines().count() > 1);
                }
            }
        }
    }
}

#[test]
fn what_is_written_into_is_sound_before() {
    assert!(toml::from_str::<NetworkSpec>(WHOLE).is_ok());
}
