//! Where the slip behind a wrong gradient is, and what mends it: the likeliest explanation first.

use ironcalc_base::expressions::parser::Node;

use super::address::Address;
use super::error::AuditError;
use super::formula::{references, text_at};
use super::judge::{Judge, Row};
use super::repair::{ChangeKind, Repair, Trial, search, spread};

/// For how many gradients changes of one cell are tried without success.
const FAILURES: usize = 2;
/// How much longer a formula is for the derivative of ReLU, about.
const STEP: usize = 20;

/// What may be wrong with a helper cell. Factors and terms go before exchanges, which more often fit by chance: there are so
/// many.
const OF_HELPERS: [ChangeKind; 4] = [ChangeKind::Sign, ChangeKind::Factor, ChangeKind::Term, ChangeKind::Exchange];

impl Judge<'_, '_> {
    /// The helper cell at the anchor that makes several gradients wrong, one of them a track's, and what mends it: a small
    /// change, or its own derivative where that is written shorter. Of cells that as many gradients are made of, one that a
    /// small change mends goes before one that has to be written anew, and of small changes the one that adds least.
    pub fn repair_of_helper(&mut self, track: usize, bad: &[Row]) -> Result<Option<(Address, Repair)>, AuditError> {
        let (step, rows) = (bad[0].step, spread(bad));
        let suspects: Vec<(Address, usize)> = self
            .suspects(track, bad)
            .into_iter()
            .map(|helper| (helper, self.users(helper, step).len()))
            .filter(|(_, users)| *users > 1)
            .collect();
        for alike in suspects.chunk_by(|(_, one), (_, other)| one == other) {
            let mut best: Option<(Address, Repair, i64)> = None;
            for &(helper, _) in alike {
                // What adds nothing is as small as can be.
                if best.as_ref().is_some_and(|(.., grown)| *grown <= 0) {
                    break;
                }
                let Some(small) = self.small_repair(track, helper, step, &rows)? else { continue };
                let grown = self.grown(helper, step, &small);
                if best.as_ref().is_none_or(|(.., least)| grown < *least) {
                    best = Some((helper, small, grown));
                }
            }
            if let Some((helper, small, _)) = best {
                let derivative = self.repair_by_derivative(track, helper, step, &rows)?;
                return Ok(Some((
                    helper,
                    derivative.filter(|found| self.is_better(found, &small, helper)).unwrap_or(small),
                )));
            }
            for &(helper, _) in alike {
                if let Some(repair) = self.repair_by_derivative(track, helper, step, &rows)? {
                    return Ok(Some((helper, repair)));
                }
            }
        }
        Ok(None)
    }

    /// How many references a change adds to the formula of a helper cell.
    fn grown(&self, helper: Address, step: i64, repair: &Repair) -> i64 {
        let count = |node: &Node, cell: Address| references(node, cell).len() as i64;
        let home = self.table().at(helper, step).unwrap_or(helper);
        let before = self.sheet.book.formula(home).map_or(0, |formula| count(&formula.node, home));
        count(&repair.node, home) - before
    }

    /// A small change of a helper cell that makes several gradients right.
    fn small_repair(
        &mut self,
        track: usize,
        helper: Address,
        step: i64,
        rows: &[i64],
    ) -> Result<Option<Repair>, AuditError> {
        for kind in OF_HELPERS {
            if let Some(repair) = self.change(track, helper, kind, rows)?
                && self.mends_several(helper, step, &repair)?
            {
                return Ok(Some(repair));
            }
        }
        Ok(None)
    }

    /// The derivative that belongs into a helper cell, if it makes several gradients right.
    fn repair_by_derivative(
        &mut self,
        track: usize,
        helper: Address,
        step: i64,
        rows: &[i64],
    ) -> Result<Option<Repair>, AuditError> {
        match self.derivative_for(track, helper, rows)? {
            Some(repair) if self.mends_several(helper, step, &repair)? => Ok(Some(repair)),
            _ => Ok(None),
        }
    }

    /// Whether a helper cell is better written as the derivative that it should hold than changed a little.
    fn is_better(&self, derivative: &Repair, small: &Repair, helper: Address) -> bool {
        let text = |repair: &Repair| text_at(&repair.node, &self.sheet.book.sheets, helper);
        let (of_small, of_derivative) = (text(small), text(derivative));
        // A step is 1 while the neuron is alive: without it the formula is right by chance.
        let (has_step, should_have) = (of_small.contains("IF("), of_derivative.contains("IF("));
        let is_readable = of_derivative.len() <= of_small.len() + STEP;
        let is_shorter = 4 * of_derivative.len() <= 3 * of_small.len();
        is_shorter && (should_have || !has_step) || !has_step && should_have && is_readable
    }

    /// The cell at the anchor that is to be changed for a track's gradient to be right in its bad rows, and the change, where
    /// no helper cell makes several gradients wrong: the gradient's formula itself, or a helper cell of it. A factor or a
    /// term of the formula itself comes last, because what a helper lacks could be put into the gradient behind it.
    pub fn likely_repair(&mut self, track: usize, bad: &[Row]) -> Result<Option<(Address, Repair)>, AuditError> {
        let (table, book) = (&self.case.table, self.sheet.book);
        let culprit = table.rules[track].gradient.unwrap_or(table.tracks[track].update);
        let rows = spread(bad);
        let has_formula = table.at(culprit, bad[0].step).is_some_and(|home| book.formula(home).is_some());
        let own = |kind: ChangeKind| has_formula.then_some((culprit, kind));
        let helpers = self.suspects(track, bad);
        let of_helpers = helpers.iter().flat_map(|&helper| OF_HELPERS.map(|kind| (helper, kind)));
        let last = own(ChangeKind::Factor).into_iter().chain(own(ChangeKind::Term));
        for (base, kind) in own(ChangeKind::Exchange).into_iter().chain(of_helpers).chain(last) {
            if let Some(repair) = self.change(track, base, kind, &rows)? {
                return Ok(Some((base, repair)));
            }
        }
        Ok(None)
    }

    /// A change of this kind of a cell's formula that makes a track's gradient right in these rows.
    fn change(
        &mut self,
        track: usize,
        base: Address,
        kind: ChangeKind,
        rows: &[i64],
    ) -> Result<Option<Repair>, AuditError> {
        // Each of the gradients behind a helper cell that nothing mends would take as long to find that out.
        let failures = self.failures.get(&(base, kind)).copied().unwrap_or(0);
        if failures == FAILURES {
            return Ok(None);
        }
        let other = self.other_numbers(track, rows);
        let trial = Trial { culprit: base, rows, other: other.as_ref(), ..self.trial(track) };
        let repair = search(self.sheet, &trial, kind)?;
        if repair.is_none() {
            self.failures.insert((base, kind), failures + 1);
        }
        Ok(repair)
    }
}
