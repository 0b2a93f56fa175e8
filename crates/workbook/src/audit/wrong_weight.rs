//! A weight that is updated with the gradient of another.

use super::address::Address;
use super::finding::{Finding, SlipKind};
use super::formula::{text_at, with_references};
use super::judge::{Judge, Row};
use super::labels::label;
use super::table::Part;

impl Judge<'_, '_> {
    /// An update that takes what is the gradient of another weight.
    pub fn wrong_weight(&mut self, track: usize, bad: &[Row], name: &str) -> Option<Finding> {
        let table = &self.case.table;
        let updated: Vec<&Row> = bad.iter().filter(|row| row.applied.is_some()).collect();
        if updated.is_empty() {
            return None;
        }
        let other = (0..table.tracks.len()).filter(|&other| other != track).find(|&other| {
            updated.iter().all(|row| {
                let estimate =
                    self.rows[other].iter().find(|candidate| candidate.step == row.step).map(|row| row.estimate);
                estimate.zip(row.applied).is_some_and(|(estimate, applied)| estimate.holds(applied, row.slack))
            })
        })?;
        let taken = table.rules[track].gradient?;
        let right = self.right_cell(track, bad);
        let is_shared = table.rules[other].gradient == Some(taken);
        if !is_shared && right.is_none() || self.is_own_column(track, taken, right, bad[0].step) {
            return None;
        }
        let book = self.sheet.book;
        let step = bad[0].step;
        let other_name = label(book, table, table.tracks[other].weight);
        let at = |base: Address| table.at(base, step).map(Address::a1).unwrap_or_default();
        let explanation = match right {
            Some(right) => format!(
                "{name} is updated with the gradient of {other_name} ({}); its own gradient stands in {}",
                at(taken),
                at(right)
            ),
            None => format!(
                "{name} is updated with the gradient of {other_name} ({}); it has no gradient of its own",
                at(taken)
            ),
        };
        Some(self.update_finding(SlipKind::WrongWeight, track, bad, explanation, &mut |judge, step| {
            let table = judge.table();
            let update = table.tracks[track].update_at(step)?;
            match right {
                Some(right) => {
                    let (from, to) = (table.at(taken, step)?, table.at(right, step)?);
                    let formula = judge.sheet.book.formula(update)?;
                    let mut is_found = false;
                    let node = with_references(&formula.node, update, &mut |_, cell| {
                        is_found |= cell == from;
                        (cell == from).then_some(to)
                    });
                    if is_found && to.sheet == from.sheet {
                        return Some(text_at(&node, &judge.sheet.book.sheets, update));
                    }
                    let to = judge.reference(to, update.sheet);
                    judge.update_from(track, step, &to)
                }
                None => {
                    let derivative = judge.derived(track, step, update.sheet)?;
                    judge.update_with(track, step, &format!("({derivative})"))
                }
            }
        }))
    }

    /// Whether what an update takes is there for this weight alone, and what it should be is a helper cell that the
    /// gradients are made of: then it is the weight's own gradient, and its formula is wrong.
    fn is_own_column(&self, track: usize, taken: Address, right: Option<Address>, step: i64) -> bool {
        let table = self.table();
        let is_gradient = |base: Address| {
            table.rules.iter().enumerate().any(|(other, rule)| other != track && rule.gradient == Some(base))
        };
        let is_helper =
            |base: Address| !is_gradient(base) && self.users(base, step).iter().any(|&other| other != track);
        right.is_some_and(is_helper) && !is_gradient(taken) && self.users(taken, step) == [track]
    }

    /// A cell of the row that does hold the right derivative.
    fn right_cell(&self, track: usize, bad: &[Row]) -> Option<Address> {
        let table = self.table();
        let bases = table.moving.iter().filter(|(_, part)| matches!(part, Part::Aside | Part::Backward));
        let is_taken = |base: Address| {
            table.rules.iter().enumerate().any(|(other, rule)| other != track && rule.gradient == Some(base))
        };
        let holds = |base: Address| {
            bad.iter().all(|row| {
                let value = table.at(base, row.step).and_then(|cell| self.case.values.get(&cell));
                value.is_some_and(|value| row.estimate.holds(*value, 0.0))
            })
        };
        let mut found: Vec<Address> = bases.map(|(&base, _)| base).filter(|&base| holds(base)).collect();
        found.sort_by_key(|&base| is_taken(base));
        found.first().copied()
    }
}
