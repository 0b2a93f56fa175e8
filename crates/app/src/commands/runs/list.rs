//! `longhand runs list`.

use std::path::PathBuf;

use longhand_training::{RunStatus, StoredRun, is_being_written};
use serde_json::json;

use super::super::Exit;
use super::read_all;
use crate::printer::{Printer, percent, table, table_text, thousands};

/// Where runs are looked for when nobody says.
const USUAL: [&str; 2] = ["runs", "experiments"];

/// Lists the runs below `folders`, the newest first.
pub fn run(folders: &[PathBuf], json: bool) -> anyhow::Result<Exit> {
    let usual: Vec<PathBuf> = USUAL.iter().map(PathBuf::from).filter(|p| p.is_dir()).collect();
    let mut runs = read_all(if folders.is_empty() { &usual } else { folders })?;
    let started = |run: &Result<StoredRun, _>| run.as_ref().map(|r| r.record.started.clone()).unwrap_or_default();
    runs.sort_by_key(|(_, run)| std::cmp::Reverse(started(run)));
    let printer = Printer::new(json);
    if json {
        let lines: Vec<_> = runs
            .iter()
            .map(|(path, run)| match run {
                Ok(run) => json!({ "path": path, "record": run.record, "being_written": goes_on(run) }),
                Err(e) => json!({ "path": path, "unreadable": e.to_string() }),
            })
            .collect();
        printer.data(&serde_json::to_string_pretty(&lines)?);
        return Ok(Exit::Done);
    }
    if runs.is_empty() {
        printer.line(match folders {
            [] => "no runs: `runs` and `experiments` hold none here",
            _ => "no runs",
        });
        return Ok(Exit::Done);
    }
    let header = ["folder", "recipe", "seed", "status", "judged on", "epochs", "parameters", "last", "s/epoch"];
    let mut rows = table(&header, &[2, 5, 6, 7, 8]);
    for (path, run) in &runs {
        let path = path.display().to_string();
        rows.add_row(match run {
            Ok(run) => cells(path, run),
            Err(_) => [&path, "", "", "UNREADABLE", "", "", "", "", ""].map(str::to_owned),
        });
    }
    printer.line(&table_text(&rows));
    for (_, run) in &runs {
        if let Err(e) = run {
            printer.line(&format!("unreadable: {e}"));
        }
    }
    Ok(Exit::Done)
}

fn cells(path: String, run: &StoredRun) -> [String; 9] {
    let record = &run.record;
    let result = record.result.as_ref();
    [
        path,
        record.recipe.clone(),
        record.seed.to_string(),
        status(run).to_owned(),
        format!("{} {}", record.data.name, record.data.evaluated_on.name()),
        format!("{}/{}", run.epochs.len(), record.epochs),
        thousands(record.parameters),
        result.map_or("–".to_owned(), |r| percent(r.accuracy.last())),
        result.map_or("–".to_owned(), |r| format!("{:.2}", r.train_seconds_per_epoch)),
    ]
}

/// Whether a process is at the run; where the file system cannot tell, what the record says.
pub fn goes_on(run: &StoredRun) -> bool {
    run.record.status == RunStatus::Running && is_being_written(&run.path).unwrap_or(true)
}

/// The status in one word; a run that says it is running and that no process is at has stopped without a word.
pub fn status(run: &StoredRun) -> &'static str {
    match run.record.status {
        RunStatus::Running if goes_on(run) => "running",
        RunStatus::Running => "stopped",
        RunStatus::Finished => "finished",
        RunStatus::Interrupted => "interrupted",
        RunStatus::Diverged => "diverged",
    }
}
