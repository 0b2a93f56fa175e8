//! Every derivative rule against finite differences, alone and inside a larger expression.

use longhand_derivation::derivative::derivative;
use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::Graph;
use longhand_derivation::rules::table;

/// Central differences at two distances, combined so that the error is of fourth order.
fn slope(f: impl Fn(f64) -> f64) -> f64 {
    let central = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    (4.0 * central(5e-4) - central(1e-3)) / 3.0
}

#[test]
fn every_rule_is_the_slope_of_its_function() {
    let rules = table();
    assert_eq!(rules.len(), 16);
    for rule in rules {
        for point in [(0.3, 0.9), (1.7, 0.4), (2.5, 3.5)] {
            let at = |x: f64, y: f64| {
                let letters = [("x", x), ("y", y)];
                let variables: Vec<_> =
                    letters.iter().filter_map(|(name, value)| Some((rule.graph.find(name)?, *value))).collect();
                Values::of(&rule.graph, &variables)
            };
            let here = at(point.0, point.1);
            for (by, derivative) in &rule.derivatives {
                let expected = match rule.graph.name(*by) {
                    "x" => slope(|h| at(point.0 + h, point.1).get(rule.function)),
                    _ => slope(|h| at(point.0, point.1 + h).get(rule.function)),
                };
                let found = here.get(*derivative);
                assert!((found - expected).abs() <= 1e-9, "{} at {point:?}: {found}, slope {expected}", rule.name);
            }
        }
    }
}

#[test]
fn of_two_equal_numbers_the_first_is_the_larger() {
    let rule = table().into_iter().find(|rule| rule.name == "maximum").unwrap();
    let (x, y) = (rule.graph.find("x").unwrap(), rule.graph.find("y").unwrap());
    let values = Values::of(&rule.graph, &[(x, 2.0), (y, 2.0)]);
    let derivatives: Vec<f64> = rule.derivatives.iter().map(|(_, derivative)| values.get(*derivative)).collect();
    assert_eq!(derivatives, [1.0, 0.0]);
}

/// Batch normalisation of three numbers, as a layer computes it, then the largest: square root, quotient, power and
/// maximum in one expression.
#[test]
fn a_normalised_maximum_has_the_right_derivative() {
    let mut graph = Graph::new();
    let x: Vec<_> = (1..=3).map(|k| graph.variable(format!("x{k}"))).collect();
    let three = graph.constant(3.0);
    let sum = graph.sum(&x);
    let mean = graph.divide(sum, three);
    let mean = graph.quantity("mean", mean);
    let squares: Vec<_> = x
        .iter()
        .map(|&x| {
            let difference = graph.subtract(x, mean);
            graph.power(difference, 2)
        })
        .collect();
    let sum = graph.sum(&squares);
    let variance = graph.divide(sum, three);
    let small = graph.constant(1e-5);
    let variance = graph.add(variance, small);
    let deviation = graph.square_root(variance);
    let normalised: Vec<_> = x
        .iter()
        .map(|&x| {
            let difference = graph.subtract(x, mean);
            graph.divide(difference, deviation)
        })
        .collect();
    let largest = graph.maximum(normalised[0], normalised[1]);
    let largest = graph.maximum(largest, normalised[2]);
    let exponential = graph.exp(largest);
    let by_x: Vec<_> = x.iter().map(|&x| derivative(&mut graph, exponential, x)).collect();
    let at = |nudge: [f64; 3]| {
        let values = [0.5, 2.0, -1.0];
        let variables: Vec<_> =
            x.iter().zip(values).zip(nudge).map(|((&x, value), nudge)| (x, value + nudge)).collect();
        Values::of(&graph, &variables)
    };
    for (k, &derivative) in by_x.iter().enumerate() {
        let nudged = |h: f64| {
            let mut nudge = [0.0; 3];
            nudge[k] = h;
            at(nudge).get(exponential)
        };
        let (found, expected) = (at([0.0; 3]).get(derivative), slope(nudged));
        assert!((found - expected).abs() <= 1e-9, "x{}: {found}, slope {expected}", k + 1);
    }
}
