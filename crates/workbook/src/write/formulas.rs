//! Formulas of one network for cells, checked for what a cell takes.

use longhand_derivation::columns::Group;
use longhand_derivation::expression::{Graph, NodeId, Op};
use longhand_derivation::render::spreadsheet::{Spreadsheet, formula};
use longhand_derivation::render::{Binding, Leaf, Notation, Piece, written};
use longhand_derivation::symbol::Symbol;
use longhand_derivation::worksheet::Worksheet;

use super::limits::FORMULA_LIMIT;
use super::workbook_error::WorkbookError;

/// Below this, e⁻ˣ is more than a spreadsheet's EXP can give.
const LOWEST_PLAIN_NET: f64 = -709.0;

/// Writes the formulas of one network.
pub struct Formulas<'a> {
    graph: &'a Graph,
    /// Whether some sigmoid in the tables has to be kept from an overflow that it only meets in a spreadsheet.
    guards_sigmoids: bool,
}

impl<'a> Formulas<'a> {
    /// Looks through the tables for sums so low that the plain formula of a sigmoid would fail in a spreadsheet.
    pub fn new(worksheet: &'a Worksheet) -> Self {
        let table = &worksheet.table;
        let nets: Vec<usize> =
            (0..table.columns.len()).filter(|&column| table.columns[column].group == Group::Net).collect();
        let is_too_low = |row: &[f64]| nets.iter().any(|&column| row[column] < LOWEST_PLAIN_NET);
        let guards_sigmoids = table.rates.iter().any(|rate| (1..=rate.rows()).any(|row| is_too_low(rate.row(row))));
        Formulas { graph: &worksheet.network.graph, guards_sigmoids }
    }

    /// The formula of `node` without its `=`, over the quantities for which `cell` has a reference; the others are
    /// written out.
    ///
    /// # Errors
    /// Where it is too long for a cell. Panics where a variable has no cell.
    pub fn formula(&self, node: NodeId, cell: &dyn Fn(NodeId) -> Option<String>) -> Result<String, WorkbookError> {
        let mut text = formula(self.graph, node, cell).expect("every variable has a cell");
        if self.guards_sigmoids {
            text = written(self.graph, node, &Guarded, &|id| match cell(id).filter(|_| id != node) {
                Some(reference) => Leaf::Text(reference),
                None => Leaf::Formula,
            });
        }
        if text.len() > FORMULA_LIMIT {
            let quantity = self.graph.symbol(node).map(Symbol::unicode).unwrap_or_default();
            return Err(WorkbookError::FormulaTooLong { quantity, length: text.len() });
        }
        Ok(text)
    }
}

/// Spreadsheet formulas in which a sigmoid far below zero is 0, as it is in double precision, where the plain formula
/// would make EXP overflow and the cell an error.
struct Guarded;

impl Notation for Guarded {
    fn constant(&self, value: f64) -> Piece {
        Spreadsheet.constant(value)
    }

    fn value(&self, value: f64, node: NodeId, required: Binding) -> Piece {
        Spreadsheet.value(value, node, required)
    }

    fn symbol(&self, symbol: &Symbol, node: NodeId) -> Piece {
        Spreadsheet.symbol(symbol, node)
    }

    fn operation(&self, op: Op, count: usize, operand: &dyn Fn(usize, Binding) -> String) -> Piece {
        let plain = Spreadsheet.operation(op, count, operand);
        if op != Op::Sigmoid {
            return plain;
        }
        let net = operand(0, Binding::Product);
        Piece::new(Binding::Atom, format!("IF({net}<{LOWEST_PLAIN_NET},0,{})", plain.text))
    }

    fn parentheses(&self, inner: &str) -> String {
        Spreadsheet.parentheses(inner)
    }
}
