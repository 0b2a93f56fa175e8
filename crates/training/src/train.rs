//! The training loop.

use std::ops::ControlFlow;
use std::time::Instant;

use longhand_data::ImageSet;
use longhand_data::augmentation::Augmenter;
use longhand_data::random::{Purpose, stream};
use longhand_data::shuffle::permutation;
use longhand_kernels::{Isa, LANES};
use longhand_nn::{LaneGroup, Loss, Network, Optimiser, SpecError, WeightAverage};

use crate::evaluation::{Evaluation, Verdict, judge};
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
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many.
        threads: usize,
        /// Why not.
        reason: String,
    },
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
    check_data(recipe, &network, &[&split.train, &split.evaluation])?;
    let pool = thread_pool(threads)?;
    // Entering a pool from outside costs more than a step's stretches inside it: enter once.
    pool.install(|| Loop { recipe, split, isa, observer }.run(network))
}

pub(crate) fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, TrainError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("longhand-{i}"))
        .build()
        .map_err(|e| TrainError::Threads { threads, reason: e.to_string() })
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
    fn run(self, mut network: Network) -> Result<Trained, TrainError> {
        let recipe = self.recipe;
        let images = self.split.train.len();
        let steps = recipe.steps_per_epoch(images);
        let loss = Loss::new(&recipe.loss);
        let mut optimiser = Optimiser::new(&recipe.optimiser, network.layout());
        let batch = recipe.batch_size.min(images);
        let mut groups: Vec<LaneGroup> = (0..batch.div_ceil(LANES)).map(|_| network.training_group()).collect();
        let mut epochs = Vec::with_capacity(recipe.epochs);
        let mut average = WeightAverage::new(&recipe.averaging, &network);
        // What is judged and kept, as it was at the last step whose loss was a number.
        let mut good = network.clone();
        for epoch in 1..=recipe.epochs {
            let started = Instant::now();
            let order = permutation(recipe.seed, epoch as u64, images);
            let loader = Loader::new(recipe, &self.split.train, epoch as u64);
            let (mut loss_sum, mut correct, mut seen, mut learning_rate) = (0.0, 0, 0, 0.0);
            for (step, batch) in order.chunks(recipe.batch_size).enumerate() {
                learning_rate = recipe.schedule.rate((epoch - 1) * steps + step, steps, recipe.epochs);
                let outcome = network.train_step(self.isa, &mut groups, batch.len(), &loss, |g, group| {
                    loader.load(&batch[g * LANES..], group);
                });
                if !outcome.loss.is_finite() {
                    let ended = Ended::Diverged { epoch, step: step + 1, loss: outcome.loss };
                    return Ok(Trained { network: good, epochs, ended });
                }
                good.copy_state_from(judged(&network, &average));
                let (parameters, gradient) = network.parameters_and_gradient();
                optimiser.step(parameters, gradient, learning_rate);
                if let Some(average) = &mut average {
                    average.update(&network);
                }
                loss_sum += outcome.loss * batch.len() as f64;
                correct += outcome.correct;
                seen += batch.len();
                let progress = Progress { epoch, step: step + 1, images: seen, loss: outcome.loss };
                let last = epoch == recipe.epochs && step + 1 == steps;
                if self.observer.step(progress).is_break() && !last {
                    let ended = Ended::Interrupted { epoch, step: step + 1 };
                    let network = judged(&network, &average).clone();
                    return Ok(Trained { network, epochs, ended });
                }
            }
            let train_seconds = started.elapsed().as_secs_f64();
            self.observer.evaluating();
            let started = Instant::now();
            let network = judged(&network, &average);
            let verdicts = judge(network, self.isa, &self.split.evaluation, &recipe.normalisation);
            let evaluation = Evaluation::of(&verdicts, network.classes());
            let metrics = EpochMetrics {
                epoch,
                learning_rate,
                steps,
                train_images: seen,
                train_loss: loss_sum / seen as f64,
                train_accuracy: correct as f64 / seen as f64,
                scores: Scores::new(self.split.evaluated_on, &evaluation),
                train_seconds,
                evaluation_seconds: started.elapsed().as_secs_f64(),
            };
            let done = EpochDone { metrics: &metrics, network, verdicts: &verdicts };
            self.observer.epoch(&done).map_err(TrainError::Observer)?;
            epochs.push(metrics);
        }
        let network = average.map_or(network, WeightAverage::into_network);
        Ok(Trained { network, epochs, ended: Ended::Finished })
    }
}

/// What is judged, kept and handed out: the average where there is one.
fn judged<'a>(network: &'a Network, average: &'a Option<WeightAverage>) -> &'a Network {
    average.as_ref().map_or(network, WeightAverage::network)
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
