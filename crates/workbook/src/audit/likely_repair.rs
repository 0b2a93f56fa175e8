//! Where the slip behind a wrong gradient is, and what mends it: the likeliest explanation first.

use super::address::Address;
use super::error::AuditError;
use super::judge::{Judge, Row};
use super::repair::{ChangeKind, Repair, Trial, search, spread};

/// For how many gradients changes of one cell are tried without success.
const FAILURES: usize = 2;

/// What may be wrong with a helper cell. Factors and terms go before exchanges, which more often fit by chance: there are so
/// many.
const OF_HELPERS: [ChangeKind; 3] = [ChangeKind::Factor, ChangeKind::Term, ChangeKind::Exchange];

impl Judge<'_, '_> {
    /// The cell at the anchor that is to be changed for a track's gradient to be right in its bad rows, and the change.
    ///
    /// First a helper cell that makes several gradients wrong, mended by a small change or by its own derivative; then the
    /// gradient's formula itself, then any helper cell. A factor or a term of the formula itself comes last, because what
    /// a helper lacks could be put into each gradient behind it.
    pub fn likely_repair(&mut self, track: usize, bad: &[Row]) -> Result<Option<(Address, Repair)>, AuditError> {
        let (table, book) = (&self.case.table, self.sheet.book);
        let gradient = table.rules[track].gradient;
        let culprit = gradient.unwrap_or(table.tracks[track].update);
        let (step, rows) = (bad[0].step, spread(bad));
        let home = table.at(culprit, step).unwrap_or(culprit);
        let is_empty = !book.cells.contains_key(&home);
        let helpers = if gradient.is_none() || is_empty { Vec::new() } else { self.suspects(track, home, step) };
        let (of_several, of_one): (Vec<Address>, Vec<Address>) =
            helpers.into_iter().partition(|&helper| self.users(helper, step).len() > 1);
        // What mends one of several gradients may do so by chance, where the others have no slip of their own as well.
        let mut by_chance = None;
        for &helper in &of_several {
            for kind in OF_HELPERS {
                let Some(repair) = self.change(track, helper, kind, &rows)? else { continue };
                if self.mends_several(helper, step, &repair)? {
                    return Ok(Some((helper, repair)));
                }
                by_chance.get_or_insert((helper, repair));
            }
            if let Some(repair) = self.derivative_for(track, helper, &rows)?
                && self.mends_several(helper, step, &repair)?
            {
                return Ok(Some((helper, repair)));
            }
        }
        let has_formula = book.formula(home).is_some();
        let own = |kind: ChangeKind| has_formula.then_some((culprit, kind));
        let of_one = of_one.iter().flat_map(|&helper| OF_HELPERS.map(|kind| (helper, kind)));
        let last = own(ChangeKind::Factor).into_iter().chain(own(ChangeKind::Term));
        for (base, kind) in own(ChangeKind::Exchange).into_iter().chain(of_one).chain(last) {
            if let Some(repair) = self.change(track, base, kind, &rows)? {
                return Ok(Some((base, repair)));
            }
        }
        Ok(by_chance)
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
