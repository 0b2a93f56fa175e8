//! Changes of a formula by one factor: one that it has too many, and one that it lacks.
//!
//! What is forgotten on the way back is mostly a factor of the chain rule, and mostly that of the activation: `out`,
//! `1 − out` or both.

use std::collections::BTreeSet;

use ironcalc_base::expressions::parser::Node;
use ironcalc_base::expressions::token::{OpProduct, OpSum};

use super::activation_factors::activation_changes;
use super::address::Address;
use super::examine::{Case, Sheet};
use super::formula::{reference_to, references, text_at};
use super::places::{changed_at, in_children, less, times};
use super::repair::{Repair, is_rate, others, spelled};
use super::table::Part;

/// The most terms of one formula, itself counted in, that a factor is tried in.
const PLACE_LIMIT: usize = 6;
/// The most cells that a missing factor is looked for in.
const NEAR_LIMIT: usize = 120;

/// The formula in `home` with one factor fewer and with one more, the likeliest first.
pub(crate) fn factor_changes(sheet: &Sheet<'_>, case: &Case, node: &Node, home: Address, step: i64) -> Vec<Repair> {
    let mut changes = activation_changes(sheet, node, home);
    let mut place = 0;
    while let Some((changed, factor)) = without_factor(node, place, &mut 0) {
        let factor = text_at(&factor, &sheet.book.sheets, home);
        // What is left is made of something.
        if !references(&changed, home).is_empty() {
            let words = format!("the factor {factor} is one too many");
            changes.push(Repair { node: changed, words, is_sign: false });
        }
        place += 1;
    }
    let lacking = lacking(sheet, case, node, home, step);
    for place in 0..PLACE_LIMIT {
        let Some((_, term)) = changed_at(node, place, &is_term, &mut Node::clone) else { break };
        for (factor, words) in &lacking {
            let product = |term: &Node| times(term.clone(), factor.clone());
            let Some((changed, _)) = changed_at(node, place, &is_term, &mut { product }) else { continue };
            let words = match place {
                0 => format!("the factor {words} is missing"),
                _ => format!("in {} the factor {words} is missing", text_at(&term, &sheet.book.sheets, home)),
            };
            changes.push(Repair { node: changed, words, is_sign: false });
        }
    }
    changes
}

/// The factors that may be missing, with their words: of each quantity of the row that the formula may use itself, of an
/// output also what its activation's derivative is made of; then 2 and ½.
fn lacking(sheet: &Sheet<'_>, case: &Case, node: &Node, home: Address, step: i64) -> Vec<(Node, String)> {
    let table = &case.table;
    let used: BTreeSet<Address> = references(node, home).into_iter().map(|reference| reference.to).collect();
    let mut near = others(sheet, case, home, step);
    // By what is 0 a wrong formula would be right that should be 0.
    let is_zero = |cell: &Address| case.values.get(cell).copied().or_else(|| sheet.engine.number(*cell)) == Some(0.0);
    near.retain(|cell| !is_zero(cell) && !is_rate(table, *cell));
    near.sort_by_key(|to| to.column.abs_diff(home.column) + to.row.abs_diff(home.row));
    near.truncate(NEAR_LIMIT);
    let mut factors = Vec::new();
    for cell in near {
        let is_fixed = table.fixed.contains(&cell);
        let own = cell.shifted(table.shift, table.anchor - step);
        let is_forward = own.and_then(|own| table.moving.get(&own)) == Some(&Part::Forward);
        let Some(reference) = reference_to(node, home, cell, is_fixed) else { continue };
        let words = spelled(sheet.book, table, cell, step);
        if is_forward {
            let one_minus = less(Node::NumberKind(1.0), reference.clone());
            let one_minus_square = less(Node::NumberKind(1.0), times(reference.clone(), reference.clone()));
            factors.push((one_minus.clone(), format!("(1 − {words})")));
            factors.push((times(reference.clone(), one_minus), format!("{words} · (1 − {words})")));
            factors.push((one_minus_square, format!("(1 − {words}²)")));
        }
        // A given number that is taken already may happen to be 2 or ½.
        if is_forward || !used.contains(&cell) {
            factors.push((reference, words));
        }
    }
    for (factor, words) in [(2.0, "2"), (0.5, "½")] {
        factors.push((Node::NumberKind(factor), words.to_owned()));
    }
    factors
}

/// The formula without factor number `place`, and that factor.
fn without_factor(node: &Node, place: usize, count: &mut usize) -> Option<(Node, Node)> {
    if let Node::OpProductKind { kind, left, right } = node {
        let of_divisor = || {
            let (kind, left) = (OpProduct::Divide, Box::new(Node::NumberKind(1.0)));
            Node::OpProductKind { kind, left, right: right.clone() }
        };
        let sides: &[(&Node, &Node)] = match kind {
            OpProduct::Times => &[(right.as_ref(), left.as_ref()), (left.as_ref(), right.as_ref())],
            OpProduct::Divide => &[(left.as_ref(), right.as_ref())],
        };
        for &(kept, dropped) in sides {
            // Of a product of products each factor counts once: where it is no product itself.
            if *kind == OpProduct::Times && matches!(dropped, Node::OpProductKind { .. }) {
                continue;
            }
            if *count == place {
                let factor = if *kind == OpProduct::Divide { of_divisor() } else { dropped.clone() };
                return Some((kept.clone(), factor));
            }
            *count += 1;
        }
    }
    in_children(node, &mut |child| without_factor(child, place, count))
}

/// Whether a node is the formula itself or something that it adds up.
fn is_term(parent: Option<&Node>, node: &Node) -> bool {
    match (parent, node) {
        (None, _) => true,
        (Some(Node::OpSumKind { .. }), Node::OpProductKind { .. }) => true,
        // A delta that stands alone has lost the weight of its path; what is taken off, as a target, is no path.
        (Some(Node::OpSumKind { kind: OpSum::Add, .. }), Node::ReferenceKind { .. }) => true,
        _ => false,
    }
}
