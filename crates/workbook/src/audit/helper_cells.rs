//! Helper cells of the way back, such as the deltas: a slip in one makes every gradient behind it wrong.

use super::address::Address;
use super::error::AuditError;
use super::judge::{Judge, Row};
use super::labels::label;
use super::repair::{Repair, Trial, mends, spelled, spread};
use super::table::Part;

/// The most weights that are named as having their gradients made of a helper cell.
const NAMED: usize = 4;

impl Judge<'_, '_> {
    /// Helper cells that only wrong gradients use, those that most of them use first.
    pub fn suspects(&self, track: usize, gradient: Address, step: i64) -> Vec<Address> {
        let table = self.table();
        let weights = table.weights();
        let is_fine = |track: usize| self.rows[track].iter().all(Row::holds);
        let trusted: Vec<Address> = (0..table.tracks.len())
            .filter(|&other| other != track && is_fine(other))
            .filter_map(|other| table.at(table.rules[other].gradient?, step))
            .collect();
        let trusted = self.sheet.dependencies.closure(&trusted, &weights);
        let used = self.sheet.dependencies.closure(&[gradient], &weights);
        let mut suspects: Vec<Address> = used
            .into_iter()
            .filter(|cell| *cell != gradient && !trusted.contains(cell))
            .filter_map(|cell| cell.shifted(table.shift, table.anchor - step))
            .filter(|base| table.moving.get(base) == Some(&Part::Backward))
            .collect();
        suspects.sort_by_cached_key(|&helper| std::cmp::Reverse(self.users(helper, step).len()));
        suspects
    }

    /// The tracks whose gradients use a helper cell.
    pub fn users(&self, helper: Address, step: i64) -> Vec<usize> {
        let table = self.table();
        let weights = table.weights();
        let Some(helper) = table.at(helper, step) else { return Vec::new() };
        let uses = |track: &usize| {
            let gradient = table.rules[*track].gradient.and_then(|gradient| table.at(gradient, step));
            gradient.is_some_and(|gradient| self.sheet.dependencies.closure(&[gradient], &weights).contains(&helper))
        };
        (0..table.tracks.len()).filter(uses).collect()
    }

    /// Whether a change of a helper cell makes several gradients right.
    pub fn mends_several(&mut self, helper: Address, step: i64, repair: &Repair) -> Result<bool, AuditError> {
        self.mended.push((helper, repair.node.clone()));
        let right = self.right_behind(helper, step);
        self.mended.pop();
        Ok(right?.len() > 1)
    }

    /// The tracks whose gradients use a helper cell and are right with what was found to belong there.
    pub fn right_behind(&self, helper: Address, step: i64) -> Result<Vec<usize>, AuditError> {
        let mut right = Vec::new();
        for track in self.users(helper, step) {
            let bad: Vec<Row> = self.rows[track].iter().filter(|row| !row.holds()).copied().collect();
            let Some(gradient) = self.table().rules[track].gradient else { continue };
            let rows = spread(&bad);
            let trial = Trial { culprit: gradient, rows: &rows, ..self.trial(track) };
            if mends(self.sheet, &trial)? {
                right.push(track);
            }
        }
        Ok(right)
    }

    /// What is wrong with a helper cell, in a sentence.
    pub fn of_helper(&self, helper: Address, step: i64, words: &str) -> String {
        let (book, table) = (self.sheet.book, self.table());
        let cell = spelled(book, table, table.at(helper, step).unwrap_or(helper), step);
        let names: Vec<String> =
            self.users(helper, step).into_iter().map(|track| label(book, table, table.tracks[track].weight)).collect();
        let gradients = match names.as_slice() {
            [] => return format!("the formula in {cell} is wrong: {words}"),
            [one] => format!("the gradient of {one} that is"),
            [first @ .., last] if names.len() <= NAMED => {
                format!("the gradients of {} and {last} that are", first.join(", "))
            }
            _ => {
                format!(
                    "the gradients of {} and {} other weights that are",
                    names[..NAMED].join(", "),
                    names.len() - NAMED
                )
            }
        };
        format!("the formula in {cell} is wrong, and with it {gradients} made of it: {words}")
    }
}
