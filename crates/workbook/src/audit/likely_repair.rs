//! Where the slip behind a wrong gradient is, and what mends it: the likeliest explanation first.

use super::address::Address;
use super::error::AuditError;
use super::formula::text_at;
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
    /// change, or its own derivative where that is written shorter.
    pub fn repair_of_helper(&mut self, track: usize, bad: &[Row]) -> Result<Option<(Address, Repair)>, AuditError> {
        let (step, rows) = (bad[0].step, spread(bad));
        for helper in self.suspects(track, bad) {
            if self.users(helper, step).len() < 2 {
                continue;
            }
            let mut found = None;
            for kind in OF_HELPERS {
                if let Some(repair) = self.change(track, helper, kind, &rows)?
                    && self.mends_several(helper, step, &repair)?
                {
                    found = Some(repair);
                    break;
                }
            }
            let derivative = match self.derivative_for(track, helper, &rows)? {
                Some(repair) if self.mends_several(helper, step, &repair)? => Some(repair),
                _ => None,
            };
            let found = match (found, derivative) {
                (Some(small), Some(derivative)) => {
                    let text = |repair: &Repair| text_at(&repair.node, &self.sheet.book.sheets, helper);
                    let (of_small, of_derivative) = (text(&small), text(&derivative));
                    // A step is 1 while the neuron is alive: without it the formula is right by chance.
                    let lacks_step = of_derivative.contains("IF(") && !of_small.contains("IF(");
                    let is_readable = of_derivative.len() <= of_small.len() + STEP;
                    let is_shorter = 4 * of_derivative.len() <= 3 * of_small.len();
                    Some(if is_shorter || lacks_step && is_readable { derivative } else { small })
                }
                (small, derivative) => small.or(derivative),
            };
            if let Some(repair) = found {
                return Ok(Some((helper, repair)));
            }
        }
        Ok(None)
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
        let trial = Trial { culprit: base, rows, ..self.trial(track) };
        let repair = search(self.sheet, &trial, kind)?;
        if repair.is_none() {
            self.failures.insert((base, kind), failures + 1);
        }
        Ok(repair)
    }
}
