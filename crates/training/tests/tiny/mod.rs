//! A small training, kept in a folder as the program keeps one, and what of it must be the same.
#![allow(dead_code, reason = "not every test file needs all of it")]

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use longhand_data::{Dataset, strokes};
use longhand_kernels::Isa;
use longhand_nn::{Network, Summary};
use longhand_training::{
    Checkpoint, EpochDone, EpochMetrics, Observer, Occasion, Override, Progress, Recipe, RunFolder, RunStatus, Split,
    StoredRun, train_from_checkpoint,
};

/// Three epochs of five steps, the last of them of eleven images.
pub const STEPS: usize = 5;
pub const EPOCHS: usize = 3;

pub fn data() -> Dataset {
    strokes::generate(3, 139, 40)
}

pub fn recipe(set: &[&str]) -> Recipe {
    let overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
    Recipe::from_toml("tiny", TINY, &overrides).unwrap()
}

pub const TINY: &str = r#"
name = "tiny"
epochs = 3
batch_size = 32

[schedule]
type = "cosine"
learning_rate = 0.05

[network]
input = [1, 28, 28]
layers = [
    { type = "max_pool" },
    { type = "conv", channels = 3, kernel = 3 },
    { type = "batch_norm" },
    { type = "relu" },
    { type = "max_pool" },
    { type = "dropout", rate = 0.05 },
    { type = "linear", features = 10 },
    { type = "log_softmax" },
]
"#;

/// Keeps a run in its folder as the program does.
pub struct InFolder {
    pub folder: RunFolder,
    pub stop_after: usize,
    pub steps: usize,
    /// Its process dies once it has kept so many checkpoints.
    pub die_after: Option<usize>,
    pub checkpoints: usize,
}

impl InFolder {
    pub fn new(folder: RunFolder) -> Self {
        InFolder { folder, stop_after: usize::MAX, steps: 0, die_after: None, checkpoints: 0 }
    }
}

impl Observer for InFolder {
    fn step(&mut self, _: Progress) -> ControlFlow<()> {
        self.steps += 1;
        if self.stop_after == self.steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.folder.keep_epoch(done.metrics, done.network)?)
    }

    fn checkpoint_due(&mut self, occasion: Occasion) -> bool {
        self.folder.checkpoint_due(occasion)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.folder.keep_checkpoint(checkpoint)?;
        self.checkpoints += 1;
        if self.die_after == Some(self.checkpoints) { Err("it dies".into()) } else { Ok(()) }
    }
}

pub fn begun(runs: &Path, recipe: &Recipe, split: &Split<'_>) -> RunFolder {
    let parameters = Summary::of(&recipe.network).unwrap().parameters();
    RunFolder::create(runs, recipe, split, parameters, Isa::detect(), 1).unwrap()
}

/// Goes on for so many steps, and gives the folder back, closed if the run is over.
pub fn carry_on(folder: RunFolder, start: &Checkpoint, split: &Split<'_>, steps: usize) -> StoredRun {
    let (recipe, epochs) = (folder.record().resolved_recipe.clone(), folder.epochs().to_vec());
    let mut keeper = InFolder { stop_after: steps, ..InFolder::new(folder) };
    let trained = train_from_checkpoint(start, epochs, &recipe, split, Isa::detect(), 1, &mut keeper).unwrap();
    let (status, words) = trained.ended.in_words(&recipe, split.train.len());
    let mut folder = keeper.folder;
    folder.end(status, words, &trained.network).unwrap();
    let path = folder.path().to_owned();
    folder.close().unwrap();
    StoredRun::read(&path).unwrap()
}

pub fn start(recipe: &Recipe, split: &Split<'_>) -> Checkpoint {
    let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed).unwrap();
    Checkpoint::beginning(recipe, split, &network)
}

/// What of a stored run must be the same.
pub fn story(run: &StoredRun) -> (String, Vec<EpochMetrics>, RunStatus, Option<String>) {
    let timeless = |m: &EpochMetrics| EpochMetrics { train_seconds: 0.0, evaluation_seconds: 0.0, ..m.clone() };
    let weights = run.record.result.as_ref().unwrap().weights_sha256.clone();
    (weights, run.epochs.iter().map(timeless).collect(), run.record.status, run.record.ended.clone())
}

/// Every name in the folder, those that begin with a dot too.
pub fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The bytes of a checkpoint as a version of other bits would have written them.
pub fn of_other_bits(checkpoint: &[u8]) -> Vec<u8> {
    let number = br#"\"bits\":"#;
    let at = checkpoint.windows(number.len()).position(|w| w == number).expect("it says which bits") + number.len();
    let mut bytes = checkpoint.to_vec();
    bytes[at] = if bytes[at] == b'9' { b'8' } else { b'9' };
    bytes
}
