//! `longhand runs plot`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use longhand_report::plot::{Axis, LineChart, Picture, Series};
use longhand_training::{EpochMetrics, StoredRun, write_atomically};

use super::super::Exit;
use super::readable;
use crate::printer::Printer;

/// The scale of PNG pictures: pixels a unit.
const PNG_SCALE: f64 = 2.0;

/// Draws accuracy into `out` and loss into a picture beside it.
pub fn run(folders: &[PathBuf], out: &Path) -> anyhow::Result<Exit> {
    let mut runs = readable(folders)?;
    runs.retain(|run| !run.epochs.is_empty());
    anyhow::ensure!(!runs.is_empty(), "none of these runs has an epoch done: there is nothing to draw");
    let extension = out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    anyhow::ensure!(
        ["svg", "png"].contains(&extension.as_str()),
        "{} is no name for a picture: end it in .svg or .png",
        out.display()
    );
    let on = judged_on(&runs);
    let accuracy =
        chart(&format!("Accuracy on {on} images, by epoch"), "accuracy, %", &runs, |e| e.scores.accuracy() * 100.0);
    let loss = chart(&format!("Loss on {on} images, by epoch"), "loss", &runs, |e| e.scores.loss());
    let stem = out.file_stem().and_then(|s| s.to_str()).unwrap_or("curves");
    let beside = out.with_file_name(format!("{stem}-loss.{extension}"));
    let printer = Printer::new(false);
    for (path, chart) in [(out, accuracy), (beside.as_path(), loss)] {
        write_atomically(path, &bytes(&chart.draw(), &extension))
            .with_context(|| format!("cannot write {}", path.display()))?;
        printer.line(&format!("wrote {}", path.display()));
    }
    Ok(Exit::Done)
}

fn bytes(picture: &Picture, extension: &str) -> Vec<u8> {
    if extension == "png" { picture.png(PNG_SCALE) } else { picture.svg().into_bytes() }
}

/// `test`, `validation`, or both.
fn judged_on(runs: &[StoredRun]) -> &'static str {
    let first = runs[0].record.data.evaluated_on;
    if runs.iter().all(|r| r.record.data.evaluated_on == first) { first.name() } else { "test and validation" }
}

fn chart(title: &str, y: &str, runs: &[StoredRun], of: fn(&EpochMetrics) -> f64) -> LineChart {
    let mut chart = LineChart::new(title, Axis::new("epoch").whole_numbers(), Axis::new(y));
    chart.series = runs
        .iter()
        .map(|run| {
            let points: Vec<(f64, f64)> = run.epochs.iter().map(|e| (e.epoch as f64, of(e))).collect();
            let mut series = Series::line(format!("{}, seed {}", run.group(), run.record.seed), points);
            series.dots = run.epochs.len() == 1;
            series
        })
        .collect();
    chart.height = chart.height.max(190.0 + 20.0 * chart.series.len() as f64);
    chart
}
