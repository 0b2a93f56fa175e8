//! The list of runs, for pages.

use std::path::Path;

use longhand_nn::Summary;
use longhand_training::{EvaluatedOn, RunStatus, StoredRun, is_being_written};
use serde_json::{Value, json};

use super::index::Found;
use crate::house::State;

/// Every run, the newest first, and the folders that hold none that can be read.
pub(super) fn of(house: &State) -> Value {
    let (mut runs, mut unreadable) = (Vec::new(), Vec::new());
    for Found { id, path, run } in house.runs.all() {
        match run {
            Ok(run) => runs.push((run.record.started.clone(), of_run(&id, &run))),
            Err(why) => unreadable.push(json!({ "path": shown(&path), "why": why })),
        }
    }
    runs.sort_by(|a, b| b.0.cmp(&a.0));
    json!({
        "folders": house.runs.folders().iter().map(|folder| shown(folder)).collect::<Vec<_>>(),
        "runs": runs.into_iter().map(|(_, run)| run).collect::<Vec<_>>(),
        "unreadable": unreadable,
        "train_command": house.command_line.new_run(None, &[], EvaluatedOn::Test),
    })
}

fn of_run(id: &str, run: &StoredRun) -> Value {
    let record = &run.record;
    let result = record.result.as_ref();
    let summary = Summary::of(&record.resolved_recipe.network).ok();
    let status = status(run);
    json!({
        "id": id,
        "path": shown(&run.path),
        "group": run.group(),
        "recipe": record.recipe,
        "suite": record.suite,
        "entry": record.entry,
        "seed": record.seed,
        "status": status,
        "ended": record.ended,
        "judged_on": record.data.evaluated_on.name(),
        "data": record.data.name,
        "epochs_done": run.epochs.len(),
        "epochs": record.epochs,
        "parameters": record.parameters,
        "multiply_adds": summary.map(|summary| summary.multiply_adds()),
        "last_accuracy": result.map(|r| r.accuracy.last()),
        "best_accuracy": result.map(|r| r.accuracy.best()),
        "best_epoch": result.map(|r| r.best_epoch),
        "seconds_per_epoch": result.map(|r| r.train_seconds_per_epoch),
        "started": record.started,
        "has_report": run.path.join("report.html").is_file(),
        "has_model": run.path.join("model.safetensors").is_file(),
        "resumable": record.suite.is_none() && run.can_go_on(),
    })
}

/// In one word; a run that nobody is at any more, and that has not ended, is lost.
pub(crate) fn status(run: &StoredRun) -> &'static str {
    match run.record.status {
        RunStatus::Finished => "finished",
        RunStatus::Diverged => "diverged",
        RunStatus::Interrupted => "interrupted",
        RunStatus::Running if is_being_written(&run.path).unwrap_or(true) => "running",
        RunStatus::Running => "lost",
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
