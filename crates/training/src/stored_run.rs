//! Runs read back from their folders.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::recipe::Recipe;
use crate::record::{EpochMetrics, RunRecord, RunStatus};
use crate::run_folder::CHECKPOINT;
use crate::run_lock::is_being_written;

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
    /// The record holds a recipe that cannot be.
    #[error("{} holds a recipe that cannot be: {reason}", path.display())]
    Recipe {
        /// The record.
        path: PathBuf,
        /// What is wrong with it, behind the keys that lead there.
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
    /// When a file cannot be read, is no record, holds a recipe that cannot be, or record and metrics do not belong together.
    pub fn read(path: &Path) -> Result<Self, StoredRunError> {
        let mut record = TextFile::read(path.join("run.json"))?;
        loop {
            let metrics = match TextFile::read(path.join("metrics.jsonl")) {
                Err(StoredRunError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => String::new(),
                read => read?.text,
            };
            match Self::from_texts(path, &record.text, &metrics) {
                // A run that goes on cuts its metrics once its record says so: this record may be the one from before.
                Err(torn @ StoredRunError::Torn { .. }) => {
                    let again = TextFile::read(path.join("run.json"))?;
                    // A record is replaced, never written into: the same file, held open all the while, stood there when
                    // the metrics were read. The same text would not say so: a run may have gone round to it again.
                    if again.file == record.file {
                        return Err(torn);
                    }
                    record = again;
                }
                read => return read,
            }
        }
    }

    /// The run whose `run.json` holds `record` and whose `metrics.jsonl` holds `metrics`, empty where there is none;
    /// `path` is its folder, which is not looked into.
    ///
    /// # Errors
    /// When a text is no record, a recipe in it cannot be, or the two do not belong together.
    pub fn from_texts(path: &Path, record: &str, metrics: &str) -> Result<Self, StoredRunError> {
        let file = path.join("run.json");
        let record: RunRecord = serde_json::from_str(record)
            .map_err(|e| StoredRunError::NotARecord { path: file.clone(), reason: e.to_string() })?;
        // Anybody may have written it, and whoever has a recipe in hand relies on its having been checked.
        let recipes = [
            ("resolved_recipe", Some(&record.resolved_recipe)),
            ("unchanged_recipe", record.unchanged_recipe.as_ref()),
        ];
        for (key, recipe) in recipes {
            if let Some(Err((steps, message))) = recipe.map(Recipe::check) {
                let place: String = steps.iter().map(|step| format!(".{step}")).collect();
                return Err(StoredRunError::Recipe { path: file, reason: format!("{key}{place}: {message}") });
            }
        }
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

    /// Whether [`crate::RunFolder::resume`] would have something to go on with: nobody is at the run, and it was stopped, its
    /// process died, or it ended and something of it may be missing. Where the file system cannot tell, somebody is at it.
    pub fn can_go_on(&self) -> bool {
        let is_over = matches!(self.record.status, RunStatus::Finished | RunStatus::Diverged);
        // As a file: a run that is over and has something else of that name is not gone on with for it.
        (!is_over || self.path.join(CHECKPOINT).is_file()) && !is_being_written(&self.path).unwrap_or(true)
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

/// A file of a record, held open.
struct TextFile {
    text: String,
    file: same_file::Handle,
}

impl TextFile {
    /// Reads it: what is no file, such as a pipe, would be waited for without end, and what is too large is no record.
    fn read(path: PathBuf) -> Result<Self, StoredRunError> {
        let io = |source| StoredRunError::Io { path: path.clone(), source };
        let about = fs::metadata(&path).map_err(io)?;
        let not = |reason: String| Err(StoredRunError::NotARecord { path: path.clone(), reason });
        if !about.is_file() {
            return not("it is no regular file".to_owned());
        }
        if about.len() > MAX_RECORD_BYTES {
            return not(format!("it has {} bytes, and a record has at most {MAX_RECORD_BYTES}", about.len()));
        }
        let mut file = File::open(&path).map_err(io)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io)?;
        Ok(TextFile { text, file: same_file::Handle::from_file(file).map_err(io)? })
    }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    /// The texts of a run that says `running` after `epochs` epochs.
    fn texts(epochs: usize) -> (String, String) {
        let recipe = crate::Recipe::from_toml("seed", crate::built_in("seed").unwrap(), &[]).unwrap();
        let data = longhand_data::strokes::generate(3, 20, 10);
        let split = crate::Split::testing(&data);
        let runs = tempfile::tempdir().unwrap();
        let folder = crate::RunFolder::create(runs.path(), &recipe, &split, 1, longhand_kernels::Isa::detect(), 1);
        let mut record = folder.unwrap().record().clone();
        let lines: Vec<EpochMetrics> = (1..=epochs)
            .map(|epoch| {
                let scores = crate::Scores::Test { test_loss: 1.0, test_accuracy: 0.5, test_errors: 5 };
                let (steps, train_images, train_loss, train_accuracy) = (1, 1, 1.0, 0.5);
                let (learning_rate, train_seconds, evaluation_seconds) = (0.1, 1.0, 1.0);
                EpochMetrics {
                    epoch,
                    learning_rate,
                    steps,
                    train_images,
                    train_loss,
                    train_accuracy,
                    scores,
                    train_seconds,
                    evaluation_seconds,
                }
            })
            .collect();
        record.result = crate::ResultRecord::of(&lines, String::new());
        let lines: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
        (serde_json::to_string(&record).unwrap(), lines)
    }

    #[test]
    fn a_reader_beside_one_that_goes_on_again_and_again_never_reads_a_torn_run() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            // Not synced: no power is cut here.
            fs::write(folder.path().join("new"), text).unwrap();
            fs::rename(folder.path().join("new"), folder.path().join(name)).unwrap();
        };
        let ((short, line), (long, lines)) = (texts(1), texts(2));
        let is_over = AtomicBool::new(false);
        put("metrics.jsonl", &lines);
        put("run.json", &long);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    // It goes on where one epoch was done, and does another.
                    put("run.json", &short);
                    put("metrics.jsonl", &line);
                    put("metrics.jsonl", &lines);
                    put("run.json", &long);
                }
            });
            let read: Vec<_> = (0..5_000).map(|_| StoredRun::read(folder.path()).map(|run| run.epochs.len())).collect();
            is_over.store(true, Ordering::Relaxed);
            assert!(read.iter().all(|read| matches!(read, Ok(1 | 2))), "{:?}", read.iter().find(|r| r.is_err()));
        });
        // And what is torn and stays so is.
        put("metrics.jsonl", &line);
        assert!(matches!(StoredRun::read(folder.path()), Err(StoredRunError::Torn { said: 2, found: 1, .. })));
    }
}
