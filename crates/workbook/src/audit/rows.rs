//! Rows that differ from their neighbours: typed numbers among formulas, and formulas of their own.
//!
//! A row with another formula is not wrong for that: it is a slip unless its value, and where it lies between weights
//! and error its derivatives too, are those that the other rows' formula gives.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::differences::{Task, derivatives};
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Case, Sheet, pattern_text};
use super::finding::{Finding, SlipKind};
use super::formula::text_at;
use super::lines::{Kind, Line};
use super::table::Part;

/// Relative distance up to which two values count as the same.
const SAME: f64 = 1e-9;

/// What one check found.
#[derive(Default)]
pub(crate) struct Found {
    pub found: Vec<Finding>,
    pub notes: Vec<String>,
    /// Cells that explain what is wrong in their rows.
    pub blamed: BTreeSet<Address>,
}

pub(crate) fn same(x: f64, y: f64) -> bool {
    (x - y).abs() <= SAME * x.abs().max(y.abs()) + 1e-15
}

/// The rows of a table that differ from the others.
pub(crate) fn findings(sheet: &mut Sheet<'_>, case: &Case) -> Result<Found, AuditError> {
    let mut result = Found::default();
    let harmless_forward = harmless_forward_rows(sheet, case)?;
    for line in &case.lines {
        let mut typed: Vec<i64> = Vec::new();
        let mut different: BTreeMap<&Kind, Vec<i64>> = BTreeMap::new();
        let mut right: BTreeMap<&Kind, bool> = BTreeMap::new();
        for (&step, kind) in &line.deviants {
            match kind {
                Kind::Typed if line.part == Part::Given && gives_the_same(case, line, step) => {
                    if let Some(cell) = case.table.at(line.base, step)
                        && !is_the_start(sheet, case, line, step)
                    {
                        let cell = sheet.book.spelled(cell);
                        result.notes.push(format!("{cell} is a typed number among formulas that give the same."));
                    }
                }
                Kind::Typed | Kind::Blank => typed.push(step),
                // Spelled another way only because it refers to a row that is near here and far elsewhere.
                Kind::Formula(_) if is_the_pattern(sheet, case, line, step) => {}
                Kind::Formula(_) => {
                    let is_made_right = matches!(line.part, Part::Backward | Part::Aside)
                        && !gives_the_same(case, line, step)
                        && *right.entry(kind).or_insert_with(|| is_right(sheet, case, line, kind));
                    // Where one formula is right in its rows and that of the others is not, the others are to be mended.
                    if is_made_right && !holds_elsewhere(sheet, case, line) {
                        continue;
                    }
                    let is_harmless = match line.part {
                        Part::Forward => harmless_forward.contains(&step),
                        Part::Update => update_holds(case, line.base, step),
                        Part::Weight => weight_repeats(sheet, case, line, step),
                        _ => {
                            let is_gradient = case.table.rules.iter().any(|rule| rule.gradient == Some(line.base));
                            is_made_right && is_gradient || gives_the_same(case, line, step)
                        }
                    };
                    if is_harmless {
                        let cell = case.table.at(line.base, step).map(|cell| sheet.book.spelled(cell));
                        result.notes.push(format!(
                            "{} is written differently from its neighbours and means the same.",
                            cell.unwrap_or_default()
                        ));
                    } else {
                        different.entry(kind).or_default().push(step);
                    }
                }
            }
        }
        if !typed.is_empty() {
            result.push(sheet, case, line, SlipKind::HardTyped, &typed);
        }
        for steps in different.values() {
            result.push(sheet, case, line, SlipKind::RowDiffers, steps);
        }
    }
    result.notes.truncate(20);
    Ok(result)
}

impl Found {
    fn push(&mut self, sheet: &Sheet<'_>, case: &Case, line: &Line, kind: SlipKind, steps: &[i64]) {
        let table = &case.table;
        let cells: Vec<Address> = steps.iter().filter_map(|&step| table.at(line.base, step)).collect();
        let corrections: BTreeMap<Address, Content> = steps
            .iter()
            .filter_map(|&step| {
                let text = pattern_text(sheet.book, table, line, step)?;
                Some((table.at(line.base, step)?, Content::Formula(text)))
            })
            .collect();
        let Some(&first) = cells.first() else { return };
        let rows = if steps.len() == 1 { "this row".to_owned() } else { format!("{} rows", steps.len()) };
        let explanation = match (kind, sheet.book.cells.contains_key(&first)) {
            (SlipKind::HardTyped, false) => {
                format!("{rows} of this quantity hold nothing where the others have a formula")
            }
            (SlipKind::HardTyped, true) => {
                format!("in {rows} a number stands where the others have a formula, so it does not follow the weights")
            }
            _ => format!("in {rows} the formula is not the one that the rows around it have"),
        };
        let track = case.table.tracks.iter().position(|track| match line.part {
            Part::Update => track.update == line.base,
            Part::Weight => track.weight == line.base,
            _ => false,
        });
        let track = track.or_else(|| table.rules.iter().position(|rule| rule.gradient == Some(line.base)));
        self.blamed.extend(cells.iter().copied());
        let value = sheet.engine.number(first);
        let expected = steps.first().and_then(|&step| match line.part {
            Part::Forward => case.values.get(&table.at(line.base, step)?).copied(),
            Part::Backward | Part::Aside | Part::Given => case.by_pattern.get(&table.at(line.base, step)?).copied(),
            _ => None,
        });
        self.found.push(Finding {
            kind,
            track,
            cells,
            steps: steps.to_vec(),
            value,
            expected,
            tolerance: None,
            explanation,
            corrections,
        });
    }
}

/// Whether the gradient that an update applies is right in a step.
fn update_holds(case: &Case, base: Address, step: i64) -> bool {
    let Some(track) = case.table.tracks.iter().position(|track| track.update == base) else { return false };
    let (Some(applied), Some(estimate)) = (case.applied[track].get(&step), case.derivatives[0][track].get(&step))
    else {
        return false;
    };
    estimate.holds(*applied, case.slack(track, step))
}

/// Whether a cell that should repeat an updated weight has its value.
fn weight_repeats(sheet: &Sheet<'_>, case: &Case, line: &Line, step: i64) -> bool {
    let table = &case.table;
    let Some(track) = table.tracks.iter().find(|track| track.weight == line.base) else { return false };
    let value = |cell: Option<Address>| cell.and_then(|cell| sheet.engine.number(cell));
    let own = value(table.at(line.base, step));
    let repeats = track.update_at(step - 1).map(|update| super::tracks::origin(sheet.book, update));
    let is_same_cell = table
        .at(line.base, step)
        .map(|cell| super::tracks::origin(sheet.book, cell))
        .zip(repeats)
        .is_some_and(|(mine, other)| mine == other);
    is_same_cell && own.is_some()
}

/// Whether the formula of the other rows, written here, is the one that stands here.
fn is_the_pattern(sheet: &Sheet<'_>, case: &Case, line: &Line, step: i64) -> bool {
    let Some(cell) = case.table.at(line.base, step) else { return false };
    let own = sheet.book.formula(cell).map(|formula| text_at(&formula.node, &sheet.book.sheets, cell));
    own.is_some() && own == pattern_text(sheet.book, &case.table, line, step)
}

/// Whether the row behind the first has its number from there.
fn is_the_start(sheet: &Sheet<'_>, case: &Case, line: &Line, step: i64) -> bool {
    let table = &case.table;
    let (cell, next) = (table.at(line.base, step), table.at(line.base, step + 1));
    let refers = |cell: Address, next: Address| sheet.dependencies.needs(next).contains(&cell);
    step == table.first && cell.zip(next).is_some_and(|(cell, next)| refers(cell, next))
}

/// Whether a cell has the value that the other rows' formula gives: a number typed once that the others refer to does.
fn gives_the_same(case: &Case, line: &Line, step: i64) -> bool {
    let Some(cell) = case.table.at(line.base, step) else { return false };
    let both = case.values.get(&cell).zip(case.by_pattern.get(&cell));
    both.is_some_and(|(value, pattern)| same(*value, *pattern))
}

/// Whether every gradient that is made of a cell is right in the rows that have a formula of this kind there.
fn is_right(sheet: &Sheet<'_>, case: &Case, line: &Line, kind: &Kind) -> bool {
    let steps = line.deviants.iter().filter(|(_, other)| *other == kind).map(|(&step, _)| step);
    let verdicts: Vec<bool> = steps.filter_map(|step| gradients_hold(sheet, case, line, step)).collect();
    !verdicts.is_empty() && verdicts.into_iter().all(|holds| holds)
}

/// Whether every gradient that is made of a cell is right in the rows that have the formula of most of them.
fn holds_elsewhere(sheet: &Sheet<'_>, case: &Case, line: &Line) -> bool {
    let mut usual = case.tested.iter().filter(|step| !line.deviants.contains_key(step));
    usual.all(|&step| gradients_hold(sheet, case, line, step) != Some(false))
}

/// Whether the gradients that are made of a cell of a step are right there; `None` where none is known.
fn gradients_hold(sheet: &Sheet<'_>, case: &Case, line: &Line, step: i64) -> Option<bool> {
    let table = &case.table;
    let behind = sheet.dependencies.dependents(&[table.at(line.base, step)?], &table.weights());
    let mut verdicts = table.rules.iter().enumerate().filter_map(|(track, rule)| {
        let gradient = table.at(rule.gradient?, step).filter(|cell| behind.contains(cell))?;
        let estimate = case.derivatives[0][track].get(&step)?;
        Some(estimate.holds(*case.values.get(&gradient)?, 0.0))
    });
    let first = verdicts.next()?;
    Some(first && verdicts.all(|holds| holds))
}

/// The steps whose forward formulas are written differently and still give the same error and the same derivatives.
fn harmless_forward_rows(sheet: &Sheet<'_>, case: &Case) -> Result<BTreeSet<i64>, AuditError> {
    let table = &case.table;
    let odd: BTreeSet<i64> = case
        .lines
        .iter()
        .filter(|line| line.part == Part::Forward)
        .flat_map(|line| line.deviants.keys().copied())
        .filter(|step| case.tested.contains(step))
        .collect();
    let steps: Vec<i64> = odd.into_iter().take(64).collect();
    if steps.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut fixed: BTreeMap<Address, Content> = BTreeMap::new();
    for (track, weights) in table.tracks.iter().zip(&case.weights) {
        for (&step, &value) in weights {
            fixed.extend(track.weight_at(step).map(|cell| (cell, Content::Number(value))));
        }
    }
    let task = Task { table, steps: &steps };
    let as_written = derivatives(sheet.book, sheet.dependencies, &[task], &fixed)?;
    let mut harmless = BTreeSet::new();
    for &step in &steps {
        let forward = case.lines.iter().filter(|line| line.part == Part::Forward && line.deviants.contains_key(&step));
        let mut same_values = forward.filter_map(|line| table.at(line.base, step)).map(|cell| {
            let (written, pattern) = (sheet.engine.number(cell), case.values.get(&cell));
            written.zip(pattern).is_some_and(|(written, pattern)| same(written, *pattern))
        });
        let is_same = |track: usize| {
            let written = as_written[0][0][track].get(&step);
            let pattern = case.derivatives[0][track].get(&step);
            written.zip(pattern).is_some_and(|(written, pattern)| {
                (written.value - pattern.value).abs() <= written.tolerance() + pattern.tolerance()
            })
        };
        if same_values.all(|same| same) && (0..table.tracks.len()).all(is_same) {
            harmless.insert(step);
        }
    }
    Ok(harmless)
}
