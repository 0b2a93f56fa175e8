//! Which steps of a table are differentiated.

use std::collections::BTreeSet;

use super::lines::{Kind, Line};
use super::table::{Part, Table};

/// The most cells that are recalculated for the finite differences, all nudges together.
const RECALCULATION_BUDGET: usize = 300_000;
/// Nudges of one weight: three distances, both ways.
const NUDGES: usize = 6;
/// The fewest steps of a table that are differentiated, where it has as many.
const FEWEST_STEPS: usize = 8;

/// The steps to differentiate: all, or in a very long table some of them, spread evenly, with every odd row.
pub(crate) fn tested_steps(table: &Table, lines: &[Line], table_count: usize) -> Vec<i64> {
    let forward = table.moving.values().filter(|part| **part == Part::Forward).count().max(1);
    let cost = forward * table.tracks.len().max(1) * NUDGES;
    let affordable = (RECALCULATION_BUDGET / table_count.max(1) / cost).max(FEWEST_STEPS);
    let count = (table.last - table.first + 1) as usize;
    if count <= affordable {
        return table.steps().collect();
    }
    let mut steps: BTreeSet<i64> =
        (0..affordable).map(|k| table.first + (k * (count - 1) / (affordable - 1)) as i64).collect();
    // Rows that differ, and rows from which on the formula is another one.
    for line in lines {
        let mut before: Option<&Kind> = None;
        let mut odd = 0;
        for step in table.steps() {
            let kind = line.deviants.get(&step);
            if kind != before {
                steps.insert(step);
                odd += 1;
            }
            before = kind;
            if odd > 16 {
                break;
            }
        }
    }
    steps.into_iter().collect()
}
