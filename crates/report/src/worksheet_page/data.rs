//! The export of a worksheet made small enough to mail: what the page is given.
//!
//! Same content as [`WorksheetExport`], told once: nodes are short arrays, each factor of the chain rule stands in one
//! list however many paths pass it, and formulas carry `{12}` where a name stands and `{=12}` where a value stands.

use std::collections::BTreeMap;

use longhand_derivation::columns::{Column, Group};
use longhand_derivation::derivation::Topic;
use longhand_derivation::divergence::{DivergenceProbe, Run};
use longhand_derivation::export::{ChainExport, EquationExport, NodeExport, StepExport, WorksheetExport};
use longhand_derivation::expression::NodeId;
use longhand_derivation::network::{FixedBias, Parameter, SampleNodes};
use longhand_derivation::spec::{MAGNITUDE_LIMIT, NetworkSpec, READABLE_PATHS, READABLE_WEIGHTS};
use serde::Serialize;
use serde_json::{Value, json};

use super::shorthand::Shorthand;

/// The significant digits that a picture of the probe needs.
const PICTURE_DIGITS: usize = 5;

/// What the page is given, serialised as JSON.
#[derive(Serialize)]
pub(super) struct PageData {
    description: String,
    shape: String,
    spec: NetworkSpec,
    largest_magnitude: f64,
    readable_weights: usize,
    readable_paths: usize,
    /// The names of the operations that nodes use.
    operations: Vec<&'static str>,
    /// Of each node: the place of its operation in that list; its constant, exponent or index (0 where it has none);
    /// its operands.
    nodes: Vec<Vec<Value>>,
    /// Of each quantity: node, name, name in Unicode, name in MathML.
    symbols: Vec<(usize, String, String, String)>,
    variables: Vec<(NodeId, f64)>,
    samples: Vec<SampleNodes>,
    parameters: Vec<Parameter>,
    fixed_biases: Vec<FixedBias>,
    learning_rate: NodeId,
    total_error: NodeId,
    columns: Vec<(NodeId, Group)>,
    /// `null` where the derivation is too long to be read.
    sections: Option<Vec<Section>>,
    factors: Vec<Factor>,
    rules: Vec<Rule>,
    divergence: Probe,
}

#[derive(Serialize)]
struct Section {
    topic: Topic,
    heading: String,
    introduction: String,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    quantity: NodeId,
    explanation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    formula: Option<Equation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<Chain>,
}

/// A left side and the stages of its right side.
#[derive(Serialize)]
struct Equation(String, Vec<String>);

#[derive(Serialize)]
struct Chain {
    of: NodeId,
    by: NodeId,
    paths: Vec<Path>,
    vanishing: Vec<NodeId>,
    one_line: Equation,
}

#[derive(Serialize)]
struct Path {
    /// Places in the list of factors.
    factors: Vec<usize>,
    product: NodeId,
}

#[derive(Serialize)]
struct Factor {
    upper: NodeId,
    lower: NodeId,
    derivative: NodeId,
    rules: Vec<&'static str>,
    stages: Vec<String>,
}

#[derive(Serialize)]
struct Rule {
    name: &'static str,
    function: String,
    derivatives: Vec<(String, String)>,
    why: String,
}

#[derive(Serialize)]
struct Probe {
    caption: String,
    runs: Vec<Value>,
}

impl PageData {
    /// Shortens an export.
    pub fn of(export: WorksheetExport, description: String) -> Self {
        let shorthand = Shorthand::new(&export.nodes);
        let mut factors = Factors { shorthand: &shorthand, known: BTreeMap::new(), list: Vec::new() };
        let sections = export.sections.map(|sections| {
            let section = |section: longhand_derivation::export::SectionExport| Section {
                topic: section.topic,
                heading: shorthand.of(&section.heading),
                introduction: shorthand.of(&section.introduction),
                steps: section.steps.into_iter().map(|step| short_step(step, &mut factors)).collect(),
            };
            sections.into_iter().map(section).collect()
        });
        let factors = factors.list;
        let operations = operations(&export.nodes);
        let symbol = |(place, node): (usize, &NodeExport)| {
            Some((place, node.name.clone()?, node.unicode.clone()?, node.mathml.clone()?))
        };
        PageData {
            description,
            shape: export.spec.shape(),
            spec: export.spec,
            largest_magnitude: MAGNITUDE_LIMIT,
            readable_weights: READABLE_WEIGHTS,
            readable_paths: READABLE_PATHS,
            nodes: export.nodes.iter().map(|node| short_node(node, &operations)).collect(),
            operations,
            symbols: export.nodes.iter().enumerate().filter_map(symbol).collect(),
            variables: export.variables,
            samples: export.samples,
            parameters: export.parameters,
            fixed_biases: export.fixed_biases,
            learning_rate: export.learning_rate,
            total_error: export.total_error,
            columns: export.columns.into_iter().map(|Column { node, group, .. }| (node, group)).collect(),
            sections,
            factors,
            rules: export
                .rules
                .into_iter()
                .map(|rule| Rule {
                    name: rule.name,
                    function: without_nodes(&rule.function),
                    derivatives: rule
                        .derivatives
                        .iter()
                        .map(|(by, derivative)| (without_nodes(by), without_nodes(derivative)))
                        .collect(),
                    why: rule.why,
                })
                .collect(),
            divergence: short_probe(export.divergence),
        }
    }
}

/// Collects factors, each once.
struct Factors<'a> {
    shorthand: &'a Shorthand,
    known: BTreeMap<(NodeId, NodeId), usize>,
    list: Vec<Factor>,
}

fn short_step(step: StepExport, factors: &mut Factors) -> Step {
    let shorthand = factors.shorthand;
    Step {
        quantity: step.quantity,
        explanation: shorthand.of(&step.explanation),
        formula: step.formula.map(|equation| short_equation(equation, shorthand)),
        chain: step.chain.map(|chain| short_chain(chain, factors)),
    }
}

fn short_chain(chain: ChainExport, factors: &mut Factors) -> Chain {
    let mut paths = Vec::new();
    for path in chain.paths {
        let mut places = Vec::new();
        for factor in path.factors {
            let next = factors.list.len();
            let place = *factors.known.entry((factor.upper, factor.lower)).or_insert(next);
            if place == next {
                factors.list.push(Factor {
                    upper: factor.upper,
                    lower: factor.lower,
                    derivative: factor.derivative,
                    rules: factor.rules,
                    stages: short_equation(factor.equation, factors.shorthand).1,
                });
            }
            places.push(place);
        }
        paths.push(Path { factors: places, product: path.product });
    }
    Chain {
        of: chain.of,
        by: chain.with_respect_to,
        paths,
        vanishing: chain.vanishing,
        one_line: short_equation(chain.in_one_line, factors.shorthand),
    }
}

fn short_equation(equation: EquationExport, shorthand: &Shorthand) -> Equation {
    Equation(shorthand.of(&equation.left), equation.right.iter().map(|stage| shorthand.of(&stage.mathml)).collect())
}

fn operations(nodes: &[NodeExport]) -> Vec<&'static str> {
    let mut operations: Vec<&'static str> = nodes.iter().map(|node| node.op).collect();
    operations.sort_unstable();
    operations.dedup();
    operations
}

fn short_node(node: &NodeExport, operations: &[&str]) -> Vec<Value> {
    let operation = operations.iter().position(|known| *known == node.op).expect("every operation is listed");
    let number = match (node.value, node.exponent, node.index) {
        (Some(value), _, _) => json!(value),
        (None, Some(exponent), _) => json!(exponent),
        (None, None, index) => json!(index.unwrap_or(0)),
    };
    [json!(operation), number].into_iter().chain(node.operands.iter().map(|operand| json!(operand.index()))).collect()
}

/// The formulas of the rules stand for themselves: their letters are no nodes of the network's graph.
fn without_nodes(mathml: &str) -> String {
    let mut pieces = mathml.split(" data-node=\"");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push_str(piece.split_once('"').map_or(piece, |(_, rest)| rest));
    }
    text
}

fn short_probe(probe: DivergenceProbe) -> Probe {
    let short = |error: &f64| -> f64 {
        format!("{error:.*e}", PICTURE_DIGITS - 1).parse().expect("a number that was just written")
    };
    let run = |run: &Run| {
        json!({
            "rate": run.learning_rate,
            "verdict": run.verdict,
            "errors": run.errors.iter().map(short).collect::<Vec<f64>>(),
        })
    };
    Probe { runs: probe.runs.iter().map(run).collect(), caption: probe.caption }
}
