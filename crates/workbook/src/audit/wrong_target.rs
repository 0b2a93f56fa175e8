//! A term of the error that takes the target of another term, where the gradients take its own.
//!
//! Held against such an error, every gradient behind that output looks wrong, although one formula is. The error is blamed
//! only where nothing else explains it: it takes one given number twice and leaves out another that the gradients take,
//! and with that number in the one place no gradient is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::book::Book;
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Judged, examine_as_it_stands};
use super::finding::{Finding, SlipKind};
use super::formula::{references, text_at, with_references};
use super::labels::{heading, label};
use super::table::{Part, Table};

/// The most changes that are tried on one table, each of which is audited anew.
const TRIAL_LIMIT: usize = 24;

/// One reference of a term that may belong elsewhere.
struct Change {
    /// The term's cell, at the anchor.
    term: Address,
    /// Which of its references it is.
    place: usize,
    from: Address,
    to: Address,
}

/// Puts one slip of the error in the place of the slips of all gradients that are right with it mended.
pub(crate) fn blame_the_error(book: &Book, judged: &mut [Judged]) -> Result<(), AuditError> {
    for judged in judged {
        let is_error_wrong = judged.findings.iter().any(|finding| finding.kind == SlipKind::WrongError);
        if is_error_wrong || !judged.findings.iter().any(is_of_a_gradient) {
            continue;
        }
        for change in changes(book, &judged.case.table).into_iter().take(TRIAL_LIMIT) {
            let Some(finding) = finding(book, judged, &change) else { continue };
            let Ok(again) = examine_as_it_stands(&book.with(&finding.corrections), false) else { continue };
            let error = judged.case.table.error;
            let Some(again) = again.judged.into_iter().find(|again| again.case.table.error == error) else { continue };
            let others = judged.findings.iter().filter(|finding| !is_of_a_gradient(finding)).count();
            if again.findings.iter().any(is_of_a_gradient) || again.findings.len() > others {
                continue;
            }
            judged.findings.retain(|finding| !is_of_a_gradient(finding));
            judged.findings.push(Finding {
                expected: finding.cells.first().and_then(|cell| again.case.values.get(cell)).copied(),
                ..finding
            });
            judged.distances = again.distances;
            judged.loss_factor = again.loss_factor;
            judged.notes = again.notes;
            break;
        }
    }
    Ok(())
}

fn is_of_a_gradient(finding: &Finding) -> bool {
    matches!(finding.kind, SlipKind::WrongDerivative | SlipKind::WrongSign | SlipKind::WrongWeight)
}

/// Every reference of the error to a given number that it takes twice, with every one that only the gradients take.
fn changes(book: &Book, table: &Table) -> Vec<Change> {
    let is_given = |cell: Address| table.fixed.contains(&cell) || table.moving.get(&cell) == Some(&Part::Given);
    let given = |cell: Address| -> Vec<(usize, Address)> {
        let Some(formula) = book.formula(cell) else { return Vec::new() };
        let all = references(&formula.node, cell).into_iter().map(|reference| reference.to).enumerate();
        all.filter(|&(_, to)| is_given(to)).collect()
    };
    let own = [table.error];
    let terms = if table.error_terms.is_empty() { &own[..] } else { &table.error_terms[..] };
    let taken: Vec<(Address, usize, Address)> =
        terms.iter().flat_map(|&term| given(term).into_iter().map(move |(place, from)| (term, place, from))).collect();
    let backward = table.moving.iter().filter(|(_, part)| matches!(part, Part::Backward | Part::Update));
    let by_gradients: BTreeSet<Address> = backward.flat_map(|(&cell, _)| given(cell)).map(|(_, to)| to).collect();
    let left: Vec<Address> =
        by_gradients.into_iter().filter(|&to| taken.iter().all(|&(.., from)| from != to)).collect();
    let mut changes = Vec::new();
    for &(term, place, from) in &taken {
        if taken.iter().filter(|taken| taken.2 == from).count() < 2 {
            continue;
        }
        let mut near = left.clone();
        near.sort_by_key(|to| to.column.abs_diff(from.column) + to.row.abs_diff(from.row));
        changes.extend(near.into_iter().map(|to| Change { term, place, from, to }));
    }
    changes
}

fn finding(book: &Book, judged: &Judged, change: &Change) -> Option<Finding> {
    let &Change { term, place, from, to } = change;
    let table = &judged.case.table;
    let node = &book.formula(term)?.node;
    let changed = with_references(node, term, &mut |count, _| (count == place).then_some(to));
    let rows: Vec<(i64, Address)> = (table.first..=table.sheet_last)
        .filter_map(|step| Some((step, table.at(term, step)?)))
        .filter(|(_, cell)| book.formula(*cell).is_some_and(|formula| formula.node == *node))
        .collect();
    let corrections: BTreeMap<Address, Content> =
        rows.iter().map(|&(_, cell)| (cell, Content::Formula(text_at(&changed, &book.sheets, cell)))).collect();
    let named = |cell: Address| {
        let (first, name) = match table.moving.contains_key(&cell) {
            true => (table.at(cell, table.first).unwrap_or(cell), heading(book, table, cell)),
            false => (cell, book.label(cell).map(str::to_owned)),
        };
        name.map_or_else(|| first.a1(), |name| format!("{} ({name})", first.a1()))
    };
    let explanation = format!(
        "{} takes {} where {} belongs: with that, every gradient is the derivative of the error",
        label(book, table, term),
        named(from),
        named(to)
    );
    Some(Finding {
        kind: SlipKind::WrongError,
        track: None,
        cells: rows.iter().map(|row| row.1).collect(),
        steps: rows.iter().map(|row| row.0).collect(),
        value: rows.first().and_then(|row| judged.case.values.get(&row.1)).copied(),
        expected: None,
        tolerance: None,
        explanation,
        corrections,
    })
}
