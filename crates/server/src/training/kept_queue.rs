//! The queue on disk: what waits and what goes on, so that the next app on the same runs can offer them again.
//!
//! It holds what pages asked for, not what came of it: when it is queued again it passes the checks of any request. It lies
//! in a folder of its own, `.queue` in that of the runs; only the app that holds the lock in there reads or writes it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use longhand_training::{LockTaken, RunLock, read_at_most, write_atomically};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Resumed;
use super::plan::Asked;
use crate::locked::Locked as _;

const FOLDER: &str = ".queue";
const FILE: &str = "queue.json";
const FORMAT: u32 = 1;
/// More than a full queue of the largest requests takes.
const MOST_BYTES: u64 = 4 << 20;

/// What a page asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Request {
    /// A new run.
    New(Asked),
    /// A run that goes on.
    Resume(Resumed),
}

/// A run that was asked for, and how it is shown before it is in the queue again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptRun {
    pub(super) recipe: String,
    pub(super) seed: u64,
    pub(super) epochs: usize,
    pub(super) request: Request,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    runs: Vec<KeptRun>,
}

/// The queue on disk.
pub(super) struct KeptQueue {
    folder: PathBuf,
    /// Held from what there is to keep until it is written: the last to write knows the last state.
    writing: Mutex<()>,
    /// Never held while something is written: pages wait for it.
    state: Mutex<State>,
}

struct State {
    ownership: Ownership,
    /// What an earlier app left, for as long as nobody has said what is to become of it.
    left: Vec<KeptRun>,
    /// Why the queue is not kept.
    fault: Option<String>,
}

enum Ownership {
    /// Nothing was kept here yet.
    None,
    /// This app's; no lock where the file system knows none.
    Held { _lock: Option<RunLock> },
    /// Another app's, or unreadable.
    Others,
}

impl KeptQueue {
    /// What an earlier app left among `runs`; makes nothing.
    pub(super) fn open(runs: &Path) -> Self {
        let folder = runs.join(FOLDER);
        let mut state = State { ownership: Ownership::None, left: Vec::new(), fault: None };
        if folder.is_dir() && state.take(&folder) {
            match read(&folder.join(FILE)) {
                Ok(left) => state.left = left,
                Err(why) => {
                    state.ownership = Ownership::Others;
                    state.fault = Some(format!(
                        "the queue kept in {} cannot be read ({why}); until it is moved away, the queue is not kept",
                        folder.join(FILE).display()
                    ));
                }
            }
        }
        KeptQueue { folder, writing: Mutex::new(()), state: Mutex::new(state) }
    }

    /// What an earlier app left and nobody has settled yet.
    pub(super) fn left(&self) -> Vec<KeptRun> {
        self.state.locked().left.clone()
    }

    /// `run` is not left any more, from the next [`KeptQueue::save`] on: its job is in the queue.
    pub(super) fn is_queued(&self, run: &KeptRun) {
        let left = &mut self.state.locked().left;
        // One of equals: two runs of the same recipe and seed are two.
        if let Some(place) = left.iter().position(|other| other == run) {
            left.remove(place);
        }
    }

    /// Nothing is left any more, from the next [`KeptQueue::save`] on.
    pub(super) fn forget_left(&self) {
        self.state.locked().left.clear();
    }

    /// Writes what `all` gives: what was left and, behind it, the queue. What cannot be written is said to pages; training
    /// goes on without.
    pub(super) fn save(&self, all: impl FnOnce() -> Vec<KeptRun>) {
        let _alone = self.writing.locked();
        let runs = all();
        let is_held = {
            let mut state = self.state.locked();
            match state.ownership {
                Ownership::None => !runs.is_empty() && state.take(&self.folder),
                Ownership::Held { .. } => true,
                Ownership::Others => false,
            }
        };
        if is_held {
            let path = self.folder.join(FILE);
            let outcome = write_atomically(&path, &written(runs));
            self.state.locked().fault = outcome.err().map(|e| not_written(&path, &e));
        }
    }

    /// Whether the queue as it stands is on disk.
    pub(super) fn is_kept(&self) -> bool {
        let state = self.state.locked();
        matches!(state.ownership, Ownership::Held { .. }) && state.fault.is_none()
    }

    /// For pages.
    pub(super) fn shown(&self) -> Value {
        let state = self.state.locked();
        let shown = |run: &KeptRun| {
            json!({
                "recipe": run.recipe,
                "seed": run.seed,
                "epochs": run.epochs,
                "resumed": matches!(run.request, Request::Resume(_)),
            })
        };
        json!({ "runs": state.left.iter().map(shown).collect::<Vec<_>>(), "fault": state.fault })
    }
}

impl State {
    /// Tries to be the one app that keeps its queue in `folder`, which is made where it is missing.
    fn take(&mut self, folder: &Path) -> bool {
        self.ownership = match RunLock::take_if_can(folder) {
            Ok(LockTaken::Held(lock)) => Ownership::Held { _lock: Some(lock) },
            Ok(LockTaken::NoLocks) => Ownership::Held { _lock: None },
            Ok(LockTaken::Busy) => Ownership::Others,
            Err(e) => {
                self.fault = Some(not_written(folder, &e));
                return false;
            }
        };
        matches!(self.ownership, Ownership::Held { .. })
    }
}

fn not_written(path: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {error}; if the program dies, the queue is lost", path.display())
}

fn written(runs: Vec<KeptRun>) -> Vec<u8> {
    serde_json::to_vec_pretty(&File { format: FORMAT, runs }).expect("plain data")
}

/// The queue in `bytes` as it would be written. For fuzz targets.
///
/// # Errors
/// When they are no queue.
pub fn kept_queue_again(bytes: &[u8]) -> Result<Vec<u8>, String> {
    parse(bytes).map(written)
}

fn read(path: &Path) -> Result<Vec<KeptRun>, String> {
    match read_at_most(path, MOST_BYTES) {
        Ok(Ok(bytes)) => parse(&bytes),
        Ok(Err(_)) => Err(format!("it is larger than {} MB", MOST_BYTES >> 20)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e.to_string()),
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<KeptRun>, String> {
    let File { format, runs } = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if format != FORMAT {
        return Err(format!("its format is {format}, and this program knows {FORMAT}"));
    }
    Ok(runs)
}
