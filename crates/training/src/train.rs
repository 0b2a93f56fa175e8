//! The training loop.

use std::ops::ControlFlow;
use std::time::Instant;

use longhand_data::ImageSet;
use longhand_data::augmentation::Augmenter;
use longhand_data::random::{Purpose, stream};
use longhand_data::shuffle::permutation;
use longhand_kernels::{Isa, LANES};
use longhand_nn::{LaneGroup, Loss, Network, SpecError, WeightAverage};

use crate::checkpoint::{Checkpoint, CheckpointFault, EpochSoFar, Trainee};
use crate::evaluation::{self, Evaluation, Verdict, judge};
use crate::recipe::Recipe;
use crate::record::{EpochMetrics, Scores};
use crate::split::Split;

/// Why a training could not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The network is impossible.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The data are not what the network takes.
    #[error(
        "the network takes images of {wanted:?} (channels, rows, columns) and the data hold {found:?}; change \
         network.input"
    )]
    Images {
        /// What the network takes.
        wanted: [usize; 3],
        /// What the data hold.
        found: [usize; 3],
    },
    /// The network has fewer classes than the data.
    #[error("the network tells {classes} classes apart and the data have label {label}; give the last layer more")]
    Classes {
        /// Classes of the network.
        classes: usize,
        /// The largest label.
        label: u8,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {reason}; ask for fewer with --threads")]
    Threads {
        /// How many.
        threads: usize,
        /// Why not.
        reason: String,
    },
    /// The checkpoint to go on from is not one of this training.
    #[error("the training cannot go on from its checkpoint: {0}")]
    Checkpoint(#[from] CheckpointFault),
    /// The observer could not keep what it was told, such as a record on a full disk.
    #[error("{0}")]
    Observer(Box<dyn std::error::Error + Send + Sync>),
}

/// Where a training stands, after a step.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The epoch being trained, counted from 1.
    pub epoch: usize,
    /// Steps of this epoch done.
    pub step: usize,
    /// Images of this epoch done.
    pub images: usize,
    /// The loss of the last batch.
    pub loss: f64,
}

/// Whoever wants to know how a training goes, and may stop it.
pub trait Observer: Send {
    /// A step is done; `Break` ends the training before the next one.
    fn step(&mut self, progress: Progress) -> ControlFlow<()> {
        let _ = progress;
        ControlFlow::Continue(())
    }

    /// The epoch's last step is done and the network is about to be judged.
    fn evaluating(&mut self) {}

    /// An epoch is done and its network judged.
    ///
    /// # Errors
    /// When what it says cannot be kept; the training ends with [`TrainError::Observer`].
    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

    /// Whether [`Observer::checkpoint`] is to be called now. The answer may depend on anything, such as the time: it
    /// decides no bit of the training.
    fn checkpoint_due(&mut self, occasion: Occasion) -> bool {
        let _ = occasion;
        false
    }

    /// Where the training stands, for whoever wants to keep it and go on from there later.
    ///
    /// # Errors
    /// When it cannot be kept; the training ends with [`TrainError::Observer`].
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let _ = checkpoint;
        Ok(())
    }
}

/// When a checkpoint can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A step is done that is not the last of its epoch.
    Step,
    /// An epoch is done, and [`Observer::epoch`] has kept it.
    EpochDone,
    /// [`Observer::step`] has asked to stop; nothing follows.
    Stopped,
}

/// An epoch that is done, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct EpochDone<'a> {
    /// Its line of `metrics.jsonl`.
    pub metrics: &'a EpochMetrics,
    /// The network that was judged: the average where the recipe averages.
    pub network: &'a Network,
    /// What it took each image for that it is judged on, in their order.
    pub verdicts: &'a [Verdict],
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// All epochs are done.
    Finished,
    /// The observer stopped it, `step` steps into epoch `epoch`.
    Interrupted {
        /// The epoch that was not finished, counted from 1.
        epoch: usize,
        /// Its steps that were done.
        step: usize,
    },
    /// The loss was not a finite number at this step; the network is as before the step that led there, and
    /// so is its average.
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step of that epoch, counted from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
}

/// What a training leaves.
#[derive(Debug)]
pub struct Trained {
    /// The network as it was at the end: with [`Recipe::averaging`] the average, which is what was judged.
    pub network: Network,
    /// A line per epoch done.
    pub epochs: Vec<EpochMetrics>,
    /// How it ended.
    pub ended: Ended,
}

/// Trains by `recipe` on the training images of `split`, on `threads` threads of its own, telling `observer`.
///
/// # Errors
/// When network and data do not fit, the threads cannot be started, or the observer fails. A loss that stops being a
/// number is no error but [`Ended::Diverged`]: what was learned before is in the result.
pub fn train(
    recipe: &Recipe,
    split: &Split<'_>,
    isa: Isa,
    threads: usize,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed)?;
    train_from(network, recipe, split, isa, threads, observer)
}

/// Like [`train`], from the weights and running statistics of `network` instead of random ones; the optimiser begins
/// anew, its momentum at zero.
///
/// # Errors
/// As [`train`].
///
/// # Panics
/// When `network` is not the recipe's.
pub fn train_from(
    network: Network,
    recipe: &Recipe,
    split: &Split<'_>,
    isa: Isa,
    threads: usize,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    assert_eq!(network.spec(), &recipe.network, "the network to begin from is the recipe's");
    check_split(recipe, &network, split)?;
    let start = Checkpoint::beginning(recipe, split, &network);
    drop(network);
    train_from_checkpoint(&start, Vec::new(), recipe, split, isa, threads, observer)
}

/// Goes on with a training from `checkpoint`, before which `epochs` were done, to the bits of one that was never stopped.
///
/// # Errors
/// As [`train`], and when the checkpoint is not one of this training.
pub fn train_from_checkpoint(
    checkpoint: &Checkpoint,
    epochs: Vec<EpochMetrics>,
    recipe: &Recipe,
    split: &Split<'_>,
    isa: Isa,
    threads: usize,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    if epochs.len() != checkpoint.epochs_done() {
        let (wanted, found) = (checkpoint.epochs_done(), epochs.len());
        return Err(TrainError::Checkpoint(CheckpointFault::Epochs { wanted, found }));
    }
    let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed)?;
    check_split(recipe, &network, split)?;
    drop(network);
    let pool = thread_pool(threads)?;
    // Entering a pool from outside costs more than a step's stretches inside it: enter once.
    pool.install(|| Loop { recipe, split, isa, observer }.run(checkpoint, epochs))
}

pub(crate) fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, TrainError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("longhand-{i}"))
        .build()
        .map_err(|e| TrainError::Threads { threads, reason: e.to_string() })
}

/// Whether the images of `split` are of the size that `network` takes, and their labels among its classes.
///
/// # Errors
/// When they are not: [`TrainError::Images`] or [`TrainError::Classes`].
pub fn check_split(recipe: &Recipe, network: &Network, split: &Split<'_>) -> Result<(), TrainError> {
    check_data(recipe, network, &[&split.train, &split.evaluation])
}

pub(crate) fn check_data(recipe: &Recipe, network: &Network, sets: &[&ImageSet]) -> Result<(), TrainError> {
    let wanted = recipe.network.input;
    for set in sets {
        let found = [1, set.height(), set.width()];
        if found != wanted {
            return Err(TrainError::Images { wanted, found });
        }
        let classes = network.classes();
        if let Some(&label) = set.labels().iter().max().filter(|&&l| l as usize >= classes) {
            return Err(TrainError::Classes { classes, label });
        }
    }
    Ok(())
}

struct Loop<'a> {
    recipe: &'a Recipe,
    split: &'a Split<'a>,
    isa: Isa,
    observer: &'a mut dyn Observer,
}

impl Loop<'_> {
    /// Goes on from `start`, before which `epochs` were done.
    fn run(mut self, start: &Checkpoint, mut epochs: Vec<EpochMetrics>) -> Result<Trained, TrainError> {
        let (recipe, split) = (self.recipe, self.split);
        let images = split.train.len();
        let steps = recipe.steps_per_epoch(images);
        let loss = Loss::new(&recipe.loss);
        let mut trainee = start.trainee(recipe, split)?;
        let batch = recipe.batch_size.min(images);
        let mut groups: Vec<LaneGroup> = (0..batch.div_ceil(LANES)).map(|_| trainee.network.training_group()).collect();
        let mut before = start.so_far;
        for epoch in start.epoch..=recipe.epochs {
            let started = Instant::now();
            let order = permutation(recipe.seed, epoch as u64, images);
            let loader = Loader::new(recipe, &split.train, epoch as u64);
            let mut so_far = before;
            for batch in order.chunks(recipe.batch_size).skip(before.steps) {
                let step = (epoch - 1) * steps + so_far.steps;
                let Trainee { network, good, average, optimiser } = &mut trainee;
                let outcome = network.train_step(self.isa, &mut groups, batch.len(), &loss, |g, group| {
                    loader.load(&batch[g * LANES..], group);
                });
                if !outcome.loss.is_finite() {
                    let ended = Ended::Diverged { epoch, step: so_far.steps + 1, loss: outcome.loss };
                    return Ok(Trained { network: trainee.good, epochs, ended });
                }
                // What is judged and kept, as it was at the last step whose loss was a number.
                good.copy_state_from(average.as_ref().map_or(network, WeightAverage::network));
                let (parameters, gradient) = network.parameters_and_gradient();
                optimiser.step(parameters, gradient, recipe.schedule.rate(step, steps, recipe.epochs));
                if let Some(average) = average {
                    average.update(network);
                }
                so_far.steps += 1;
                so_far.images += batch.len();
                so_far.correct += outcome.correct;
                so_far.loss_sum += outcome.loss * batch.len() as f64;
                so_far.seconds = before.seconds + started.elapsed().as_secs_f64();
                let progress = Progress { epoch, step: so_far.steps, images: so_far.images, loss: outcome.loss };
                let last = epoch == recipe.epochs && so_far.steps == steps;
                if self.observer.step(progress).is_break() && !last {
                    self.offer(Occasion::Stopped, || start.later(epoch, so_far, &trainee))?;
                    let ended = Ended::Interrupted { epoch, step: so_far.steps };
                    return Ok(Trained { network: trainee.into_judged(), epochs, ended });
                }
                if so_far.steps < steps {
                    self.offer(Occasion::Step, || start.later(epoch, so_far, &trainee))?;
                }
            }
            if epoch == recipe.epochs && recipe.precise_batch_norm {
                let table = recipe.normalisation.table();
                trainee.judged_mut().take_precise_statistics(self.isa, images, |g, group| {
                    evaluation::load(group, &split.train, g * LANES, &table);
                });
            }
            let train_seconds = before.seconds + started.elapsed().as_secs_f64();
            before = EpochSoFar::default();
            self.observer.evaluating();
            let started = Instant::now();
            let network = trainee.judged();
            let verdicts = judge(network, self.isa, &split.evaluation, &recipe.normalisation);
            let evaluation = Evaluation::of(&verdicts, network.classes());
            let metrics = EpochMetrics {
                epoch,
                // That of the last step.
                learning_rate: recipe.schedule.rate((epoch * steps).saturating_sub(1), steps, recipe.epochs),
                steps,
                train_images: so_far.images,
                train_loss: so_far.loss_sum / so_far.images as f64,
                train_accuracy: so_far.correct as f64 / so_far.images as f64,
                scores: Scores::new(split.evaluated_on, &evaluation),
                train_seconds,
                evaluation_seconds: started.elapsed().as_secs_f64(),
            };
            let done = EpochDone { metrics: &metrics, network, verdicts: &verdicts };
            self.observer.epoch(&done).map_err(TrainError::Observer)?;
            epochs.push(metrics);
            self.offer(Occasion::EpochDone, || start.later(epoch + 1, EpochSoFar::default(), &trainee))?;
        }
        Ok(Trained { network: trainee.into_judged(), epochs, ended: Ended::Finished })
    }

    fn offer(&mut self, occasion: Occasion, checkpoint: impl FnOnce() -> Checkpoint) -> Result<(), TrainError> {
        if !self.observer.checkpoint_due(occasion) {
            return Ok(());
        }
        self.observer.checkpoint(&checkpoint()).map_err(TrainError::Observer)
    }
}

/// Puts training images into lane groups: augmented, normalised, with what decides their dropout.
pub(crate) struct Loader<'a> {
    recipe: &'a Recipe,
    images: &'a ImageSet,
    epoch: u64,
    augmenter: Augmenter,
    table: [f32; 256],
}

impl<'a> Loader<'a> {
    pub(crate) fn new(recipe: &'a Recipe, images: &'a ImageSet, epoch: u64) -> Self {
        let augmenter = Augmenter::new(&recipe.augmentation, images.height(), images.width());
        Loader { recipe, images, epoch, augmenter, table: recipe.normalisation.table() }
    }

    /// Fills the active lanes of `group` with the first of `indices`.
    pub(crate) fn load(&self, indices: &[u32], group: &mut LaneGroup) {
        let Recipe { seed, augmentation, normalisation, .. } = self.recipe;
        let mut pixels = vec![0.0; if augmentation.is_off() { 0 } else { self.images.height() * self.images.width() }];
        for (lane, &index) in indices.iter().enumerate().take(group.active()) {
            let source = self.images.image(index as usize);
            if augmentation.is_off() {
                group.set_image(lane, source.iter().map(|&p| self.table[p as usize]));
            } else {
                self.augmenter.apply(*seed, self.epoch, index as u64, source, &mut pixels);
                group.set_image(lane, pixels.iter().map(|&p| normalisation.apply(p)));
            }
            group.set_label(lane, self.images.label(index as usize));
            let key = stream(*seed, self.epoch, index as u64, Purpose::Dropout).next_u64();
            group.set_dropout_key(lane, key);
        }
    }
}
