//! What a run's folder holds already.

use std::fs;
use std::io;
use std::path::Path;

use crate::recipe::Recipe;
use crate::recipe_difference::differences;
use crate::record::{DataRecord, RunRecord, RunStatus};
use crate::run_folder::CHECKPOINT;
use crate::stored_run::StoredRun;

/// What is found where a run is to be.
#[derive(Clone, Debug)]
pub enum FolderState {
    /// Nothing yet.
    Empty,
    /// The wanted run, begun and not ended: goes on in another process, or was stopped.
    Unfinished,
    /// The wanted run, ended: finished, or diverged.
    Done(Box<StoredRun>),
    /// Something else, which is not touched: why it is not the wanted run.
    Foreign(String),
}

/// What `folder` holds of the run of `recipe` (its seed in it) on `data`.
pub fn folder_state(folder: &Path, recipe: &Recipe, data: &DataRecord) -> FolderState {
    let foreign = |why: String| FolderState::Foreign(format!("{}: {why}", folder.display()));
    match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return FolderState::Empty,
        Err(e) => return foreign(format!("cannot be read: {e}")),
        Ok(entries) => {
            let mut names = entries.filter_map(|e| Some(e.ok()?.file_name()));
            // A lock and temporary files of a process that died before its first record begin with a dot.
            let first = names.find(|n| !n.to_string_lossy().starts_with('.'));
            match first {
                None => return FolderState::Empty,
                Some(first) if !folder.join("run.json").exists() => {
                    let first = first.display();
                    return foreign(format!("holds {first} and no run.json, so it is no run of this program"));
                }
                Some(_) => {}
            }
        }
    }
    let run = match StoredRun::read(folder) {
        Ok(run) => run,
        Err(e) => return foreign(e.to_string()),
    };
    if let Some(why) = not_the_same(&run, recipe, data) {
        return foreign(format!("holds another run, {why}"));
    }
    match run.record.status {
        RunStatus::Running | RunStatus::Interrupted => FolderState::Unfinished,
        // The checkpoint is the last to go: what is written after the record may be missing.
        _ if folder.join(CHECKPOINT).exists() => FolderState::Unfinished,
        RunStatus::Finished if run.epochs.len() != recipe.epochs => {
            let done = run.epochs.len();
            foreign(format!("says that it is finished and has {done} of {} epochs", recipe.epochs))
        }
        RunStatus::Finished | RunStatus::Diverged => FolderState::Done(Box::new(run)),
    }
}

/// In what `run` differs from the run that is wanted.
fn not_the_same(run: &StoredRun, recipe: &Recipe, data: &DataRecord) -> Option<String> {
    let RunRecord { resolved_recipe: found, data: on, .. } = &run.record;
    let changes = differences(found, recipe);
    if !changes.is_empty() {
        let shown: Vec<String> = changes.iter().take(3).map(ToString::to_string).collect();
        let more = if changes.len() > 3 { format!(" and {} more", changes.len() - 3) } else { String::new() };
        return Some(format!("of another recipe (there → wanted): {}{more}", shown.join(", ")));
    }
    if let Some(weights) = &run.record.initial_weights {
        return Some(format!("begun from the weights in {}", weights.file));
    }
    if found.seed != recipe.seed {
        return Some(format!("from seed {}", found.seed));
    }
    if on.fingerprint != data.fingerprint {
        return Some(format!("on other data ({}, {})", on.name, on.fingerprint));
    }
    let split = |d: &DataRecord| (d.evaluated_on, d.train_images, d.evaluation_images());
    if split(on) != split(data) {
        let (name, train) = (on.evaluated_on.name(), on.train_images);
        return Some(format!("trained on {train} images and judged on {} {name} images", on.evaluation_images()));
    }
    None
}
