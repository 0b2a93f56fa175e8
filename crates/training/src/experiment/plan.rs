//! The runs of a suite, their folders, and which of them this process carries out.

use std::path::{Path, PathBuf};

use super::shard::Shard;
use super::suite::Suite;
use crate::recipe::Recipe;

/// One run of a suite.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    /// Which entry, counted from 0.
    pub entry: usize,
    /// The entry's name.
    pub entry_name: String,
    /// The recipe, its seed in it.
    pub recipe: Recipe,
    /// `<entry>-s<seed>` in the suite's folder.
    pub folder: PathBuf,
}

impl PlannedRun {
    /// `<entry>-s<seed>`.
    pub fn name(&self) -> String {
        format!("{}-s{}", self.entry_name, self.recipe.seed)
    }
}

/// A suite's runs below one folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The suite.
    pub suite: Suite,
    /// Its folder.
    pub folder: PathBuf,
    /// This process's share.
    pub shard: Shard,
    /// Every run, entry by entry, each entry's seeds in order.
    pub runs: Vec<PlannedRun>,
}

impl Plan {
    /// Plans `suite` in `folder`; this process carries `shard` out.
    pub fn new(suite: Suite, folder: &Path, shard: Shard) -> Self {
        let mut runs = Vec::with_capacity(suite.entries.len() * suite.seeds.len());
        for (entry, of) in suite.entries.iter().enumerate() {
            for &seed in &suite.seeds {
                let recipe = Recipe { seed, ..of.recipe.clone() };
                let mut run = PlannedRun { entry, entry_name: of.name.clone(), recipe, folder: PathBuf::new() };
                run.folder = folder.join(run.name());
                runs.push(run);
            }
        }
        Plan { suite, folder: folder.to_owned(), shard, runs }
    }

    /// The runs of this process's share, in the order in which they are carried out: every entry from the first seed,
    /// then every entry from the next, so that a suite stopped early has judged all entries alike.
    pub fn share(&self) -> Vec<&PlannedRun> {
        let mut share: Vec<(usize, &PlannedRun)> =
            self.runs.iter().enumerate().filter(|(position, _)| self.shard.takes(*position)).collect();
        share.sort_by_key(|(position, run)| (position % self.suite.seeds.len(), run.entry));
        share.into_iter().map(|(_, run)| run).collect()
    }
}
