//! Mazur's well-known example: the same weights with a fixed bias for each layer and a learning rate of one half.

use longhand_derivation::network::Network;
use longhand_derivation::spec::NetworkSpec;

/// As printed in the article: nine significant digits.
#[track_caller]
fn assert_printed(found: f64, printed: f64) {
    assert!((found - printed).abs() <= 6e-9, "{found} is not {printed}");
}

#[test]
fn outputs_error_and_updated_weights_are_those_of_the_article() {
    let spec: NetworkSpec =
        toml::from_str("biases = { per_layer = [0.35, 0.60] }\nlearning_rates = [0.5]").expect("a sound network");
    let network = Network::build(spec).unwrap();
    let values = network.initial_values();
    let value = |name: &str| values.get(network.graph.find(name).unwrap());
    assert_printed(value("out_o1"), 0.75136507);
    assert_printed(value("out_o2"), 0.772928465);
    assert_printed(value("E_total"), 0.298371109);
    let updated = [0.149780716, 0.19956143, 0.24975114, 0.29950229, 0.35891648, 0.408666186, 0.511301270, 0.561370121];
    for (place, printed) in updated.into_iter().enumerate() {
        assert_printed(value(&format!("w{}_new", place + 1)), printed);
    }
}

#[test]
fn fixed_biases_have_columns_but_no_gradients() {
    let spec: NetworkSpec = toml::from_str("biases = { per_layer = [] }").unwrap();
    let network = Network::build(spec).unwrap();
    let names: Vec<String> =
        longhand_derivation::columns::columns(&network).into_iter().map(|column| column.name).collect();
    assert_eq!(names[..7], ["i1", "i2", "t1", "t2", "b1", "b2", "w1"]);
    assert!(network.graph.find("dE_db1").is_none());
}
