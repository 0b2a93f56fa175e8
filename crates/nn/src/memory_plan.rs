//! Where each activation and gradient lives during a training step, and which activations are made twice.
//!
//! A step is limited by memory as much as by arithmetic: what all lane groups of a batch keep between two meetings (see
//! `train_step`) has to fit the cache that the cores share. So:
//!
//! - a gradient that is used up in the stretch that makes it lives in the thread's [`crate::workspace::Workspace`];
//! - a gradient that must wait for a meeting is written over an activation that nobody will read again;
//! - an activation that costs little to make from a smaller one is not kept, but made again where it is read.

use crate::layers::Layer;
use crate::plan::Slot;

/// Floating-point operations an element that making an activation again may cost: about what fetching it from memory
/// takes (half a cycle an operation for sixteen elements against a cache line of sixteen).
const CHEAP: usize = 32;

/// Where a gradient lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GradientHome {
    /// With the thread: made and used up in one stretch.
    Thread,
    /// With the lane group, in memory of its own.
    Group,
    /// With the lane group, over the activation of the next slot. Both have the same rows, and a row of the activation is
    /// read for the last time before that row of the gradient is written.
    OverNextActivation,
}

/// The decisions for each slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryPlan {
    /// Whether the activation is made again in each stretch that reads it, and lives with the thread.
    pub remade: Vec<bool>,
    pub gradients: Vec<GradientHome>,
    /// The layers that write each slot's activation: the first makes it, the others work in place.
    pub writers: Vec<Vec<usize>>,
}

impl MemoryPlan {
    pub(crate) fn new(slots: &[Slot], layers: &[Layer]) -> Self {
        let mut writers = vec![Vec::new(); slots.len()];
        for (index, layer) in layers.iter().enumerate() {
            writers[layer.written()].push(index);
        }
        let remade = remade(slots, layers, &writers);
        let gradients = (0..slots.len())
            .map(|slot| {
                let waits = writers[slot].first().is_some_and(|&l| matches!(layers[l], Layer::BatchNorm(_)));
                // The activation of the last slot is the network's output, which the caller may look at.
                let next = (slot + 2 < slots.len()).then(|| slots[slot + 1].activation);
                let gradient = slots[slot].gradient;
                let reader_is_convolution =
                    layers.iter().any(|l| matches!(l, Layer::Conv2d(conv) if conv.slot == slot));
                match next {
                    _ if !waits => GradientHome::Thread,
                    Some(next)
                        if reader_is_convolution
                            && !remade[slot + 1]
                            && (next.border, next.height, next.width) == (0, gradient.height, gradient.width)
                            && gradient.border == 0
                            && next.channels >= gradient.channels =>
                    {
                        GradientHome::OverNextActivation
                    }
                    _ => GradientHome::Group,
                }
            })
            .collect();
        MemoryPlan { remade, gradients, writers }
    }
}

/// Which slots' activations are cheap to make again from one that is kept and not larger.
fn remade(slots: &[Slot], layers: &[Layer], writers: &[Vec<usize>]) -> Vec<bool> {
    let mut remade = vec![false; slots.len()];
    // For a remade slot: operations an element, and elements of the kept activation that it is made from.
    let mut costs = vec![(0, 0); slots.len()];
    for slot in 1..slots.len() - 1 {
        let elements = slots[slot].activation.elements();
        let mut operations = Some(0);
        for &index in &writers[slot] {
            operations = operations.zip(operations_per_element(&layers[index])).map(|(a, b)| a + b);
        }
        let (before, base) = if remade[slot - 1] {
            let (cost, base) = costs[slot - 1];
            (cost * slots[slot - 1].activation.elements() / elements, base)
        } else {
            (0, slots[slot - 1].activation.elements())
        };
        if let Some(operations) = operations.filter(|o| o + before <= CHEAP && base <= 4 * elements) {
            remade[slot] = true;
            costs[slot] = (operations + before, base);
        }
    }
    remade
}

/// What a layer's forward pass costs, about; `None` where it makes a small activation of a large one.
fn operations_per_element(layer: &Layer) -> Option<usize> {
    match layer {
        Layer::Conv2d(conv) => Some(2 * conv.kernel.size * conv.kernel.size * conv.input.activation.channels),
        Layer::Relu(_) => Some(1),
        Layer::BatchNorm(layer) => Some(if layer.pooled { 4 * 4 } else { 3 }),
        Layer::Dropout(_) => Some(12),
        _ => None,
    }
}
