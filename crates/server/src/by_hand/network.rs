//! From the fields of an address to a small network.

use longhand_derivation::spec::{Biases, NetworkDraft, NetworkSpec};
use longhand_derivation::typed::{Numbers, SampleText, Sizes};

/// The most numbers in all tables of a worksheet that is made while somebody waits.
const MOST_NUMBERS: usize = 1_000_000;

/// The network that `asked` describes, whatever is left out or empty as in the usual one.
///
/// # Errors
/// A sentence: a field that is not known or cannot be read, a network that cannot be, or one too large for a page.
pub(super) fn of(asked: &[(String, String)]) -> Result<NetworkSpec, String> {
    let mut draft = NetworkDraft::default();
    let (mut biases, mut bias_values) = (None, None);
    let mut samples = Vec::new();
    for (key, value) in asked {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        let at = |problem: String| format!("{}: {problem}", key.replace('_', " "));
        let numbers = || value.parse::<Numbers>().map(|numbers| numbers.0).map_err(at);
        match key.as_str() {
            "layers" => draft.layers = Some(value.parse::<Sizes>().map_err(at)?.0),
            "activation" => draft.hidden_activation = Some(value.parse().map_err(|e| at(format!("{e}")))?),
            "output_activation" => draft.output_activation = Some(value.parse().map_err(|e| at(format!("{e}")))?),
            "loss" => draft.loss = Some(value.parse().map_err(|e| at(format!("{e}")))?),
            // As the command line spells it too.
            "biases" => biases = Some(value.replace('-', "_")),
            "bias_values" => bias_values = Some(numbers()?),
            "inputs" => draft.inputs = Some(numbers()?),
            "targets" => draft.targets = Some(numbers()?),
            "sample" => samples.push(value.parse::<SampleText>().map_err(at)?.0),
            "weights" => draft.weights = Some(numbers()?),
            "learning_rates" => draft.learning_rates = Some(numbers()?),
            "rows" => draft.rows = Some(value.parse().map_err(|_| at(format!("`{value}` is no number of rows")))?),
            _ => return Err(format!("`{key}` is nothing that a network has")),
        }
    }
    if !samples.is_empty() {
        draft.samples = Some(samples);
    }
    draft.biases = match (biases.as_deref(), bias_values) {
        (None | Some("none"), None) => None,
        (None | Some("none"), Some(_)) => return Err("bias values need biases per layer or per neuron".to_owned()),
        (Some("per_layer"), values) => Some(Biases::PerLayer(values.unwrap_or_default())),
        (Some("per_neuron"), values) => Some(Biases::PerNeuron(values.unwrap_or_default())),
        (Some(other), _) => return Err(format!("biases: `{other}` is none of none, per_layer, per_neuron")),
    };
    let spec = draft.resolve().map_err(|e| e.to_string())?;
    // Every row has each weight, its gradient, and some five numbers a neuron and sample.
    let neurons: usize = spec.layers[1..].iter().sum();
    let columns = 2 * spec.weights.len() + 5 * neurons * spec.samples.len();
    if columns * spec.rows * spec.learning_rates.len() > MOST_NUMBERS {
        return Err(format!(
            "its tables have some {} million numbers, and a page here has at most {}; take fewer rows or learning rates, or \
             let `longhand worksheet` write it into a folder",
            (columns * spec.rows * spec.learning_rates.len()).div_ceil(1_000_000),
            MOST_NUMBERS / 1_000_000
        ));
    }
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(fields: &[(&str, &str)]) -> Result<NetworkSpec, String> {
        of(&fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_left_out_or_empty_is_as_usual() {
        assert_eq!(asked(&[]).unwrap(), NetworkSpec::default());
        assert_eq!(asked(&[("layers", ""), ("rows", " ")]).unwrap(), NetworkSpec::default());
        let spec =
            asked(&[("layers", "3-4-2"), ("activation", "tanh"), ("biases", "per_layer"), ("rows", "20")]).unwrap();
        assert_eq!((spec.layers, spec.rows), (vec![3, 4, 2], 20));
        for (dashed, plain) in [("per-neuron", "per_neuron"), ("per-layer", "per_layer")] {
            assert_eq!(asked(&[("biases", dashed)]).unwrap(), asked(&[("biases", plain)]).unwrap());
        }
        let spec = asked(&[("sample", "1,0:0,1"), ("sample", "0,1:1,0")]).unwrap();
        assert_eq!(spec.samples.len(), 2);
    }

    #[test]
    fn what_cannot_be_is_said_with_the_field() {
        for (fields, said) in [
            (vec![("layers", "2-x")], "layers: `x` is no layer size"),
            (vec![("learning_rates", "0.1;0.2")], "learning rates: `0.1;0.2` is no number"),
            (vec![("rows", "many")], "rows: `many` is no number of rows"),
            (vec![("biases", "some")], "biases: `some` is none of none, per_layer, per_neuron"),
            (vec![("bias_values", "1,2")], "bias values need biases"),
            (vec![("weigths", "1")], "`weigths` is nothing that a network has"),
            (vec![("rows", "2000"), ("layers", "8-8-8")], "million numbers"),
        ] {
            let problem = asked(&fields).unwrap_err();
            assert!(problem.contains(said), "{fields:?}: {problem}");
        }
    }
}
