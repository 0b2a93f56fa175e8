//! Formulas for spreadsheets (Excel, LibreOffice): `=0.5*(C2-P2)^2`.
//!
//! Constants are written in full. The order of operations is the graph's, so a spreadsheet computes what the table
//! computes, up to its own `EXP`, `LN` and `TANH`.

use std::cell::RefCell;

use super::{Binding, Leaf, Notation, Piece, written};
use crate::expression::{Graph, NodeId, Op};
use crate::symbol::Symbol;

/// A formula that needs a quantity which has no cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the formula of {formula} needs {variable}, which has no cell; give every variable a cell")]
pub struct NoCell {
    /// The quantity whose formula was asked for.
    pub formula: String,
    /// The variable without a cell.
    pub variable: String,
}

/// The formula of `node`, without the leading `=`, in terms of cells.
///
/// `cell` says in which cell (or under which defined name) a quantity stands; a quantity that stands nowhere is written
/// out by its own formula. `node`'s own cell is not asked for.
///
/// # Errors
/// Where a variable that the formula needs has no cell.
pub fn formula(graph: &Graph, node: NodeId, cell: &dyn Fn(NodeId) -> Option<String>) -> Result<String, NoCell> {
    let missing = RefCell::new(None);
    let text = written(graph, node, &Spreadsheet, &|id| match cell(id).filter(|_| id != node) {
        Some(reference) => Leaf::Text(reference),
        None => {
            if graph.node(id).op == Op::Variable {
                missing.borrow_mut().get_or_insert(id);
            }
            Leaf::Formula
        }
    });
    match missing.into_inner() {
        None => Ok(text),
        Some(variable) => Err(NoCell {
            formula: graph.symbol(node).map(|symbol| symbol.name().to_owned()).unwrap_or_default(),
            variable: graph.name(variable).to_owned(),
        }),
    }
}

/// Spreadsheet formulas; quantities that are not given as text stand under their plain names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spreadsheet;

impl Notation for Spreadsheet {
    fn constant(&self, value: f64) -> Piece {
        Piece::new(if value < 0.0 { Binding::Sum } else { Binding::Atom }, value.to_string())
    }

    fn value(&self, value: f64, _: NodeId, _: Binding) -> Piece {
        self.constant(value)
    }

    fn symbol(&self, symbol: &Symbol, _: NodeId) -> Piece {
        Piece::new(Binding::Atom, symbol.name())
    }

    #[rustfmt::skip]
    fn operation(&self, op: Op, count: usize, operand: &dyn Fn(usize, Binding) -> String) -> Piece {
        use Binding::{Atom, Product, Sum, Tight};
        let x = |required| operand(0, required);
        let y = |required| operand(1, required);
        let (binding, text) = match op {
            Op::Constant(_) | Op::Variable | Op::Identity => unreachable!("leaves are not operations"),
            Op::Add => (Sum, format!("{}+{}", x(Sum), y(Product))),
            Op::Subtract => (Sum, format!("{}-{}", x(Sum), y(Product))),
            Op::Multiply => (Product, format!("{}*{}", x(Product), y(Tight))),
            Op::Divide => (Product, format!("{}/{}", x(Product), y(Tight))),
            // In a spreadsheet the sign binds before the power: -3^2 is 9. So it gets nothing but an atom.
            Op::Negate => (Sum, format!("-{}", x(Atom))),
            Op::Power(n) if n < 0 => (Tight, format!("{}^({n})", x(Atom))),
            Op::Power(n) => (Tight, format!("{}^{n}", x(Atom))),
            Op::SquareRoot => (Atom, format!("SQRT({})", x(Sum))),
            Op::Exp => (Atom, format!("EXP({})", x(Sum))),
            Op::Ln => (Atom, format!("LN({})", x(Sum))),
            Op::Sigmoid => (Product, format!("1/(1+EXP(-{}))", x(Atom))),
            Op::Tanh => (Atom, format!("TANH({})", x(Sum))),
            Op::Relu => (Atom, format!("MAX(0,{})", x(Sum))),
            Op::Step => (Atom, format!("IF({}>0,1,0)", x(Sum))),
            Op::Maximum => (Atom, format!("MAX({},{})", x(Sum), y(Sum))),
            Op::Softmax(index) => {
                // As in our own evaluation the largest operand is taken off each, so that no exponential overflows.
                let largest = format!("MAX({})", (0..count).map(|k| operand(k, Sum)).collect::<Vec<_>>().join(","));
                let terms: Vec<String> = (0..count).map(|k| format!("EXP({}-{largest})", operand(k, Sum))).collect();
                (Product, format!("{}/({})", terms[index as usize], terms.join("+")))
            }
        };
        Piece::new(binding, text)
    }

    fn parentheses(&self, inner: &str) -> String {
        format!("({inner})")
    }
}
