//! The learning rate of every step.

use serde::{Deserialize, Serialize};

/// How the learning rate moves. `learning_rate` is the base or peak rate in all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// The same throughout.
    Constant {
        /// The rate.
        learning_rate: f64,
    },
    /// Multiplied by `factor` every `every` epochs (PyTorch's `StepLR`).
    Step {
        /// The rate of the first epochs.
        learning_rate: f64,
        /// Epochs between steps.
        every: usize,
        /// What each step multiplies by.
        factor: f64,
    },
    /// Up linearly from `start` to `learning_rate` over the first `warm_up` of the steps, then down to `end`, linearly or
    /// along half a cosine (Smith and Topin 2018, "Super-convergence"; Loshchilov and Hutter 2017, "SGDR").
    OneCycle {
        /// The rate at the top.
        learning_rate: f64,
        /// The rate of the first step.
        start: f64,
        /// The rate of the last step.
        end: f64,
        /// The share of the steps on the way up.
        warm_up: f64,
        /// The shape of the way down.
        #[serde(default)]
        anneal: Anneal,
    },
    /// Half a cosine from `learning_rate` down to `end`, per epoch (PyTorch's `CosineAnnealingLR`).
    Cosine {
        /// The rate of the first epoch.
        learning_rate: f64,
        /// The rate approached at the end.
        #[serde(default)]
        end: f64,
    },
}

/// The shape of a one-cycle's way down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anneal {
    /// A straight line.
    #[default]
    Linear,
    /// Half a cosine: slow to leave the top, slow to arrive.
    Cosine,
}

/// A schedule with a number in it that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key} = {found} cannot be: it must be {range}")]
pub struct ScheduleError {
    /// The key at fault.
    pub key: &'static str,
    /// The number found.
    pub found: f64,
    /// What it may be.
    pub range: &'static str,
}

impl Schedule {
    /// The base or peak learning rate.
    pub fn learning_rate(&self) -> f64 {
        match *self {
            Schedule::Constant { learning_rate }
            | Schedule::Step { learning_rate, .. }
            | Schedule::OneCycle { learning_rate, .. }
            | Schedule::Cosine { learning_rate, .. } => learning_rate,
        }
    }

    /// Checks every number.
    ///
    /// # Errors
    /// The first number that cannot be.
    pub fn validate(&self) -> Result<(), ScheduleError> {
        let rate = |key, found: f64| {
            let ok = (0.0..=1e3).contains(&found);
            if ok { Ok(()) } else { Err(ScheduleError { key, found, range: "a number from 0 to 1000" }) }
        };
        rate("learning_rate", self.learning_rate())?;
        match *self {
            Schedule::Constant { .. } => Ok(()),
            Schedule::Step { every, factor, .. } => {
                if every == 0 {
                    return Err(ScheduleError { key: "every", found: 0.0, range: "at least 1 epoch" });
                }
                rate("factor", factor)
            }
            Schedule::OneCycle { start, end, warm_up, .. } => {
                rate("start", start)?;
                rate("end", end)?;
                let ok = (0.0..=1.0).contains(&warm_up);
                if ok { Ok(()) } else { Err(ScheduleError { key: "warm_up", found: warm_up, range: "from 0 to 1" }) }
            }
            Schedule::Cosine { end, .. } => rate("end", end),
        }
    }

    /// The rate of step `step` (counted from 0 over the whole run) of `steps_per_epoch · epochs`.
    pub fn rate(&self, step: usize, steps_per_epoch: usize, epochs: usize) -> f64 {
        let epoch = step / steps_per_epoch.max(1);
        match *self {
            Schedule::Constant { learning_rate } => learning_rate,
            Schedule::Step { learning_rate, every, factor } => {
                // A product, not a power: powers differ between platforms.
                (0..epoch / every.max(1)).fold(learning_rate, |rate, _| rate * factor)
            }
            Schedule::OneCycle { learning_rate, start, end, warm_up, anneal } => {
                let steps = (steps_per_epoch * epochs) as f64;
                let (t, top) = (step as f64, warm_up * steps);
                if t < top {
                    start + (learning_rate - start) * (t / top)
                } else {
                    let way_down = steps - 1.0 - top;
                    let share = if way_down > 0.0 { ((t - top) / way_down).min(1.0) } else { 1.0 };
                    match anneal {
                        Anneal::Linear => learning_rate + (end - learning_rate) * share,
                        Anneal::Cosine => half_cosine(learning_rate, end, share),
                    }
                }
            }
            Schedule::Cosine { learning_rate, end } => {
                // Not `half_cosine`, which divides first: old recipes keep their bits.
                let angle = std::f64::consts::PI * epoch as f64 / epochs.max(1) as f64;
                end + (learning_rate - end) * 0.5 * (1.0 + libm::cos(angle))
            }
        }
    }
}

/// Half a cosine from `top` to `end`, `share` of the way.
fn half_cosine(top: f64, end: f64, share: f64) -> f64 {
    end + (top - end) * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cycle_starts_peaks_and_ends_where_it_says() {
        for anneal in [Anneal::Linear, Anneal::Cosine] {
            let s = Schedule::OneCycle { learning_rate: 0.1, start: 0.01, end: 1e-4, warm_up: 0.25, anneal };
            let rates: Vec<f64> = (0..100).map(|t| s.rate(t, 10, 10)).collect();
            assert_eq!(rates[0], 0.01);
            assert_eq!(rates[25], 0.1);
            assert!((rates[99] - 1e-4).abs() < 1e-15);
            assert!(rates[..26].is_sorted() && rates[25..].is_sorted_by(|a, b| a >= b));
            // Half way down both are half way; before that the cosine is the higher.
            assert!((rates[62] - 0.05005).abs() < 1e-12);
            assert!(anneal == Anneal::Linear || rates[40] > 0.1 - (0.1 - 1e-4) * (40.0 - 25.0) / 74.0 + 1e-3);
        }
    }

    #[test]
    fn numbers_that_cannot_be_are_named() {
        let bad = Schedule::Constant { learning_rate: f64::NAN };
        assert_eq!(bad.validate().unwrap_err().key, "learning_rate");
        let bad = Schedule::Step { learning_rate: 0.1, every: 0, factor: 0.1 };
        assert_eq!(bad.validate().unwrap_err().key, "every");
    }
}
