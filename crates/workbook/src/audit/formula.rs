//! A formula as structure: what it refers to and how it puts it together.
//!
//! `ironcalc_base` reads the text; [`Expr`] is its tree with every reference as the cell it means here, so that the
//! rest of the audit can ask whether a formula is *previous cell − rate × another cell*.

use std::collections::{BTreeMap, HashMap};

use ironcalc_base::expressions::parser::stringify::to_excel_string;
use ironcalc_base::expressions::parser::{Node, Parser, new_parser_english};
use ironcalc_base::expressions::token::{OpProduct, OpSum, OpUnary};
use ironcalc_base::expressions::types::CellReferenceRC;

use super::address::{Address, LAST_COLUMN, LAST_ROW};
use super::package::DefinedName;

/// The longest formula of a spreadsheet, in characters.
const LENGTH_LIMIT: usize = 8192;
/// The deepest nesting of parentheses (spreadsheets allow 64 functions).
const NESTING_LIMIT: usize = 128;

/// A formula's structure, every reference resolved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Number(f64),
    Text(String),
    Truth(bool),
    Cell(Address),
    /// The corners of a rectangle, first and last.
    Range(Address, Address),
    Negate(Box<Expr>),
    Percent(Box<Expr>),
    Add(Box<Expr>, Box<Expr>),
    Subtract(Box<Expr>, Box<Expr>),
    Multiply(Box<Expr>, Box<Expr>),
    Divide(Box<Expr>, Box<Expr>),
    Power(Box<Expr>, Box<Expr>),
    /// An operator that compares or joins, by its sign.
    Operator(String, Box<Expr>, Box<Expr>),
    /// A function by its name in capitals.
    Call(String, Vec<Expr>),
    /// Anything that the audit does not look into.
    Other(String),
}

/// A formula: its text, the library's tree, and its structure.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    /// As it stands in the file, without `=`.
    pub text: String,
    /// The library's tree, references relative to the cell.
    pub node: Node,
    pub expr: Expr,
}

impl Expr {
    /// Calls `visit` with every single cell and every rectangle (first and last cell) that the formula speaks of.
    pub fn references(&self, visit: &mut dyn FnMut(Address, Address)) {
        match self {
            Expr::Cell(cell) => visit(*cell, *cell),
            Expr::Range(first, last) => visit(*first, *last),
            _ => self.parts().into_iter().for_each(|part| part.references(visit)),
        }
    }

    /// The operands, in order.
    pub fn parts(&self) -> Vec<&Expr> {
        match self {
            Expr::Negate(x) | Expr::Percent(x) => vec![x],
            Expr::Add(x, y) | Expr::Subtract(x, y) | Expr::Multiply(x, y) | Expr::Divide(x, y) => vec![x, y],
            Expr::Power(x, y) | Expr::Operator(_, x, y) => vec![x, y],
            Expr::Call(_, operands) => operands.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The formula as text in which `name` says how a cell is written; two formulas that do the same with the same
    /// cells read the same.
    pub fn spelled(&self, name: &dyn Fn(Address) -> String) -> String {
        let both = |sign: &str, x: &Expr, y: &Expr| format!("({}{sign}{})", x.spelled(name), y.spelled(name));
        match self {
            Expr::Number(value) => value.to_string(),
            Expr::Text(text) | Expr::Other(text) => format!("{text:?}"),
            Expr::Truth(value) => value.to_string(),
            Expr::Cell(cell) => name(*cell),
            Expr::Range(first, last) => format!("{}:{}", name(*first), name(*last)),
            Expr::Negate(x) => format!("(-{})", x.spelled(name)),
            Expr::Percent(x) => format!("({}%)", x.spelled(name)),
            Expr::Add(x, y) => both("+", x, y),
            Expr::Subtract(x, y) => both("-", x, y),
            Expr::Multiply(x, y) => both("*", x, y),
            Expr::Divide(x, y) => both("/", x, y),
            Expr::Power(x, y) => both("^", x, y),
            Expr::Operator(sign, x, y) => both(sign, x, y),
            Expr::Call(function, operands) => {
                let operands: Vec<String> = operands.iter().map(|operand| operand.spelled(name)).collect();
                format!("{function}({})", operands.join(","))
            }
        }
    }
}

/// Reads formulas of one workbook.
pub(crate) struct FormulaReader {
    parser: Parser<'static>,
    sheets: Vec<String>,
}

impl FormulaReader {
    /// A reader for a workbook with these sheets and names (scopes are places in `sheets`).
    pub fn new(sheets: &[String], names: &[DefinedName]) -> Self {
        let names = names
            .iter()
            .map(|name| {
                (name.name.clone(), name.scope.and_then(|scope| u32::try_from(scope).ok()), name.formula.clone())
            })
            .collect();
        FormulaReader { parser: new_parser_english(sheets.to_vec(), names, HashMap::new()), sheets: sheets.to_vec() }
    }

    /// Reads the formula of a cell; `None` where it is longer or deeper than a spreadsheet allows.
    pub fn read(&mut self, text: &str, cell: Address) -> Option<Formula> {
        if !is_reasonable(text) {
            return None;
        }
        let node = self.parser.parse(text, &context(&self.sheets, cell));
        let expr = self.structure(&node, cell, 0);
        Some(Formula { text: text.to_owned(), node, expr })
    }

    /// A formula with what its names stand for in their place; `None` where it has no names.
    pub fn without_names(&mut self, text: &str, cell: Address) -> Option<String> {
        if !is_reasonable(text) {
            return None;
        }
        let mut node = self.parser.parse(text, &context(&self.sheets, cell));
        let mut is_changed = false;
        self.open_names(&mut node, cell, 0, &mut is_changed);
        is_changed.then(|| text_at(&node, &self.sheets, cell))
    }

    fn open_names(&mut self, node: &mut Node, cell: Address, depth: usize, is_changed: &mut bool) {
        match node {
            Node::DefinedNameKind((_, _, formula)) if depth < 4 && is_reasonable(formula) => {
                let formula = formula.trim_start_matches('=').to_owned();
                *node = self.parser.parse(&formula, &context(&self.sheets, cell));
                *is_changed = true;
                self.open_names(node, cell, depth + 1, is_changed);
            }
            Node::OpSumKind { left, right, .. }
            | Node::OpProductKind { left, right, .. }
            | Node::OpPowerKind { left, right }
            | Node::CompareKind { left, right, .. }
            | Node::OpConcatenateKind { left, right } => {
                self.open_names(left, cell, depth, is_changed);
                self.open_names(right, cell, depth, is_changed);
            }
            Node::UnaryKind { right, .. } => self.open_names(right, cell, depth, is_changed),
            Node::FunctionKind { args, .. } => {
                args.iter_mut().for_each(|part| self.open_names(part, cell, depth, is_changed));
            }
            Node::ImplicitIntersection { child, .. } => self.open_names(child, cell, depth, is_changed),
            _ => {}
        }
    }

    fn structure(&mut self, node: &Node, cell: Address, depth: usize) -> Expr {
        let other = |node: &Node| Expr::Other(to_excel_string(node, &context(&self.sheets, cell)));
        match node {
            Node::NumberKind(value) => Expr::Number(*value),
            Node::BooleanKind(value) => Expr::Truth(*value),
            Node::StringKind(text) => Expr::Text(text.clone()),
            Node::ReferenceKind { .. } => reference(node, cell).map_or_else(|| other(node), Expr::Cell),
            Node::RangeKind {
                sheet_index,
                absolute_row1,
                absolute_column1,
                row1,
                column1,
                absolute_row2,
                absolute_column2,
                row2,
                column2,
                ..
            } => {
                let first = resolve(*sheet_index, (*absolute_row1, *row1), (*absolute_column1, *column1), cell);
                let last = resolve(*sheet_index, (*absolute_row2, *row2), (*absolute_column2, *column2), cell);
                match (first, last) {
                    (Some(first), Some(last)) => Expr::Range(
                        Address::new(first.sheet, first.row.min(last.row), first.column.min(last.column)),
                        Address::new(first.sheet, first.row.max(last.row), first.column.max(last.column)),
                    ),
                    _ => other(node),
                }
            }
            Node::OpSumKind { kind, left, right } => {
                let (x, y) = self.pair(left, right, cell, depth);
                match kind {
                    OpSum::Add => Expr::Add(x, y),
                    OpSum::Minus => Expr::Subtract(x, y),
                }
            }
            Node::OpProductKind { kind, left, right } => {
                let (x, y) = self.pair(left, right, cell, depth);
                match kind {
                    OpProduct::Times => Expr::Multiply(x, y),
                    OpProduct::Divide => Expr::Divide(x, y),
                }
            }
            Node::OpPowerKind { left, right } => {
                let (x, y) = self.pair(left, right, cell, depth);
                Expr::Power(x, y)
            }
            Node::UnaryKind { kind, right } => {
                let operand = Box::new(self.structure(right, cell, depth));
                match (kind, *operand) {
                    (OpUnary::Minus, Expr::Number(value)) => Expr::Number(-value),
                    (OpUnary::Minus, operand) => Expr::Negate(Box::new(operand)),
                    (OpUnary::Percentage, operand) => Expr::Percent(Box::new(operand)),
                }
            }
            Node::CompareKind { kind, left, right } => {
                let (x, y) = self.pair(left, right, cell, depth);
                Expr::Operator(kind.to_string(), x, y)
            }
            Node::OpConcatenateKind { left, right } => {
                let (x, y) = self.pair(left, right, cell, depth);
                Expr::Operator("&".to_owned(), x, y)
            }
            Node::FunctionKind { kind, args } => {
                let operands: Vec<Expr> = args.iter().map(|operand| self.structure(operand, cell, depth)).collect();
                // The library keeps the type of a function's kind to itself; its debug form is its name.
                let name = format!("{kind:?}").to_ascii_uppercase();
                match (name.as_str(), operands.as_slice()) {
                    ("POWER", [x, y]) => Expr::Power(Box::new(x.clone()), Box::new(y.clone())),
                    _ => Expr::Call(name, operands),
                }
            }
            Node::ImplicitIntersection { child, .. } => self.structure(child, cell, depth),
            Node::DefinedNameKind((_, _, formula)) if depth < 4 && is_reasonable(formula) => {
                let formula = formula.trim_start_matches('=').to_owned();
                // A name's own references are absolute, so any cell will do to read them from.
                let node = self.parser.parse(&formula, &context(&self.sheets, cell));
                self.structure(&node, cell, depth + 1)
            }
            node => other(node),
        }
    }

    fn pair(&mut self, left: &Node, right: &Node, cell: Address, depth: usize) -> (Box<Expr>, Box<Expr>) {
        (Box::new(self.structure(left, cell, depth)), Box::new(self.structure(right, cell, depth)))
    }
}

/// The formula written for another cell: what relative references mean there is as far away as here.
pub(crate) fn text_at(node: &Node, sheets: &[String], cell: Address) -> String {
    to_excel_string(node, &context(sheets, cell))
}

/// The formula with single references replaced: `replace` gets each cell that the formula in `cell` refers to, counted
/// from 0, and says what shall stand there instead; a cell of another sheet does not.
pub(crate) fn with_references(
    node: &Node,
    cell: Address,
    replace: &mut dyn FnMut(usize, Address) -> Option<Address>,
) -> Node {
    let mut node = node.clone();
    let mut count = 0;
    each_reference(&mut node, cell, &mut |reference, from| {
        if let Some(to) = replace(count, from).filter(|to| to.sheet == from.sheet) {
            point(reference, cell, to);
        }
        count += 1;
    });
    node
}

/// A single reference of a formula: where it leads, and which of its dollar signs it has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference {
    pub to: Address,
    pub has_fixed_row: bool,
    pub has_fixed_column: bool,
}

/// The single references in the formula of `cell`, in the order in which [`with_references`] counts them.
pub(crate) fn references(node: &Node, cell: Address) -> Vec<Reference> {
    let mut found = Vec::new();
    each_reference(&mut node.clone(), cell, &mut |reference, to| {
        if let Node::ReferenceKind { absolute_row, absolute_column, .. } = reference {
            found.push(Reference { to, has_fixed_row: *absolute_row, has_fixed_column: *absolute_column });
        }
    });
    found
}

/// The formula of `cell` with some of its single references, counted from 0, held by dollar signs on a cell.
pub(crate) fn anchored(node: &Node, cell: Address, on: &BTreeMap<usize, Address>) -> Node {
    let mut node = node.clone();
    let mut count = 0;
    each_reference(&mut node, cell, &mut |reference, _| {
        if let Some(&to) = on.get(&count) {
            if let Node::ReferenceKind { absolute_row, absolute_column, .. } = reference {
                (*absolute_row, *absolute_column) = (true, true);
            }
            point(reference, cell, to);
        }
        count += 1;
    });
    node
}

/// A reference to the cell `to`, made after one that the formula of `cell` has to that sheet, if it has any there:
/// held by dollar signs or moving with the row.
pub(crate) fn reference_to(node: &Node, cell: Address, to: Address, is_held: bool) -> Option<Node> {
    let mut found = None;
    each_reference(&mut node.clone(), cell, &mut |reference, from| {
        if found.is_none() && from.sheet == to.sheet {
            found = Some(reference.clone());
        }
    });
    let mut reference = found?;
    if let Node::ReferenceKind { absolute_row, absolute_column, .. } = &mut reference {
        (*absolute_row, *absolute_column) = (is_held, is_held);
    }
    point(&mut reference, cell, to);
    Some(reference)
}

/// Makes a reference in `cell` lead to another cell, its dollar signs as they are.
fn point(reference: &mut Node, cell: Address, to: Address) {
    if let Node::ReferenceKind { absolute_row, absolute_column, row, column, .. } = reference {
        *row = if *absolute_row { to.row as i32 } else { to.row as i32 - cell.row as i32 };
        *column = if *absolute_column { to.column as i32 } else { to.column as i32 - cell.column as i32 };
    }
}

fn each_reference(node: &mut Node, cell: Address, visit: &mut dyn FnMut(&mut Node, Address)) {
    if let Some(to) = reference(node, cell) {
        visit(node, to);
        return;
    }
    match node {
        Node::OpSumKind { left, right, .. }
        | Node::OpProductKind { left, right, .. }
        | Node::OpPowerKind { left, right }
        | Node::CompareKind { left, right, .. }
        | Node::OpConcatenateKind { left, right } => {
            each_reference(left, cell, visit);
            each_reference(right, cell, visit);
        }
        Node::UnaryKind { right, .. } => each_reference(right, cell, visit),
        Node::FunctionKind { args, .. } => args.iter_mut().for_each(|part| each_reference(part, cell, visit)),
        Node::ImplicitIntersection { child, .. } => each_reference(child, cell, visit),
        _ => {}
    }
}

/// The cell that a reference in the formula of `cell` means.
fn reference(node: &Node, cell: Address) -> Option<Address> {
    match node {
        Node::ReferenceKind { sheet_index, absolute_row, absolute_column, row, column, .. } => {
            resolve(*sheet_index, (*absolute_row, *row), (*absolute_column, *column), cell)
        }
        _ => None,
    }
}

fn resolve(sheet: u32, row: (bool, i32), column: (bool, i32), cell: Address) -> Option<Address> {
    let place = |(absolute, number): (bool, i32), own: u32, last: u32| {
        let number = if absolute { i64::from(number) } else { i64::from(number) + i64::from(own) };
        u32::try_from(number).ok().filter(|number| (1..=last).contains(number))
    };
    Some(Address::new(sheet, place(row, cell.row, LAST_ROW)?, place(column, cell.column, LAST_COLUMN)?))
}

fn context(sheets: &[String], cell: Address) -> CellReferenceRC {
    let sheet = sheets.get(cell.sheet as usize).cloned().unwrap_or_default();
    CellReferenceRC { sheet, row: cell.row as i32, column: cell.column as i32 }
}

/// Whether a formula is as short and as shallow as spreadsheets allow; the library reads it by recursion.
fn is_reasonable(text: &str) -> bool {
    let (mut depth, mut signs) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        signs = if matches!(byte, b'-' | b'+' | b'@' | b' ' | b'(') { signs + 1 } else { 0 };
        if depth > NESTING_LIMIT || signs > 2 * NESTING_LIMIT {
            return false;
        }
    }
    text.len() <= LENGTH_LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> FormulaReader {
        let name = |name: &str, formula: &str| DefinedName { name: name.into(), scope: None, formula: formula.into() };
        let names = [name("eta", "Rates!$B$2"), name("half", "0.5")];
        FormulaReader::new(&["Table".to_owned(), "Rates".to_owned()], &names)
    }

    fn spelled(text: &str) -> String {
        let cell = Address::new(0, 36, 5);
        let formula = reader().read(text, cell).unwrap();
        formula.expr.spelled(&|cell| format!("{}!{}", cell.sheet, cell.a1()))
    }

    #[test]
    fn references_names_and_functions_are_resolved() {
        assert_eq!(spelled("E35-$F$33*X35"), "(0!E35-(0!F33*0!X35))");
        assert_eq!(spelled("E35 - eta*X35"), "(0!E35-(1!B2*0!X35))");
        assert_eq!(spelled("E35-Rates!B$2*X35"), "(0!E35-(1!B2*0!X35))");
        assert_eq!(spelled("half*POWER(D30-U30,2)"), "(0.5*((0!D30-0!U30)^2))");
        assert_eq!(spelled("1/(1+ EXP(-I33))"), "(1/(1+EXP((-0!I33))))");
        assert_eq!(spelled("SUM(A1:B2)"), "SUM(0!A1:0!B2)");
        assert_eq!(spelled("-5%"), "(-5%)");
    }

    #[test]
    fn a_formula_moves_and_its_references_can_be_replaced() {
        let sheets = ["Table".to_owned(), "Rates".to_owned()];
        let cell = Address::new(0, 33, 26);
        let formula = reader().read("J33*(1-J33)*C33*$G$31", cell).unwrap();
        assert_eq!(text_at(&formula.node, &sheets, Address::new(0, 40, 26)), "J40*(1-J40)*C40*$G$31");
        let swapped = with_references(&formula.node, cell, &mut |_, from| {
            (from.column == 10).then_some(Address { column: 12, ..from })
        });
        assert_eq!(text_at(&swapped, &sheets, cell), "L33*(1-L33)*C33*$G$31");
    }

    #[test]
    fn absurd_formulas_are_refused() {
        let cell = Address::new(0, 1, 1);
        assert!(reader().read(&"(".repeat(5000), cell).is_none());
        assert!(reader().read(&"-".repeat(5000), cell).is_none());
        assert!(reader().read(&"1+".repeat(5000), cell).is_none());
        assert!(reader().read("((", cell).is_some());
    }
}
