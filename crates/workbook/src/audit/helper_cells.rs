//! Helper cells of the way back, such as the deltas: a slip in one makes every gradient behind it wrong.

use std::collections::BTreeSet;

use super::address::Address;
use super::engine::Content;
use super::error::AuditError;
use super::finding::{Finding, SlipKind};
use super::formula::text_at;
use super::judge::{Judge, Row};
use super::labels::label;
use super::repair::{Repair, Trial, mends, spelled, spread};
use super::table::Part;

/// The most weights that are named as having their gradients made of a helper cell.
const NAMED: usize = 4;

impl Judge<'_, '_> {
    /// Helper cells of a track's gradient that only wrong gradients use: those first that most gradients use, of these those
    /// that hold no derivative by anything in its bad rows, and then those that the others need.
    pub fn suspects(&mut self, track: usize, bad: &[Row]) -> Vec<Address> {
        let table = &self.case.table;
        let step = bad[0].step;
        let Some(gradient) = table.rules[track].gradient.and_then(|gradient| table.at(gradient, step)) else {
            return Vec::new();
        };
        let weights = table.weights();
        let is_fine = |track: usize| self.rows[track].iter().all(Row::holds);
        let trusted: Vec<Address> = (0..table.tracks.len())
            .filter(|&other| other != track && is_fine(other))
            .filter_map(|other| table.at(table.rules[other].gradient?, step))
            .collect();
        let dependencies = self.sheet.dependencies;
        let trusted = dependencies.closure(&trusted, &weights);
        let used = dependencies.closure(&[gradient], &weights);
        let mut suspects: Vec<Address> = used
            .into_iter()
            .filter(|cell| *cell != gradient && !trusted.contains(cell))
            .filter_map(|cell| cell.shifted(table.shift, table.anchor - step))
            .filter(|base| table.moving.get(base) == Some(&Part::Backward))
            .filter(|base| self.mended.iter().all(|(mended, _)| mended != base))
            .collect();
        let steps = spread(bad);
        suspects.sort_by_cached_key(|&helper| {
            let needs = table.at(helper, step).map_or(0, |cell| dependencies.closure(&[cell], &weights).len()) as i64;
            let holds = self.holds_derivative(helper, &steps);
            // Of two that hold the same derivative it is the later one that has gone no step further.
            (std::cmp::Reverse(self.users(helper, step).len()), holds, if holds { -needs } else { needs })
        });
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

    /// The slip in a helper cell, with what is behind it judged from now on as if it were mended.
    pub fn wrong_helper(
        &mut self,
        track: usize,
        helper: Address,
        bad: &[Row],
        repair: &Repair,
        done: &mut BTreeSet<usize>,
    ) -> Result<Finding, AuditError> {
        let (book, step) = (self.sheet.book, bad[0].step);
        let kind = if repair.is_sign { SlipKind::WrongSign } else { SlipKind::WrongDerivative };
        let mut finding = self.finding(kind, track, helper, bad, self.of_helper(helper, step, &repair.words));
        finding.track = Some(track).filter(|_| self.users(helper, step).len() == 1);
        finding.value = self.table().at(helper, step).and_then(|cell| self.case.values.get(&cell)).copied();
        (finding.expected, finding.tolerance) = (None, None);
        for &cell in &finding.cells {
            finding.corrections.insert(cell, Content::Formula(text_at(&repair.node, &book.sheets, cell)));
        }
        self.mended.push((helper, repair.node.clone()));
        done.insert(track);
        done.extend(self.right_behind(helper, step)?);
        Ok(finding)
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
