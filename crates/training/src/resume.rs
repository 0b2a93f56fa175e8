//! A run that was stopped, or whose process died, read back so far that it can be gone on with.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use longhand_kernels::Isa;
use longhand_model_files::weights_sha256;
use longhand_nn::Network;

use crate::checkpoint::{Checkpoint, CheckpointFault};
use crate::files::{Files, RealFiles};
use crate::initial_weights::InitialWeightsRecord;
use crate::machine::Machine;
use crate::record::{EpochMetrics, ResultRecord, RunRecord, RunStatus};
use crate::run_folder::{CHECKPOINT, RunFolder, RunFolderError};
use crate::run_lock::RunLock;
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
         its beginning, to the same bits",
        path.display()
    )]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<CheckpointFault>,
    },
    /// There is no checkpoint, and the weights that the run began from are not random ones.
    #[error(
        "{} has no checkpoint, and it began from the weights in {}: train anew with --weights",
        path.display(), .weights.file
    )]
    NoCheckpoint {
        /// The folder.
        path: PathBuf,
        /// What it began from.
        weights: InitialWeightsRecord,
    },
    /// The folder cannot be written.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
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
        let checkpoint = match read_bounded(&file, Checkpoint::most_bytes(&network)) {
            Ok(bytes) => bytes.and_then(|bytes| Checkpoint::from_bytes(&bytes)).map_err(faulty)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => match &record.initial_weights {
                None => Checkpoint::beginning(recipe, split, &network),
                Some(weights) => return Err(ResumeError::NoCheckpoint { path: owned(), weights: weights.clone() }),
            },
            Err(source) => return Err(ResumeError::Unreadable { path: file, source }),
        };
        let network = checkpoint.trainee(recipe, split).map_err(faulty)?.into_judged();
        if let Some(InitialWeightsRecord { weights_sha256: wanted, .. }) = &record.initial_weights {
            let (found, wanted) = (checkpoint.initial_weights_sha256.clone(), wanted.clone());
            if found != wanted {
                return Err(faulty(CheckpointFault::OtherWeights { found, wanted }));
            }
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
        let lock = match RunLock::try_take(path) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => return Err(ResumeError::Busy { path: path.to_owned() }),
            Err(e) if e.kind() == io::ErrorKind::Unsupported => None,
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

/// The bytes of the file at `path`, as many as a checkpoint may have.
fn read_bounded(path: &Path, most: u64) -> io::Result<Result<Vec<u8>, CheckpointFault>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    Ok(if found <= most { Ok(bytes) } else { Err(CheckpointFault::TooLarge { found, most }) })
}
