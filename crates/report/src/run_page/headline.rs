//! What came of the run, at a glance.

use std::fmt::Write as _;

use longhand_nn::Summary;
use longhand_training::{EvaluatedOn, RunRecord, RunStatus};

use super::RunReport;
use crate::page::escaped;
use crate::words::{counted, percent, thousands};

pub(super) fn section(report: &RunReport<'_>, summary: &Summary) -> String {
    let record = report.record;
    let mut html = "<section id=\"result\" aria-label=\"Result\">\n".to_owned();
    if let Some(words) = notice(record) {
        let _ = writeln!(html, "<p class=\"notice\">{}</p>", escaped(&words));
    }
    let on = record.data.evaluated_on;
    let judged = record.data.evaluation_images();
    html.push_str("<dl class=\"figures\">\n");
    let mut figure = |class: &str, name: &str, value: &str, remark: &str| {
        let remark = if remark.is_empty() { String::new() } else { format!("<dd class=\"remark\">{remark}</dd>") };
        let _ = writeln!(html, "<div{class}><dt>{name}</dt><dd>{value}</dd>{remark}</div>");
    };
    if let Some(result) = &record.result {
        let share = result.accuracy.last();
        figure(
            " class=\"main\"",
            "accuracy after the last epoch",
            &percent(share),
            &format!(
                "{} of {} {} images not recognised",
                thousands(result.accuracy.last_errors()),
                thousands(judged),
                on.name()
            ),
        );
        let best = format!("epoch {}; chosen on the {} images, so not a figure to quote", result.best_epoch, on.name());
        figure("", "best epoch", &percent(result.accuracy.best()), &best);
    }
    figure("", "parameters", &thousands(record.parameters), &multiply_adds(summary));
    let done = report.epochs.len();
    if let Some(result) = &record.result {
        let seconds = format!("{:.2}\u{a0}s", result.train_seconds_per_epoch);
        figure("", "training time an epoch", &seconds, "median, evaluation not counted");
    }
    let of = if done == record.epochs { String::new() } else { format!("of {} asked for", thousands(record.epochs)) };
    figure("", "epochs", &thousands(done), &of);
    html.push_str("</dl>\n");
    let _ = writeln!(html, "<p class=\"hint\">{}</p>", escaped(&judged_on(record)));
    if let Some(weights) = &record.initial_weights {
        let _ = writeln!(
            html,
            "<p class=\"hint\">Begun from the weights in <code>{}</code> (SHA-256 <code>{}</code>), not from random ones: \
             whether those have seen any of the images judged on, this record cannot say.</p>",
            escaped(&weights.file),
            escaped(&weights.weights_sha256)
        );
    }
    html.push_str("</section>\n");
    html
}

fn multiply_adds(summary: &Summary) -> String {
    format!("{} multiply-adds an image", thousands(summary.multiply_adds()))
}

/// How the run ended, where that is not as it should be.
fn notice(record: &RunRecord) -> Option<String> {
    let begun = match record.status {
        RunStatus::Finished => return None,
        RunStatus::Running => "This run has not ended, or ended without a chance to say so.",
        RunStatus::Interrupted => "This run was stopped before its end.",
        RunStatus::Diverged => "This run diverged.",
    };
    let mut words = begun.to_owned();
    if let Some(ended) = &record.ended {
        let mut ended = ended.clone();
        if let Some(first) = ended.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        words = format!("{words} {ended}");
    }
    if record.result.is_none() {
        words.push_str(" No epoch was finished.");
    }
    Some(words)
}

/// Which images the figures are on, and what they are good for.
fn judged_on(record: &RunRecord) -> String {
    let judged = record.data.evaluation_images();
    let images = counted(judged, "image");
    let which = match record.data.evaluated_on {
        EvaluatedOn::Test => format!(
            "Judged on the {images} of the test set, none of which was trained on. Choices (of a recipe, of an epoch) \
             must not be made by these figures."
        ),
        EvaluatedOn::Validation => format!(
            "Judged on {images} held out of the training set and not trained on: figures to choose a recipe by. The test \
             set was not looked at."
        ),
    };
    match &record.result {
        Some(result) => {
            let p = result.accuracy.last();
            let margin = 2.0 * libm::sqrt(p * (1.0 - p) / judged.max(1) as f64);
            format!(
                "{which} Another {images} of the same kind would move the accuracy by about ±{} by chance alone (two \
                 standard errors), and another seed moves it too: compare means over seeds.",
                percent(margin)
            )
        }
        None => which,
    }
}
