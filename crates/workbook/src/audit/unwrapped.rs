//! Formulas inside functions that say nothing of what is worked out: `ROUND(x, 4)`, `IFERROR(x, "")`, `IF(A7="", "", x)`.
//!
//! A rounded number has no derivative, and an update is one whatever stands around it. So what depends on weights is judged
//! with what is inside; where such a formula is corrected, the functions around the whole of it are put there again.

use std::collections::{BTreeMap, BTreeSet};

use ironcalc_base::expressions::parser::Node;

use super::address::Address;
use super::book::{Book, Value};
use super::dependencies::Dependencies;
use super::engine::{Content, Engine};
use super::error::AuditError;
use super::examine::{Examined, Judged, final_error_in};
use super::formula::{FormulaReader, text_at};
use super::misshapen::Trained;

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
    /// The formula, and where in it stands what is inside the functions around the whole: an operand of an operand.
    around: (Node, Vec<usize>),
}

/// The book with what is inside such functions in their place; `None` where there are none.
pub(crate) fn unwrapped(book: &Book) -> Result<Option<Unwrapped>, AuditError> {
    let mut taken = taken(book)?;
    if taken.is_empty() {
        return Ok(None);
    }
    // Which formulas depend on weights is seen with all of them open. An input stays as it is.
    let open = book.with(&texts(book, &taken));
    let dependencies = Dependencies::of(&open)?;
    let trained = Trained::of(&open, &dependencies);
    taken.retain(|cell, _| trained.varies.contains(cell));
    if taken.is_empty() {
        return Ok(None);
    }
    let mut book = book.with(&texts(book, &taken));
    // What the file holds are the values with these functions.
    for found in book.cells.values_mut().filter(|found| found.formula.is_some()) {
        found.value = Value::Empty;
    }
    Ok(Some(Unwrapped { book, taken }))
}

/// The formulas with such functions, but those that show a text because of one.
fn taken(book: &Book) -> Result<BTreeMap<Address, Taken>, AuditError> {
    let mut taken = BTreeMap::new();
    for (&cell, found) in &book.cells {
        let Some(formula) = found.formula.as_deref() else { continue };
        let mut names = BTreeSet::new();
        let mut node = formula.node.clone();
        open(&mut node, &mut names);
        // Not what is only shown, such as a sentence with rounded numbers in it.
        if !names.is_empty() && !is_text(&node) {
            let mut path = Vec::new();
            let mut inside = &formula.node;
            while let (Some((_, place)), Node::FunctionKind { args, .. }) = (wrapped(inside), inside) {
                path.push(place);
                inside = &args[place];
            }
            taken.insert(cell, Taken { names, around: (formula.node.clone(), path) });
        }
    }
    let conditional: Vec<Address> =
        taken.iter().filter(|(_, taken)| taken.names.contains("IF")).map(|(&cell, _)| cell).collect();
    if conditional.is_empty() {
        return Ok(taken);
    }
    let dependencies = Dependencies::of(book)?;
    if dependencies.circle().is_some() {
        return Ok(taken);
    }
    let wanted = dependencies.closure(&conditional, &BTreeSet::new());
    let mut engine = Engine::new(book, Some(&wanted), &BTreeMap::new())?;
    engine.recalculate();
    for cell in conditional {
        if engine.number(cell).is_none() {
            taken.remove(&cell);
        }
    }
    Ok(taken)
}

/// The formulas without such functions.
fn texts(book: &Book, taken: &BTreeMap<Address, Taken>) -> BTreeMap<Address, Content> {
    let text = |(&cell, taken): (&Address, &Taken)| {
        let mut node = taken.around.0.clone();
        open(&mut node, &mut BTreeSet::new());
        (cell, Content::Formula(text_at(&node, &book.sheets, cell)))
    };
    taken.iter().map(text).collect()
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
    matches!(node, Node::StringKind(_) | Node::OpConcatenateKind { .. })
}

/// Puts a formula where in another one the path of operands leads.
fn put(node: &mut Node, path: &[usize], inside: Node) {
    match (node, path) {
        (node, []) => *node = inside,
        (Node::FunctionKind { args, .. }, [place, rest @ ..]) => put(&mut args[*place], rest, inside),
        _ => {}
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
            let (formulas, them) = if count == 1 { ("formula has", "it") } else { ("formulas have", "them") };
            examined.notes.push(format!("{count} {formulas} {name} around {them} or a part, {first} first; {why}"));
        }
        Ok(())
    }

    fn wrap(&self, book: &Book, judged: &mut Judged) -> Result<(), AuditError> {
        let mut reader = FormulaReader::new(&book.sheets, &book.names);
        for finding in &mut judged.findings {
            for (&cell, content) in &mut finding.corrections {
                let Some(Taken { around: (node, path), .. }) = self.taken.get(&cell) else { continue };
                let Content::Formula(text) = &mut *content else { continue };
                let Some(inside) = reader.read(text, cell).filter(|_| !path.is_empty()) else { continue };
                let mut whole = node.clone();
                put(&mut whole, path, inside.node);
                *text = text_at(&whole, &book.sheets, cell);
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
