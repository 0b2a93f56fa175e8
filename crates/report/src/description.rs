//! A network in one line, for headings.

use longhand_derivation::spec::{Biases, Loss, NetworkSpec};

/// `2-2-2 network, sigmoid, squared error, no biases`.
pub fn of_network(spec: &NetworkSpec) -> String {
    let activation = match (spec.layers.len(), spec.loss) {
        (2, Loss::SquaredError) => spec.output_activation.to_string(),
        (2, Loss::SoftmaxCrossEntropy) => String::new(),
        (_, Loss::SquaredError) if spec.hidden_activation != spec.output_activation => {
            format!("{} then {}", spec.hidden_activation, spec.output_activation)
        }
        _ => spec.hidden_activation.to_string(),
    };
    let loss = match spec.loss {
        Loss::SquaredError => "squared error",
        Loss::SoftmaxCrossEntropy => "softmax with cross-entropy",
    };
    let biases = match spec.biases {
        Biases::None => "no biases",
        Biases::PerLayer(_) => "fixed biases",
        Biases::PerNeuron(_) => "trained biases",
    };
    let mut parts = vec![format!("{} network", spec.shape())];
    parts.extend(Some(activation.replace("relu", "ReLU")).filter(|text| !text.is_empty()));
    parts.extend([loss.to_owned(), biases.to_owned()]);
    if spec.samples.len() > 1 {
        parts.push(format!("{} samples", spec.samples.len()));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_matters() {
        assert_eq!(of_network(&NetworkSpec::default()), "2-2-2 network, sigmoid, squared error, no biases");
        let spec: NetworkSpec = toml::from_str(
            "layers = [3, 4, 2]\nhidden_activation = \"relu\"\nloss = \"softmax_cross_entropy\"\n\
             biases = { per_neuron = [] }\n\
             samples = [{ inputs = [1, 2, 3], targets = [0, 1] }, { inputs = [3, 2, 1], targets = [1, 0] }]",
        )
        .unwrap();
        assert_eq!(of_network(&spec), "3-4-2 network, ReLU, softmax with cross-entropy, trained biases, 2 samples");
    }
}
