//! What is given: the learning rate, the inputs and targets, biases that are not trained, the initial parameters.

use longhand_derivation::expression::NodeId;
use longhand_derivation::network::{Network, Role};
use longhand_derivation::spec::{Biases, Loss};

use super::page::Page;
use crate::write::workbook_error::WorkbookError;

/// Writes the section; returns the row beside which there is room for the picture.
pub fn write(page: &mut Page) -> Result<u32, WorkbookError> {
    let network = &page.worksheet.network;
    page.section("What is given")?;
    page.introduction(&format!(
        "{} Each cell has a name, and formulas call it by that. Where the symbol would be read as the address of a \
         cell, the name has an underscore in it: w5 would be column W, row 5, so that weight is called w_5.",
        about(network)
    ))?;
    let first_row = page.row();
    let rate = network.spec.learning_rates[0];
    page.given(network.learning_rate, rate, "learning rate of this sheet; each table has its own")?;
    for (sample, values) in network.samples.iter().zip(&network.spec.samples) {
        let sides = [("input", &sample.inputs, &values.inputs), ("target", &sample.targets, &values.targets)];
        for (what, nodes, values) in sides {
            for (place, (&node, &value)) in nodes.iter().zip(values).enumerate() {
                page.given(node, value, &format!("{what} {}", place + 1))?;
            }
        }
    }
    for bias in &network.fixed_biases {
        let words = format!("bias of every neuron in layer {}; not trained", bias.layer + 1);
        page.given(bias.node, bias.value, &words)?;
    }
    for parameter in &network.parameters {
        page.given(parameter.node, parameter.initial, &role_words(network, parameter.role))?;
    }
    Ok(first_row)
}

/// What the network is made of, in one sentence.
fn about(network: &Network) -> String {
    let spec = &network.spec;
    let error = match spec.loss {
        Loss::SquaredError => "½ (target − out)²",
        Loss::SoftmaxCrossEntropy => "−target · ln(out)",
    };
    let outputs = match spec.loss {
        Loss::SquaredError => spec.output_activation.to_string(),
        Loss::SoftmaxCrossEntropy => "softmax".to_owned(),
    };
    let neurons = match spec.layers.len() {
        2 => format!("output neurons: {outputs}"),
        _ => format!("hidden neurons: {}; output neurons: {outputs}", spec.hidden_activation),
    };
    let biases = match spec.biases {
        Biases::None => "none",
        Biases::PerLayer(_) => "one for each layer, not trained",
        Biases::PerNeuron(_) => "one for each neuron, trained",
    };
    let over = if spec.samples.len() > 1 { "outputs and samples" } else { "outputs" };
    format!("Layers: {}; {neurons}; biases: {biases}; error: {error}, added up over the {over}.", spec.shape())
}

/// Where a parameter stands.
fn role_words(network: &Network, role: Role) -> String {
    let sample = &network.samples[0];
    let several = network.samples.len() > 1;
    // A parameter belongs to all samples, so the mark of the first is taken off.
    let name = |id: NodeId| {
        let name = network.graph.name(id);
        if several { name.strip_suffix("_s1").unwrap_or(name).to_owned() } else { name.to_owned() }
    };
    match role {
        Role::Weight { layer, from, to } => {
            let source = if layer == 0 { sample.inputs[from] } else { sample.layers[layer - 1][from].out };
            format!("weight from {} into {}", name(source), name(sample.layers[layer][to].net))
        }
        Role::Bias { layer, to } => format!("bias of {}", name(sample.layers[layer][to].net)),
    }
}
