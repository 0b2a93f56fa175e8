//! A suite as one HTML file: leaderboard, accuracy against size, every curve, every run.
//!
//! No script and no request to anywhere; links lead to the reports of the runs beside the page.

mod curves;
mod leaderboard;
mod runs;
mod size;

use longhand_training::EvaluatedOn;
use longhand_training::experiment::{Leaderboard, SuiteResult};

use crate::page::{Report, escaped, report_page};
use crate::plot::{Picture, outlines};
use crate::words::counted;

/// The sections to jump to.
const LINKS: [(&str, &str); 4] =
    [("leaderboard", "leaderboard"), ("size", "accuracy against size"), ("curves", "curves"), ("runs", "runs")];

/// The page of a suite, as HTML: `leaderboard` is that of `result`. Links are as if the page lay in `folder`.
pub fn suite_page(result: &SuiteResult, leaderboard: &Leaderboard, folder: &std::path::Path) -> String {
    let (size, curves) = (size::pictures(leaderboard), curves::pictures(result, leaderboard));
    let pictures: Vec<&Picture> = size.iter().chain(&curves).flatten().collect();
    let sections = [
        outlines(&pictures),
        leaderboard::section(leaderboard),
        size::section(size.as_ref(), leaderboard),
        curves::section(curves.as_ref(), leaderboard),
        runs::section(result, leaderboard, folder),
    ];
    let about = match result.about.as_str() {
        "" => "The results of a suite of training runs",
        about => about,
    };
    let heading = escaped(&result.name);
    report_page(&Report {
        title: &format!("Suite {heading}"),
        heading: &heading,
        subtitle: &escaped(about),
        skip: "leaderboard",
        links: &LINKS,
        sections: &sections.concat(),
        foot: "Made by Longhand from the records of the runs.",
    })
}

/// On which images the runs are judged, and what their figures are good for.
fn judged_on(leaderboard: &Leaderboard) -> String {
    let data = &leaderboard.data;
    let images = data.evaluation_images();
    match data.evaluated_on {
        EvaluatedOn::Test => format!(
            "Trained on {}, judged on {}. A suite that is judged on test images must not choose among its entries.",
            counted(data.train_images, "image"),
            counted(images, "test image")
        ),
        EvaluatedOn::Validation => format!(
            "Trained on {}, judged on {}: figures to choose by. The test set was not looked at.",
            counted(data.train_images, "image"),
            counted(images, "held-out training image")
        ),
    }
}

/// The place of an entry in the suite, counted from 0.
fn place_of(result: &SuiteResult, entry: &str) -> usize {
    result.entries.iter().position(|e| e.name == entry).unwrap_or(0)
}
