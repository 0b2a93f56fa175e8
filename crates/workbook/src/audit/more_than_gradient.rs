//! Updates that take more off than the rate times the gradient, all of them alike: a share of the weight itself, which is
//! weight decay, or a share of what the update before took, which is momentum. Neither is a slip; the gradients are judged
//! without it.

use super::judge::{Judge, Row};
use super::report::short;
use super::rows::Found;

/// What updates may take off besides the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Besides {
    /// λ·w: w ← w − η·(g + λ·w).
    Decay,
    /// μ times what the update before took: v ← μ·v + g, w ← w − η·v.
    Momentum,
}

/// Relative distance up to which a share is the same.
const SAME_SHARE: f64 = 1e-6;

impl Judge<'_, '_> {
    /// Takes weight decay or momentum off what the updates of all weights apply, where most of them show the same share of it
    /// in every row.
    pub fn without_decay_or_momentum(&mut self, result: &mut Found) {
        if self.rows.iter().flatten().all(Row::holds) {
            return;
        }
        let found =
            [Besides::Decay, Besides::Momentum].into_iter().find_map(|besides| Some((besides, self.share(besides)?)));
        let Some((besides, share)) = found else { return };
        for track in 0..self.rows.len() {
            for place in 0..self.rows[track].len() {
                let row = self.rows[track][place];
                let Some((applied, more)) = row.applied.zip(self.more(besides, track, &row)) else { continue };
                let without = Row { applied: Some(applied - share * more), ..row };
                // The last row has no update; there its gradient counts, which may be what the updates take or not.
                if self.case.applied[track].contains_key(&row.step) || !row.holds() && without.holds() {
                    self.rows[track][place] = without;
                }
            }
        }
        let share = short(share);
        result.notes.push(match besides {
            Besides::Decay => format!(
                "Every update also takes {share} times the weight off, weight decay; the error has no term for that. The \
                 gradients were judged without it."
            ),
            Besides::Momentum => format!(
                "Every update also takes {share} times what the update before took, momentum. The gradients were judged \
                 without it."
            ),
        });
    }

    /// What would be taken besides, for a share of 1.
    fn more(&self, besides: Besides, track: usize, row: &Row) -> Option<f64> {
        match besides {
            Besides::Decay => self.case.weights[track].get(&row.step).copied(),
            // Nothing was taken before the first row.
            Besides::Momentum => Some(self.case.applied[track].get(&(row.step - 1)).copied().unwrap_or(0.0)),
        }
    }

    /// The share that most weights show.
    fn share(&self, besides: Besides) -> Option<f64> {
        let shares: Vec<f64> = (0..self.rows.len()).filter_map(|track| self.own_share(besides, track)).collect();
        let alike = |share: &f64| shares.iter().filter(|other| (*other / share - 1.0).abs() <= SAME_SHARE).count();
        let best = shares.iter().copied().max_by_key(|share| alike(share))?;
        let count = alike(&best);
        (count > 1 && 2 * count > self.rows.len()).then_some(best)
    }

    /// The one share that explains every row of a weight.
    fn own_share(&self, besides: Besides, track: usize) -> Option<f64> {
        let mut rows = Vec::new();
        for row in self.rows[track].iter().filter(|row| self.case.applied[track].contains_key(&row.step)) {
            if let (Some(applied), Some(more)) = (row.applied, self.more(besides, track, row)) {
                rows.push((applied - row.estimate.value, more, row.estimate.tolerance() + row.slack));
            }
        }
        let &(left, more, _) = rows.iter().max_by(|x, y| (x.1.abs() / x.2).total_cmp(&(y.1.abs() / y.2)))?;
        let share = left / more;
        let is_likely = match besides {
            Besides::Decay => share > 0.0,
            Besides::Momentum => share > 0.0 && share < 1.0,
        };
        // Of one row any share would do.
        let is_explained = rows.iter().all(|(left, more, tolerance)| (left - share * more).abs() <= 2.0 * tolerance);
        (share.is_finite() && is_likely && rows.len() > 1 && is_explained).then_some(share)
    }
}
