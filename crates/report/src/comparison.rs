//! Curves of several runs in one picture.

use longhand_training::{EpochMetrics, StoredRun};

use crate::plot::{Axis, LineChart, Series, outlines};

/// Widths of the pictures in a page, for wide and for narrow screens.
const WIDE: f64 = 960.0;
const NARROW: f64 = 420.0;

/// Accuracy by epoch, on the images that each run was judged on.
pub fn accuracy_chart(runs: &[StoredRun]) -> LineChart {
    let on = judged_on(runs);
    let title = format!("Accuracy on {on} images, by epoch");
    chart(&title, Axis::new("accuracy, %"), runs, |e| e.scores.accuracy() * 100.0)
}

/// Loss by epoch, on the images that each run was judged on.
pub fn loss_chart(runs: &[StoredRun]) -> LineChart {
    let title = format!("Loss on {} images, by epoch", judged_on(runs));
    chart(&title, Axis::new("loss"), runs, |e| e.scores.loss())
}

/// Both pictures as a piece of a page, for wide and for narrow screens; error rates instead of accuracies, on a
/// logarithmic axis, since the last tenths of a percent are what is compared.
pub fn comparison_fragment(runs: &[StoredRun]) -> String {
    let on = judged_on(runs);
    let drawn = |width: f64| {
        let error = chart(
            &format!("Error rate on {on} images, by epoch"),
            Axis::new("error rate, %").logarithmic_close(),
            runs,
            |e| 100.0 * (1.0 - e.scores.accuracy()),
        );
        let loss = chart(&format!("Loss on {on} images, by epoch"), Axis::new("loss").logarithmic_close(), runs, |e| {
            e.scores.loss()
        });
        [error, loss].map(|chart| LineChart { width, height: chart.height.min(460.0), ..chart }.draw())
    };
    let (wide, narrow) = (drawn(WIDE), drawn(NARROW));
    let mut html = outlines(&wide.iter().chain(&narrow).collect::<Vec<_>>());
    for (wide, narrow) in wide.iter().zip(&narrow) {
        html.push_str("<figure>");
        html.push_str(&wide.inline_svg("plot wide"));
        html.push_str(&narrow.inline_svg("plot narrow"));
        html.push_str("</figure>\n");
    }
    html
}

/// `test`, `validation`, or both.
fn judged_on(runs: &[StoredRun]) -> &'static str {
    let mut kinds = runs.iter().map(|run| run.record.data.evaluated_on);
    match kinds.next() {
        Some(first) if kinds.all(|other| other == first) => first.name(),
        _ => "test and validation",
    }
}

fn chart(title: &str, y: Axis, runs: &[StoredRun], of: fn(&EpochMetrics) -> f64) -> LineChart {
    let mut chart = LineChart::new(title, Axis::new("epoch").whole_numbers(), y);
    let labels = labels(runs);
    chart.series = runs
        .iter()
        .zip(labels)
        .map(|(run, label)| {
            let points: Vec<(f64, f64)> = run.epochs.iter().map(|e| (e.epoch as f64, of(e))).collect();
            let mut series = Series::line(label, points);
            series.dots = run.epochs.len() == 1;
            series
        })
        .collect();
    chart.height = chart.height.max(190.0 + 20.0 * chart.series.len() as f64);
    chart
}

/// What each run is called: recipe and seed, the images where they are not the same for all, and where two share all that,
/// when it began.
fn labels(runs: &[StoredRun]) -> Vec<String> {
    let is_mixed = runs.windows(2).any(|two| two[0].record.data.name != two[1].record.data.name);
    let short = |run: &StoredRun| {
        let images = if is_mixed { format!(" on {}", run.record.data.name) } else { String::new() };
        format!("{}{images}, seed {}", run.group(), run.record.seed)
    };
    let names: Vec<String> = runs.iter().map(short).collect();
    let is_shared = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    // `2026-11-26T02:13:07Z`: the day and the second.
    let began = |run: &StoredRun| run.record.started.get(5..19).unwrap_or(&run.record.started).replace('T', " ");
    let label = |(run, name): (&StoredRun, &String)| match is_shared(name) {
        true => format!("{name}, {}", began(run)),
        false => name.clone(),
    };
    runs.iter().zip(&names).map(label).collect()
}
