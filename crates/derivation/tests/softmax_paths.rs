//! Behind softmax and cross-entropy every path begins with ∂E_total/∂o, which is worked out once.

use longhand_derivation::derivation::Derivation;
use longhand_derivation::network::{Network, Role};
use longhand_derivation::render::{expression, unicode::Unicode};

const SOFTMAX: &str = "loss = \"softmax_cross_entropy\"\n";

fn network(text: &str) -> Network {
    Network::build(toml::from_str(text).unwrap()).unwrap()
}

/// The paths of each parameter, as the names of the quantities passed, with the layer that it leads into.
fn paths(network: &mut Network) -> Vec<(usize, Vec<String>)> {
    let derivation = Derivation::write(network);
    let parameters = &network.parameters;
    let paths = derivation.chains().map(|chain| {
        let parameter = parameters.iter().find(|parameter| parameter.node == chain.rule.with_respect_to).unwrap();
        let route = |path: &longhand_derivation::chain::Path| {
            path.quantities.iter().map(|&id| network.graph.name(id)).collect::<Vec<_>>().join(" ")
        };
        (parameter.role.layer(), chain.rule.paths.iter().map(route).collect())
    });
    paths.collect()
}

#[test]
fn a_path_for_an_output_weight_and_one_for_each_output_further_down() {
    let mut network = network(&format!("layers = [2, 3, 3]\n{SOFTMAX}"));
    let paths = paths(&mut network);
    assert_eq!(paths[0], (1, vec!["E_total o1 w7".to_owned()]));
    let of_w1 = ["E_total o1 out_h1 h1 w1", "E_total o2 out_h1 h1 w1", "E_total o3 out_h1 h1 w1"];
    assert_eq!(paths[9], (0, of_w1.map(str::to_owned).to_vec()));
    for (layer, paths) in paths {
        assert_eq!(paths.len(), if layer == 1 { 1 } else { 3 }, "{paths:?}");
    }
}

#[test]
fn each_sample_has_paths_of_its_own() {
    let samples = "samples = [{ inputs = [0, 1], targets = [1, 0] }, { inputs = [1, 0], targets = [0, 1] }]";
    let mut network = network(&format!("layers = [2, 2, 3, 2]\n{SOFTMAX}{samples}"));
    let paths = paths(&mut network);
    assert_eq!(paths[0], (2, vec!["E_total o1_s1 w11".to_owned(), "E_total o1_s2 w11".to_owned()]));
    for (layer, paths) in paths {
        assert_eq!(paths.len(), 2 * [2 * 3, 2, 1][layer], "{paths:?}");
    }
}

#[test]
fn what_an_output_weight_does_not_reach_is_said() {
    let mut network = network(&format!("layers = [2, 3, 3]\n{SOFTMAX}"));
    let derivation = Derivation::write(&mut network);
    let chain = derivation.chains().next().unwrap();
    let vanishing: Vec<&str> = chain.rule.vanishing.iter().map(|way| network.graph.name(way.through)).collect();
    assert_eq!(vanishing, ["o2", "o3"]);
    let first = &chain.rule.paths[0].factors[0];
    assert_eq!(expression(&network.graph, first.derivative, &Unicode), "out_o1 − t1");
}

/// What is counted is what is written: ten outputs are a hundred ways from the error to a hidden weight, and ten paths.
#[test]
fn as_many_paths_as_are_written_can_be_read() {
    let readable = |layers: &str| network(&format!("layers = {layers}\n{SOFTMAX}")).is_readable();
    assert!(readable("[2, 3, 10]"));
    assert!(readable("[1, 4, 4, 4, 4]"));
    assert!(!readable("[1, 4, 4, 4, 4, 1, 2]"));
    let samples = |count: usize| {
        let sample = "{ inputs = [1], targets = [1, 0, 0, 0, 0, 0, 0, 0] }";
        let network = network(&format!("layers = [1, 8]\n{SOFTMAX}samples = [{}]", vec![sample; count].join(", ")));
        let weights = network.parameters.iter().filter(|parameter| matches!(parameter.role, Role::Weight { .. }));
        assert_eq!(weights.count(), 8);
        network.is_readable()
    };
    // One path each, but the gradients of 64 and of 72 sums stand before them.
    assert!(samples(8));
    assert!(!samples(9));
}
