//! A worksheet as plain data for programs elsewhere: the expression graph, what its nodes mean, and every formula as
//! MathML.
//!
//! A page evaluates [`WorksheetExport::nodes`] in order (operands come first): it holds an evaluator for the
//! operations of [`Op`], not a second copy of the mathematics. The MathML of formulas marks each
//! leaf with `data-node`, so a page can put new numbers in place, see [`crate::render::mathml`].
//!
//! Serialise it with any serde format; JSON has no infinities, so serde_json writes `null` for them (the first row of a
//! sound network has none).

use serde::Serialize;

use crate::columns::Column;
use crate::derivation::{Chain, Inline, Sentence, Step, Topic, Work, factor_equation};
use crate::divergence::DivergenceProbe;
use crate::evaluation::Values;
use crate::expression::{Graph, Node, NodeId, Op};
use crate::network::{FixedBias, Parameter, SampleNodes};
use crate::render::equation::{Equation, Side};
use crate::render::mathml::MathMl;
use crate::render::{definition, expression};
use crate::spec::NetworkSpec;
use crate::worksheet::Worksheet;

/// The number of this layout; it goes up when a field changes its meaning.
pub const FORMAT: u32 = 1;

/// A worksheet as plain data.
#[derive(Debug, Clone, Serialize)]
pub struct WorksheetExport {
    /// [`FORMAT`].
    pub format: u32,
    /// The description of the network.
    pub spec: NetworkSpec,
    /// The graph: a node's place in this list is its id.
    pub nodes: Vec<NodeExport>,
    /// The variables with their values in row 1.
    pub variables: Vec<(NodeId, f64)>,
    /// The quantities of each sample.
    pub samples: Vec<SampleNodes>,
    /// What training changes, with gradients and updated values.
    pub parameters: Vec<Parameter>,
    /// Biases that training does not change.
    pub fixed_biases: Vec<FixedBias>,
    /// η.
    pub learning_rate: NodeId,
    /// E_total.
    pub total_error: NodeId,
    /// The columns of the table behind `learning_rate` and `row`.
    pub columns: Vec<Column>,
    /// The derivation, where it is short enough to be read.
    pub sections: Option<Vec<SectionExport>>,
    /// The table of derivative rules.
    pub rules: Vec<RuleExport>,
    /// What learning rates above the listed ones do.
    pub divergence: DivergenceProbe,
}

/// A node of the graph.
#[derive(Debug, Clone, Serialize)]
pub struct NodeExport {
    /// The operation, as [`Op::name`] spells it.
    pub op: &'static str,
    /// The operands' ids.
    pub operands: Vec<NodeId>,
    /// The value of a constant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The exponent of a power.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exponent: Option<i32>,
    /// Which operand's share a softmax is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// The name, for a quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name in Unicode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unicode: Option<String>,
    /// The name in MathML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mathml: Option<String>,
}

/// A section of the derivation.
#[derive(Debug, Clone, Serialize)]
pub struct SectionExport {
    /// What it is about.
    pub topic: Topic,
    /// The heading, as a piece of HTML.
    pub heading: String,
    /// What is about to be done, as a piece of HTML.
    pub introduction: String,
    /// The steps in order.
    pub steps: Vec<StepExport>,
}

/// A step of the derivation: a formula, or a gradient by the chain rule.
#[derive(Debug, Clone, Serialize)]
pub struct StepExport {
    /// The quantity that this step finds.
    pub quantity: NodeId,
    /// What is done and why, as a piece of HTML.
    pub explanation: String,
    /// Formula, formula with numbers in place, value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formula: Option<EquationExport>,
    /// The chain rule, where the quantity is a gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<ChainExport>,
}

/// An equation in MathML (the content of a `<math>` element).
#[derive(Debug, Clone, Serialize)]
pub struct EquationExport {
    /// What it is about.
    pub left: String,
    /// What it equals, stage by stage.
    pub right: Vec<StageExport>,
}

/// One stage of the right side of an equation.
#[derive(Debug, Clone, Serialize)]
pub struct StageExport {
    /// The stage in MathML.
    pub mathml: String,
    /// Whether no number in it was rounded (at the values of row 1).
    pub exact: bool,
}

/// The chain rule for one parameter.
#[derive(Debug, Clone, Serialize)]
pub struct ChainExport {
    /// The quantity at the top, E_total.
    pub of: NodeId,
    /// The parameter.
    pub with_respect_to: NodeId,
    /// Every path.
    pub paths: Vec<PathExport>,
    /// Quantities on the way that the parameter does not reach.
    pub vanishing: Vec<NodeId>,
    /// The sum over the paths, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<EquationExport>,
    /// The gradient as one formula.
    pub in_one_line: EquationExport,
}

/// One path.
#[derive(Debug, Clone, Serialize)]
pub struct PathExport {
    /// The quantities passed, the error first.
    pub quantities: Vec<NodeId>,
    /// A factor between each and the next.
    pub factors: Vec<FactorExport>,
    /// The node that holds the product of the factors.
    pub product: NodeId,
    /// ∂E_total/∂E1 · … and its value.
    pub equation: EquationExport,
}

/// One factor.
#[derive(Debug, Clone, Serialize)]
pub struct FactorExport {
    /// The quantity above.
    pub upper: NodeId,
    /// The quantity below.
    pub lower: NodeId,
    /// The node that holds ∂upper/∂lower.
    pub derivative: NodeId,
    /// The rules used.
    pub rules: Vec<&'static str>,
    /// The derivative as it comes from the rules, simplified, with numbers in place, and its value.
    pub equation: EquationExport,
}

/// A row of the table of rules.
#[derive(Debug, Clone, Serialize)]
pub struct RuleExport {
    /// The name of the rule.
    pub name: &'static str,
    /// f in MathML.
    pub function: String,
    /// Its derivatives in MathML: the letter and the derivative by it.
    pub derivatives: Vec<(String, String)>,
    /// Why it is so, in plain text.
    pub why: String,
}

impl WorksheetExport {
    /// Gathers everything.
    pub fn of(worksheet: &Worksheet) -> Self {
        let network = &worksheet.network;
        let writer = Writer { graph: &network.graph, values: &worksheet.values };
        let mut variables = network.given();
        variables.extend(network.parameters.iter().map(|parameter| (parameter.node, parameter.initial)));
        variables.push((network.learning_rate, network.spec.learning_rates[0]));
        let sections = worksheet.derivation.as_ref().map(|derivation| {
            let section = |section: &crate::derivation::Section| SectionExport {
                topic: section.topic,
                heading: writer.html(&section.heading),
                introduction: writer.html(&section.introduction),
                steps: section.steps.iter().map(|step| writer.step(step)).collect(),
            };
            derivation.sections.iter().map(section).collect()
        });
        WorksheetExport {
            format: FORMAT,
            spec: network.spec.clone(),
            nodes: network.graph.nodes().iter().map(node_export).collect(),
            variables,
            samples: network.samples.clone(),
            parameters: network.parameters.clone(),
            fixed_biases: network.fixed_biases.clone(),
            learning_rate: network.learning_rate,
            total_error: network.total_error,
            columns: worksheet.table.columns.clone(),
            sections,
            rules: crate::rules::table().iter().map(rule_export).collect(),
            divergence: worksheet.divergence.clone(),
        }
    }
}

fn node_export(node: &Node) -> NodeExport {
    let symbol = node.symbol.as_ref();
    NodeExport {
        op: node.op.name(),
        operands: node.operands.clone(),
        value: if let Op::Constant(value) = node.op { Some(value) } else { None },
        exponent: if let Op::Power(exponent) = node.op { Some(exponent) } else { None },
        index: if let Op::Softmax(index) = node.op { Some(index) } else { None },
        name: symbol.map(|symbol| symbol.name().to_owned()),
        unicode: symbol.map(|symbol| symbol.unicode()),
        mathml: symbol.map(|symbol| symbol.mathml()),
    }
}

fn rule_export(rule: &crate::rules::Rule) -> RuleExport {
    let graph = &rule.graph;
    let derivative =
        |&(by, derivative): &(NodeId, NodeId)| (expression(graph, by, &MathMl), expression(graph, derivative, &MathMl));
    RuleExport {
        name: rule.name,
        function: definition(graph, rule.function, &MathMl),
        derivatives: rule.derivatives.iter().map(derivative).collect(),
        why: rule.why_plain(),
    }
}

/// Writes steps in MathML and HTML.
struct Writer<'a> {
    graph: &'a Graph,
    values: &'a Values,
}

impl Writer<'_> {
    fn side(&self, side: &Side) -> String {
        side.write(self.graph, self.values, &MathMl).text
    }

    fn html(&self, sentence: &Sentence) -> String {
        let pieces = sentence.iter().map(|inline| match inline {
            Inline::Text(text) => text.replace('&', "&amp;").replace('<', "&lt;"),
            Inline::Math(side) => format!("<math>{}</math>", self.side(side)),
        });
        pieces.collect()
    }

    fn equation(&self, equation: &Equation) -> EquationExport {
        let stages = equation.stages(self.graph, self.values, &MathMl);
        EquationExport {
            left: self.side(&equation.left),
            right: stages.into_iter().map(|stage| StageExport { mathml: stage.text, exact: stage.exact }).collect(),
        }
    }

    fn step(&self, step: &Step) -> StepExport {
        let (formula, chain) = match &step.work {
            Work::Formula(equation) => (Some(self.equation(equation)), None),
            Work::Chain(chain) => (None, Some(self.chain(chain))),
        };
        StepExport { quantity: step.quantity, explanation: self.html(&step.explanation), formula, chain }
    }

    fn chain(&self, chain: &Chain) -> ChainExport {
        let path = |(path, equation): (&crate::chain::Path, &Equation)| PathExport {
            quantities: path.quantities.clone(),
            factors: path
                .factors
                .iter()
                .map(|factor| FactorExport {
                    upper: factor.upper,
                    lower: factor.lower,
                    derivative: factor.derivative,
                    rules: factor.rules.clone(),
                    equation: self.equation(&factor_equation(factor)),
                })
                .collect(),
            product: path.product,
            equation: self.equation(equation),
        };
        ChainExport {
            of: chain.rule.of,
            with_respect_to: chain.rule.with_respect_to,
            paths: chain.rule.paths.iter().zip(&chain.paths).map(path).collect(),
            vanishing: chain.rule.vanishing.iter().map(|vanishing| vanishing.through).collect(),
            sum: chain.sum.as_ref().map(|sum| self.equation(sum)),
            in_one_line: self.equation(&chain.in_one_line),
        }
    }
}
