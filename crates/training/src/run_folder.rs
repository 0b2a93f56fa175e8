//! The folder of a run: `run.json`, `metrics.jsonl`, `model.safetensors` and, until the run is over,
//! `checkpoint.safetensors`, each whole at every moment.
//!
//! The order of the writes is such that a process may die between any two of them:
//!
//! - *A run begins*: `run.json`. Without a checkpoint a run goes on from its beginning, so there need not be one yet.
//! - *An epoch is done*: model, metrics, record, checkpoint. The record never speaks of lines that are not there, and the
//!   checkpoint comes last: whatever else may be ahead of it, by an epoch at most, and is made again to the same bits.
//! - *Within an epoch and at Ctrl-C*: the checkpoint; at Ctrl-C then model and record, which say `interrupted`.
//! - *A run goes on*: the record, which says `running` and knows of as many epochs as the checkpoint; then the metrics,
//!   cut to as many lines, and the model. Lines beyond what a record that says `running` knows of are not read.
//! - *A run is over*: model, record, then what else is made of it (the report); the checkpoint goes last, so that a record
//!   that says `finished` beside a checkpoint is a run of which something may be missing, and going on with it makes it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use longhand_kernels::Isa;
use longhand_model_files::{safetensors, weights_sha256};
use longhand_nn::Network;

use crate::atomic_file;
use crate::builtin::built_in;
use crate::checkpoint::Checkpoint;
use crate::files::{Files, RealFiles};
use crate::initial_weights::InitialWeightsRecord;
use crate::machine::Machine;
use crate::recipe::Recipe;
use crate::record::{DataRecord, EpochMetrics, ResultRecord, RunRecord, RunStatus};
use crate::run_lock::RunLock;
use crate::split::Split;
use crate::train::Occasion;

/// The checkpoint's name.
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";

/// How old a checkpoint gets within an epoch.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(30);

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
    last_checkpoint: Instant,
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
        let path = new_folder(runs, &name)?;
        let record = RunRecord {
            initial_weights: origin.initial_weights.cloned(),
            unchanged_recipe: origin.unchanged.filter(|unchanged| !is_built_in(unchanged)).cloned(),
            ..new_record(now, recipe, split, parameters, isa, threads)
        };
        let lock = match RunLock::try_take(&path) {
            Ok(lock) => lock,
            Err(e) if e.kind() == io::ErrorKind::Unsupported => None,
            Err(source) => return Err(RunFolderError::Io { action: "take the lock of", path, source }),
        };
        let mut folder = RunFolder { path, files, lock, record, epochs: Vec::new(), last_checkpoint: Instant::now() };
        let written = folder.write_record();
        if written.is_err() {
            folder.remove_lock();
        }
        written.map(|()| folder)
    }

    /// Begins a run of entry `entry` of `suite` in the folder that `lock` is of, over whatever run is there.
    ///
    /// An older run goes only once the new record stands: until then it is untouched.
    ///
    /// # Errors
    /// When the folder or the record cannot be written.
    #[allow(clippy::too_many_arguments, reason = "each is a line of the record")]
    pub fn begin(
        lock: RunLock,
        (suite, entry): (&str, &str),
        recipe: &Recipe,
        split: &Split<'_>,
        parameters: usize,
        isa: Isa,
        threads: usize,
    ) -> Result<Self, RunFolderError> {
        let io = |action, path: PathBuf| move |source| RunFolderError::Io { action, path, source };
        let path = lock.folder().to_owned();
        let record = RunRecord {
            suite: Some(suite.to_owned()),
            entry: Some(entry.to_owned()),
            ..new_record(jiff::Timestamp::now(), recipe, split, parameters, isa, threads)
        };
        let folder = RunFolder {
            path,
            files: Arc::new(RealFiles),
            lock: Some(lock),
            record,
            epochs: Vec::new(),
            last_checkpoint: Instant::now(),
        };
        let path = &folder.path;
        folder.write_record()?;
        for name in [CHECKPOINT, "metrics.jsonl", "model.safetensors", "report.html"] {
            folder.remove(name)?;
        }
        // Two runs' event files in one folder are one muddle of curves to TensorBoard.
        for entry in fs::read_dir(path).map_err(io("look into", path.to_owned()))? {
            let entry = entry.map_err(io("look into", path.to_owned()))?;
            if entry.file_name().to_string_lossy().contains("tfevents") {
                fs::remove_file(entry.path()).map_err(io("remove", entry.path()))?;
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
        let folder = RunFolder { path, files, lock, record, epochs, last_checkpoint: Instant::now() };
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

    /// Whether the training should keep a checkpoint now: after every epoch, when it is stopped, and within an epoch when
    /// the last one is half a minute old.
    pub fn checkpoint_due(&self, occasion: Occasion) -> bool {
        occasion != Occasion::Step || self.last_checkpoint.elapsed() >= BETWEEN_CHECKPOINTS
    }

    /// Keeps where the training stands, for [`RunFolder::resume`].
    ///
    /// # Errors
    /// When it cannot be written; an older checkpoint is then untouched.
    pub fn keep_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), RunFolderError> {
        self.write(CHECKPOINT, &checkpoint.to_bytes())?;
        self.last_checkpoint = Instant::now();
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
        initial_weights: None,
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
        unchanged_recipe: None,
        result: None,
    }
}

/// Makes a folder of that name, or `-2`, `-3`, … behind it where the name is taken.
fn new_folder(runs: &Path, name: &str) -> Result<PathBuf, RunFolderError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RunFolderError::Io { action: "make the folder", path, source }
    };
    fs::create_dir_all(runs).map_err(failed(runs))?;
    for n in 1.. {
        let path = runs.join(if n == 1 { name.to_owned() } else { format!("{name}-{n}") });
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(failed(&path)(e)),
        }
    }
    unreachable!("some number is free")
}
