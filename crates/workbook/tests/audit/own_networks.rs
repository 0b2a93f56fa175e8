//! Networks of every kind, trained for hundreds of rows: what the program writes itself is clean to the last row, where
//! the errors are almost gone and rounding is all that is left of them.

use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;
use longhand_workbook::audit::{AuditOptions, audit_bytes, text};
use longhand_workbook::write::worksheet_workbook;

const SIZES: [&str; 4] = ["[2, 2, 2]", "[2, 3, 3]", "[3, 2, 2, 2]", "[2, 3]"];
const BIASES: [&str; 3] = ["\"none\"", "{ per_layer = [] }", "{ per_neuron = [] }"];
const RATES: [&str; 4] = ["[0.5]", "[0.1]", "[1.0]", "[0.05]"];

/// Every activation with every kind of biases; sizes and rates in turn.
fn described(loss: &str) -> Vec<String> {
    let mut all = Vec::new();
    for activation in ["sigmoid", "tanh", "relu", "identity"] {
        for biases in BIASES {
            let (sizes, rates) = (SIZES[all.len() % SIZES.len()], RATES[(all.len() / 3) % RATES.len()]);
            let output = if loss == "squared_error" { activation } else { "identity" };
            all.push(format!(
                "layers = {sizes}\nloss = \"{loss}\"\nhidden_activation = \"{activation}\"\n\
                 output_activation = \"{output}\"\nbiases = {biases}\nlearning_rates = {rates}\nrows = 300",
            ));
        }
    }
    all
}

fn all_are_clean(described: &[String]) {
    let mut wrong = Vec::new();
    for toml in described {
        let spec: NetworkSpec = toml::from_str(toml).unwrap();
        let worksheet = Worksheet::work_out(spec).unwrap();
        let report = audit_bytes(&worksheet_workbook(&worksheet).unwrap(), &AuditOptions::default()).unwrap();
        if !report.is_clean() {
            wrong.push(format!("{toml}\n{}", text(&report)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn a_network_that_has_learnt_is_clean() {
    all_are_clean(&described("squared_error"));
}

#[test]
fn a_softmax_that_has_learnt_is_clean() {
    let mut all = described("softmax_cross_entropy");
    all.push(
        "layers = [2, 3, 3]\nloss = \"softmax_cross_entropy\"\nhidden_activation = \"relu\"\n\
         biases = { per_neuron = [] }\nlearning_rates = [0.1, 0.2, 0.5, 0.8, 1, 2]"
            .to_owned(),
    );
    all_are_clean(&all);
}
