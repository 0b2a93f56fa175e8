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

#[test]
fn a_network_whose_sums_cross_the_kink_of_relu_is_clean() {
    // Found by trying: in one row a weighted sum is so near 0 that every nudge crosses it.
    let described = [
        r#"layers = [1, 5, 2]
loss = "softmax_cross_entropy"
hidden_activation = "relu"
output_activation = "identity"
biases = { per_neuron = [] }
learning_rates = [0.05]
rows = 250
weights = [0.24722821712493898, -0.10149261737242342, -0.08986641308292746, 0.89938455959782, -0.5822635847143829, -0.40694043003022673, -0.07989304130896926, -0.16240765778347852, 0.8527423957362771, -0.4068790845572949, 0.09797996375709772, -0.8964085062034428, -0.6683286462910474, 0.2869004144333303, -0.6972756301984191]
samples = [{ inputs = [0.5059601259417832], targets = [1.0, 0.0] }, { inputs = [1.243336743209511], targets = [0.0, 1.0] }]"#
            .to_owned(),
        r#"layers = [2, 3, 3, 2]
loss = "squared_error"
hidden_activation = "relu"
output_activation = "identity"
biases = { per_neuron = [] }
learning_rates = [0.1]
rows = 250
weights = [0.36965914964675906, 0.08534532934427262, 0.347816251963377, -0.31549004847183826, 0.7117486791685224, 0.6238957836292685, 0.0670955104753375, 0.8117136762477458, 0.7626525429077446, 0.7166189219802618, 0.26944521004334093, -0.5419338388368488, 0.03617653548717499, -0.8981508633121849, 0.4931731858290732, 0.048876465763896704, 0.8011965176090599, 0.7335827884264291, 0.486249581258744, -0.5586740191094578, -0.3404520467855036]
samples = [{ inputs = [0.015331764239817858, -1.1412838702090085], targets = [0.46106052305549383, 0.42273316998034716] }, { inputs = [-0.45954331243410707, -0.40654869144782424], targets = [0.27265807148069143, 0.6637001428753138] }]"#
            .to_owned(),
    ];
    all_are_clean(&described);
}
