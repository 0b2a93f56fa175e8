//! Equations: a left side and what it equals, stage by stage, from formula to number.

use std::cell::Cell;

use super::{Binding, Leaf, Typeset, written};
use crate::evaluation::Values;
use crate::expression::{Graph, NodeId, Op};
use crate::number::Shown;

/// One side of an equation, or one stage of its right side.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The name of a quantity.
    Name(NodeId),
    /// ∂of/∂by.
    Partial {
        /// The quantity above.
        of: NodeId,
        /// The quantity below.
        by: NodeId,
    },
    /// ∂a/∂b · ∂b/∂c · … along a path.
    PartialsAlong(Vec<NodeId>),
    /// The same along several paths, added.
    PartialsAlongEach(Vec<Vec<NodeId>>),
    /// The own formula of a quantity.
    Definition(NodeId),
    /// The own formula of a quantity with numbers in place.
    DefinitionInNumbers(NodeId),
    /// An expression over quantities.
    Expression(NodeId),
    /// An expression with numbers in place.
    ExpressionInNumbers(NodeId),
    /// A gradient over forward quantities alone: other gradients in it are written out.
    Gradient(NodeId),
    /// A gradient over forward quantities, with numbers in place.
    GradientInNumbers(NodeId),
    /// The values of several nodes, multiplied.
    ProductOfValues(Vec<NodeId>),
    /// The values of several nodes, added.
    SumOfValues(Vec<NodeId>),
    /// The value of a node.
    Value(NodeId),
}

/// A left side and the stages of its right side.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Equation {
    /// What the equation is about.
    pub left: Side,
    /// What it equals: each stage is equal, or equal but for rounding, to the one before.
    pub right: Vec<Side>,
}

/// A side written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// In the notation asked for.
    pub text: String,
    /// Whether no number in it was rounded.
    pub exact: bool,
}

impl Equation {
    /// The equation of a quantity: its formula, the formula with numbers in place, its value.
    pub fn of_quantity(quantity: NodeId) -> Self {
        let right = vec![Side::Definition(quantity), Side::DefinitionInNumbers(quantity), Side::Value(quantity)];
        Equation { left: Side::Name(quantity), right }
    }
}

impl Side {
    /// Writes this side down. `values` are looked up where a stage has numbers in it.
    pub fn write(&self, graph: &Graph, values: &Values, notation: &dyn Typeset) -> Written {
        let exact = Cell::new(true);
        let value_of = |id: NodeId| {
            let value = values.get(id);
            exact.set(exact.get() && Shown::new(value).exact);
            value
        };
        let symbol = |id: NodeId| graph.symbol(id).expect("a quantity has a name");
        let partials_along = |path: &[NodeId]| {
            let partials: Vec<String> =
                path.windows(2).map(|pair| notation.partial(symbol(pair[0]), symbol(pair[1]))).collect();
            partials.join(notation.times())
        };
        let is_gradient = |id: NodeId| symbol(id).gradient_with_respect_to().is_some();
        // A value, in parentheses where its sign or its power of ten asks for them.
        let bare = |id: NodeId, required: Binding| {
            let piece = notation.value(value_of(id), id, required);
            if piece.binding < required { notation.parentheses(&piece.text) } else { piece.text }
        };
        let text = match self {
            Side::Name(id) => notation.symbol(symbol(*id), *id).text,
            Side::Partial { of, by } => notation.partial(symbol(*of), symbol(*by)),
            Side::PartialsAlong(path) => partials_along(path),
            Side::PartialsAlongEach(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| partials_along(path)).collect();
                paths.join(notation.plus())
            }
            Side::Definition(node) => super::definition(graph, *node, notation),
            Side::DefinitionInNumbers(node) => written(graph, *node, notation, &|id| {
                if id == *node { Leaf::Formula } else { Leaf::Value(value_of(id)) }
            }),
            Side::Expression(node) => super::expression(graph, *node, notation),
            Side::ExpressionInNumbers(node) => written(graph, *node, notation, &|id| Leaf::Value(value_of(id))),
            Side::Gradient(node) => written(graph, *node, notation, &|id| {
                if is_gradient(id) { Leaf::Formula } else { Leaf::Name }
            }),
            Side::GradientInNumbers(node) => written(graph, *node, notation, &|id| {
                if is_gradient(id) { Leaf::Formula } else { Leaf::Value(value_of(id)) }
            }),
            Side::ProductOfValues(nodes) => {
                let factors: Vec<String> = nodes.iter().map(|&id| bare(id, Binding::Tight)).collect();
                factors.join(notation.times())
            }
            Side::SumOfValues(nodes) => {
                let binding = |place| if place == 0 { Binding::Sum } else { Binding::Product };
                let terms: Vec<String> =
                    nodes.iter().enumerate().map(|(place, &id)| bare(id, binding(place))).collect();
                terms.join(notation.plus())
            }
            Side::Value(id) => bare(*id, Binding::Sum),
        };
        Written { text, exact: exact.get() }
    }
}

impl Equation {
    /// The stages of the right side, written down; a stage that would repeat the one before it is left out (numbers in
    /// place of a formula that has no names, a value that stands there already).
    pub fn stages(&self, graph: &Graph, values: &Values, notation: &dyn Typeset) -> Vec<Written> {
        let mut stages: Vec<Written> = Vec::new();
        for side in &self.right {
            let stage = side.write(graph, values, notation);
            let repeats = stages.last().is_some_and(|before| before.text == stage.text || side.is_plain_in(graph));
            if !repeats {
                stages.push(stage);
            }
        }
        stages
    }
}

impl Side {
    /// Whether this stage can only repeat the one before it: the value of a constant, or of another name.
    fn is_plain_in(&self, graph: &Graph) -> bool {
        match self {
            Side::ExpressionInNumbers(node) => matches!(graph.node(*node).op, Op::Constant(_)),
            Side::Value(node) => matches!(graph.node(*node).op, Op::Constant(_) | Op::Identity),
            _ => false,
        }
    }
}
