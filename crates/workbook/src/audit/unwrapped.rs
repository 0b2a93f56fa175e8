//! Formulas inside functions that say nothing of what is worked out: `ROUND(x, 4)`, `IFERROR(x, "")`, `IF(A7="", "", x)`.
//!
//! A rounded number has no derivative, and an update is one whatever stands around it. So the book is judged with what is
//! inside; where a formula is corrected, the function is put around it again.

use std::collections::{BTreeMap, BTreeSet};

use ironcalc_base::expressions::parser::Node;

use super::address::Address;
use super::book::{Book, Value};
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Examined, Judged, final_error_in};
use super::formula::text_at;

/// The most corrections whose effects are measured anew.
const MEASURED: usize = 16;

/// A book without such functions.
pub(crate) struct Unwrapped {
    pub book: Book,
    /// What was taken off.
    taken: BTreeMap<Address, Taken>,
}

struct Taken {
    /// The functions by name.
    names: BTreeSet<String>,
    /// The formula with a gap in it, where one function stands around the whole.
    around: Option<(Node, usize)>,
}

/// The book with what is inside such functions in their place; `None` where there are none.
pub(crate) fn unwrapped(book: &Book) -> Option<Unwrapped> {
    let mut taken = BTreeMap::new();
    let mut replaced = BTreeMap::new();
    for (&cell, found) in &book.cells {
        let Some(formula) = found.formula.as_deref() else { continue };
        let mut names = BTreeSet::new();
        let mut node = formula.node.clone();
        open(&mut node, &mut names);
        // Not what is only shown, such as a sentence with rounded numbers in it.
        if names.is_empty() || is_text(&node) {
            continue;
        }
        let around = wrapped(&formula.node).map(|(_, place)| (formula.node.clone(), place));
        taken.insert(cell, Taken { names, around });
        replaced.insert(cell, Content::Formula(text_at(&node, &book.sheets, cell)));
    }
    if taken.is_empty() {
        return None;
    }
    let mut book = book.with(&replaced);
    // What the file holds are the values with these functions.
    for found in book.cells.values_mut().filter(|found| found.formula.is_some()) {
        found.value = Value::Empty;
    }
    Some(Unwrapped { book, taken })
}

/// The function around a formula that says nothing of it, by name, and which of its operands the formula is.
fn wrapped(node: &Node) -> Option<(String, usize)> {
    let Node::FunctionKind { kind, args } = node else { return None };
    let name = format!("{kind:?}").to_ascii_uppercase();
    let place = match (name.as_str(), args.as_slice()) {
        ("ROUND" | "ROUNDUP" | "ROUNDDOWN" | "TRUNC", [_, ..]) | ("IFERROR" | "IFNA", [_, _]) => 0,
        ("IF", [_, then, _]) if is_text(then) => 2,
        ("IF", [_, _, otherwise]) if is_text(otherwise) => 1,
        _ => return None,
    };
    Some((name, place))
}

fn is_text(node: &Node) -> bool {
    match node {
        Node::StringKind(_) | Node::OpConcatenateKind { .. } => true,
        Node::FunctionKind { args, .. } => args.iter().any(is_text),
        _ => false,
    }
}

/// Takes such functions off everywhere in a formula.
fn open(node: &mut Node, names: &mut BTreeSet<String>) {
    while let Some((name, place)) = wrapped(node) {
        let Node::FunctionKind { args, .. } = node else { return };
        let inside = args.swap_remove(place);
        names.insert(name);
        *node = inside;
    }
    match node {
        Node::OpSumKind { left, right, .. }
        | Node::OpProductKind { left, right, .. }
        | Node::OpPowerKind { left, right } => {
            open(left, names);
            open(right, names);
        }
        Node::UnaryKind { right, .. } => open(right, names),
        Node::FunctionKind { args, .. } => args.iter_mut().for_each(|operand| open(operand, names)),
        Node::ImplicitIntersection { child, .. } => open(child, names),
        _ => {}
    }
}

impl Unwrapped {
    /// Puts the functions around corrections again, says what was taken off, and measures in `book` itself.
    pub fn tell(&self, book: &Book, examined: &mut Examined) -> Result<(), AuditError> {
        let mut concerned: BTreeMap<&str, BTreeSet<Address>> = BTreeMap::new();
        for judged in &mut examined.judged {
            let table = &judged.case.table;
            let cells: BTreeSet<Address> = table
                .moving
                .keys()
                .flat_map(|&base| table.steps().filter_map(move |step| table.at(base, step)))
                .filter(|cell| self.taken.contains_key(cell))
                .collect();
            for &cell in &cells {
                for name in &self.taken[&cell].names {
                    concerned.entry(name).or_default().insert(cell);
                }
            }
            if !cells.is_empty() {
                self.wrap(book, judged)?;
            }
        }
        for (name, cells) in concerned {
            let (count, first) = (cells.len(), cells.first().map(|&cell| book.spelled(cell)).unwrap_or_default());
            let why = match name {
                "IF" | "IFERROR" | "IFNA" => "judged was the formula inside.",
                _ => "a rounded number has no derivative, so judged was the formula inside, without the rounding.",
            };
            let formulas = if count == 1 { "formula has" } else { "formulas have" };
            examined.notes.push(format!("{count} {formulas} {name} around them or a part, {first} first; {why}"));
        }
        Ok(())
    }

    fn wrap(&self, book: &Book, judged: &mut Judged) -> Result<(), AuditError> {
        for finding in &mut judged.findings {
            for (&cell, content) in &mut finding.corrections {
                let Some(Taken { around: Some((node, place)), .. }) = self.taken.get(&cell) else { continue };
                let (Content::Formula(text), Node::FunctionKind { args, .. }) = (&mut *content, node) else { continue };
                let mark = "\u{1}";
                let mut args = args.clone();
                args[*place] = Node::StringKind(mark.to_owned());
                let Node::FunctionKind { kind, .. } = node else { continue };
                let outside = text_at(&Node::FunctionKind { kind: kind.clone(), args }, &book.sheets, cell);
                *text = outside.replace(&format!("\"{mark}\""), text);
            }
        }
        judged.final_error = final_error_in(book, judged)?;
        let all: BTreeMap<Address, Content> =
            judged.findings.iter().flat_map(|finding| finding.corrections.clone()).collect();
        judged.mended_error = if all.is_empty() { None } else { final_error_in(&book.with(&all), judged)? };
        let measured = judged.findings.len() <= MEASURED;
        let mut effects = Vec::new();
        for finding in &judged.findings {
            let is_measured = measured && !finding.corrections.is_empty();
            effects.push(if is_measured { final_error_in(&book.with(&finding.corrections), judged)? } else { None });
        }
        judged.effects = effects;
        Ok(())
    }
}
