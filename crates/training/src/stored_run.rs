//! Runs read back from their folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::{EpochMetrics, RunRecord, RunStatus};

/// The largest `run.json` and the largest `metrics.jsonl` that are read, in bytes.
pub const MAX_RECORD_BYTES: u64 = 64 << 20;

/// A run as its folder holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// The folder.
    pub path: PathBuf,
    /// `run.json`.
    pub record: RunRecord,
    /// The lines of `metrics.jsonl`; none before the first epoch is done.
    pub epochs: Vec<EpochMetrics>,
}

/// Why a folder could not be read as a run.
#[derive(Debug, thiserror::Error)]
pub enum StoredRunError {
    /// The operating system refused.
    #[error("cannot read {}: {source}{}", path.display(), to_do(.source))]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not what its name says.
    #[error("{} is no record of this program: {reason}", path.display())]
    NotARecord {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Record and metrics tell different stories.
    #[error(
        "{} says that {said} epochs are done and metrics.jsonl beside it has {found}: files of two runs, or a half-written \
         one",
        path.display()
    )]
    Torn {
        /// The record.
        path: PathBuf,
        /// Epochs that the record says are done.
        said: usize,
        /// Lines found.
        found: usize,
    },
}

/// What to do about it.
fn to_do(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "; name the folder of a run, as `longhand runs list` shows them",
        _ => "",
    }
}

impl StoredRun {
    /// Reads the run in the folder `path`.
    ///
    /// # Errors
    /// When a file cannot be read, is no record, or record and metrics do not belong together.
    pub fn read(path: &Path) -> Result<Self, StoredRunError> {
        let record = read_text(path.join("run.json"))?;
        let metrics = match read_text(path.join("metrics.jsonl")) {
            Err(StoredRunError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        Self::from_texts(path, &record, &metrics)
    }

    /// The run whose `run.json` holds `record` and whose `metrics.jsonl` holds `metrics`, empty where there is none;
    /// `path` is its folder, which is not looked into.
    ///
    /// # Errors
    /// When a text is no record, or the two do not belong together.
    pub fn from_texts(path: &Path, record: &str, metrics: &str) -> Result<Self, StoredRunError> {
        let file = path.join("run.json");
        let record: RunRecord = serde_json::from_str(record)
            .map_err(|e| StoredRunError::NotARecord { path: file.clone(), reason: e.to_string() })?;
        let mut epochs = parse_metrics(&path.join("metrics.jsonl"), metrics)?;
        let said = record.result.as_ref().map_or(0, |r| r.epochs_done);
        if record.status == RunStatus::Running {
            // The line of an epoch stands before its record does, and a run begun over an older one's files removes those
            // once its own record stands: what counts is what the record knows of.
            epochs.truncate(said);
        }
        if epochs.len() != said {
            return Err(StoredRunError::Torn { path: file, said, found: epochs.len() });
        }
        Ok(StoredRun { path: path.to_owned(), record, epochs })
    }

    /// What runs of this kind are called together: the suite's entry, or the recipe.
    pub fn group(&self) -> &str {
        self.record.entry.as_deref().unwrap_or(&self.record.recipe)
    }

    /// Seconds of training and evaluation of all epochs done.
    pub fn seconds(&self) -> f64 {
        self.epochs.iter().map(|e| e.train_seconds + e.evaluation_seconds).sum()
    }
}

/// The text of a file of a record: what is no file, such as a pipe, would be waited for without end, and what is too large is
/// no record.
fn read_text(path: PathBuf) -> Result<String, StoredRunError> {
    let io = |source| StoredRunError::Io { path: path.clone(), source };
    let about = fs::metadata(&path).map_err(io)?;
    let not = |reason: String| Err(StoredRunError::NotARecord { path: path.clone(), reason });
    if !about.is_file() {
        return not("it is no regular file".to_owned());
    }
    if about.len() > MAX_RECORD_BYTES {
        return not(format!("it has {} bytes, and a record has at most {MAX_RECORD_BYTES}", about.len()));
    }
    fs::read_to_string(&path).map_err(io)
}

fn parse_metrics(path: &Path, text: &str) -> Result<Vec<EpochMetrics>, StoredRunError> {
    text.lines()
        .enumerate()
        .map(|(i, line)| {
            serde_json::from_str(line).map_err(|e| StoredRunError::NotARecord {
                path: path.to_owned(),
                reason: format!("line {}: {e}", i + 1),
            })
        })
        .collect()
}

/// Every folder with a `run.json` in it, `root` included, at any depth, in alphabetical order; links are not followed.
///
/// # Errors
/// When `root` itself cannot be read; folders below it that cannot are given as they are, for [`StoredRun::read`] to say.
pub fn find_runs(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(root, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut is_run = false;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == "run.json" {
            is_run = true;
        } else if entry.file_type()?.is_dir() && walk(&entry.path(), found).is_err() {
            found.push(entry.path());
        }
    }
    if is_run {
        found.push(folder.to_owned());
    }
    Ok(())
}
