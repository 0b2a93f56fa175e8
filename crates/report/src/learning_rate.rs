//! The curve of a learning-rate range test.

use longhand_derivation::number::Shown;
use longhand_training::{RateTest, RateTestEnd};

use crate::plot::{Axis, LineChart, Note, Series};

/// The loss against the learning rate, `of` saying which recipe and data, with the suggestion marked.
pub fn learning_rate_chart(test: &RateTest, of: &str) -> LineChart {
    let mut chart = LineChart::new(
        "Learning-rate range test",
        Axis::new("learning rate").logarithmic(),
        Axis::new("training loss of a step"),
    );
    chart.subtitle = of.to_owned();
    let smoothed: Vec<(f64, f64)> = test.points.iter().map(|p| (p.learning_rate, p.smoothed_loss)).collect();
    let raw = test.points.iter().map(|p| (p.learning_rate, p.loss)).collect();
    let mut curve = Series::line("smoothed", smoothed);
    curve.ends_badly = test.ended == RateTestEnd::Diverged;
    if let Some((suggestion, lowest)) = test.suggestion.zip(test.lowest) {
        let at = |rate: f64| {
            let near = |p: &&longhand_training::RatePoint| libm::log(p.learning_rate / rate).abs();
            test.points.iter().min_by(|a, b| near(a).total_cmp(&near(b))).map(|p| (p.learning_rate, p.smoothed_loss))
        };
        let note = |rate: f64, words: &str| {
            at(rate).map(|point| Note { point, text: format!("{words} {}", Shown::with_digits(rate, 2).unicode()) })
        };
        curve.notes = note(suggestion, "suggested").into_iter().chain(note(lowest, "lowest")).collect();
        chart.caption = "Suggested is a tenth of the rate at which the smoothed loss is lowest.".to_owned();
    }
    // Room for what is worth seeing: a loss that runs away would flatten the rest.
    let (first, least) = (test.points.first(), test.points.iter().map(|p| p.loss).fold(f64::INFINITY, f64::min));
    if let Some(first) = first {
        chart.y.range = Some((least.min(0.0), 1.6 * first.smoothed_loss));
    }
    chart.series = vec![Series::dots("each step", raw), curve];
    chart
}
