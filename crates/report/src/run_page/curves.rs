//! Error, loss and learning rate over the epochs.

use std::fmt::Write as _;

use longhand_derivation::number::Shown;
use longhand_training::{EpochMetrics, EvaluatedOn, Recipe, RunRecord, RunStatus};

use super::RunReport;
use crate::plot::{Axis, LineChart, Picture, Series, outlines, stacked};
use crate::words::{percent, thousands};

/// Widths of the picture for wide and for narrow screens.
const WIDE: f64 = 960.0;
const NARROW: f64 = 420.0;
/// Points of the learning rate in the picture.
const RATE_POINTS: usize = 400;

pub(super) fn section(report: &RunReport<'_>) -> String {
    if report.epochs.is_empty() {
        return super::section("curves", "Curves", "<p>There is no curve: no epoch was finished.</p>\n");
    }
    let (wide, narrow) = (picture(report, WIDE), picture(report, NARROW));
    let mut html = outlines(&[&wide, &narrow]);
    let on = report.record.data.evaluated_on.name();
    let _ = writeln!(
        html,
        "<figure>{}{}<figcaption><p>The share of images not recognised and the loss, both on logarithmic axes, and the \
         learning rate. Training figures are of the images as they were trained on, changed at random and with dropout where \
         the recipe says so, so they may lie above those of the {on} images.</p></figcaption></figure>",
        wide.inline_svg("plot wide"),
        narrow.inline_svg("plot narrow")
    );
    html.push_str(&table(report.epochs, report.record.data.evaluated_on));
    super::section("curves", "Curves", &html)
}

/// Three charts over one axis of epochs.
fn picture(report: &RunReport<'_>, width: f64) -> Picture {
    let (record, epochs) = (report.record, report.epochs);
    let on = record.data.evaluated_on.name();
    let last = epochs.last().expect("at least one epoch");
    let end = last.epoch as f64;
    let axis = |title: &str| {
        let mut axis = Axis::new(title).whole_numbers();
        axis.range = Some((0.0, end));
        axis
    };
    let chart = |x: &str, y: Axis, height: f64, series: Vec<Series>| {
        let mut chart = LineChart::new("", axis(x), y);
        (chart.width, chart.height, chart.series) = (width, height, series);
        chart
    };
    let line = |name: &str, remark: String, value: &dyn Fn(&EpochMetrics) -> f64| {
        let points = epochs.iter().map(|e| (e.epoch as f64, value(e))).collect();
        let dots = epochs.len() <= 30;
        Series { remark, dots, ..Series::line(name, points) }
    };
    let short = |loss: f64| format!("{loss:.4}");
    let diverged = record.status == RunStatus::Diverged;
    let mut judged_error =
        line(on, format!("{:.2} %", 100.0 * (1.0 - last.scores.accuracy())), &|e| 100.0 * (1.0 - e.scores.accuracy()));
    judged_error.ends_badly = diverged;
    let errors = chart(
        "",
        Axis::new("error rate, %").logarithmic_close(),
        290.0,
        vec![
            judged_error,
            line("training", format!("{:.2} %", 100.0 * (1.0 - last.train_accuracy)), &|e| {
                100.0 * (1.0 - e.train_accuracy)
            }),
        ],
    );
    let losses = chart(
        "",
        Axis::new("loss").logarithmic_close(),
        240.0,
        vec![
            line(on, short(last.scores.loss()), &|e| e.scores.loss()),
            line("training", short(last.train_loss), &|e| e.train_loss),
        ],
    );
    let rates = chart("epoch", Axis::new("learning rate").from_zero(), 200.0, vec![rate(record, last)]);
    let mut picture = stacked(&[errors, losses, rates]);
    picture.title = format!("Error rate, loss and learning rate over {} epochs", epochs.len());
    picture
}

/// The learning rate of each step, or of as many as can be seen.
fn rate(record: &RunRecord, last: &EpochMetrics) -> Series {
    let Recipe { schedule, epochs, .. } = &record.resolved_recipe;
    let steps = record.steps_per_epoch.max(1);
    let end = last.epoch * steps;
    let every = end.div_ceil(RATE_POINTS).max(1);
    let taken = (0..end).step_by(every).chain([end - 1]);
    let points = taken.map(|step| (step as f64 / steps as f64, schedule.rate(step, steps, *epochs))).collect();
    Series { remark: significant(last.learning_rate), ..Series::line("at the end", points) }
}

/// Three digits that count.
fn significant(value: f64) -> String {
    Shown::with_digits(value, 3).unicode()
}

fn table(epochs: &[EpochMetrics], on: EvaluatedOn) -> String {
    let on = on.name();
    let mut html = format!(
        "<details><summary>Epoch by epoch</summary>\n<div class=\"scroller\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Table of epochs\"><table>\n<thead><tr><th scope=\"col\">epoch</th>\
         <th scope=\"col\">learning rate</th><th scope=\"col\">training loss</th><th scope=\"col\">training accuracy</th>\
         <th scope=\"col\">{on} loss</th><th scope=\"col\">{on} accuracy</th><th scope=\"col\">{on} errors</th>\
         <th scope=\"col\">seconds</th></tr></thead>\n<tbody>\n"
    );
    for e in epochs {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{:.4}</td><td>{}</td><td>{:.4}</td><td>{}</td><td>{}</td>\
             <td>{:.2}</td></tr>",
            e.epoch,
            significant(e.learning_rate),
            e.train_loss,
            percent(e.train_accuracy),
            e.scores.loss(),
            percent(e.scores.accuracy()),
            thousands(e.scores.errors()),
            e.train_seconds
        );
    }
    html.push_str("</tbody>\n</table></div></details>\n");
    html
}
