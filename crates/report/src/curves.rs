//! The loss curves of a worksheet: one for each learning rate, all on one picture, and what rates too large do.

use longhand_derivation::divergence::{DivergenceProbe, Run, Verdict};
use longhand_derivation::number::Shown;
use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::table::RateTable;
use longhand_derivation::worksheet::Worksheet;

use crate::description::of_network;
use crate::plot::{Axis, LineChart, Note, Palette, Series};

/// The significant digits of values in pictures.
const DIGITS: usize = 4;

/// An error so many times the first is no longer a curve to be read but one that has left the picture.
const OUT_OF_HAND: f64 = 20.0;

/// How many times the first error a picture reaches that some curve leaves.
const ROOM_ABOVE: f64 = 4.0;

/// The largest ratio between values in the picture of the probe and the first E_total.
const FARTHEST: f64 = 1e8;

/// As many rows as can be told apart at a glance.
const ROWS_OF_A_CLOSE_LOOK: usize = 40;

/// E_total against the row at one learning rate. Panics where `rate` is not a table of this worksheet.
pub fn of_rate(worksheet: &Worksheet, rate: &RateTable) -> LineChart {
    let mut chart = empty(format!("E_total at learning rate η = {}", rate.learning_rate), &worksheet.network.spec);
    let mut series = series_of(worksheet, rate);
    series.label = match rate.overflow {
        Some(_) => "numbers overflow".to_owned(),
        None => series.remark.clone(),
    };
    series.remark = format!("in row {}", rate.rows());
    if let Some(&point) = series.points.first() {
        series.notes = vec![Note { point, text: format!("{} in row 1", number(point.1)) }];
    }
    chart.series = vec![series];
    chart.y.range = range_in_hand(&chart.series);
    chart
}

/// E_total against the row at every learning rate of the worksheet, the smallest rate first.
pub fn all_rates(worksheet: &Worksheet) -> LineChart {
    let mut rates: Vec<&RateTable> = worksheet.table.rates.iter().collect();
    rates.sort_by(|a, b| a.learning_rate.total_cmp(&b.learning_rate));
    let title = if rates.len() == 1 { "E_total by row" } else { "E_total by row, for each learning rate η" };
    let mut chart = empty(title.to_owned(), &worksheet.network.spec);
    chart.series = rates.into_iter().map(|rate| series_of(worksheet, rate)).collect();
    chart.palette = Palette::Ordered;
    chart.y.range = range_in_hand(&chart.series);
    chart.height = chart.height.max(190.0 + 20.0 * chart.series.len() as f64);
    chart
}

/// What learning rates above the listed ones do: a steeper fall first, then overshoot.
pub fn divergence(worksheet: &Worksheet) -> LineChart {
    let DivergenceProbe { runs, caption, .. } = &worksheet.divergence;
    let mut chart = empty("When the learning rate is too large".to_owned(), &worksheet.network.spec);
    chart.y = Axis::new("E_total").logarithmic();
    chart.y.range = range_worth_seeing(runs);
    let rows = runs.iter().map(rows_worth_seeing).max().unwrap_or(0);
    // One line for each rate.
    chart.caption = caption.replace(" η = ", "\nη = ");
    if runs.iter().any(|run| run.errors.len() > rows) {
        chart.subtitle.push_str(&format!("; the first {rows} rows"));
    }
    chart.palette = Palette::Ordered;
    chart.series = runs
        .iter()
        .map(|run| Series {
            remark: verdict_in_words(run.verdict).to_owned(),
            ends_badly: matches!(run.verdict, Verdict::Overflows { .. }) && run.errors.len() <= rows,
            ..Series::line(
                format!("η = {}", run.learning_rate),
                numbered(run.errors.iter().take(rows).map(|&error| Some(above_zero(error)))),
            )
        })
        .collect();
    chart
}

/// A range that keeps the other curves readable where one runs away upwards.
fn range_in_hand(series: &[Series]) -> Option<(f64, f64)> {
    let finite =
        || series.iter().flat_map(|series| &series.points).map(|point| point.1).filter(|error| error.is_finite());
    let first = series.iter().filter_map(|series| series.points.first()).map(|point| point.1).fold(0.0, f64::max);
    let (lowest, highest) = finite().fold((0.0, 0.0), |(low, high), error| (error.min(low), error.max(high)));
    (first > 0.0 && highest > OUT_OF_HAND * first).then_some((lowest, ROOM_ABOVE * first))
}

/// How many rows show what a run is about: what it does to E_total happens early, and is lost in a picture of all rows.
fn rows_worth_seeing(run: &Run) -> usize {
    let first_rise = run.errors.windows(2).position(|pair| pair[1] > pair[0]);
    let event = match run.verdict {
        Verdict::Steady => 0,
        Verdict::Overshoots { row } | Verdict::Stalls { row } | Verdict::Overflows { row } => row,
        Verdict::Swings { .. } => first_rise.unwrap_or(0),
    };
    (2 * event).max(ROWS_OF_A_CLOSE_LOOK).min(run.errors.len())
}

/// A place on a logarithmic axis for an E_total that came down to 0: far below all others.
fn above_zero(error: f64) -> f64 {
    error.max(f64::MIN_POSITIVE)
}

/// A range for E_total where a run that overflows would leave no room for the others.
fn range_worth_seeing(runs: &[Run]) -> Option<(f64, f64)> {
    let values = || runs.iter().flat_map(|run| &run.errors).copied().map(above_zero);
    let first = *runs.first()?.errors.first()?;
    let (lowest, highest) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let is_wide = first > 0.0 && (highest > FARTHEST * first || lowest < first / FARTHEST);
    is_wide.then(|| (lowest.max(first / FARTHEST), highest.min(first * FARTHEST)))
}

fn verdict_in_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Steady => "falls steadily",
        Verdict::Overshoots { .. } => "overshoots",
        Verdict::Stalls { .. } => "stalls",
        Verdict::Swings { .. } => "swings",
        Verdict::Overflows { .. } => "overflows",
    }
}

fn empty(title: String, spec: &NetworkSpec) -> LineChart {
    let mut chart = LineChart::new(title, Axis::new("row").whole_numbers(), Axis::new("E_total").from_zero());
    chart.subtitle = of_network(spec);
    chart
}

fn series_of(worksheet: &Worksheet, rate: &RateTable) -> Series {
    let points = numbered(worksheet.table.errors(rate));
    let last = points.iter().rev().find(|point| point.1.is_finite()).map(|point| number(point.1));
    Series {
        remark: match rate.overflow {
            Some(overflow) => format!("overflows in row {}", overflow.row),
            None => last.unwrap_or_default(),
        },
        ends_badly: rate.overflow.is_some(),
        ..Series::line(format!("η = {}", rate.learning_rate), points)
    }
}

/// Values with their rows, from 1.
fn numbered(values: impl Iterator<Item = Option<f64>>) -> Vec<(f64, f64)> {
    values.enumerate().map(|(place, value)| ((place + 1) as f64, value.unwrap_or(f64::NAN))).collect()
}

fn number(value: f64) -> String {
    Shown::with_digits(value, DIGITS).unicode()
}
