//! Formulas in four notations, all read from the same graph.
//!
//! A [`Notation`] says how each operation is written; [`written`] walks the graph and puts parentheses where they are
//! needed. What stands for a named quantity is the caller's choice ([`Leaf`]): its name, its value (the formula *with
//! numbers in place*), a cell of a spreadsheet, or its own formula.

pub mod equation;
pub mod latex;
pub mod mathml;
pub mod spreadsheet;
pub mod unicode;

use crate::evaluation::Values;
use crate::expression::{Graph, NodeId, Op};
use crate::symbol::Symbol;

/// How tightly a piece of a formula holds together, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binding {
    /// A sum, a difference, anything with a leading minus sign.
    Sum,
    /// A product, or a quotient on one line.
    Product,
    /// Fit to be a factor on either side of a product: a power, a fraction with a bar.
    Tight,
    /// Fit to be the base of a power: a name, a number, a function with its parentheses.
    Atom,
}

/// A piece of a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text so far.
    pub text: String,
    /// How tightly it holds together.
    pub binding: Binding,
}

impl Piece {
    /// A piece of this binding.
    pub fn new(binding: Binding, text: impl Into<String>) -> Self {
        Piece { text: text.into(), binding }
    }
}

/// What stands for a named quantity.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaf {
    /// Its name.
    Name,
    /// This value.
    Value(f64),
    /// This text, which holds together like a name: a cell reference.
    Text(String),
    /// Its own formula.
    Formula,
}

/// A way of writing formulas down.
pub trait Notation {
    /// A constant of the formula, such as ½.
    fn constant(&self, value: f64) -> Piece;

    /// A value in place of a quantity. `required` is how tightly the place wants it.
    fn value(&self, value: f64, node: NodeId, required: Binding) -> Piece;

    /// The name of a quantity.
    fn symbol(&self, symbol: &Symbol, node: NodeId) -> Piece;

    /// An operation; `operand(k, required)` is operand number `k` of `count`, in parentheses if it needs them.
    fn operation(&self, op: Op, count: usize, operand: &dyn Fn(usize, Binding) -> String) -> Piece;

    /// Puts parentheses around a piece.
    fn parentheses(&self, inner: &str) -> String;
}

/// A notation for reading, with what stands between and around formulas.
pub trait Typeset: Notation {
    /// What stands between factors.
    fn times(&self) -> &'static str;

    /// What stands between terms.
    fn plus(&self) -> &'static str;

    /// The partial derivative of one quantity by another.
    fn partial(&self, of: &Symbol, by: &Symbol) -> String;
}

/// Writes `node` down. Every named node, `node` itself included, is written as `leaf` says; [`Leaf::Formula`] for a
/// variable writes its name.
pub fn written(graph: &Graph, node: NodeId, notation: &dyn Notation, leaf: &dyn Fn(NodeId) -> Leaf) -> String {
    Writer { graph, notation, leaf }.write(node, Binding::Sum)
}

/// The formula of `node` in terms of the quantities in it; a named node's own formula is opened.
pub fn definition(graph: &Graph, node: NodeId, notation: &dyn Notation) -> String {
    written(graph, node, notation, &|id| if id == node { Leaf::Formula } else { Leaf::Name })
}

/// The formula of `node` with the value of each quantity in place of its name.
pub fn definition_with_numbers(graph: &Graph, node: NodeId, values: &Values, notation: &dyn Notation) -> String {
    written(graph, node, notation, &|id| if id == node { Leaf::Formula } else { Leaf::Value(values.get(id)) })
}

/// The expression `node` in terms of quantities: where it is itself a quantity, its name.
pub fn expression(graph: &Graph, node: NodeId, notation: &dyn Notation) -> String {
    written(graph, node, notation, &|_| Leaf::Name)
}

/// The expression `node` with the value of each quantity in place of its name.
pub fn expression_with_numbers(graph: &Graph, node: NodeId, values: &Values, notation: &dyn Notation) -> String {
    written(graph, node, notation, &|id| Leaf::Value(values.get(id)))
}

/// A walk over the graph that writes.
struct Writer<'a> {
    graph: &'a Graph,
    notation: &'a dyn Notation,
    leaf: &'a dyn Fn(NodeId) -> Leaf,
}

impl Writer<'_> {
    /// Writes a node, in parentheses where it holds together less tightly than required.
    fn write(&self, node: NodeId, required: Binding) -> String {
        let piece = self.piece(node, required);
        if piece.binding < required { self.notation.parentheses(&piece.text) } else { piece.text }
    }

    fn piece(&self, id: NodeId, required: Binding) -> Piece {
        let node = self.graph.node(id);
        if let Some(symbol) = &node.symbol {
            match (self.leaf)(id) {
                Leaf::Name => return self.notation.symbol(symbol, id),
                Leaf::Value(value) => return self.notation.value(value, id, required),
                Leaf::Text(text) => return Piece::new(Binding::Atom, text),
                Leaf::Formula if node.op == Op::Variable => return self.notation.symbol(symbol, id),
                Leaf::Formula => {}
            }
        }
        match node.op {
            Op::Constant(value) => self.notation.constant(value),
            // Another name for the same thing is written as that thing, as tightly as it holds together itself.
            Op::Identity => self.piece(node.operands[0], required),
            op => {
                self.notation.operation(op, node.operands.len(), &|k, required| self.write(node.operands[k], required))
            }
        }
    }
}
