//! The numbers of the exercise itself, computed independently in double precision.

use longhand_derivation::chain::ChainRule;
use longhand_derivation::derivative::derivative;
use longhand_derivation::network::Network;
use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::table::Table;

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    let difference = ((found - expected) / expected).abs();
    assert!(difference <= 1e-12, "{found} is not {expected}: relative difference {difference}");
}

const GRADIENTS: [f64; 8] = [
    0.0001882556669401121,
    0.0003765113338802242,
    0.0002248134625761188,
    0.0004496269251522376,
    0.07215707291213626,
    0.07269074519194478,
    -0.04245525009260471,
    -0.04276924828006376,
];

/// Computed once more with forty decimal digits throughout; these are the doubles nearest to that.
const LAST_ERRORS: [(f64, f64); 6] = [
    (0.1, 0.08716614996554185),
    (0.2, 0.04299403624370355),
    (0.5, 0.01422682848576101),
    (0.8, 0.007882811642432847),
    (1.0, 0.005945233403670564),
    (2.0, 0.002458506122933136),
];

#[test]
fn the_first_row_has_the_known_error_and_gradients() {
    let network = Network::build(NetworkSpec::default()).unwrap();
    let values = network.initial_values();
    assert_close(values.get(network.total_error), 0.24251985734837728);
    for (parameter, expected) in network.parameters.iter().zip(GRADIENTS) {
        assert_close(values.get(parameter.gradient), expected);
    }
}

#[test]
fn row_181_has_the_known_error_at_every_rate() {
    let network = Network::build(NetworkSpec::default()).unwrap();
    let table = Table::compute(&network);
    assert_eq!(table.rates.len(), 6);
    for (rate, (learning_rate, expected)) in table.rates.iter().zip(LAST_ERRORS) {
        assert_eq!(rate.learning_rate, learning_rate);
        assert_eq!(rate.rows(), 181);
        assert_close(table.errors(rate).last().unwrap().unwrap(), expected);
    }
}

#[test]
fn the_sum_over_paths_and_the_whole_derivative_are_the_gradient() {
    let mut network = Network::build(NetworkSpec::default()).unwrap();
    for parameter in network.parameters.clone() {
        let chain = ChainRule::write(&mut network.graph, network.total_error, parameter.node);
        let whole = derivative(&mut network.graph, network.total_error, parameter.node);
        let values = network.initial_values();
        assert_close(values.get(chain.sum), values.get(parameter.gradient));
        assert_close(values.get(whole), values.get(parameter.gradient));
    }
}

#[test]
fn the_columns_are_those_of_the_spreadsheet() {
    let network = Network::build(NetworkSpec::default()).unwrap();
    let csv = Table::compute(&network).csv();
    let mut lines = csv.lines();
    assert_eq!(
        lines.next().unwrap(),
        "learning_rate,row,i1,i2,t1,t2,w1,w2,w3,w4,w5,w6,w7,w8,h1,out_h1,h2,out_h2,o1,out_o1,o2,out_o2,E1,E2,E_total,\
         dE_dw1,dE_dw2,dE_dw3,dE_dw4,dE_dw5,dE_dw6,dE_dw7,dE_dw8"
    );
    assert!(lines.next().unwrap().starts_with("0.1,1,0.05,0.1,0.01,0.99,0.15,0.2,0.25,0.3,0.4,0.45,0.5,0.55,"));
    assert_eq!(csv.lines().count(), 1 + 6 * 181);
    assert!(csv.lines().last().unwrap().starts_with("2,181,"));
}
