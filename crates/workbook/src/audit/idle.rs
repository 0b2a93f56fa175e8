//! Weights that are updated and that the error does not depend on: an input or a neuron was left out of a sum.

use std::collections::{BTreeMap, BTreeSet};

use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::Op;

use super::address::Address;
use super::engine::Content;
use super::examine::{Case, Sheet};
use super::finding::{Finding, SlipKind};
use super::formula::{Expr, Formula, text_at};
use super::labels::label;
use super::lines::kind;
use super::symbolic::{Extra, Symbolic};
use super::table::{Part, Table};
use super::tracks::{Track, candidates};

/// The most formulas that are tried for one weight.
const TRIAL_LIMIT: usize = 400;
/// Relative distance up to which a gradient is the derivative.
const SAME: f64 = 1e-8;

/// The weights of a table that no formula between the weights and the error uses. The gradients belong to `factor` times
/// the error.
pub(crate) fn findings(sheet: &mut Sheet<'_>, case: &Case, factor: f64) -> Vec<Finding> {
    case.table.idle.iter().filter_map(|track| finding(sheet, case, track, factor)).collect()
}

/// Which of the tracks beside a table are weights of it: those that learn at its rate.
pub(crate) fn idle<'a>(table: &Table, beside: &'a [Track]) -> impl Iterator<Item = &'a Track> {
    let rates: Vec<Expr> = table.rules.iter().flat_map(|rule| &rule.rate).map(|factor| factor.expr.clone()).collect();
    let (first, last) = (table.first, table.last);
    let longest = table.tracks.iter().map(|track| track.updates.len()).max().unwrap_or(0);
    beside.iter().filter(move |track| {
        let (start, end) = track.steps();
        let has_rate =
            track.updates.values().flat_map(|update| &update.steps).all(|product| {
                product.is_negative && product.factors.iter().any(|factor| rates.contains(&factor.expr))
            });
        // Of a table of one or two steps no weight has more.
        let is_long_enough = track.updates.len() > 2.min(longest.saturating_sub(1));
        is_long_enough && first <= start && end <= last && has_rate
    })
}

fn finding(sheet: &mut Sheet<'_>, case: &Case, track: &Track, factor: f64) -> Option<Finding> {
    let (book, table) = (sheet.book, &case.table);
    let step = table.anchor;
    let mut track = track.clone();
    track.move_to(step)?;
    let name = label(book, table, track.weight);
    let explanation = format!("{name} is updated, but the error does not depend on it");
    let mut finding = Finding {
        kind: SlipKind::WrongForward,
        track: None,
        cells: track.updates.values().map(|update| update.cell).collect(),
        steps: track.updates.keys().copied().collect(),
        value: None,
        expected: None,
        tolerance: None,
        explanation: format!("{explanation}: no formula between the weights and the error uses it"),
        corrections: BTreeMap::new(),
    };
    let Some((base, formula, source)) = left_out(sheet, case, &track, factor) else { return Some(finding) };
    let kind_at = |step: i64| table.at(base, step).map(|cell| kind(book, table, cell, step));
    finding.steps = (table.first..=table.sheet_last).filter(|&other| kind_at(other) == kind_at(step)).collect();
    finding.cells = finding.steps.iter().filter_map(|&step| table.at(base, step)).collect();
    let text = |cell: Address| Content::Formula(text_at(&formula.node, &book.sheets, cell));
    finding.corrections = finding.cells.iter().map(|&cell| (cell, text(cell))).collect();
    let at_first = |base: Address| table.at(base, table.first).unwrap_or(base);
    let source = if table.moving.contains_key(&source) { at_first(source) } else { source };
    finding.explanation =
        format!("{explanation}: the sum in {} leaves out {}·{source}", at_first(base), at_first(track.weight));
    Some(finding)
}

/// The sum that lacks the weight, as it should be at the anchor, with what the weight is to be multiplied with.
fn left_out(sheet: &mut Sheet<'_>, case: &Case, track: &Track, of_error: f64) -> Option<(Address, Formula, Address)> {
    let (book, table) = (sheet.book, &case.table);
    let step = table.anchor;
    let given: Vec<Address> = candidates(book, sheet.dependencies).into_keys().collect();
    let mut gradients =
        track.updates.get(&step)?.steps.iter().flat_map(|product| &product.factors).filter_map(|factor| {
            match factor.expr {
                Expr::Cell(cell) if !factor.is_divisor && book.formula(cell).is_some() => Some(cell),
                _ => None,
            }
        });
    let gradient = gradients.next()?;
    let weights: BTreeSet<Address> = table.tracks.iter().map(|track| track.weight).collect();
    let sums = table.moving.iter().filter(|(base, part)| {
        let uses_weight = sheet.dependencies.needs(**base).iter().any(|cell| weights.contains(cell));
        **part == Part::Forward && **base != table.error && uses_weight
    });
    let fixed = table.fixed.iter().copied().filter(|cell| !table.moving.contains_key(cell));
    let sources: Vec<Address> = table
        .moving
        .iter()
        .filter(|(_, part)| matches!(part, Part::Given | Part::Forward))
        .map(|(&base, _)| base)
        .chain(fixed)
        .filter(|cell| cell.sheet == track.weight.sheet)
        .collect();
    let mut left = TRIAL_LIMIT;
    for (&base, _) in sums.collect::<Vec<_>>() {
        let own = book.formula(base)?.text.trim().to_owned();
        let behind = sheet.dependencies.dependents(&[base], &weights);
        for &source in sources.iter().filter(|source| **source != base && !behind.contains(source)) {
            left = left.checked_sub(1)?;
            let is_moving = table.moving.contains_key(&source);
            let factor = if is_moving { source.a1() } else { source.absolute_a1() };
            let text = format!("{own}+{}*{factor}", track.weight.a1());
            let Some(formula) = sheet.reader.read(&text, base) else { continue };
            if is_derivative(sheet, case, (track, of_error), gradient, &given, (base, &formula.expr)) {
                return Some((base, formula, source));
            }
        }
    }
    None
}

/// Whether a gradient is the derivative of that multiple of the error by its weight, once a formula is another one.
fn is_derivative(
    sheet: &Sheet<'_>,
    case: &Case,
    (track, of_error): (&Track, f64),
    gradient: Address,
    given: &[Address],
    replaced: (Address, &Expr),
) -> bool {
    let table = &case.table;
    let extra = Extra { weights: &[track.weight], given, cells: &[gradient], replaced: Some(replaced) };
    let Some(symbolic) = Symbolic::with(sheet.book, table, table.anchor, &extra) else { return false };
    let graph = &symbolic.graph;
    let mut variables = Vec::new();
    for (&cell, &node) in symbolic.nodes.iter().filter(|(_, node)| graph.node(**node).op == Op::Variable) {
        let Some(value) = case.values.get(&cell).copied().or_else(|| sheet.engine.number(cell)) else { return false };
        variables.push((node, value));
    }
    let values = Values::of(graph, &variables);
    let Some(&found) = symbolic.nodes.get(&gradient) else { return false };
    let Some(&wanted) = symbolic.gradients.get(table.tracks.len()) else { return false };
    let (found, wanted) = (values.get(found), of_error * values.get(wanted));
    found != 0.0 && (found - wanted).abs() <= SAME * found.abs()
}
