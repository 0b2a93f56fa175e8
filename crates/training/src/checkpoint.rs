//! Where a training stands between two steps: all that it takes to go on from there to the same bits.

use longhand_model_files::{HeaderFault, weights_sha256};
use longhand_nn::{Network, NetworkState, NotRestored, Optimiser, OptimiserState, SpecError, WeightAverage};
use sha2::{Digest, Sha256};

use crate::recipe::Recipe;
use crate::record::DataRecord;
use crate::split::Split;

/// A training between two steps, as plain numbers.
///
/// Order of images, augmentation and dropout are functions of the seed, the epoch and the image, so that nothing of them
/// need be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// SHA-256 of recipe, data and split, in hexadecimal: whose training it is.
    pub run: String,
    /// SHA-256 of the weights that it began from, as [`crate::ResultRecord`] has it.
    pub initial_weights_sha256: String,
    /// The epoch that goes on, counted from 1; one more than the recipe has where all are done.
    pub epoch: usize,
    /// What is done of it.
    pub so_far: EpochSoFar,
    /// The network that is trained.
    pub network: NetworkState,
    /// What is kept should the next loss be no number: what would have been judged before the last optimiser's step.
    pub good: NetworkState,
    /// The average, where the recipe averages.
    pub average: Option<AverageState>,
    /// What the optimiser remembers.
    pub optimiser: OptimiserState,
}

/// The part of an epoch that is done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpochSoFar {
    /// Steps.
    pub steps: usize,
    /// Images.
    pub images: usize,
    /// How many of them were recognised.
    pub correct: usize,
    /// The sum of their losses.
    pub loss_sum: f64,
    /// Seconds of training.
    pub seconds: f64,
}

/// A [`WeightAverage`] as plain numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct AverageState {
    /// The averaged network.
    pub network: NetworkState,
    /// How many states it has taken in.
    pub updates: u64,
}

/// The number of the bits that trainings by this version come to. It is raised when those of a recipe in `golden/bits.json`
/// change, and when recipes get a field: a checkpoint of another number is not gone on with, since the run would then be no
/// version's.
#[doc(hidden)]
pub const BITS: u32 = 3;

/// What a training has at hand at a step, and a [`Checkpoint`] is made of and makes again.
#[derive(Debug)]
pub(crate) struct Trainee {
    pub network: Network,
    pub good: Network,
    pub average: Option<WeightAverage>,
    pub optimiser: Optimiser,
}

/// Why bytes are no checkpoint, or not one of the run they are to go on with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CheckpointFault {
    /// They are no safetensors file, or a damaged one.
    #[error(transparent)]
    Header(#[from] HeaderFault),
    /// There are more of them than a checkpoint of this network can have.
    #[error("it has {found} bytes, and a checkpoint of this run has at most {most}")]
    TooLarge {
        /// How many there are, or a lower bound of it.
        found: u64,
        /// How many there may be.
        most: u64,
    },
    /// What is said beside the tensors cannot be read.
    #[error("its metadata are not those of a checkpoint: {0}")]
    Metadata(String),
    /// It was written by a version of the program that knows another layout.
    #[error("it has the layout {0}, and this version of the program knows {known}", known = crate::checkpoint_file::FORMAT)]
    Format(u32),
    /// It was written by a version of the program that comes to other bits.
    #[error(
        "it was written by version {version} of the program, whose trainings come to other bits than this one's: go on with \
         that version"
    )]
    OtherBits {
        /// The version.
        version: String,
    },
    /// A tensor is missing, unknown, or of another type or shape than a list of 32-bit floats.
    #[error("its tensor `{name}` {what}")]
    Tensor {
        /// The tensor.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The checksum over all of it is not the one it holds.
    #[error("it is damaged: its contents do not have the checksum that was written with them")]
    Damaged,
    /// It is of another recipe, other data, or other images held out.
    #[error("it belongs to another run: of another recipe, on other data, or on another split of them")]
    OtherRun,
    /// It is of a run that began from other weights.
    #[error("it belongs to a run that began from other weights (SHA-256 {found}; this one from {wanted})")]
    OtherWeights {
        /// The weights of the checkpoint's run.
        found: String,
        /// The weights of this run.
        wanted: String,
    },
    /// It stands where no training of the recipe can.
    #[error("it stands where this run cannot: {0}")]
    Position(String),
    /// A list of numbers has a wrong length, or the optimiser is another one.
    #[error("{part}: {source}")]
    NotRestored {
        /// Of what.
        part: &'static str,
        /// What does not fit.
        source: NotRestored,
    },
    /// The recipe averages weights and it has no average, or the other way round.
    #[error("{}", average_words(.has))]
    Average {
        /// Whether it has an average.
        has: bool,
    },
    /// The recipe's network cannot be.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The metrics do not reach as far as the checkpoint.
    #[error("it stands after {wanted} epochs, and metrics.jsonl has {found}")]
    Epochs {
        /// Epochs that the checkpoint was written after.
        wanted: usize,
        /// Lines there are.
        found: usize,
    },
}

fn average_words(has: &bool) -> &'static str {
    match has {
        true => "it has an average of the weights, and the recipe keeps none",
        false => "it has no average of the weights, and the recipe keeps one",
    }
}

/// SHA-256, in hexadecimal, of everything but the first weights that decides the bits of a run.
pub(crate) fn run_sha256(recipe: &Recipe, split: &Split<'_>) -> String {
    let data = DataRecord::of(split);
    let split = (&data.fingerprint, data.evaluated_on, data.train_images, data.evaluation_images());
    // What people are told of a recipe decides no bit, and may be worded better while a suite goes on.
    let (name, about, reason) = Default::default();
    let recipe = Recipe { name, about, reason, ..recipe.clone() };
    hex(&Sha256::digest(serde_json::to_vec(&(recipe, split)).expect("plain data")))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Checkpoint {
    /// Where a training by `recipe` on `split` stands before its first step, beginning from the weights of `network`.
    pub fn beginning(recipe: &Recipe, split: &Split<'_>, network: &Network) -> Self {
        let average = WeightAverage::new(&recipe.averaging, network);
        Checkpoint {
            run: run_sha256(recipe, split),
            initial_weights_sha256: weights_sha256(network),
            epoch: 1,
            so_far: EpochSoFar::default(),
            network: network.snapshot(),
            good: network.snapshot(),
            average: average.as_ref().map(AverageState::of),
            optimiser: Optimiser::new(&recipe.optimiser, network.layout()).state(),
        }
    }

    /// The same training later on: `so_far` into `epoch`, with what `trainee` has become.
    pub(crate) fn later(&self, epoch: usize, so_far: EpochSoFar, trainee: &Trainee) -> Self {
        let Trainee { network, good, average, optimiser } = trainee;
        Checkpoint {
            run: self.run.clone(),
            initial_weights_sha256: self.initial_weights_sha256.clone(),
            epoch,
            so_far,
            network: network.snapshot(),
            good: good.snapshot(),
            average: average.as_ref().map(AverageState::of),
            optimiser: optimiser.state(),
        }
    }

    /// Epochs done and judged.
    pub fn epochs_done(&self) -> usize {
        self.epoch.saturating_sub(1)
    }

    /// Checks every claim against the run that is to go on.
    ///
    /// # Errors
    /// The first claim that is not so.
    pub fn check(&self, recipe: &Recipe, split: &Split<'_>) -> Result<(), CheckpointFault> {
        self.trainee(recipe, split).map(|_| ())
    }

    /// What the training had at hand.
    ///
    /// # Errors
    /// As [`Checkpoint::check`].
    pub(crate) fn trainee(&self, recipe: &Recipe, split: &Split<'_>) -> Result<Trainee, CheckpointFault> {
        if self.run != run_sha256(recipe, split) {
            return Err(CheckpointFault::OtherRun);
        }
        self.check_position(recipe, split.train.len())?;
        let part = |part| move |source| CheckpointFault::NotRestored { part, source };
        let mut network = Network::new(&recipe.network, recipe.initialisation, recipe.seed)?;
        let mut optimiser = Optimiser::new(&recipe.optimiser, network.layout());
        optimiser.restore(&self.optimiser).map_err(part("its optimiser"))?;
        network.restore(&self.good).map_err(part("its network to fall back on"))?;
        let good = network.clone();
        let average = match (&self.average, recipe.averaging.is_off()) {
            (None, true) => None,
            (Some(state), false) => {
                network.restore(&state.network).map_err(part("its average"))?;
                WeightAverage::resumed(&recipe.averaging, network.clone(), state.updates)
            }
            (Some(_), true) => return Err(CheckpointFault::Average { has: true }),
            (None, false) => return Err(CheckpointFault::Average { has: false }),
        };
        network.restore(&self.network).map_err(part("its network"))?;
        Ok(Trainee { network, good, average, optimiser })
    }

    fn check_position(&self, recipe: &Recipe, images: usize) -> Result<(), CheckpointFault> {
        let steps = recipe.steps_per_epoch(images);
        let EpochSoFar { steps: done, images: seen, correct, loss_sum, seconds } = self.so_far;
        let wrong = |what: String| Err(CheckpointFault::Position(what));
        if !(1..=recipe.epochs + 1).contains(&self.epoch) {
            return wrong(format!("in epoch {} of {}", self.epoch, recipe.epochs));
        }
        let most = if self.epoch <= recipe.epochs { steps } else { 0 };
        if done > most {
            return wrong(format!("after {done} steps of epoch {}, which has {most}", self.epoch));
        }
        let wanted = images.min(done * recipe.batch_size);
        if seen != wanted || correct > seen {
            return wrong(format!(
                "after {done} steps with {correct} of {seen} images recognised, and they are {wanted}"
            ));
        }
        if !loss_sum.is_finite() || !seconds.is_finite() || seconds < 0.0 {
            return wrong(format!("with a loss of {loss_sum} in {seconds} seconds"));
        }
        let updates = ((self.epoch - 1) * steps + done) as u64;
        match &self.average {
            Some(average) if average.updates != updates => {
                wrong(format!("its average has taken in {} of {updates} steps", average.updates))
            }
            _ => Ok(()),
        }
    }
}

impl AverageState {
    fn of(average: &WeightAverage) -> Self {
        AverageState { network: average.network().snapshot(), updates: average.updates() }
    }
}

impl Trainee {
    /// What is judged, kept and handed out: the average where there is one.
    pub(crate) fn judged(&self) -> &Network {
        self.average.as_ref().map_or(&self.network, WeightAverage::network)
    }

    /// [`Trainee::judged`], to have its statistics taken anew.
    pub(crate) fn judged_mut(&mut self) -> &mut Network {
        self.average.as_mut().map_or(&mut self.network, WeightAverage::network_mut)
    }

    /// [`Trainee::judged`], kept.
    pub(crate) fn into_judged(self) -> Network {
        self.average.map_or(self.network, WeightAverage::into_network)
    }
}
