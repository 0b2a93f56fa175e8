//! Training, with callbacks that are told how it goes and may stop it.

use std::borrow::Cow;
use std::ops::ControlFlow;

use longhand_kernels::Isa;
use longhand_nn::Network;
use longhand_training::{EpochDone, EvaluatedOn, Machine, Observer, Split, TrainError, train};

use crate::data::Data;
use crate::error::{Error, ErrorKind};
use crate::model::Model;
use crate::progress::{Ended, Epoch, Step};
use crate::recipe::Recipe;

/// The most threads that are started.
const MAX_THREADS: usize = 1024;

/// Called after every step.
type OnStep<'a> = Box<dyn FnMut(&Step) -> ControlFlow<()> + Send + 'a>;
/// Called after every epoch.
type OnEpoch<'a> = Box<dyn FnMut(&Epoch) -> ControlFlow<()> + Send + 'a>;

/// A training to be carried out: a recipe, and who is told how it goes.
///
/// Data, recipe and seed decide every bit of what is learned, on any number of threads and any instruction set.
///
/// ```
/// use std::ops::ControlFlow;
/// use longhand::{Data, Ended, Recipe, Training};
///
/// let mut steps = 0;
/// let run = Training::new(Recipe::named("seed")?.set("epochs", 3)?)
///     .threads(1)
///     .on_step(|_| {
///         steps += 1;
///         ControlFlow::Continue(())
///     })
///     .on_epoch(|epoch| if epoch.epoch == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
///     .run(&Data::strokes(256, 32))?;
/// assert_eq!(run.ended, Ended::Stopped { epoch: 2, step: 2, steps: 2 });
/// assert_eq!((run.epochs.len(), steps), (2, 4));
/// # Ok::<(), longhand::Error>(())
/// ```
#[must_use = "it does nothing until `run`"]
pub struct Training<'a> {
    recipe: Recipe,
    threads: Option<usize>,
    held_out: Option<usize>,
    on_step: Option<OnStep<'a>>,
    on_epoch: Option<OnEpoch<'a>>,
}

/// What a training leaves.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// The model as it was at the end; where the recipe averages weights, the average, which is what was judged.
    pub model: Model,
    /// Every epoch that was done and judged.
    pub epochs: Vec<Epoch>,
    /// How it ended.
    pub ended: Ended,
}

impl<'a> Training<'a> {
    /// A training by `recipe` on all threads of this machine, judged on the test images after each epoch.
    pub fn new(recipe: Recipe) -> Self {
        Training { recipe, threads: None, held_out: None, on_step: None, on_epoch: None }
    }

    /// On so many threads; they decide nothing but the time it takes.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Judged on the last `held_out` training images, which are then not trained on, instead of the test images:
    /// choices between recipes are made this way, for what is chosen on test images says nothing about others.
    pub fn hold_out(mut self, held_out: usize) -> Self {
        self.held_out = Some(held_out);
        self
    }

    /// Calls `callback` after every step; `Break` ends the training before the next one.
    ///
    /// It is called on a thread of the training, which waits for it.
    pub fn on_step(mut self, callback: impl FnMut(&Step) -> ControlFlow<()> + Send + 'a) -> Self {
        self.on_step = Some(Box::new(callback));
        self
    }

    /// Calls `callback` after every epoch, judged; `Break` ends the training with the model as it was judged.
    ///
    /// It is called on a thread of the training, which waits for it.
    pub fn on_epoch(mut self, callback: impl FnMut(&Epoch) -> ControlFlow<()> + Send + 'a) -> Self {
        self.on_epoch = Some(Box::new(callback));
        self
    }

    /// Trains on `data`.
    ///
    /// A loss that stops being a number is no error but [`Ended::Diverged`]: the model is as it last was.
    ///
    /// # Errors
    /// When the network does not take such images or has too few classes, more images are held out than there are, or
    /// the threads cannot be started.
    pub fn run(self, data: &Data) -> Result<Run, Error> {
        let described = data.described();
        let held_out = self.held_out.map(|n| data.train().set().split(n)).transpose();
        let held_out = held_out.map_err(|e| Error::new(ErrorKind::Data, e))?;
        let (train_images, evaluation, evaluated_on) = match held_out {
            Some((train, held_out)) => (Cow::Owned(train), Cow::Owned(held_out), EvaluatedOn::Validation),
            None => (Cow::Borrowed(data.train().set()), Cow::Borrowed(data.test().set()), EvaluatedOn::Test),
        };
        if evaluation.is_empty() {
            let message = "there are no images to judge by; give test images, or hold some training images out";
            return Err(Error::new(ErrorKind::Data, message));
        }
        let split = Split { data: &described, train: train_images, evaluation, evaluated_on };
        let threads = match self.threads {
            Some(threads) if !(1..=MAX_THREADS).contains(&threads) => {
                let message = format!("{threads} threads cannot be: give from 1 to {MAX_THREADS}");
                return Err(Error::new(ErrorKind::Training, message));
            }
            Some(threads) => threads,
            None => Machine::here().cores,
        };
        let recipe = self.recipe.inner();
        let steps = recipe.steps_per_epoch(split.train.len());
        let mut callbacks = Callbacks {
            steps,
            epochs: recipe.epochs,
            on_step: self.on_step,
            on_epoch: self.on_epoch,
            done: Vec::new(),
            stopped_with: None,
        };
        let trained = train(recipe, &split, Isa::detect(), threads, &mut callbacks).map_err(|e| {
            let kind = if matches!(e, TrainError::Spec(_)) { ErrorKind::Recipe } else { ErrorKind::Training };
            Error::new(kind, e)
        })?;
        let Callbacks { done, stopped_with, .. } = callbacks;
        let (network, ended) = match stopped_with {
            Some(network) => (network, Ended::Stopped { epoch: done.len(), step: steps, steps }),
            None => (trained.network, Ended::of(trained.ended, steps)),
        };
        let normalisation = recipe.normalisation.clone();
        let model = longhand_model_files::Model { network, normalisation, recipe: recipe.name.clone() };
        Ok(Run { model: Model::of(model), epochs: done, ended })
    }
}

impl Run {
    /// Accuracy after the last epoch that was done, of 1: the figure to quote. `None` where none was.
    pub fn last_accuracy(&self) -> Option<f64> {
        self.epochs.last().map(|epoch| epoch.accuracy)
    }
}

/// Hands on to the callbacks what the training says, in the terms of this crate.
struct Callbacks<'a> {
    steps: usize,
    epochs: usize,
    on_step: Option<OnStep<'a>>,
    on_epoch: Option<OnEpoch<'a>>,
    done: Vec<Epoch>,
    /// The network as it was judged, once the callback of an epoch has asked to stop: the training itself can only be
    /// stopped by a step, which would change it.
    stopped_with: Option<Network>,
}

impl Observer for Callbacks<'_> {
    fn step(&mut self, progress: longhand_training::Progress) -> ControlFlow<()> {
        if self.stopped_with.is_some() {
            return ControlFlow::Break(());
        }
        let Some(on_step) = &mut self.on_step else { return ControlFlow::Continue(()) };
        on_step(&Step::of(progress, self.steps, self.epochs))
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let EpochDone { metrics, network, .. } = *done;
        let epoch = Epoch::of(metrics, self.epochs);
        let stop = self.on_epoch.as_mut().is_some_and(|on_epoch| on_epoch(&epoch).is_break());
        if stop && metrics.epoch < self.epochs {
            self.stopped_with = Some(network.clone());
        }
        self.done.push(epoch);
        Ok(())
    }
}
