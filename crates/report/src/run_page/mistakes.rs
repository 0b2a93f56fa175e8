//! Every image that was not recognised.

use std::fmt::Write as _;

use longhand_training::{EvaluatedOn, Mistake};

use super::{RunReport, pixels};
use crate::words::{counted, probability, thousands, with_article};

pub(super) fn section(report: &RunReport<'_>) -> String {
    super::section("mistakes", "Every image that was not recognised", &content(report))
}

pub(super) fn content(report: &RunReport<'_>) -> String {
    let examination = report.examination;
    let errors = examination.evaluation.errors();
    let shown = examination.mistakes.len();
    let on = report.record.data.evaluated_on;
    let numbered = match on {
        EvaluatedOn::Test => "numbered from 0 in the test set",
        EvaluatedOn::Validation => "numbered from 0 in the training set, which they were held out of",
    };
    let mut html = match errors {
        0 => format!("<p>None: every {} image was recognised.</p>\n", on.name()),
        _ => format!(
            "<p class=\"hint\">{} not recognised{}, the surest mistakes first, {numbered}. Below each: what it is and what it \
             was taken for, with the probability given to either.</p>\n",
            counted(errors, &format!("{} image", on.name())),
            if shown < errors { format!("; the first {} of them are shown", thousands(shown)) } else { String::new() }
        ),
    };
    if shown > 0 {
        html.push_str("<ul class=\"mistakes\">\n");
        for mistake in &examination.mistakes {
            html.push_str(&one(mistake, examination.image_size.1));
        }
        html.push_str("</ul>\n");
    }
    html
}

fn one(mistake: &Mistake, width: usize) -> String {
    let Mistake { index, verdict, pixels } = mistake;
    let label = verdict.label;
    let taken_for = verdict.taken_for.map_or("nothing".to_owned(), |class| class.to_string());
    let mut html = String::new();
    let _ = writeln!(
        html,
        "<li><img class=\"digit\" src=\"{}\" width=\"56\" height=\"56\" alt=\"image {index}, {} taken for {taken_for}\">\
         <span>{label}\u{a0}→\u{a0}<strong>{taken_for}</strong></span><span class=\"sure\">{} → {}</span>\
         <span class=\"number\">{index}</span></li>",
        pixels::ink(width, pixels),
        with_article(label as usize),
        probability(verdict.label_log_probability),
        probability(verdict.log_probability)
    );
    html
}
