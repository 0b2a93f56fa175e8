//! Inputs, targets and rates that should stay as they are and do not: a series dragged down (.05, .0500000000000005),
//! one cell typed over.

use std::collections::BTreeSet;

use super::address::Address;
use super::engine::Content;
use super::examine::{Case, Sheet};
use super::finding::{Finding, SlipKind};
use super::labels::label;
use super::rows::Found;
use super::table::Part;

/// Changes below this, relative, are nobody's intention.
const TINY: f64 = 1e-6;
/// The fewest rows from which a steady change can be told.
const SERIES: usize = 3;

/// A given number down the rows: step, cell, value.
type Values = Vec<(i64, Address, f64)>;

/// How a given number behaves down the rows.
#[derive(Debug, PartialEq)]
enum Course {
    Steady,
    /// From this place on it is not what it was, by a series or by rounding.
    Drifts(usize),
    /// These places alone differ from all others.
    Odd(Vec<usize>),
    /// It changes as if it were meant to.
    Varies,
}

/// The given numbers of a table that change.
/// Cells in `blamed` were found wrong already.
pub(crate) fn findings(sheet: &Sheet<'_>, case: &Case, blamed: &BTreeSet<Address>) -> Found {
    let table = &case.table;
    let mut result = Found::default();
    let mut courses: Vec<(Address, Values, Course)> = Vec::new();
    // A weight that the error leaves out is trained all the same.
    let is_idle = |base: Address| table.idle.iter().any(|track| track.weight_at(table.anchor) == Some(base));
    let given = table.moving.iter().filter(|(base, part)| **part == Part::Given && !is_idle(**base));
    for (&base, _) in given {
        let cells: Vec<(i64, Address)> =
            (table.first..=table.sheet_last).filter_map(|step| Some((step, table.at(base, step)?))).collect();
        let is_number = |cell: Address| sheet.book.cells.contains_key(&cell) && sheet.engine.number(cell).is_some();
        let missing = cells.iter().filter(|(_, cell)| !is_number(*cell)).count();
        if cells.first().is_some_and(|(_, cell)| is_number(*cell)) && 2 * missing > cells.len() {
            continue;
        }
        let values: Values = cells
            .into_iter()
            .filter(|(_, cell)| is_number(*cell) && !blamed.contains(cell))
            .filter_map(|(step, cell)| Some((step, cell, sheet.engine.number(cell)?)))
            .collect();
        let course = course(&values.iter().map(|entry| entry.2).collect::<Vec<_>>());
        courses.push((base, values, course));
    }
    let varying = courses.iter().filter(|(_, values, course)| *course != Course::Steady && !is_tiny(values)).count();
    let is_many_samples = 2 * varying > courses.len() && varying > 1;
    for (base, values, course) in courses {
        let name = label(sheet.book, table, base);
        let is_formula = values.iter().skip(1).any(|(_, cell, _)| sheet.book.formula(*cell).is_some());
        let start = values.first().map_or(0.0, |entry| entry.2);
        let (places, words): (Vec<usize>, String) = match course {
            Course::Steady => continue,
            Course::Drifts(from) if is_tiny(&values) || (!is_formula && !is_many_samples) => {
                let last = values.last().map_or(start, |entry| entry.2);
                (
                    (from..values.len()).collect(),
                    format!(
                        "{name} drifts from {start} to {last} down the rows, as a dragged series does; it should stay {start}"
                    ),
                )
            }
            Course::Odd(places) if !is_formula && !is_many_samples => {
                let odd = values[places[0]].2;
                let usual = values[(0..values.len()).find(|place| !places.contains(place)).unwrap_or(0)].2;
                (places, format!("{name} is {odd} here and {usual} in all other rows"))
            }
            _ => {
                result.notes.push(format!("{name} changes from row to row; this is taken to be meant."));
                continue;
            }
        };
        let usual = values[(0..values.len()).find(|place| !places.contains(place)).unwrap_or(0)].2;
        let chosen: Vec<&(i64, Address, f64)> = places.iter().map(|&place| &values[place]).collect();
        result.found.push(Finding {
            kind: SlipKind::Drift,
            track: None,
            cells: chosen.iter().map(|entry| entry.1).collect(),
            steps: chosen.iter().map(|entry| entry.0).collect(),
            value: chosen.first().map(|entry| entry.2),
            expected: Some(usual),
            tolerance: None,
            explanation: words,
            corrections: chosen.iter().map(|entry| (entry.1, Content::Number(usual))).collect(),
        });
    }
    result
}

fn is_tiny(values: &[(i64, Address, f64)]) -> bool {
    let first = values.first().map_or(0.0, |entry| entry.2);
    values.iter().all(|entry| (entry.2 - first).abs() <= TINY * first.abs())
}

fn course(values: &[f64]) -> Course {
    let Some(&first) = values.first() else { return Course::Steady };
    let changed: Vec<usize> = (1..values.len()).filter(|&place| values[place] != values[place - 1]).collect();
    let Some(&from) = changed.first() else { return Course::Steady };
    let differing: Vec<usize> = (0..values.len()).filter(|&place| values[place] != first).collect();
    let tiny = differing.iter().all(|&place| (values[place] - first).abs() <= TINY * first.abs());
    let second = values[1.min(values.len() - 1)];
    // The first row alone may be the odd one.
    if values.len() > 3 && values[1..].iter().all(|value| *value == second) {
        return Course::Odd(vec![0]);
    }
    if 4 * differing.len() <= values.len() && !tiny && *differing.last().expect("not empty") + 1 < values.len() {
        return Course::Odd(differing);
    }
    if tiny {
        return Course::Drifts(from);
    }
    // A steady difference from some row on, right to the end.
    let steps: Vec<f64> = (from..values.len()).map(|place| values[place] - values[place - 1]).collect();
    let steady = steps.len() >= SERIES && steps.iter().all(|step| (step - steps[0]).abs() <= 1e-6 * steps[0].abs());
    if steady {
        return Course::Drifts(from);
    }
    if differing.len() == 1 {
        return Course::Odd(differing);
    }
    Course::Varies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courses_are_told_apart() {
        assert_eq!(course(&[0.05; 9]), Course::Steady);
        assert_eq!(course(&[0.05, 0.05, 0.050_000_000_000_000_5, 0.050_000_000_000_001]), Course::Drifts(2));
        assert_eq!(course(&[0.5, 1.5, 2.5, 3.5, 4.5]), Course::Drifts(1));
        assert_eq!(course(&[0.1, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1]), Course::Odd(vec![4]));
        assert_eq!(course(&[0.7, 0.1, 0.1, 0.1, 0.1]), Course::Odd(vec![0]));
        assert_eq!(course(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]), Course::Varies);
    }
}
