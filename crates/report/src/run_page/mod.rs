//! The report of a training run as one HTML file: no script, no request to anywhere, readable by keyboard and on paper.
//!
//! [`run_page`] takes the record of a run and what [`longhand_training::examine`] found, plain data both, and gives the
//! page as text. Each section is a file here; `web/report` holds the frame and the style.

mod augmentation;
mod classes;
mod curves;
mod headline;
mod images_trained_on;
mod inside;
mod mistakes;
mod network;
mod network_picture;
mod pixels;
mod recipe;

use longhand_nn::Summary;
use longhand_training::{EpochMetrics, Examination, Recipe, RunRecord};

use crate::page::{Report, escaped, report_page, section};

/// The sections to jump to.
const LINKS: [(&str, &str); 8] = [
    ("curves", "curves"),
    ("classes", "classes"),
    ("mistakes", "mistakes"),
    ("network", "network"),
    ("inside", "inside"),
    ("augmentation", "augmentation"),
    ("trained-on", "trained on"),
    ("recipe", "recipe"),
];

/// The most mistakes that a report shows.
pub const MOST_MISTAKES: usize = 400;

/// What a report is made of.
#[derive(Debug)]
pub struct RunReport<'a> {
    /// `run.json`.
    pub record: &'a RunRecord,
    /// The lines of `metrics.jsonl`.
    pub epochs: &'a [EpochMetrics],
    /// The network that was kept, looked at closely.
    pub examination: &'a Examination,
    /// The recipe as it was before anything was changed for this run, where it is known.
    pub base: Option<&'a Recipe>,
}

/// The report of a run, as HTML.
///
/// # Panics
/// When the record's network cannot be built: then there was no run.
pub fn run_page(report: &RunReport<'_>) -> String {
    let summary = Summary::of(&report.record.resolved_recipe.network).expect("the network was trained");
    let sections = [
        headline::section(report, &summary),
        curves::section(report),
        classes::section(report),
        mistakes::section(report),
        network::section(&summary),
        inside::section(report),
        augmentation::section(report),
        images_trained_on::section(report),
        recipe::section(report),
    ];
    let record = report.record;
    let heading = escaped(&record.recipe);
    let subtitle = escaped(&subtitle(record));
    report_page(&Report {
        title: &format!("{heading} · {subtitle}"),
        heading: &heading,
        subtitle: &subtitle,
        skip: "result",
        links: &LINKS,
        sections: &sections.concat(),
        foot: "Made by Longhand from the record beside it: run.json, metrics.jsonl, model.safetensors.",
    })
}

/// What was taken for what, after some epoch, without a heading: for a page that has the reports' style.
pub fn classes_fragment(report: &RunReport<'_>) -> String {
    classes::content(report)
}

/// The images not recognised, after some epoch, without a heading: for a page that has the reports' style.
pub fn mistakes_fragment(report: &RunReport<'_>) -> String {
    mistakes::content(report)
}

/// What run it is: of what suite, from what seed, when.
fn subtitle(record: &RunRecord) -> String {
    let of = match (&record.suite, &record.entry) {
        (Some(suite), Some(entry)) => format!(" of entry {entry} of suite {suite}"),
        _ => String::new(),
    };
    let day = record.started.get(..10).unwrap_or(&record.started);
    format!("Report of a training run{of}, from seed {}, {day}", record.seed)
}
