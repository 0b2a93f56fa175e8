//! What was taken off each weight from row to row, held against its gradient times the rate.

use super::finding::SlipKind;
use super::values_network::{Numbers, unsteadiness};
use super::values_rate::{NoRate, Rate, Step, told};
use super::values_rounding::Units;

/// How far a gradient read off two weights may be from the derivation's, relative to it.
pub(crate) const GRADIENT_SAME: f64 = 1e-4;
/// The same relative to the largest gradient of its row.
const LARGEST_SAME: f64 = 1e-7;
/// A gradient so much smaller than the largest of its row counts as none.
const NO_GRADIENT: f64 = 1e-6;
/// The least that is allowed for rounding between a weight and its next value.
const LEAST_ROUNDING: f64 = 1e-9;

/// The steps of a table from each row to the next.
pub(crate) struct Steps<'a> {
    pub shape: &'a [usize],
    pub numbers: &'a Numbers,
    pub units: &'a Units,
    /// The gradients by row and weight.
    pub right: &'a [Vec<f64>],
    pub rate: Rate,
}

/// What became of one weight.
pub(crate) struct Verdict {
    /// The rows whose step to the next is wrong.
    pub wrong: Vec<usize>,
    /// The largest distance from the gradient over the one allowed there, both.
    pub worst: Option<(f64, f64)>,
    /// Whether in some row half the gradient, or twice as much, would show.
    pub is_told: bool,
}

/// The rate that the steps tell.
pub(crate) fn rate(numbers: &Numbers, units: &Units, right: &[Vec<f64>]) -> Result<Rate, NoRate> {
    let of_row = |row: usize| {
        right[row].iter().enumerate().map(move |(k, &gradient)| Step {
            taken: taken(numbers, k, row),
            gradient,
            rounding: rounding(units, k, row),
        })
    };
    told(&(0..right.len() - 1).flat_map(of_row).collect::<Vec<Step>>())
}

fn taken(numbers: &Numbers, k: usize, row: usize) -> f64 {
    numbers.weights[row][k] - numbers.weights[row + 1][k]
}

fn rounding(units: &Units, k: usize, row: usize) -> f64 {
    units.of_step(row, k).max(LEAST_ROUNDING)
}

impl Steps<'_> {
    /// The gradient that was applied.
    pub fn applied(&self, k: usize, row: usize) -> f64 {
        taken(self.numbers, k, row) / self.rate.value
    }

    /// How far it may be off from this one for rounding alone.
    fn unknown(&self, k: usize, row: usize, gradient: f64) -> f64 {
        rounding(self.units, k, row) / self.rate.value.abs() + self.rate.slack * gradient.abs()
    }

    pub fn judge(&self, k: usize) -> Verdict {
        let mut verdict = Verdict { wrong: Vec::new(), worst: None, is_told: false };
        for (row, right) in self.right.iter().enumerate().take(self.right.len() - 1) {
            let largest = right.iter().fold(0.0f64, |most, gradient| most.max(gradient.abs()));
            let own = right[k].abs();
            let unknown = self.unknown(k, row, own);
            let distance = (self.applied(k, row) - right[k]).abs();
            let mut allowed = (GRADIENT_SAME * own).max(LARGEST_SAME * largest) + unknown;
            // Only where it decides: it takes a network of its own.
            if distance > allowed {
                allowed += unsteadiness(self.shape, self.numbers, self.units, row, k);
            }
            if verdict.worst.is_none_or(|worst| distance / allowed > worst.0 / worst.1) {
                verdict.worst = Some((distance, allowed));
            }
            if distance > allowed {
                verdict.wrong.push(row);
            }
            // Of nothing there is no half: there a gradient as large as the others' would show.
            let size = if own <= NO_GRADIENT * largest { largest } else { own };
            verdict.is_told |= size == 0.0 || 2.0 * unknown < size;
        }
        verdict
    }

    /// What kind of slip it is, in a word and a sentence.
    pub fn slip(&self, k: usize, wrong: &[usize], names: &[String]) -> (SlipKind, String) {
        let others = (0..names.len()).filter(|&other| other != k);
        let nearest = others.filter_map(|other| Some((other, self.distance(k, other, wrong)?)));
        let other = nearest.min_by(|x, y| x.1.total_cmp(&y.1)).map(|(other, _)| other);
        let is_opposite = wrong.iter().all(|&row| {
            let applied = self.applied(k, row);
            (applied + self.right[row][k]).abs() <= GRADIENT_SAME * applied.abs() + self.unknown(k, row, applied)
        });
        match other {
            Some(other) => {
                (SlipKind::WrongWeight, format!("{} was updated with the gradient of {}", names[k], names[other]))
            }
            None if is_opposite => {
                (SlipKind::WrongSign, format!("{} climbed the error instead of descending it", names[k]))
            }
            None => (
                SlipKind::WrongDerivative,
                format!("what was taken off {} from row to row is not its gradient times the rate", names[k]),
            ),
        }
    }

    /// How far what was applied is from the gradient of another weight, over what is allowed; `None` where it cannot be
    /// that one, or where rounding could make anything of it.
    fn distance(&self, k: usize, other: usize, rows: &[usize]) -> Option<f64> {
        let (mut farthest, mut is_told) = (0.0f64, false);
        for &row in rows {
            let gradient = self.right[row][other];
            let unknown = self.unknown(k, row, gradient);
            let allowed = GRADIENT_SAME * gradient.abs() + unknown;
            let distance = (self.applied(k, row) - gradient).abs();
            if distance > allowed {
                return None;
            }
            farthest = farthest.max(distance / allowed);
            is_told |= 2.0 * unknown < gradient.abs();
        }
        is_told.then_some(farthest)
    }
}
