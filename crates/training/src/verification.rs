//! Whether a run's bits are those that its record says: it is trained once more.

use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use longhand_kernels::Isa;
use longhand_model_files::{ModelFileError, read_model, safetensors, weights_sha256};
use longhand_nn::Network;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::checkpoint::hex;
use crate::files::read_at_most;
use crate::initial_weights::InitialWeightsError;
use crate::recipe::Recipe;
use crate::record::{DataRecord, EpochMetrics, ResultRecord, RunRecord, RunStatus};
use crate::same_run::{NotTheSame, check};
use crate::split::Split;
use crate::stored_run::StoredRun;
use crate::train::{Ended, EpochDone, Observer, Progress, TrainError, train_from};

/// What came of training a run once more.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verification {
    /// Every bit of the weights, of the metrics and of the kept model is what the record's recipe comes to, and the record's
    /// other figures follow from them. What cannot be made again is believed: times, the machine, and what is only said.
    Same {
        /// The weights' name.
        weights_sha256: String,
    },
    /// Something is not; the first that was found.
    Different(Difference),
    /// It was stopped before there was an answer.
    Stopped,
}

/// The first thing in which a run and its record differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The epoch, counted from 1; `None` where it is about the whole run.
    pub epoch: Option<usize>,
    /// The figure, as `metrics.jsonl` or `run.json` calls it.
    pub figure: String,
    /// What the record says.
    pub recorded: String,
    /// What was found.
    pub found: String,
}

/// Why a run cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is not finished.
    #[error("{} is {status}, and only a finished run has bits to compare; longhand train --resume finishes it", path.display())]
    NotFinished {
        /// The folder.
        path: PathBuf,
        /// What it is.
        status: &'static str,
    },
    /// The record has fewer or more epochs than its recipe.
    #[error("{} says that it is finished, and has {found} of {wanted} epochs: files of two runs, or a record changed by hand", path.display())]
    Epochs {
        /// The folder.
        path: PathBuf,
        /// Lines of metrics.
        found: usize,
        /// Epochs of the recipe.
        wanted: usize,
    },
    /// The record cannot be that of a run on these data.
    #[error(transparent)]
    NotTheSame(#[from] NotTheSame),
    /// The weights that it began from cannot be read.
    #[error("the run began from weights in a file: {0}")]
    InitialWeights(#[from] InitialWeightsError),
    /// The file they came from holds others now.
    #[error("the run began from weights of SHA-256 {wanted}, and {file} holds those of {found} now: put its own there")]
    OtherWeights {
        /// The file.
        file: String,
        /// What is in it.
        found: String,
        /// What was in it.
        wanted: String,
    },
    /// The model that it kept cannot be read.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// Nor its bytes.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The model.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// Trains the finished `run` once more on `split`, and compares weights and metrics, all but the seconds, with its record
/// and with the model that it kept. `step` is told of every step and may stop it. `weights` is the file of the weights that
/// it began from, where that is not where the record says.
///
/// # Errors
/// When there is nothing to compare with, or it cannot be trained.
pub fn verify(
    run: &StoredRun,
    split: &Split<'_>,
    isa: Isa,
    threads: usize,
    weights: Option<&Path>,
    step: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
) -> Result<Verification, VerifyError> {
    let (path, record) = (&run.path, &run.record);
    let network = check(path, record, split)?;
    let status = match record.status {
        RunStatus::Finished => None,
        RunStatus::Running => Some("not finished"),
        RunStatus::Interrupted => Some("interrupted"),
        RunStatus::Diverged => Some("diverged"),
    };
    if let Some(status) = status {
        return Err(VerifyError::NotFinished { path: path.clone(), status });
    }
    let recipe = &record.resolved_recipe;
    let Some(result) = record.result.as_ref().filter(|_| run.epochs.len() == recipe.epochs) else {
        return Err(VerifyError::Epochs { path: path.clone(), found: run.epochs.len(), wanted: recipe.epochs });
    };
    let copies = copy_difference(record, recipe, split, &network);
    let network = match &record.initial_weights {
        None => network,
        Some(begun_from) => {
            let file = weights.unwrap_or(Path::new(&begun_from.file));
            begun_from.read_again(file, recipe)?.map_err(|found| {
                let (file, wanted) = (file.display().to_string(), begun_from.weights_sha256.clone());
                VerifyError::OtherWeights { file, found, wanted }
            })?
        }
    };
    let about_the_weights = |figure: &str, network: &Network| {
        let found = weights_sha256(network);
        (found != result.weights_sha256).then(|| Difference {
            epoch: None,
            figure: figure.to_owned(),
            recorded: result.weights_sha256.clone(),
            found,
        })
    };
    // At once, where a training takes minutes: what the record says beside its recipe and its metrics and does not follow
    // from them, and a model that is not the record's.
    if let Some(difference) = copies {
        return Ok(Verification::Different(difference));
    }
    let follows = ResultRecord::of(&run.epochs, result.weights_sha256.clone());
    if let Some(difference) = follows.and_then(|follows| result_difference(result, &follows)) {
        return Ok(Verification::Different(difference));
    }
    let model = path.join("model.safetensors");
    let kept = read_model(&model)?;
    if let Some(difference) = about_the_weights("model.safetensors", &kept.network) {
        return Ok(Verification::Different(difference));
    }
    let mut comparing = Comparing { recorded: &run.epochs, difference: None, step };
    let trained = train_from(network, recipe, split, isa, threads, &mut comparing)?;
    if let Some(difference) = comparing.difference {
        return Ok(Verification::Different(difference));
    }
    match trained.ended {
        Ended::Interrupted { .. } => return Ok(Verification::Stopped),
        Ended::Diverged { epoch, loss, .. } => {
            let (recorded, found) = ("a finite loss".to_owned(), loss.to_string());
            let difference = Difference { epoch: Some(epoch), figure: "train_loss".to_owned(), recorded, found };
            return Ok(Verification::Different(difference));
        }
        Ended::Finished => {}
    }
    if let Some(difference) = about_the_weights("weights_sha256", &trained.network) {
        return Ok(Verification::Different(difference));
    }
    // More than its weights: what it does to an image before the network sees it, and what it calls itself.
    let wanted = safetensors::write(&trained.network, &recipe.name, &recipe.normalisation);
    let found = read_at_most(&model, wanted.len() as u64)
        .map_err(|source| VerifyError::Unreadable { path: model.clone(), source })?;
    if found.as_ref() != Ok(&wanted) {
        let sha256 = |bytes: &[u8]| format!("SHA-256 {}", hex(&Sha256::digest(bytes)));
        let kept = found.map_or_else(|bytes| format!("at least {bytes} bytes"), |bytes| sha256(&bytes));
        return Ok(Verification::Different(Difference {
            epoch: None,
            figure: "the whole of model.safetensors".to_owned(),
            recorded: kept,
            found: sha256(&wanted),
        }));
    }
    Ok(Verification::Same { weights_sha256: result.weights_sha256.clone() })
}

/// The first figure that the record repeats of its recipe, its data or its network, and that is another there: lists and
/// leaderboards quote the repetition.
fn copy_difference(record: &RunRecord, recipe: &Recipe, split: &Split<'_>, network: &Network) -> Option<Difference> {
    let data = DataRecord::of(split);
    let pairs = [
        ("recipe", record.recipe.clone(), recipe.name.clone()),
        ("seed", record.seed.to_string(), recipe.seed.to_string()),
        ("parameters", record.parameters.to_string(), network.parameters().len().to_string()),
        ("epochs", record.epochs.to_string(), recipe.epochs.to_string()),
        ("batch_size", record.batch_size.to_string(), recipe.batch_size.to_string()),
        ("steps_per_epoch", record.steps_per_epoch.to_string(), recipe.steps_per_epoch(split.train.len()).to_string()),
        ("data.test_images", record.data.test_images.to_string(), data.test_images.to_string()),
        ("data.validation_images", record.data.validation_images.to_string(), data.validation_images.to_string()),
    ];
    pairs.into_iter().find(|(_, recorded, found)| recorded != found).map(|(figure, recorded, found)| Difference {
        epoch: None,
        figure: figure.to_owned(),
        recorded,
        found,
    })
}

/// The first figure of the result that does not follow from the metrics; seconds are none.
fn result_difference(recorded: &ResultRecord, found: &ResultRecord) -> Option<Difference> {
    let figures = |r: &ResultRecord| {
        [
            ("epochs_done", r.epochs_done.to_string()),
            ("last_accuracy", r.accuracy.last().to_string()),
            ("last_errors", r.accuracy.last_errors().to_string()),
            ("best_accuracy", r.accuracy.best().to_string()),
            ("best_epoch", r.best_epoch.to_string()),
        ]
    };
    let mut pairs = figures(recorded).into_iter().zip(figures(found));
    pairs.find(|((_, recorded), (_, found))| recorded != found).map(|((figure, recorded), (_, found))| Difference {
        epoch: None,
        figure: format!("result.{figure}"),
        recorded,
        found,
    })
}

/// The first figure in which `found` is not `recorded`, to the bit; seconds are none.
fn difference(recorded: &EpochMetrics, found: &EpochMetrics) -> Option<Difference> {
    let figures = |m: &EpochMetrics| {
        let on = m.scores.evaluated_on().name();
        let whole = |n: usize| (n.to_string(), n as u64);
        // A loss that is no number is written as `null`, whichever it was.
        let float = |x: f64| (x.to_string(), if x.is_finite() { x.to_bits() } else { f64::NAN.to_bits() });
        [
            ("epoch".to_owned(), whole(m.epoch)),
            ("learning_rate".to_owned(), float(m.learning_rate)),
            ("steps".to_owned(), whole(m.steps)),
            ("train_images".to_owned(), whole(m.train_images)),
            ("train_loss".to_owned(), float(m.train_loss)),
            ("train_accuracy".to_owned(), float(m.train_accuracy)),
            (format!("{on}_loss"), float(m.scores.loss())),
            (format!("{on}_accuracy"), float(m.scores.accuracy())),
            (format!("{on}_errors"), whole(m.scores.errors())),
        ]
    };
    let pairs = figures(recorded).into_iter().zip(figures(found));
    let mut differing = pairs.filter(|((name, (_, bits)), (other, (_, found)))| name != other || bits != found);
    differing.next().map(|((figure, (recorded, _)), (_, (found_text, _)))| Difference {
        epoch: Some(found.epoch),
        figure,
        recorded,
        found: found_text,
    })
}

/// Compares every epoch with its record, and stops after one that differs.
struct Comparing<'a> {
    recorded: &'a [EpochMetrics],
    difference: Option<Difference>,
    step: &'a mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
}

impl Observer for Comparing<'_> {
    fn step(&mut self, progress: Progress) -> ControlFlow<()> {
        if self.difference.is_some() { ControlFlow::Break(()) } else { (self.step)(progress) }
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.difference.is_none() {
            self.difference = difference(&self.recorded[done.metrics.epoch - 1], done.metrics);
        }
        Ok(())
    }
}
