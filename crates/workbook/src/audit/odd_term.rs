//! A term of the error that is unlike the others: it takes another term's target, or lacks the ½ that they have.
//!
//! Held against such an error, every gradient behind that output looks wrong, although one formula is. The error is blamed
//! only where nothing else explains it: it takes one given number twice and leaves out another that the gradients take, or
//! its terms have different forms; and with that mended in the one place no gradient is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::book::Book;
use super::engine::Content;
use super::examine::{Judged, Sheet, examine_as_it_stands};
use super::finding::{Finding, SlipKind};
use super::formula::{references, text_at, with_references};
use super::judge::Judge;
use super::labels::{heading, label};
use super::table::{Part, Table};
use super::wrong_forward::MULTIPLES;

/// The most changes that are tried on one table.
const TRIAL_LIMIT: usize = 24;

/// A change of a term, whose cell is given at the anchor.
struct Change {
    term: Address,
    what: What,
}

enum What {
    /// One of its references, counted from 0, belongs elsewhere.
    Target { place: usize, from: Address, to: Address },
    /// It is to be multiplied by this.
    Factor(f64),
}

/// Puts one slip of the error in the place of the slips of all gradients that are right with it mended.
pub(crate) fn blame_the_error(sheet: &mut Sheet<'_>, judged: &mut [Judged]) {
    let likely: Vec<Option<Finding>> = judged.iter().map(|judged| likely(sheet, judged)).collect();
    let mended: BTreeMap<Address, Content> =
        likely.iter().flatten().flat_map(|finding| finding.corrections.clone()).collect();
    if mended.is_empty() {
        return;
    }
    let Ok(again) = examine_as_it_stands(&sheet.book.with(&mended), false) else { return };
    let mut again: BTreeMap<Address, Judged> =
        again.judged.into_iter().map(|again| (again.case.table.error, again)).collect();
    for (judged, finding) in judged.iter_mut().zip(likely) {
        let (Some(finding), Some(again)) = (finding, again.remove(&judged.case.table.error)) else { continue };
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
    }
}

/// The first change of a term with which every gradient is right in one step; the book is audited anew with it.
fn likely(sheet: &mut Sheet<'_>, judged: &Judged) -> Option<Finding> {
    let is_error_wrong = judged.findings.iter().any(|finding| finding.kind == SlipKind::WrongError);
    if is_error_wrong || !judged.findings.iter().any(is_of_a_gradient) {
        return None;
    }
    let (book, table) = (sheet.book, &judged.case.table);
    let findings = factors(book, table).into_iter().chain(targets(book, table)).take(TRIAL_LIMIT);
    let mut findings = findings.filter_map(|change| Some((finding(book, judged, &change)?, change)));
    let mut judge = Judge::new(sheet, &judged.case, BTreeSet::new());
    let holds = |(finding, change): &(Finding, Change)| {
        // Twice the one term or half of the other: the loss that the gradients are written for decides.
        let multiples = if let What::Target { .. } = change.what { &MULTIPLES[..] } else { &[1.0] };
        match finding.corrections.get(&change.term) {
            Some(Content::Formula(text)) => judge.would_hold(change.term, table.anchor, text, multiples),
            _ => false,
        }
    };
    findings.find(holds).map(|(finding, _)| finding)
}

fn is_of_a_gradient(finding: &Finding) -> bool {
    matches!(finding.kind, SlipKind::WrongDerivative | SlipKind::WrongSign | SlipKind::WrongWeight)
}

/// Every reference of the error to a given number that it takes twice, with every one that only the gradients take.
fn targets(book: &Book, table: &Table) -> Vec<Change> {
    let is_given = |cell: Address| table.fixed.contains(&cell) || table.moving.get(&cell) == Some(&Part::Given);
    let given = |cell: Address| -> Vec<(usize, Address)> {
        let Some(formula) = book.formula(cell) else { return Vec::new() };
        let all = references(&formula.node, cell).into_iter().map(|reference| reference.to).enumerate();
        all.filter(|&(_, to)| is_given(to)).collect()
    };
    let own = [table.error];
    let terms = if table.error_terms.is_empty() { &own[..] } else { &table.error_terms[..] };
    // A difference may stand in a cell of its own.
    let differences = terms.iter().flat_map(|&term| {
        let of_term = book.formula(term).map(|formula| references(&formula.node, term)).unwrap_or_default();
        of_term.into_iter().map(|reference| reference.to)
    });
    let is_forward = |cell: &Address| table.moving.get(cell) == Some(&Part::Forward);
    let is_of_two = |cell: &Address| book.formula(*cell).is_some_and(|it| references(&it.node, *cell).len() == 2);
    let mut terms: Vec<Address> =
        terms.iter().copied().chain(differences.filter(|cell| is_forward(cell) && is_of_two(cell))).collect();
    let mut seen = BTreeSet::new();
    terms.retain(|term| seen.insert(*term));
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
        changes.extend(near.into_iter().map(|to| Change { term, what: What::Target { place, from, to } }));
    }
    changes
}

/// Half and twice of every term, where the terms are not all of one form.
fn factors(book: &Book, table: &Table) -> Vec<Change> {
    let form = |term: &Address| book.formula(*term).map(|formula| formula.expr.spelled(&|_| String::new()));
    let forms: BTreeSet<Option<String>> = table.error_terms.iter().map(form).collect();
    if forms.len() < 2 {
        return Vec::new();
    }
    let both = |&term: &Address| [0.5, 2.0].map(|factor| Change { term, what: What::Factor(factor) });
    table.error_terms.iter().flat_map(both).collect()
}

fn finding(book: &Book, judged: &Judged, change: &Change) -> Option<Finding> {
    let table = &judged.case.table;
    let term = change.term;
    let formula = book.formula(term)?;
    let rows: Vec<(i64, Address)> = (table.first..=table.sheet_last)
        .filter_map(|step| Some((step, table.at(term, step)?)))
        .filter(|(_, cell)| book.formula(*cell).is_some_and(|other| other.node == formula.node))
        .collect();
    let name = label(book, table, term);
    let (written, explanation): (Box<dyn Fn(Address) -> String>, String) = match change.what {
        What::Target { place, from, to } => {
            let node = with_references(&formula.node, term, &mut |count, _| (count == place).then_some(to));
            let (from, to) = (named(book, table, from), named(book, table, to));
            (
                Box::new(move |cell| text_at(&node, &book.sheets, cell)),
                format!("{name} takes {from} where {to} belongs"),
            )
        }
        What::Factor(factor) => {
            let half = if factor < 1.0 { "lacks the ½ of" } else { "has a ½ that is not in" };
            let written = move |cell| format!("{factor}*({})", text_at(&formula.node, &book.sheets, cell));
            (Box::new(written), format!("{name} {half} the other terms"))
        }
    };
    Some(Finding {
        kind: SlipKind::WrongError,
        track: None,
        cells: rows.iter().map(|row| row.1).collect(),
        steps: rows.iter().map(|row| row.0).collect(),
        value: rows.first().and_then(|row| judged.case.values.get(&row.1)).copied(),
        expected: None,
        tolerance: None,
        explanation: format!("{explanation}: with that mended, every gradient is the derivative of the error"),
        corrections: rows.iter().map(|&(_, cell)| (cell, Content::Formula(written(cell)))).collect(),
    })
}

/// `B35 (t2)`: a given number by its cell in the first row, with what it is called.
fn named(book: &Book, table: &Table, cell: Address) -> String {
    let (first, name) = match table.moving.contains_key(&cell) {
        true => (table.at(cell, table.first).unwrap_or(cell), heading(book, table, cell)),
        false => (cell, book.label(cell).map(str::to_owned)),
    };
    name.map_or_else(|| first.a1(), |name| format!("{} ({name})", first.a1()))
}
