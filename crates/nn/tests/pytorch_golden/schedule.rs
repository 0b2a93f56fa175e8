//! Learning-rate schedules against PyTorch's schedulers, and the one-cycle against its formula.

use longhand_nn::{Anneal, Schedule};
use serde::Deserialize;

use crate::Case;

/// Both sides compute in double precision; PyTorch's cosine multiplies its way from epoch to epoch.
const LIMIT: f64 = 1e-14;

#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Parameters {
    StepLR {
        base: f64,
        step_size: usize,
        gamma: f64,
    },
    CosineAnnealingLR {
        base: f64,
        #[serde(rename = "T_max")]
        t_max: usize,
        eta_min: f64,
    },
    #[serde(rename = "one_cycle")]
    OneCycle {
        steps: usize,
        start: f64,
        peak: f64,
        end: f64,
        warm_up: f64,
        #[serde(default)]
        anneal: Anneal,
    },
}

pub fn check(case: &mut Case) {
    let wanted = case.f64("learning_rates").values;
    // One step an epoch: the schedulers count epochs, and for the one-cycle it makes no difference.
    let (schedule, epochs) = match case.parameters() {
        Parameters::StepLR { base, step_size, gamma } => {
            (Schedule::Step { learning_rate: base, every: step_size, factor: gamma }, wanted.len())
        }
        Parameters::CosineAnnealingLR { base, t_max, eta_min } => {
            (Schedule::Cosine { learning_rate: base, end: eta_min }, t_max)
        }
        Parameters::OneCycle { steps, start, peak, end, warm_up, anneal } => {
            (Schedule::OneCycle { learning_rate: peak, start, end, warm_up, anneal }, steps)
        }
    };
    schedule.validate().expect("sound settings");
    let found: Vec<f64> = (0..wanted.len()).map(|step| schedule.rate(step, 1, epochs)).collect();
    let name = case.path("learning_rates");
    case.differences.compare("schedule learning_rates", &name, &found, &wanted, LIMIT);
    if matches!(schedule, Schedule::Step { .. } | Schedule::Cosine { .. }) {
        // Within an epoch the rate stays.
        let in_epochs_of_three: Vec<f64> = (0..3 * wanted.len()).map(|step| schedule.rate(step, 3, epochs)).collect();
        let repeated: Vec<f64> = found.iter().flat_map(|&rate| [rate; 3]).collect();
        assert_eq!(in_epochs_of_three, repeated, "{}", case.name);
    }
}
