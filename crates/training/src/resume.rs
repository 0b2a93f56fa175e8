//! A run that was stopped, or whose process died, read back so far that it can be gone on with.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use longhand_kernels::Isa;
use longhand_model_files::weights_sha256;
use longhand_nn::Network;

use crate::checkpoint::{Checkpoint, CheckpointFault};
use crate::files::{Files, RealFiles, read_at_most};
use crate::initial_weights::InitialWeightsRecord;
use crate::machine::Machine;
use crate::record::{EpochMetrics, ResultRecord, RunRecord, RunStatus};
use crate::run_folder::{CHECKPOINT, RunFolder, RunFolderError};
use crate::run_lock::{LockTaken, RunLock};
use crate::same_run::{NotTheSame, check};
use crate::split::Split;
use crate::stored_run::{StoredRun, StoredRunError};

/// Why a run cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The folder holds no run, or one that cannot be read.
    #[error(transparent)]
    Stored(#[from] StoredRunError),
    /// The record cannot be that of a run on these data.
    #[error(transparent)]
    NotTheSame(#[from] NotTheSame),
    /// All epochs are done.
    #[error("{} is finished: all of its {epochs} epochs are done. For more of them, train anew with --epochs", path.display())]
    Finished {
        /// The folder.
        path: PathBuf,
        /// Its epochs.
        epochs: usize,
    },
    /// The loss stopped being a number, and would again.
    #[error("{} diverged, and would again at the same step: change the recipe and train anew", path.display())]
    Diverged {
        /// The folder.
        path: PathBuf,
    },
    /// A process is at it.
    #[error("{} is being written by another process: wait until it ends, or stop it", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The checkpoint cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The checkpoint.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The checkpoint is none, is damaged, or is another run's.
    #[error(
        "{} cannot be gone on from: {source}. Nothing in the folder was changed; without that file the run goes on from \
         its beginning, to {} bits",
        path.display(), whose(.source)
    )]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<CheckpointFault>,
    },
    /// There is no checkpoint, and the weights that the run began from, which are not random ones, are not to be had.
    #[error(
        "{} has no checkpoint, and it began from the weights in {}: {why}. Put its own there, or train anew with --weights",
        path.display(), .weights.file
    )]
    NoCheckpoint {
        /// The folder.
        path: PathBuf,
        /// What it began from.
        weights: InitialWeightsRecord,
        /// Why they are not to be had.
        why: String,
    },
    /// The folder cannot be written.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
}

/// Which bits a run comes to that goes on from its beginning because of `fault`.
fn whose(fault: &CheckpointFault) -> &'static str {
    match fault {
        CheckpointFault::OtherBits { .. } | CheckpointFault::Format(_) => "those of this version, which may be other",
        _ => "the same",
    }
}

/// A run that can be gone on with; nothing of it has been changed yet.
#[derive(Debug)]
pub(crate) struct Resumable {
    path: PathBuf,
    record: RunRecord,
    epochs: Vec<EpochMetrics>,
    network: Network,
    pub(crate) checkpoint: Checkpoint,
}

impl Resumable {
    /// Reads the run in the folder `path`, which is to go on on `split`, and checks all of it.
    pub(crate) fn read(path: &Path, split: &Split<'_>) -> Result<Self, ResumeError> {
        let StoredRun { record, mut epochs, .. } = StoredRun::read(path)?;
        let (owned, file) = (|| path.to_owned(), path.join(CHECKPOINT));
        // A run that has ended and still has its checkpoint was killed before all of it was written.
        match record.status {
            RunStatus::Finished if !file.exists() => {
                return Err(ResumeError::Finished { path: owned(), epochs: record.epochs });
            }
            RunStatus::Diverged if !file.exists() => return Err(ResumeError::Diverged { path: owned() }),
            _ => {}
        }
        let recipe = &record.resolved_recipe;
        let network = check(path, &record, split)?;
        let faulty = |source| ResumeError::Checkpoint { path: file.clone(), source: Box::new(source) };
        let begun_from = match &record.initial_weights {
            None => weights_sha256(&network),
            Some(weights) => weights.weights_sha256.clone(),
        };
        let most = Checkpoint::most_bytes(&network);
        let checkpoint = match read_at_most(&file, most) {
            Ok(Ok(bytes)) => Checkpoint::from_bytes(&bytes).map_err(faulty)?,
            Ok(Err(found)) => return Err(faulty(CheckpointFault::TooLarge { found, most })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Checkpoint::beginning(recipe, split, &first_network(path, &record, network)?)
            }
            Err(source) => return Err(ResumeError::Unreadable { path: file, source }),
        };
        let network = checkpoint.trainee(recipe, split).map_err(faulty)?.into_judged();
        if checkpoint.initial_weights_sha256 != begun_from {
            let found = checkpoint.initial_weights_sha256.clone();
            return Err(faulty(CheckpointFault::OtherWeights { found, wanted: begun_from }));
        }
        let (wanted, found) = (checkpoint.epochs_done(), epochs.len());
        if found < wanted {
            return Err(faulty(CheckpointFault::Epochs { wanted, found }));
        }
        epochs.truncate(wanted);
        Ok(Resumable { path: owned(), record, epochs, network, checkpoint })
    }

    /// Puts the folder where the checkpoint stands, and opens it.
    pub(crate) fn reopen(
        self,
        files: Arc<dyn Files>,
        lock: Option<RunLock>,
        isa: Isa,
        threads: usize,
    ) -> Result<(RunFolder, Checkpoint), RunFolderError> {
        let Resumable { path, mut record, epochs, network, checkpoint } = self;
        record.status = RunStatus::Running;
        record.ended = None;
        (record.threads, record.isa, record.machine) = (threads, isa.name().to_owned(), Machine::here());
        // Its bits are this version's too, or its checkpoint had been refused.
        record.version = env!("CARGO_PKG_VERSION").to_owned();
        record.result = ResultRecord::of(&epochs, weights_sha256(&network));
        Ok((RunFolder::reopened(files, path, lock, record, epochs, &network)?, checkpoint))
    }
}

impl RunFolder {
    /// Opens the folder `path` of a run that was stopped, or whose process died, to go on with it on `split` by
    /// [`crate::train_from_checkpoint`]: with the folder's [`RunFolder::epochs`] and its record's recipe.
    ///
    /// What the folder holds beyond its checkpoint is dropped; it is made again to the same bits. Without a checkpoint the
    /// run goes on from its beginning.
    ///
    /// # Errors
    /// When there is nothing to go on with, a process is at it, the data are others, or the checkpoint is no good: the
    /// folder is then as it was. When it cannot be written.
    pub fn resume(path: &Path, split: &Split<'_>, isa: Isa, threads: usize) -> Result<(Self, Checkpoint), ResumeError> {
        Self::resume_by(Arc::new(RealFiles), path, split, isa, threads)
    }

    /// [`RunFolder::resume`], its files written by the operations of `files`.
    pub(crate) fn resume_by(
        files: Arc<dyn Files>,
        path: &Path,
        split: &Split<'_>,
        isa: Isa,
        threads: usize,
    ) -> Result<(Self, Checkpoint), ResumeError> {
        // Before the lock, since taking it makes a file in the folder.
        StoredRun::read(path)?;
        let lock = match RunLock::take_if_can(path) {
            Ok(LockTaken::Held(lock)) => Some(lock),
            Ok(LockTaken::Busy) => return Err(ResumeError::Busy { path: path.to_owned() }),
            Ok(LockTaken::NoLocks) => None,
            Err(source) => {
                return Err(RunFolderError::Io { action: "take the lock of", path: path.to_owned(), source }.into());
            }
        };
        match Resumable::read(path, split) {
            Ok(run) => Ok(run.reopen(files, lock, isa, threads)?),
            Err(e) => {
                if let (ResumeError::Finished { .. } | ResumeError::Diverged { .. }, Some(lock)) = (&e, lock) {
                    lock.remove();
                }
                Err(e)
            }
        }
    }
}

/// What the run of `record` began from: `random`, or the weights of a file, if they are still in it.
fn first_network(path: &Path, record: &RunRecord, random: Network) -> Result<Network, ResumeError> {
    let Some(weights) = &record.initial_weights else { return Ok(random) };
    let none = |why| ResumeError::NoCheckpoint { path: path.to_owned(), weights: weights.clone(), why };
    weights
        .read_again(Path::new(&weights.file), &record.resolved_recipe)
        .map_err(|e| none(e.to_string()))?
        .map_err(|found| none(format!("it holds those of SHA-256 {found} now")))
}
