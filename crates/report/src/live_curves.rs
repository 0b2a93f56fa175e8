//! The curves of a run that is still going on.

use longhand_training::{EpochMetrics, RunRecord};

use crate::plot::{Axis, LineChart, Picture, Series, outlines, stacked};

/// Widths of the picture for wide and for narrow screens.
const WIDE: f64 = 960.0;
const NARROW: f64 = 420.0;

/// Where a training stood after some step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepPoint {
    /// Epochs done by then; a fraction within one.
    pub epochs: f64,
    /// Mean training loss of the steps since the point before.
    pub loss: f64,
    /// The learning rate.
    pub learning_rate: f64,
}

/// Training loss by step, error rate by epoch and learning rate, over the whole length that the run will have: a piece of
/// a page, for wide and for narrow screens.
pub fn live_curves_fragment(record: &RunRecord, epochs: &[EpochMetrics], steps: &[StepPoint]) -> String {
    if steps.is_empty() && epochs.is_empty() {
        return "<p class=\"hint\">The curves begin with the first steps.</p>\n".to_owned();
    }
    let (wide, narrow) = (picture(record, epochs, steps, WIDE), picture(record, epochs, steps, NARROW));
    format!(
        "{}<figure>{}{}</figure>\n",
        outlines(&[&wide, &narrow]),
        wide.inline_svg("plot wide"),
        narrow.inline_svg("plot narrow")
    )
}

fn picture(record: &RunRecord, epochs: &[EpochMetrics], steps: &[StepPoint], width: f64) -> Picture {
    let on = record.data.evaluated_on.name();
    let chart = |x: &str, y: Axis, height: f64, series: Vec<Series>| {
        let mut axis = Axis::new(x).whole_numbers();
        axis.range = Some((0.0, record.epochs as f64));
        let mut chart = LineChart::new("", axis, y);
        (chart.width, chart.height, chart.series) = (width, height, series);
        chart
    };
    let by_epoch = |name: &str, value: &dyn Fn(&EpochMetrics) -> f64, shown: &dyn Fn(f64) -> String| {
        let points: Vec<(f64, f64)> = epochs.iter().map(|e| (e.epoch as f64, value(e))).collect();
        let remark = points.last().map_or(String::new(), |point| shown(point.1));
        Series { remark, dots: epochs.len() <= 30, ..Series::line(name, points) }
    };
    let loss_shown = |loss: f64| format!("{loss:.4}");
    let loss_by_step = steps.iter().map(|p| (p.epochs, p.loss)).collect();
    let mut losses = vec![
        by_epoch(on, &|e| e.scores.loss(), &loss_shown),
        Series {
            remark: steps.last().map_or(String::new(), |p| loss_shown(p.loss)),
            thin: true,
            ..Series::line("training", loss_by_step)
        },
    ];
    losses.retain(|series| !series.points.is_empty());
    let mut charts = vec![chart("", Axis::new("loss").logarithmic_close(), 250.0, losses)];
    if !epochs.is_empty() {
        let percent = |share: f64| format!("{share:.2} %");
        let errors = vec![
            by_epoch(on, &|e| 100.0 * (1.0 - e.scores.accuracy()), &percent),
            by_epoch("training", &|e| 100.0 * (1.0 - e.train_accuracy), &percent),
        ];
        charts.push(chart("", Axis::new("error rate, %").logarithmic_close(), 230.0, errors));
    }
    let rates: Vec<(f64, f64)> = steps.iter().map(|p| (p.epochs, p.learning_rate)).collect();
    let rate = Series {
        remark: steps.last().map_or(String::new(), |p| format!("{:.4}", p.learning_rate)),
        ..Series::line("now", rates)
    };
    charts.push(chart("epoch", Axis::new("learning rate").from_zero(), 170.0, vec![rate]));
    let mut picture = stacked(&charts);
    picture.title = format!("Loss, error rate and learning rate after {} of {} epochs", epochs.len(), record.epochs);
    picture
}
