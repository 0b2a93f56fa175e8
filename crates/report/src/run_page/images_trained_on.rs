//! How many images were trained on, so that a leak would show; and on what machine.

use std::fmt::Write as _;

use longhand_training::{EpochMetrics, EvaluatedOn, RunRecord};

use super::RunReport;
use crate::page::escaped;
use crate::words::{counted, thousands};

pub(super) fn section(report: &RunReport<'_>) -> String {
    let RunReport { record, epochs, .. } = report;
    let data = &record.data;
    let mut html = String::new();
    let held_out = match data.evaluated_on {
        EvaluatedOn::Test => format!("judged on {} that are not among them", counted(data.test_images, "test image")),
        EvaluatedOn::Validation => {
            format!("{} held out to judge on", counted(data.validation_images, "further training image"))
        }
    };
    let _ = writeln!(
        html,
        "<p>The split has {} to train on, {held_out}. {}</p>",
        counted(data.train_images, "image"),
        escaped(&sum(record))
    );
    let wrong: Vec<&EpochMetrics> =
        epochs.iter().filter(|e| e.train_images != data.train_images || e.steps != record.steps_per_epoch).collect();
    match wrong.as_slice() {
        [] if epochs.is_empty() => {}
        [] => {
            let total: usize = epochs.iter().map(|e| e.train_images).sum();
            let _ = writeln!(
                html,
                "<p>Counted while training: {} in each of {}, {} in all. As many as the split has, each once an epoch; more \
                 would be a leak.</p>",
                counted(data.train_images, "image"),
                counted(epochs.len(), "epoch"),
                thousands(total)
            );
        }
        wrong => {
            for e in wrong {
                let _ = writeln!(
                    html,
                    "<p class=\"notice\">This does not add up: in epoch {}, {} in {} were counted while training.</p>",
                    e.epoch,
                    counted(e.train_images, "image"),
                    counted(e.steps, "step")
                );
            }
        }
    }
    html.push_str("<dl class=\"facts\">\n");
    let hash = record.result.as_ref().map_or("", |result| &result.weights_sha256);
    let threads = counted(record.threads, "thread");
    for (name, value) in [
        ("data", format!("{}, {}", data.name, data.source)),
        ("fingerprint of the data", data.fingerprint.clone()),
        ("started", record.started.clone()),
        (
            "machine",
            format!("{}, {} logical processors, {}", record.machine.cpu, record.machine.cores, record.machine.platform),
        ),
        ("trained with", format!("{threads}, {}", record.isa)),
        ("Longhand", record.version.clone()),
        ("SHA-256 of the weights", hash.to_owned()),
    ] {
        if !value.is_empty() {
            let _ = writeln!(html, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(&value));
        }
    }
    html.push_str("</dl>\n");
    super::section("trained-on", "What was trained on, and where", &html)
}

/// Steps and batch against the images.
fn sum(record: &RunRecord) -> String {
    let (steps, batch, images) = (record.steps_per_epoch, record.batch_size, record.data.train_images);
    let last = images - (steps.max(1) - 1) * batch;
    let full = steps - usize::from(last != batch);
    let rest = match last {
        _ if last == batch => String::new(),
        _ => format!(" and a last one of {}", thousands(last)),
    };
    format!("An epoch is {} of {}{rest}: {}.", counted(full, "step"), counted(batch, "image"), counted(images, "image"))
}
