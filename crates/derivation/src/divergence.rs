//! What a learning rate that is too large does: a search upwards from the largest listed rate.
//!
//! Gradient descent *overshoots* in a step when the gradient after it points against the gradient before it: the step
//! went past the lowest point in its own direction. It *stalls* when that leaves E_total high for good. It *swings* when
//! E_total rises again and again, and *overflows* when numbers leave the range of double precision. The search tries the
//! usual round rates, 24 to a decade (fewer for a very large network), and keeps one run of each kind for a picture.

use std::mem::discriminant;

use crate::columns::{Column, Group};
use crate::network::Network;
use crate::number::Shown;
use crate::spec::MAGNITUDE_LIMIT;
use crate::table::{RateTable, Trainer};

/// Twenty-four round steps of a decade, each about a tenth more than the one before.
const STEPS: [u32; 24] =
    [10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91];

/// How many times E_total must rise for a run to count as swinging.
const RISES_OF_A_SWING: usize = 3;

/// The most operations that the search may take, about a third of a second.
const MOST_OPERATIONS: usize = 50_000_000;

/// The most rows that one run of the search has.
const ROWS_OF_A_RUN: usize = 181;

/// With fewer rows than this nothing is said to have come to rest.
const ROWS_TO_REST: usize = 20;

/// A rise smaller than this part of E_total is rounding, no rise.
const SMALLEST_RISE: f64 = 1e-9;

/// What happened at one learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Verdict {
    /// E_total fell, and no step went past the lowest point in its direction.
    Steady,
    /// The step that led to this row (from 2) was the first to go past the lowest point in its direction.
    Overshoots {
        /// The row.
        row: usize,
    },
    /// The step that led to this row went past the lowest point, and E_total stayed above half of what it was at first:
    /// the neurons were thrown to where their activation is flat.
    Stalls {
        /// The row.
        row: usize,
    },
    /// E_total rose so many times.
    Swings {
        /// How many times.
        rises: usize,
    },
    /// Numbers left the range of double precision in this row.
    Overflows {
        /// The row.
        row: usize,
    },
}

/// E_total row by row at one learning rate.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Run {
    /// The learning rate.
    pub learning_rate: f64,
    /// What happened.
    pub verdict: Verdict,
    /// E_total from row 1 on; shorter than the table where it overflowed.
    pub errors: Vec<f64>,
}

/// The outcome of the search.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DivergenceProbe {
    /// Runs worth drawing, by rising rate: the largest listed rate, the largest steady rate that was tried, then the
    /// first rate of each other kind, as far as they were found.
    pub runs: Vec<Run>,
    /// How many rates were tried.
    pub tried: usize,
    /// The largest rate that was tried.
    pub largest_tried: f64,
    /// What the picture shows, in words.
    pub caption: String,
}

impl DivergenceProbe {
    /// Searches upwards from the largest learning rate of the network's description, to the first overflow or to
    /// [`MAGNITUDE_LIMIT`].
    pub fn search(network: &Network) -> Self {
        let mut columns = vec![Column { name: String::new(), node: network.total_error, group: Group::Error }];
        columns.extend(network.parameters.iter().map(|parameter| Column {
            name: String::new(),
            node: parameter.gradient,
            group: Group::Gradient,
        }));
        let trainer = Trainer::new(network, &columns);
        let rows = network.spec.rows.min(ROWS_OF_A_RUN);
        let listed = network.spec.learning_rates.iter().copied().fold(0.0, f64::max);

        let mut runs = vec![judge(&trainer.run(listed, rows))];
        let mut largest_steady: Option<Run> = None;
        let (mut tried, mut largest_tried) = (1, listed);
        let rates: Vec<f64> = round_rates_above(listed).collect();
        // A very large network is searched in larger strides.
        let work = rates.len() * rows * trainer.operations();
        for &rate in rates.iter().step_by(work.div_ceil(MOST_OPERATIONS).max(1)) {
            if runs.iter().any(|run| matches!(run.verdict, Verdict::Overflows { .. })) {
                break;
            }
            let run = judge(&trainer.run(rate, rows));
            (tried, largest_tried) = (tried + 1, rate);
            let is_new_kind = runs.iter().all(|known| discriminant(&known.verdict) != discriminant(&run.verdict));
            if is_new_kind {
                runs.extend(largest_steady.take());
                runs.push(run);
            } else if runs.len() == 1 {
                largest_steady = Some(run).filter(|run| run.verdict == Verdict::Steady);
            }
        }
        runs.extend(largest_steady);
        let caption = caption(&runs, largest_tried);
        DivergenceProbe { runs, tried, largest_tried, caption }
    }
}

/// The round rates above `start`, up to the limit.
fn round_rates_above(start: f64) -> impl Iterator<Item = f64> {
    // Read as decimals, so that each is the double nearest to the round number.
    let decades = (-9..7).flat_map(|decade| STEPS.map(|step| format!("{step}e{decade}")));
    let rates = decades.map(|text| text.parse::<f64>().expect("a decimal number"));
    rates.filter(move |rate| *rate > start && *rate <= MAGNITUDE_LIMIT)
}

/// Reads the verdict off a run whose first column is E_total and whose others are the gradients.
fn judge(table: &RateTable) -> Run {
    let rows = 1..=table.rows();
    let errors: Vec<f64> = rows.clone().filter_map(|row| table.cell(row, 0)).collect();
    let rises = errors.windows(2).filter(|pair| pair[1] > pair[0] * (1.0 + SMALLEST_RISE)).count();
    let turned = rows.skip(1).find(|&row| {
        let (before, after) = (&table.row(row - 1)[1..], &table.row(row)[1..]);
        before.iter().zip(after).map(|(before, after)| before * after).sum::<f64>() < 0.0
    });
    let verdict = match (table.overflow, rises, turned) {
        (Some(overflow), _, _) => Verdict::Overflows { row: overflow.row },
        (None, rises, _) if rises >= RISES_OF_A_SWING => Verdict::Swings { rises },
        (None, _, Some(row)) if is_stuck(&errors) => Verdict::Stalls { row },
        (None, _, Some(row)) => Verdict::Overshoots { row },
        (None, _, None) => Verdict::Steady,
    };
    Run { learning_rate: table.learning_rate, verdict, errors }
}

/// Whether E_total came to rest without having come down by half.
fn is_stuck(errors: &[f64]) -> bool {
    let (Some(first), Some(last)) = (errors.first(), errors.last()) else { return false };
    let late = &errors[errors.len() / 2..];
    let at_rest = late.iter().all(|error| (error - last).abs() <= 0.01 * last);
    errors.len() >= ROWS_TO_REST && at_rest && *last > 0.5 * first
}

fn caption(runs: &[Run], largest_tried: f64) -> String {
    let number = |value: f64| Shown::with_digits(value, 3).unicode();
    let mut sentences =
        vec!["A larger learning rate falls more steeply at first; past a point it overshoots.".to_owned()];
    for run in runs {
        let first = run.errors.first().copied().unwrap_or(f64::NAN);
        let second = run.errors.get(1).copied();
        let last = run.errors.last().copied().unwrap_or(f64::NAN);
        let rate = run.learning_rate;
        let step = match second {
            Some(second) => format!("one step takes E_total from {} to {}", number(first), number(second)),
            None => format!("E_total starts at {}", number(first)),
        };
        let rows = run.errors.len();
        sentences.push(match run.verdict {
            Verdict::Steady => format!("η = {rate}: {step}, and row {rows} has {}.", number(last)),
            Verdict::Overshoots { row } => format!(
                "η = {rate}: {step}; the step to row {row} goes past the lowest point in its direction, and row {rows} \
                 has {}.",
                number(last)
            ),
            Verdict::Stalls { row } => format!(
                "η = {rate}: {step}; the step to row {row} goes so far past that the neurons stop answering, and row \
                 {rows} still has {}.",
                number(last)
            ),
            Verdict::Swings { rises } => {
                format!("η = {rate}: {step}; E_total rises in {rises} of {} steps instead of falling.", rows - 1)
            }
            Verdict::Overflows { row } => {
                format!("η = {rate}: {step}; by row {row} the numbers are too large for double precision.")
            }
        });
    }
    if runs.iter().all(|run| run.verdict == Verdict::Steady) {
        sentences.push(format!("No rate up to {largest_tried} overshoots."));
    }
    sentences.join(" ")
}
