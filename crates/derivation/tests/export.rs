//! The exported graph is enough to recompute everything: an evaluator that knows only the JSON gets the same numbers.

use longhand_derivation::export::WorksheetExport;
use longhand_derivation::worksheet::Worksheet;
use serde_json::Value;

/// Evaluates the nodes of an exported graph with the platform's functions, as a page would.
fn evaluate(export: &Value) -> Vec<f64> {
    let mut variables = std::collections::BTreeMap::new();
    for pair in export["variables"].as_array().unwrap() {
        variables.insert(pair[0].as_u64().unwrap() as usize, pair[1].as_f64().unwrap());
    }
    let mut values: Vec<f64> = Vec::new();
    for (place, node) in export["nodes"].as_array().unwrap().iter().enumerate() {
        let operands: Vec<f64> =
            node["operands"].as_array().unwrap().iter().map(|id| values[id.as_u64().unwrap() as usize]).collect();
        let x = operands.first().copied().unwrap_or(f64::NAN);
        let y = operands.get(1).copied().unwrap_or(f64::NAN);
        values.push(match node["op"].as_str().unwrap() {
            "constant" => node["value"].as_f64().unwrap(),
            "variable" => variables[&place],
            "identity" => x,
            "add" => x + y,
            "subtract" => x - y,
            "multiply" => x * y,
            "divide" => x / y,
            "negate" => -x,
            "power" => x.powi(node["exponent"].as_i64().unwrap() as i32),
            "ln" => x.ln(),
            "sigmoid" => 1.0 / (1.0 + (-x).exp()),
            "tanh" => x.tanh(),
            "relu" => x.max(0.0),
            "step" => f64::from(u8::from(x > 0.0)),
            "softmax" => {
                let own = operands[node["index"].as_u64().unwrap() as usize];
                own.exp() / operands.iter().map(|operand| operand.exp()).sum::<f64>()
            }
            other => panic!("an evaluator should know {other}"),
        });
    }
    values
}

#[test]
fn a_page_that_knows_only_the_json_gets_the_same_numbers() {
    let networks = [
        "",
        "layers = [3, 4, 2]\nhidden_activation = \"tanh\"\nloss = \"softmax_cross_entropy\"\nbiases = { per_neuron = [] }",
        "layers = [2, 3, 3, 1]\nhidden_activation = \"relu\"\noutput_activation = \"identity\"",
    ];
    for text in networks {
        let worksheet = Worksheet::work_out(toml::from_str(text).unwrap()).unwrap();
        let export = serde_json::to_value(WorksheetExport::of(&worksheet)).unwrap();
        let values = evaluate(&export);
        assert_eq!(values.len(), worksheet.values.as_slice().len());
        for (found, expected) in values.iter().zip(worksheet.values.as_slice()) {
            assert!((found - expected).abs() <= 1e-13 * expected.abs().max(1.0), "{found} is not {expected}");
        }
        // The formulas of every parameter's chain rule are there, and every leaf in them is a node.
        let text = export.to_string();
        let leaves = text.match_indices("data-node=\\\"").map(|(at, mark)| {
            let digits: String = text[at + mark.len()..].chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().unwrap()
        });
        assert!(leaves.clone().count() > 500);
        assert!(leaves.max().unwrap() < values.len());
    }
}

#[test]
fn mathml_elements_are_balanced() {
    let worksheet = Worksheet::work_out(toml::from_str("layers = [2, 2, 2]").unwrap()).unwrap();
    let export = serde_json::to_value(WorksheetExport::of(&worksheet)).unwrap();
    let mut formulas = 0;
    for section in export["sections"].as_array().unwrap() {
        for step in section["steps"].as_array().unwrap() {
            let stages = step["formula"]["right"].as_array().or(step["chain"]["in_one_line"]["right"].as_array());
            for stage in stages.unwrap() {
                let mathml = stage["mathml"].as_str().unwrap();
                let mut open = Vec::new();
                for tag in mathml.split('<').skip(1).map(|piece| piece.split(['>', ' ']).next().unwrap()) {
                    match tag.strip_prefix('/') {
                        Some(closed) => assert_eq!(open.pop(), Some(closed), "{mathml}"),
                        None => open.push(tag),
                    }
                }
                assert!(open.is_empty(), "{mathml}");
                formulas += 1;
            }
        }
    }
    assert!(formulas > 50);
}
