//! `longhand runs`: what the records say.

mod compare;
mod list;
mod plot;
mod show;
mod tensorboard;
mod verify;

use std::path::PathBuf;

use anyhow::Context;
use longhand_training::{StoredRun, StoredRunError, find_runs};

use super::Exit;
use crate::arguments::runs::{RunsAction, RunsArguments};

/// Reads records and shows them.
pub fn run(arguments: &RunsArguments) -> anyhow::Result<Exit> {
    match &arguments.action {
        RunsAction::List { folders, json } => list::run(folders, *json),
        RunsAction::Show { run, json } => show::run(run, *json),
        RunsAction::Verify { run, data, compute, json } => verify::run(run, data, compute, *json),
        RunsAction::Compare { runs, order, json } => compare::run(runs, *order, *json),
        RunsAction::Plot { runs, out } => plot::run(runs, out),
        RunsAction::Tensorboard { runs } => tensorboard::run(runs),
    }
}

/// Every run in or below `folders`, readable or not, none twice.
fn read_all(folders: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, Result<StoredRun, StoredRunError>)>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let below = find_runs(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
        paths.extend(below);
    }
    // The same folder may be named in several ways.
    let mut seen = Vec::new();
    paths.retain(|path| {
        let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
        let new = !seen.contains(&whole);
        seen.push(whole);
        new
    });
    Ok(paths
        .into_iter()
        .map(|path| {
            let run = StoredRun::read(&path);
            (path, run)
        })
        .collect())
}

/// The readable ones; of the others a warning each.
fn readable(folders: &[PathBuf]) -> anyhow::Result<Vec<StoredRun>> {
    let mut runs = Vec::new();
    for (_, run) in read_all(folders)? {
        match run {
            Ok(run) => runs.push(run),
            Err(e) => crate::printer::warning(&format!("{e}; left out")),
        }
    }
    anyhow::ensure!(!runs.is_empty(), "there is no run in {}; a run is a folder with a run.json in it", shown(folders));
    Ok(runs)
}

fn shown(folders: &[PathBuf]) -> String {
    folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
}
