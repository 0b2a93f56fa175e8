//! Small convolutional networks: specs, layers with forward beside backward, loss, optimiser, schedules.
//!
//! A [`NetworkSpec`] names layers in order. [`Network::new`] checks every shape, lays out all parameters in one flat
//! allocation with named views ([`ParameterLayout`]) and plans where each activation lives. [`Network::train_step`]
//! computes the loss and the gradient of every parameter over a batch of [`LaneGroup`]s; an [`Optimiser`] then moves the
//! parameters, and a [`WeightAverage`] follows them. [`Inference::infer`] computes log-probabilities with the running statistics.
//! [`OneImage`] does so for one image in the shortest time, with the same bits.
//!
//! Read [`layers`] to learn the layers: one file each, the forward pass beside the hand-derived backward pass, in the
//! symbols of `docs/gradients.md`.
//!
//! # Same bits
//!
//! Each lane group computes its part alone; whatever is summed over groups (batch statistics, gradients, the loss) is
//! summed in the order of the groups' index. So the number of threads decides nothing but the time.
//!
//! This crate knows no files, no command line and no data set.
#![forbid(unsafe_code)]

mod activations;
mod averaging;
mod channel_blocks;
mod convolution_weights;
mod cost;
mod course;
mod crew;
mod footprint;
mod initialisation;
mod lane_group;
pub mod layers;
mod loss;
mod memory_plan;
mod network;
mod network_state;
mod one_image;
mod optimiser;
mod parameters;
mod plan;
mod precise_batch_norm;
mod schedule;
mod shape;
mod spec;
mod stretch;
mod summary;
mod tensor;
mod timing;
mod train_step;
mod waiting_room;
mod work_items;
mod workspace;

pub use activations::LayerActivation;
pub use averaging::{AveragingSpec, WeightAverage};
pub use channel_blocks::Sharing;
pub use convolution_weights::ConvolutionWeights;
pub use cost::{Cost, LayerCost};
pub use footprint::Footprint;
pub use initialisation::Initialisation;
pub use lane_group::LaneGroup;
pub use loss::{Loss, LossSpec};
pub use network::{Inference, Network, NotLoaded};
pub use network_state::{NetworkState, NotRestored};
pub use one_image::OneImage;
pub use optimiser::{AdamW, AdamWSpec, Optimiser, OptimiserSpec, OptimiserState, Sgd, SgdSpec};
pub use parameters::{ParameterEntry, ParameterKind, ParameterLayout};
pub use schedule::{Anneal, Schedule, ScheduleError};
pub use shape::{
    MAX_ACTIVATIONS, MAX_CHANNELS, MAX_LAYERS, MAX_PARAMETERS, MAX_SIDE, MIN_EPS, Shape, SpecError, SpecProblem,
};
pub use spec::{LayerSpec, NetworkSpec};
pub use summary::{LayerSummary, Summary};
pub use timing::{LayerTiming, SharedTimings, Timings};
pub use train_step::StepOutcome;
pub use work_items::StretchItems;
