//! The course of a training step: its stretches as data, in order.

use std::ops::Range;

use crate::layers::{BatchNorm, Layer};
use crate::plan::Plan;

/// What every lane group does between two meetings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    /// Slots whose activations were made in legs before.
    pub known: usize,
    /// Whether it begins with loading the images.
    pub loads: bool,
    /// The way forward, if it has one; to the loss if no batch norm closes it.
    pub forward: Option<Forward>,
    /// The way back, if it has one.
    pub backward: Option<Backward>,
}

/// The activation of a slot, and the moments of the batch norm that reads it, by its place among the layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    pub slot: usize,
    pub closing: Option<usize>,
}

/// From the gradient of slot `top` back through `layers`, and the gradient sums of the batch norm before these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backward {
    pub top: usize,
    pub layers: Range<usize>,
    pub opening: Option<usize>,
}

/// The legs of a training step.
pub(crate) fn course(plan: &Plan) -> Vec<Leg> {
    let batch_norms: Vec<usize> =
        (0..plan.layers.len()).filter(|&i| matches!(plan.layers[i], Layer::BatchNorm(_))).collect();
    let mut known = 0;
    let mut legs = Vec::new();
    for &closing in &batch_norms {
        let slot = batch_norm(plan, closing).slot;
        let forward = Some(Forward { slot, closing: Some(closing) });
        legs.push(Leg { known, loads: known == 0, forward, backward: None });
        known = slot + 1;
    }
    let output = plan.slots.len() - 1;
    let mut forward = Some(Forward { slot: output, closing: None });
    let (mut top, mut until) = (output, plan.layers.len());
    for opening in batch_norms.iter().rev().copied().map(Some).chain([None]) {
        // Everything behind the batch norm that opens this leg, and that batch norm itself if nothing opens it.
        let back_to = opening.map_or(plan.first_trained, |o| o + 1);
        let backward = Some(Backward { top, layers: back_to..until, opening });
        legs.push(Leg { known, loads: known == 0, forward: forward.take(), backward });
        known = plan.slots.len();
        if let Some(index) = opening {
            (top, until) = (batch_norm(plan, index).slot + 1, index + 1);
        }
    }
    legs
}

/// The batch norm at this place among the layers.
pub(crate) fn batch_norm(plan: &Plan, index: usize) -> &BatchNorm {
    match &plan.layers[index] {
        Layer::BatchNorm(layer) => layer,
        _ => unreachable!("listed as batch norm"),
    }
}
