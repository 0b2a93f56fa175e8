//! The learning rate that the rows of a table tell where none stands above it.
//!
//! What was taken off a weight, over its gradient, is the rate, but both weights were rounded. So every step tells an
//! interval, wide where little was taken off, and the rate lies where most of the intervals meet.

use super::values_judge::GRADIENT_SAME;

/// What one step of one weight tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub taken: f64,
    pub gradient: f64,
    /// How far `taken` may be off.
    pub rounding: f64,
}

/// A learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    pub value: f64,
    /// How far it may be off, relative to it.
    pub slack: f64,
}

/// Why the rows tell no rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NoRate {
    /// Nowhere was clearly more taken off than rounding accounts for.
    TooRounded,
    /// Most of the steps agree on none.
    NoAgreement,
}

/// The rate that most of the steps agree on, of those that tell one.
pub(crate) fn told(steps: &[Step]) -> Result<Rate, NoRate> {
    let intervals: Vec<(f64, f64, Step)> = steps
        .iter()
        .filter(|step| step.gradient != 0.0 && 2.0 * step.rounding <= step.taken.abs())
        .map(|step| {
            let ratio = step.taken / step.gradient;
            let around = step.rounding / step.gradient.abs() + GRADIENT_SAME * ratio.abs();
            (ratio - around, ratio + around, *step)
        })
        .filter(|(low, high, _)| low.is_finite() && high.is_finite())
        .collect();
    if intervals.is_empty() {
        return Err(NoRate::TooRounded);
    }
    let (low, high) = most_met(&intervals);
    let agreeing: Vec<Step> =
        intervals.iter().filter(|(from, to, _)| *from <= low && high <= *to).map(|(.., step)| *step).collect();
    if 2 * agreeing.len() <= intervals.len() {
        return Err(NoRate::NoAgreement);
    }
    // Least squares, each step in units of its own rounding; the slack is for the case that all are off to one side.
    let (mut with_taken, mut with_itself, mut off) = (0.0, 0.0, 0.0);
    for Step { taken, gradient, rounding } in agreeing {
        let (taken, gradient) = (taken / rounding, gradient / rounding);
        with_taken += taken * gradient;
        with_itself += gradient * gradient;
        off += gradient.abs();
    }
    let value = (with_taken / with_itself).clamp(low, high);
    Ok(Rate { value, slack: off / with_itself / value.abs() })
}

/// Where most intervals meet.
fn most_met(intervals: &[(f64, f64, Step)]) -> (f64, f64) {
    let mut ends: Vec<(f64, bool)> = intervals.iter().flat_map(|&(from, to, _)| [(from, false), (to, true)]).collect();
    // Those that only touch meet as well.
    ends.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
    let (mut open, mut most, mut met) = (0usize, 0, (0.0, 0.0));
    for (place, &(at, is_end)) in ends.iter().enumerate() {
        if is_end {
            open -= 1;
            continue;
        }
        open += 1;
        if open > most {
            most = open;
            // Of the most that are open together the next end is the first: another start would make them more.
            met = (at, ends[place + 1].0);
        }
    }
    met
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(taken: f64, gradient: f64, rounding: f64) -> Step {
        Step { taken, gradient, rounding }
    }

    #[test]
    fn steps_that_rounding_swamps_tell_no_rate() {
        assert_eq!(told(&[step(0.0, 0.1, 1e-6), step(1e-6, 2e-6, 1e-6)]), Err(NoRate::TooRounded));
        // The second step alone would tell 0.3, the third 0.7; both agree with the first.
        let rate = told(&[step(0.05, 0.1, 1e-6), step(3e-6, 1e-5, 1.5e-6), step(7e-6, 1e-5, 2e-6)]).unwrap();
        assert!((rate.value - 0.5).abs() < 1e-4 && rate.slack < 1e-3, "{rate:?}");
    }

    #[test]
    fn a_minority_that_is_wrong_moves_nothing() {
        let mut steps: Vec<Step> = (1..20).map(|k| step(0.01 * f64::from(k), 0.02 * f64::from(k), 1e-9)).collect();
        steps.extend((1..15).map(|k| step(0.011 * f64::from(k), 0.02 * f64::from(k), 1e-9)));
        let rate = told(&steps).unwrap();
        assert!((rate.value - 0.5).abs() < 1e-12 && rate.slack < 1e-6, "{rate:?}");
        steps.extend((1..8).map(|k| step(0.03 * f64::from(k), 0.01 * f64::from(k), 1e-9)));
        assert_eq!(told(&steps), Err(NoRate::NoAgreement));
    }
}
