//! Where the time of a training step goes, layer by layer.

use std::time::{Duration, Instant};

use crate::lane_group::LaneGroup;

/// Which part of the work on a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The forward pass.
    Forward,
    /// The gradient of the layer's input.
    Backward,
    /// Batch norm's sums over the batch, in either direction.
    Statistics,
    /// The gradients of the layer's parameters.
    Parameters,
    /// The forward pass once more, where the activation was not kept.
    Again,
}

/// The time a lane group has spent on one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerTiming {
    /// In the forward pass.
    pub forward: Duration,
    /// In the gradient of its input.
    pub backward: Duration,
    /// In batch norm's sums.
    pub statistics: Duration,
    /// In the gradients of its parameters.
    pub parameters: Duration,
    /// In the forward pass once more.
    pub again: Duration,
}

/// What a lane group has spent its time on.
///
/// Where several threads share a convolution, one that waits there may take up a part of another group's meanwhile, whose
/// time is then counted twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// A timing per planned layer, in order; a ReLU directly behind a convolution is part of it.
    pub layers: Vec<LayerTiming>,
    /// Loading images, augmentation included.
    pub loading: Duration,
    /// Each stretch between two meetings, everything in it counted, in the order in which they were run.
    pub stretches: Vec<Duration>,
}

/// What a training step spends on what belongs to no lane group, by piece; threads may work on different pieces at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedTimings {
    /// On each form of each convolution's weights, before the first stretch.
    pub packing: Vec<Duration>,
    /// On each part of the sum of the groups' gradients, after the last stretch.
    pub summing: Vec<Duration>,
}

/// Something to work on, and the time that was spent on it.
#[derive(Debug)]
pub(crate) struct Timed<T> {
    pub it: T,
    pub spent: Duration,
}

impl<T> Timed<T> {
    pub(crate) fn new(it: T) -> Self {
        Timed { it, spent: Duration::ZERO }
    }

    /// Works on it, and adds the time this takes.
    pub(crate) fn work(&mut self, work: impl FnOnce(&mut T)) {
        let started = Instant::now();
        work(&mut self.it);
        self.spent += started.elapsed();
    }
}

/// Runs one stretch of `work` on `group`, and notes its time in the group's timings if it keeps any.
pub(crate) fn timed_stretch(group: &mut LaneGroup, work: impl FnOnce(&mut LaneGroup)) {
    let started = group.timings.is_some().then(Instant::now);
    work(group);
    if let (Some(started), Some(timings)) = (started, &mut group.timings) {
        timings.stretches.push(started.elapsed());
    }
}

/// Runs `work` on `group`, and adds its time to the group's timings if it keeps any.
pub(crate) fn timed(group: &mut LaneGroup, layer: usize, part: Part, work: impl FnOnce(&mut LaneGroup)) {
    if group.timings.is_none() {
        return work(group);
    }
    let started = Instant::now();
    work(group);
    let elapsed = started.elapsed();
    if let Some(timings) = &mut group.timings {
        let timing = &mut timings.layers[layer];
        *match part {
            Part::Forward => &mut timing.forward,
            Part::Backward => &mut timing.backward,
            Part::Statistics => &mut timing.statistics,
            Part::Parameters => &mut timing.parameters,
            Part::Again => &mut timing.again,
        } += elapsed;
    }
}
