//! What the runs of a suite, or runs gathered from anywhere, came to.

use std::path::{Path, PathBuf};

use longhand_nn::Summary;

use super::folder_state::{FolderState, folder_state};
use super::plan::Plan;
use super::variants::tell_apart;
use crate::recipe::Recipe;
use crate::recipe_difference::differences;
use crate::record::{DataRecord, RunStatus};
use crate::stored_run::StoredRun;

/// Runs grouped by entry, all judged on the same images.
#[derive(Clone, Debug)]
pub struct SuiteResult {
    /// The suite's name, or what the runs were gathered for.
    pub name: String,
    /// One sentence about it; may be empty.
    pub about: String,
    /// The data, the split, and which images were judged on.
    pub data: DataRecord,
    /// The entries in the suite's order, those without a run among them.
    pub entries: Vec<EntryResult>,
}

/// Why runs cannot be judged together.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// None of them has ended.
    #[error(
        "there is no finished run among them; go on with one by longhand train --resume RUN, or name other folders"
    )]
    Nothing,
    /// They are on different data, or judged on different images.
    #[error("{} is {first_is}, and {} is {second_is}: no mean of both means anything; compare them apart", first.display(), second.display())]
    NotAlike {
        /// One run.
        first: PathBuf,
        /// What it was trained and judged on.
        first_is: String,
        /// Another.
        second: PathBuf,
        /// What that was.
        second_is: String,
    },
}

/// One entry and its runs.
#[derive(Clone, Debug)]
pub struct EntryResult {
    /// The entry's name; of gathered runs none has another one's.
    pub name: String,
    /// What its runs go by, several entries perhaps by the same.
    pub(super) label: String,
    /// The recipe, its seed 0; `recipe.reason` says why it is there.
    pub recipe: Recipe,
    /// Trained parameters.
    pub parameters: usize,
    /// Multiply-adds of a forward pass for one image.
    pub multiply_adds: usize,
    /// Runs that are asked for.
    pub wanted: usize,
    /// Runs that have ended, finished or diverged, in the order of their seeds, none twice.
    pub runs: Vec<StoredRun>,
    /// SHA-256 of the weights that all of them began from, where those were not random ones.
    pub(super) initial_weights: Option<String>,
}

impl EntryResult {
    fn new(name: &str, recipe: &Recipe, wanted: usize) -> Self {
        let summary = Summary::of(&recipe.network).expect("a recipe's network is checked");
        EntryResult {
            name: name.to_owned(),
            label: name.to_owned(),
            recipe: Recipe { seed: 0, ..recipe.clone() },
            parameters: summary.parameters(),
            multiply_adds: summary.multiply_adds(),
            wanted,
            runs: Vec::new(),
            initial_weights: None,
        }
    }

    /// The runs that finished.
    pub fn finished(&self) -> impl Iterator<Item = &StoredRun> {
        self.runs.iter().filter(|r| r.record.status == RunStatus::Finished)
    }
}

impl SuiteResult {
    /// What is there of `plan`, all shares of it, on `data`.
    pub fn collect(plan: &Plan, data: &DataRecord) -> Self {
        let wanted = plan.suite.seeds.len();
        let mut entries: Vec<EntryResult> =
            plan.suite.entries.iter().map(|e| EntryResult::new(&e.name, &e.recipe, wanted)).collect();
        for run in &plan.runs {
            if let FolderState::Done(stored) = folder_state(&run.folder, &run.recipe, data) {
                entries[run.entry].runs.push(*stored);
            }
        }
        SuiteResult { name: plan.suite.name.clone(), about: plan.suite.about.clone(), data: data.clone(), entries }
    }

    /// Groups runs from anywhere: by entry (by recipe where a run is of no suite), an entry's runs all of one recipe. Of
    /// several recipes of one name the unchanged one keeps it, and the others' names say what differs.
    ///
    /// Runs that are not finished or diverged are left out; so is a run that is there twice. Both are said in the
    /// second value, a sentence each.
    ///
    /// # Errors
    /// Runs that cannot be judged together: on other data, or on test images here and on held-out ones there.
    pub fn gather(name: &str, mut runs: Vec<StoredRun>) -> Result<(Self, Vec<String>), GatherError> {
        let mut said = Vec::new();
        runs.retain(|run| {
            let ended = matches!(run.record.status, RunStatus::Finished | RunStatus::Diverged);
            if !ended {
                said.push(format!("{} has not finished and is left out", run.path.display()));
            }
            ended
        });
        let Some(first) = runs.first() else { return Err(GatherError::Nothing) };
        let data = first.record.data.clone();
        if let Some(other) = runs.iter().find(|r| !judged_alike(&r.record.data, &data)) {
            return Err(GatherError::NotAlike {
                first: first.path.clone(),
                first_is: judged(&data),
                second: other.path.clone(),
                second_is: judged(&other.record.data),
            });
        }
        let mut entries: Vec<EntryResult> = Vec::new();
        for run in runs {
            let recipe = &run.record.resolved_recipe;
            let initial_weights = run.record.initial_weights.as_ref().map(|w| w.weights_sha256.clone());
            let is_of = |e: &EntryResult| {
                e.label == run.group()
                    && e.initial_weights == initial_weights
                    && differences(&e.recipe, recipe).is_empty()
            };
            let at = entries.iter().position(is_of).unwrap_or_else(|| {
                let entry = EntryResult::new(run.group(), recipe, 0);
                entries.push(EntryResult { initial_weights, ..entry });
                entries.len() - 1
            });
            let entry = &mut entries[at];
            match entry.runs.iter().find(|r| r.record.seed == run.record.seed) {
                None => entry.runs.push(run),
                Some(there) => said.push(twice(there, &run)),
            }
        }
        for entry in &mut entries {
            entry.runs.sort_by_key(|r| r.record.seed);
            entry.wanted = entry.runs.len();
        }
        said.extend(tell_apart(&mut entries));
        Ok((SuiteResult { name: name.to_owned(), about: String::new(), data, entries }, said))
    }

    /// Every run, entry by entry.
    pub fn runs(&self) -> impl Iterator<Item = &StoredRun> {
        self.entries.iter().flat_map(|e| &e.runs)
    }
}

fn judged_alike(a: &DataRecord, b: &DataRecord) -> bool {
    let split = |d: &DataRecord| (d.evaluated_on, d.train_images, d.evaluation_images());
    a.fingerprint == b.fingerprint && split(a) == split(b)
}

fn judged(data: &DataRecord) -> String {
    format!(
        "trained on {} images of {} ({}) and judged on {} {} images",
        data.train_images,
        data.name,
        data.fingerprint.get(..12).unwrap_or(&data.fingerprint),
        data.evaluation_images(),
        data.evaluated_on.name()
    )
}

/// A sentence about two runs of one recipe, seed and data.
fn twice(first: &StoredRun, second: &StoredRun) -> String {
    let weights = |r: &StoredRun| r.record.result.as_ref().map(|r| r.weights_sha256.clone());
    let shown = |p: &Path| p.display().to_string();
    let (a, b) = (shown(&first.path), shown(&second.path));
    match weights(first) == weights(second) {
        true => format!("{a} and {b} are the same run: counted once"),
        false => format!(
            "{a} and {b} are of one recipe, seed and data and have different weights (by versions {} and {}): the first \
             is counted",
            first.record.version, second.record.version
        ),
    }
}
