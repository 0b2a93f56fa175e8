//! `longhand runs show`.

use std::path::Path;

use longhand_data::DataChoice;
use longhand_server::resume_command;
use longhand_training::{EpochMetrics, Recipe, RunRecord, StoredRun, built_in, differences};
use serde_json::json;

use super::super::Exit;
use super::list::status;
use crate::printer::{Printer, duration, percent, table, table_text, thousands};

/// Shows the run in the folder `path`.
pub fn run(path: &Path, json: bool) -> anyhow::Result<Exit> {
    let run = StoredRun::read(path)?;
    let printer = Printer::new(json);
    if json {
        let whole = json!({ "path": run.path, "record": run.record, "epochs": run.epochs });
        printer.data(&serde_json::to_string_pretty(&whole)?);
        return Ok(Exit::Done);
    }
    let StoredRun { record, epochs, .. } = &run;
    let data = &record.data;
    let line = |what: &str, text: String| printer.line(&format!("{what:<11} {text}"));
    let part_of = match (&record.suite, &record.entry) {
        (Some(suite), Some(entry)) => format!(", entry {entry} of suite {suite}"),
        _ => String::new(),
    };
    line("run", path.display().to_string());
    line("recipe", format!("{}, seed {}{part_of}", record.recipe, record.seed));
    if let Some(weights) = &record.initial_weights {
        line("began from", format!("{}, SHA-256 {}", weights.file, weights.weights_sha256));
    }
    if !record.resolved_recipe.about.is_empty() {
        line("about", record.resolved_recipe.about.clone());
    }
    if !record.resolved_recipe.reason.is_empty() {
        line("reason", record.resolved_recipe.reason.clone());
    }
    let ended = match &record.ended {
        Some(words) => format!(": {words}"),
        None if status(&run) == "stopped" => ": its process died.".to_owned(),
        None => String::new(),
    };
    line("status", format!("{}{ended}", status(&run)));
    if run.can_go_on() {
        line("go on by", resume_command(path, &DataChoice::Auto));
    }
    line("started", format!("{}, by version {}", record.started, record.version));
    line(
        "machine",
        format!(
            "{}, {} cores, {}; {} threads, {}",
            record.machine.cpu, record.machine.cores, record.machine.platform, record.threads, record.isa
        ),
    );
    line("data", format!("{}, fingerprint {}, {}", data.name, data.fingerprint, data.source));
    line(
        "split",
        format!(
            "trained on {}, judged on {} {} images",
            thousands(data.train_images),
            thousands(data.evaluation_images()),
            data.evaluated_on.name()
        ),
    );
    line(
        "training",
        format!(
            "{} parameters, {} epochs of {} steps of {} images",
            thousands(record.parameters),
            record.epochs,
            record.steps_per_epoch,
            record.batch_size
        ),
    );
    line("changes", changes(record));
    if let Some(result) = &record.result {
        let on = data.evaluated_on.name();
        line("last epoch", format!("{}, {} errors", percent(result.accuracy.last()), result.accuracy.last_errors()));
        line(
            "best epoch",
            format!(
                "{} at epoch {} (chosen on the {on} images: not a fair figure to quote)",
                percent(result.accuracy.best()),
                result.best_epoch
            ),
        );
        line(
            "time",
            format!(
                "{:.2} s of training an epoch (median), {} in all",
                result.train_seconds_per_epoch,
                duration(run.seconds())
            ),
        );
        line("weights", format!("SHA-256 {}", result.weights_sha256));
    }
    if !epochs.is_empty() {
        let curve = |of: fn(&EpochMetrics) -> f64| sparkline(&epochs.iter().map(of).collect::<Vec<_>>());
        line("loss", format!("{} train, {} judged", curve(|e| e.train_loss), curve(|e| e.scores.loss())));
        line("accuracy", format!("{} train, {} judged", curve(|e| e.train_accuracy), curve(|e| e.scores.accuracy())));
        printer.line(&format!("\n{}", epochs_table(epochs)));
    }
    Ok(Exit::Done)
}

/// What the recipe changes against the built-in one of its name, or of its name in its suite.
fn changes(record: &RunRecord) -> String {
    let in_suite = record.suite.as_ref().map(|suite| format!("{suite}/{}", record.recipe));
    let names = [Some(record.recipe.clone()), in_suite];
    let Some((name, text)) = names.into_iter().flatten().find_map(|n| built_in(&n).map(|text| (n, text))) else {
        return "there is no built-in recipe of that name".to_owned();
    };
    let own = Recipe::from_toml(&name, text, &[]).expect("built-in recipes are sound");
    let changes: Vec<String> = differences(&own, &record.resolved_recipe).iter().map(ToString::to_string).collect();
    if changes.is_empty() { format!("none against the built-in {name}") } else { changes.join(", ") }
}

fn epochs_table(epochs: &[EpochMetrics]) -> String {
    let header = ["epoch", "rate", "train loss", "accuracy", "judged loss", "accuracy", "errors", "seconds"];
    let mut rows = table(&header, &[0, 1, 2, 3, 4, 5, 6, 7]);
    for e in epochs {
        rows.add_row([
            e.epoch.to_string(),
            format!("{:.6}", e.learning_rate),
            format!("{:.4}", e.train_loss),
            percent(e.train_accuracy),
            format!("{:.4}", e.scores.loss()),
            percent(e.scores.accuracy()),
            e.scores.errors().to_string(),
            format!("{:.2}", e.train_seconds),
        ]);
    }
    table_text(&rows)
}

/// Values as blocks of eight heights, the lowest to the highest of them.
fn sparkline(values: &[f64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let height = |v: f64| if high > low { ((v - low) / (high - low) * 7.0).round() as usize } else { 0 };
    values.iter().map(|&v| if v.is_finite() { BLOCKS[height(v)] } else { '×' }).collect()
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn a_sparkline_goes_from_the_lowest_to_the_highest_value() {
        assert_eq!(sparkline(&[0.0, 1.0, 0.5, f64::NAN]), "▁█▅×");
        assert_eq!(sparkline(&[2.0, 2.0]), "▁▁");
        assert_eq!(sparkline(&[]), "");
    }
}
