//! The folder of a run: `run.json`, `metrics.jsonl`, `model.safetensors` and, until the run is over,
//! `checkpoint.safetensors`, each whole at every moment.
//!
//! The order of the writes is such that a process may die between any two of them:
//!
//! - *A run begins*: `run.json`. Without a checkpoint a run goes on from its beginning, so there need not be one yet.
//! - *An epoch is done*: model, metrics, record, and the checkpoint if one is due (`checkpoint_pace.rs`). The record never
//!   speaks of lines that are not there, and the checkpoint comes last: whatever else may be ahead of it, and is made again
//!   to the same bits.
//! - *Within an epoch and at Ctrl-C*: the checkpoint; at Ctrl-C then model and record, which say `interrupted`.
//! - *A run goes on*: the record, which says `running` and knows of as many epochs as the checkpoint; then the metrics,
//!   cut to as many lines, and the model. Lines beyond what a record that says `running` knows of are not read.
//! - *A run is over*: model, record, then what else is made of it (the report); the checkpoint goes last, so that a record
//!   that says `finished` beside a checkpoint is a run of which something may be missing, and going on with it makes it.
//!
//! Each file is the old one or the new one at every moment, and record and metrics read together are of one moment
//! (`StoredRun::read`). The model alone may be ahead of the record, or behind it, while a run is being written or where its
//! process died: then its weights are not those that the record's `weights_sha256` names. Of a run that is over and whole
//! they are, and going on makes them so again. A removal is not synced: each file that a power cut brings back is one that
//! was there a moment before, and is dealt with as then.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use longhand_kernels::Isa;
use longhand_model_files::{safetensors, weights_sha256};
use longhand_nn::Network;

use crate::atomic_file::{self, folder_of};
use crate::builtin::built_in;
use crate::checkpoint::Checkpoint;
use crate::checkpoint_pace::Pace;
use crate::files::{Files, RealFiles};
use crate::initial_weights::InitialWeightsRecord;
use crate::machine::Machine;
use crate::new_folder::{new_folder, sync_name};
use crate::recipe::Recipe;
use crate::record::{DataRecord, EpochMetrics, ResultRecord, RunRecord, RunStatus};
use crate::run_lock::{LockTaken, RunLock};
use crate::split::Split;
use crate::train::Occasion;

/// The checkpoint's name.
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";

/// The files of a run that are written whole, and of which a process that dies may leave a half.
const WRITTEN_WHOLE: [&str; 5] = ["run.json", "metrics.jsonl", "model.safetensors", "report.html", CHECKPOINT];

/// Why a run folder could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}{}", path.display(), to_do(.source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// What to do about it.
fn to_do(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room, what was written before is whole",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "; give leave to write there",
        _ => "; what was written before is whole",
    }
}

/// Where a run comes from, besides its recipe.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The weights that it begins from, where they are not random ones.
    pub initial_weights: Option<&'a InitialWeightsRecord>,
    /// The recipe before anything was changed for this run, where it is known.
    pub unchanged: Option<&'a Recipe>,
}

/// A run's folder while the run goes on, locked until it is closed or dropped.
///
/// The lock tells a run that goes on from one whose process died ([`crate::is_being_written`]).
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    files: Arc<dyn Files>,
    /// `None` where the file system knows no locks: no training is refused for that.
    lock: Option<RunLock>,
    record: RunRecord,
    epochs: Vec<EpochMetrics>,
    pace: Pace,
}

impl RunFolder {
    /// Makes `runs/<time>-<recipe>-s<seed>/` with a first `run.json` in it.
    ///
    /// # Errors
    /// When the folder or the record cannot be written: better before the first epoch than after the last.
    pub fn create(
        runs: &Path,
        recipe: &Recipe,
        split: &Split<'_>,
        parameters: usize,
        isa: Isa,
        threads: usize,
    ) -> Result<Self, RunFolderError> {
        Self::create_from(Origin::default(), runs, recipe, split, parameters, isa, threads)
    }

    /// Like [`RunFolder::create`], with what is known of where the run comes from.
    ///
    /// # Errors
    /// As [`RunFolder::create`].
    pub fn create_from(
        origin: Origin<'_>,
        runs: &Path,
        recipe: &Recipe,
        split: &Split<'_>,
        parameters: usize,
        isa: Isa,
        threads: usize,
    ) -> Result<Self, RunFolderError> {
        Self::create_by(Arc::new(RealFiles), origin, runs, recipe, split, parameters, isa, threads)
    }

    /// [`RunFolder::create_from`], its files written by the operations of `files`.
    #[allow(clippy::too_many_arguments, reason = "each is a line of the record")]
    pub(crate) fn create_by(
        files: Arc<dyn Files>,
        origin: Origin<'_>,
        runs: &Path,
        recipe: &Recipe,
        split: &Split<'_>,
        parameters: usize,
        isa: Isa,
        threads: usize,
    ) -> Result<Self, RunFolderError> {
        let now = jiff::Timestamp::now();
        let name = format!("{}-{}-s{}", now.strftime("%Y%m%d-%H%M%S"), recipe.name, recipe.seed);
        let path = new_folder(&*files, runs, &name)?;
        let record = new_record(&origin, now, recipe, split, parameters, isa, threads);
        let lock = match RunLock::take_if_can(&path) {
            Ok(LockTaken::Held(lock)) => Some(lock),
            Ok(LockTaken::Busy | LockTaken::NoLocks) => None,
            Err(source) => return Err(RunFolderError::Io { action: "take the lock of", path, source }),
        };
        let mut folder = RunFolder { path, files, lock, record, epochs: Vec::new(), pace: Pace::new() };
        let written = folder.write_record();
        if written.is_err() {
            folder.remove_lock();
            // A folder with nothing in it says nothing to anybody; one with something in it stays.
            let _ = folder.files.remove_dir(&folder.path);
        }
        written.map(|()| folder)
    }

    /// Begins a run of entry `entry` of `suite` in the folder `path`, whose lock `lock` is, over whatever run is there.
    ///
    /// An older run goes only once the new record stands: until then it is untouched.
    ///
    /// # Errors
    /// When the folder or the record cannot be written.
    #[allow(clippy::too_many_arguments, reason = "each is a line of the record")]
    pub(crate) fn begin(
        files: Arc<dyn Files>,
        origin: Origin<'_>,
        (path, lock): (&Path, Option<RunLock>),
        (suite, entry): (&str, &str),
        recipe: &Recipe,
        split: &Split<'_>,
        parameters: usize,
        isa: Isa,
        threads: usize,
    ) -> Result<Self, RunFolderError> {
        let io = |action, path: PathBuf| move |source| RunFolderError::Io { action, path, source };
        let record = RunRecord {
            suite: Some(suite.to_owned()),
            entry: Some(entry.to_owned()),
            ..new_record(&origin, jiff::Timestamp::now(), recipe, split, parameters, isa, threads)
        };
        let folder = RunFolder { path: path.to_owned(), files, lock, record, epochs: Vec::new(), pace: Pace::new() };
        // Whoever took the lock made the run's folder, and the suite's.
        sync_name(&*folder.files, path)?;
        sync_name(&*folder.files, folder_of(path))?;
        folder.remove_stale()?;
        folder.write_record()?;
        for name in [CHECKPOINT, "metrics.jsonl", "model.safetensors", "report.html"] {
            folder.remove(name)?;
        }
        // Two runs' event files in one folder are one muddle of curves to TensorBoard.
        for entry in fs::read_dir(path).map_err(io("look into", path.to_owned()))? {
            let entry = entry.map_err(io("look into", path.to_owned()))?;
            if entry.file_name().to_string_lossy().contains("tfevents") {
                folder.files.remove(&entry.path()).map_err(io("remove", entry.path()))?;
            }
        }
        Ok(folder)
    }

    /// Opens the folder of a run that goes on where `epochs` were done and `network` was what would have been kept.
    pub(crate) fn reopened(
        files: Arc<dyn Files>,
        path: PathBuf,
        lock: Option<RunLock>,
        record: RunRecord,
        epochs: Vec<EpochMetrics>,
        network: &Network,
    ) -> Result<Self, RunFolderError> {
        let folder = RunFolder { path, files, lock, record, epochs, pace: Pace::new() };
        folder.remove_stale()?;
        folder.write_record()?;
        folder.write_metrics()?;
        folder.write_model(network)?;
        // It speaks of the end that was none.
        folder.remove("report.html")?;
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The record as it stands.
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// The epochs kept so far.
    pub fn epochs(&self) -> &[EpochMetrics] {
        &self.epochs
    }

    /// Keeps an epoch: its line, the model, the record.
    ///
    /// # Errors
    /// When something cannot be written; what was kept of earlier epochs is untouched.
    pub fn keep_epoch(&mut self, metrics: &EpochMetrics, network: &Network) -> Result<(), RunFolderError> {
        self.epochs.push(metrics.clone());
        self.write_model(network)?;
        self.write_metrics()?;
        self.record.result = ResultRecord::of(&self.epochs, weights_sha256(network));
        self.write_record()
    }

    /// Keeps how the run ended, and the network as it was then.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn end(&mut self, status: RunStatus, ended: Option<String>, network: &Network) -> Result<(), RunFolderError> {
        self.write_model(network)?;
        self.record.status = status;
        self.record.ended = ended;
        if let Some(result) = &mut self.record.result {
            result.weights_sha256 = weights_sha256(network);
        }
        self.write_record()
    }

    /// Whether the training should keep a checkpoint now: when it is stopped, after its last epoch, after every other
    /// epoch unless the last one is younger than a hundred times what writing it took, and within an epoch when the last
    /// one is half a minute old or, where writing one takes long, up to a minute.
    pub fn checkpoint_due(&self, occasion: Occasion) -> bool {
        let is_last = occasion == Occasion::EpochDone && self.epochs.len() >= self.record.resolved_recipe.epochs;
        is_last || self.pace.is_due(occasion)
    }

    /// Has the training keep a checkpoint within an epoch as soon as the last one is `age` old, whatever it costs: for
    /// tests, whose epochs are over before any is due.
    #[doc(hidden)]
    pub fn keep_checkpoints_every(&mut self, age: Duration) {
        self.pace.set(age);
    }

    /// Keeps where the training stands, for [`RunFolder::resume`].
    ///
    /// # Errors
    /// When it cannot be written; an older checkpoint is then whole.
    pub fn keep_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), RunFolderError> {
        let begun = Instant::now();
        self.write(CHECKPOINT, &checkpoint.to_bytes())?;
        self.pace.written(begun);
        Ok(())
    }

    /// Says that nothing more will be written: where the run is finished or diverged, its checkpoint and its lock file go.
    /// One that was stopped keeps them.
    ///
    /// # Errors
    /// When the checkpoint cannot be removed.
    pub fn close(mut self) -> Result<(), RunFolderError> {
        if matches!(self.record.status, RunStatus::Finished | RunStatus::Diverged) {
            self.remove(CHECKPOINT)?;
            self.remove_lock();
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), RunFolderError> {
        let path = self.path.join(name);
        match self.files.remove(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(RunFolderError::Io { action: "remove", path, source })
            }
            _ => Ok(()),
        }
    }

    /// Removes what processes that died left half written; where there are no locks nobody knows that they died.
    fn remove_stale(&self) -> Result<(), RunFolderError> {
        if self.lock.is_none() {
            return Ok(());
        }
        let io =
            |source| RunFolderError::Io { action: "remove half-written files from", path: self.path.clone(), source };
        atomic_file::remove_stale(&*self.files, &self.path, &WRITTEN_WHOLE).map_err(io)
    }

    fn write_metrics(&self) -> Result<(), RunFolderError> {
        let mut lines = String::new();
        for epoch in &self.epochs {
            lines.push_str(&serde_json::to_string(epoch).expect("plain data"));
            lines.push('\n');
        }
        self.write("metrics.jsonl", lines.as_bytes())
    }

    fn remove_lock(&mut self) {
        if let Some(lock) = self.lock.take() {
            lock.remove();
        }
    }

    fn write_model(&self, network: &Network) -> Result<(), RunFolderError> {
        let recipe = &self.record.resolved_recipe;
        self.write("model.safetensors", &safetensors::write(network, &recipe.name, &recipe.normalisation))
    }

    fn write_record(&self) -> Result<(), RunFolderError> {
        let mut json = serde_json::to_string_pretty(&self.record).expect("plain data");
        json.push('\n');
        self.write("run.json", json.as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunFolderError> {
        let path = self.path.join(name);
        atomic_file::write_by(&*self.files, &path, bytes).map_err(|source| RunFolderError::Io {
            action: "write",
            path,
            source,
        })
    }
}

/// Whether it is the built-in recipe of its name, which need not be written down.
fn is_built_in(recipe: &Recipe) -> bool {
    let own = built_in(&recipe.name).and_then(|text| Recipe::from_toml(&recipe.name, text, &[]).ok());
    own.is_some_and(|own| own == *recipe)
}

fn new_record(
    origin: &Origin<'_>,
    now: jiff::Timestamp,
    recipe: &Recipe,
    split: &Split<'_>,
    parameters: usize,
    isa: Isa,
    threads: usize,
) -> RunRecord {
    RunRecord {
        format: 1,
        status: RunStatus::Running,
        ended: None,
        recipe: recipe.name.clone(),
        suite: None,
        entry: None,
        seed: recipe.seed,
        initial_weights: origin.initial_weights.cloned(),
        parameters,
        epochs: recipe.epochs,
        batch_size: recipe.batch_size,
        steps_per_epoch: recipe.steps_per_epoch(split.train.len()),
        threads,
        isa: isa.name().to_owned(),
        started: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::here(),
        data: DataRecord::of(split),
        resolved_recipe: recipe.clone(),
        unchanged_recipe: origin.unchanged.filter(|unchanged| !is_built_in(unchanged)).cloned(),
        result: None,
    }
}
