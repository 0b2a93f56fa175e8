//! Updates that take more off than the rate times the gradient, most of them alike: a share of the weight itself, which is
//! weight decay, or a share of what the update before took, which is momentum. Neither is a slip; the gradients are judged
//! without it.

use super::judge::{Judge, Row};
use super::loss::{self, Varying};
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
/// A share below this is rounding.
const LEAST: f64 = 1e-9;
/// So many weights with the same share, or rows, are no chance.
const SURE: usize = 3;

impl Judge<'_, '_> {
    /// Takes weight decay or momentum off what updates apply that apply no gradient alone, where most of those show the same
    /// share of it in every row.
    pub fn without_decay_or_momentum(&mut self, result: &mut Found) {
        if self.rows.iter().flatten().all(Row::holds) {
            return;
        }
        let found =
            [Besides::Decay, Besides::Momentum].into_iter().find_map(|besides| Some((besides, self.share(besides)?)));
        let Some((besides, share)) = found else { return };
        let mut count = 0;
        for track in 0..self.rows.len() {
            // Biases mostly go without.
            if self.rows[track].iter().all(Row::holds) {
                continue;
            }
            count += 1;
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
        let who = if count == self.rows.len() {
            "Every update also takes".to_owned()
        } else {
            format!("The updates of {count} of {} weights also take", self.rows.len())
        };
        result.notes.push(match besides {
            Besides::Decay => format!(
                "{who} {share} times the weight off, weight decay; the error has no term for that. The gradients were \
                 judged without it."
            ),
            Besides::Momentum => format!(
                "{who} {share} times what the update before took, momentum. The gradients were judged without it."
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

    /// The share that most weights show whose updates do not apply the gradient alone.
    fn share(&self, besides: Besides) -> Option<f64> {
        // The gradient of a penalty is no weight decay.
        if besides == Besides::Decay && self.has_penalty() {
            return None;
        }
        let odd: Vec<usize> =
            (0..self.rows.len()).filter(|&track| self.rows[track].iter().any(|row| !row.holds())).collect();
        let shares: Vec<f64> = odd.iter().filter_map(|&track| self.own_share(besides, track)).collect();
        let alike = |share: &f64| shares.iter().filter(|other| (*other / share - 1.0).abs() <= SAME_SHARE).count();
        let best = shares.iter().copied().max_by_key(|share| alike(share))?;
        let count = alike(&best);
        // Of one or two rows a single weight's share says little.
        let is_short = self.rows.iter().all(|rows| rows.len() < SURE);
        let fewest = if is_short { SURE } else { 2 };
        (count >= fewest && 2 * count > odd.len() && 4 * count >= self.rows.len()).then_some(best)
    }

    fn has_penalty(&self) -> bool {
        let table = self.table();
        let weights = table.weights();
        let error = table.at(table.error, table.first).unwrap_or(table.error);
        let own: Vec<_> = table.tracks.iter().filter_map(|track| track.weight_at(table.first)).collect();
        let mut varies = self.sheet.dependencies.dependents(&own, &weights);
        varies.extend(own);
        loss::has_penalty(self.sheet.book, Varying { cells: &varies, weights: &weights }, error)
    }

    /// The one share that explains every row of a weight, beside its derivative or beside the gradient of the sheet, which
    /// may be wrong.
    fn own_share(&self, besides: Besides, track: usize) -> Option<f64> {
        let of_derivative = |row: &Row| Some(row.estimate.value);
        let of_gradient = |row: &Row| row.gradient;
        self.share_beside(besides, track, &of_derivative).or_else(|| self.share_beside(besides, track, &of_gradient))
    }

    fn share_beside(&self, besides: Besides, track: usize, plain: &dyn Fn(&Row) -> Option<f64>) -> Option<f64> {
        let mut rows = Vec::new();
        for row in self.rows[track].iter().filter(|row| self.case.applied[track].contains_key(&row.step)) {
            if let (Some(applied), Some(more), Some(plain)) = (row.applied, self.more(besides, track, row), plain(row))
            {
                rows.push((applied - plain, more, row.estimate.tolerance() + row.slack));
            }
        }
        let &(left, more, _) = rows.iter().max_by(|x, y| (x.1.abs() / x.2).total_cmp(&(y.1.abs() / y.2)))?;
        let share = left / more;
        let is_likely = match besides {
            Besides::Decay => share > LEAST,
            Besides::Momentum => share > LEAST && share < 1.0,
        };
        let is_explained = rows.iter().all(|(left, more, tolerance)| (left - share * more).abs() <= 2.0 * tolerance);
        (share.is_finite() && is_likely && is_explained).then_some(share)
    }
}
