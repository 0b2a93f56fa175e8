//! Formulas with numbers in place as text that follows the cells: `="0.15 · "&ROUND(i_1,9)&…`.
//!
//! [`LiveNumbers`] is the Unicode notation with a mark wherever a value stands, and [`LiveText`] turns the marks into
//! cell references, so that no formula is written a second time for this.

use std::cell::RefCell;

use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::{Graph, NodeId, Op};
use longhand_derivation::number::SHOWN_DIGITS;
use longhand_derivation::render::equation::Side;
use longhand_derivation::render::unicode::Unicode;
use longhand_derivation::render::{Binding, Notation, Piece, Typeset};
use longhand_derivation::symbol::Symbol;

use super::rounded::rounded_size;

/// Marks around the place of a value while a formula is being written; no formula holds these characters.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// Unicode text with marks for values.
#[derive(Default)]
struct LiveNumbers {
    /// The node of each mark, and whether a negative value needs parentheses there.
    marks: RefCell<Vec<(NodeId, bool)>>,
}

impl Notation for LiveNumbers {
    fn constant(&self, value: f64) -> Piece {
        Unicode.constant(value)
    }

    fn value(&self, _: f64, node: NodeId, required: Binding) -> Piece {
        let mut marks = self.marks.borrow_mut();
        marks.push((node, required > Binding::Sum));
        // The sign changes with the cells, so the parentheses are decided in the cell and not here.
        Piece::new(Binding::Atom, format!("{OPEN}{}{CLOSE}", marks.len() - 1))
    }

    fn symbol(&self, symbol: &Symbol, node: NodeId) -> Piece {
        Unicode.symbol(symbol, node)
    }

    fn operation(&self, op: Op, count: usize, operand: &dyn Fn(usize, Binding) -> String) -> Piece {
        Unicode.operation(op, count, operand)
    }

    fn parentheses(&self, inner: &str) -> String {
        Unicode.parentheses(inner)
    }
}

impl Typeset for LiveNumbers {
    fn times(&self) -> &'static str {
        Unicode.times()
    }

    fn plus(&self) -> &'static str {
        Unicode.plus()
    }

    fn partial(&self, of: &Symbol, by: &Symbol) -> String {
        Unicode.partial(of, by)
    }
}

/// A text with live numbers in it.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveText {
    /// The formula that makes it, without its `=`.
    pub formula: String,
    /// The text at present.
    pub text: String,
}

impl LiveText {
    /// Writes a side of an equation with live numbers; `cell` says where a node's value stands. `None` where there is
    /// no number in it, or nothing but one.
    pub fn of_side(graph: &Graph, values: &Values, side: &Side, cell: &dyn Fn(NodeId) -> String) -> Option<Self> {
        let notation = LiveNumbers::default();
        let marked = side.write(graph, values, &notation).text;
        let marks = notation.marks.into_inner();
        let (mut pieces, mut text) = (Vec::new(), String::new());
        let mut rest = marked.as_str();
        let mut numbers = 0;
        while let Some((before, mark)) = rest.split_once(OPEN) {
            let (place, after) = mark.split_once(CLOSE).expect("a mark has an end");
            let (node, is_tight) = marks[place.parse::<usize>().expect("a mark holds its place")];
            if !before.is_empty() {
                pieces.push(quoted(before));
                text.push_str(before);
            }
            pieces.push(number_formula(&cell(node), is_tight));
            text.push_str(&number(values.get(node), is_tight));
            numbers += 1;
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(quoted(rest));
            text.push_str(rest);
        }
        (numbers > 0 && pieces.len() > 1).then(|| LiveText { formula: pieces.join("&"), text })
    }
}

/// A text in a formula.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Makes text of the number in a cell as [`number`] does, wherever the decimal separator of the reader's language.
fn number_formula(cell: &str, is_tight: bool) -> String {
    let size = format!("ROUND({cell},{SHOWN_DIGITS})");
    match is_tight {
        true => format!("IF({cell}<0,\"(−\"&-{size}&\")\",{size})"),
        false => format!("IF({cell}<0,\"−\"&-{size},{size})"),
    }
}

/// A number with at most nine decimals, a minus sign of typography, and parentheses round a negative one where wanted.
fn number(value: f64, is_tight: bool) -> String {
    let digits = rounded_size(value, SHOWN_DIGITS);
    match (value < 0.0, is_tight) {
        (true, true) => format!("(−{digits})"),
        (true, false) => format!("−{digits}"),
        (false, _) => digits,
    }
}

#[cfg(test)]
mod tests {
    use longhand_derivation::network::Network;

    use super::*;

    #[test]
    fn numbers_become_cells_and_keep_their_parentheses() {
        let spec = toml::from_str("weights = [0.15, 0.2, 0.25, 0.3, -0.4, 0.45, 0.5, 0.55]").unwrap();
        let network = Network::build(spec).unwrap();
        let values = network.initial_values();
        let o1 = network.graph.find("o1").unwrap();
        let cell = |id: NodeId| network.graph.name(id).to_uppercase();
        let live = LiveText::of_side(&network.graph, &values, &Side::DefinitionInNumbers(o1), &cell).unwrap();
        assert_eq!(live.text, "(−0.4) · 0.506874567 + 0.45 · 0.510623401");
        let first = "IF(W5<0,\"(−\"&-ROUND(W5,9)&\")\",ROUND(W5,9))&\" · \"&IF(OUT_H1<0,";
        assert!(live.formula.starts_with(first), "{}", live.formula);
        assert_eq!(LiveText::of_side(&network.graph, &values, &Side::Value(o1), &cell), None);
    }
}
