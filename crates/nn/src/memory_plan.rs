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

/// Operations an element that making an activation again may cost. Measured on the seed network: at 32 it keeps what its
/// second convolution reads (33 operations, most of them the first convolution's), and a step takes 8 % longer.
const CHEAP: usize = 40;

/// Operations an element of dropout.
const DROPOUT: usize = 12;

/// Where a gradient lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GradientHome {
    /// With the thread: made and used up in one stretch.
    Thread,
    /// With the lane group, in memory of its own.
    Group,
    /// With the lane group, over the activation of the next slot, which is read for the last time before the gradient is
    /// written: a convolution that reads it has its weight gradient by then.
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
                let convolution_reads = |slot| {
                    let reads =
                        |l: &Layer| matches!(l, Layer::Conv2d(_) | Layer::DepthwiseConv2d(_)) && l.read() == slot;
                    layers.iter().any(reads)
                };
                match next {
                    _ if !waits => GradientHome::Thread,
                    Some(next)
                        if convolution_reads(slot)
                            && !remade[slot + 1]
                            // No kernel writes a border, which stays zero for the next step.
                            && (next.border, gradient.border) == (0, 0)
                            && next.len() >= gradient.len() =>
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

/// Which slots' activations are cheap to make again: from one that is kept and at most four times as large.
///
/// What a batch norm writes is made in two stretches, both of which read what it is made from in any case. What a convolution
/// writes and a batch norm reads is made in four: once more where its moments are used, and where either part of the batch
/// norm's gradient is. So it may cost half as much, and has to be made from something a quarter as large, as the first
/// convolution's is from images.
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
        let convolves =
            writers[slot].iter().any(|&l| matches!(layers[l], Layer::Conv2d(_) | Layer::DepthwiseConv2d(_)));
        let (most, small) = if convolves { (CHEAP / 2, 4 * base <= elements) } else { (CHEAP, base <= 4 * elements) };
        if let Some(operations) = operations.filter(|o| o + before <= most && small) {
            remade[slot] = true;
            costs[slot] = (operations + before, base);
        }
    }
    remade
}

/// What a layer's forward pass costs, about; `None` for layers whose output is always kept.
fn operations_per_element(layer: &Layer) -> Option<usize> {
    match layer {
        Layer::Conv2d(conv) => Some(2 * conv.kernel.size * conv.kernel.size * conv.input.activation.channels),
        Layer::DepthwiseConv2d(conv) => Some(2 * conv.kernel.size * conv.kernel.size),
        Layer::Relu(_) => Some(1),
        Layer::BatchNorm(layer) => {
            Some(if layer.pooled { 4 * 4 } else { 3 } + if layer.dropout.is_some() { DROPOUT } else { 0 })
        }
        Layer::Dropout(_) => Some(DROPOUT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::GradientHome::{Group, OverNextActivation, Thread};
    use crate::plan::plan;
    use crate::spec::{LayerSpec, NetworkSpec};

    #[test]
    fn the_seed_networks_memory() {
        let conv = |channels| LayerSpec::Conv { channels, kernel: 3, padding: 1, bias: true };
        let norm = || LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 };
        let mut layers = vec![conv(10), LayerSpec::Relu {}, norm(), LayerSpec::Dropout { rate: 0.01 }];
        for channels in [20, 30, 40] {
            layers.extend([conv(channels), LayerSpec::Relu {}, norm(), LayerSpec::MaxPool {}]);
        }
        let features = LayerSpec::Linear { features: 10, bias: true };
        layers.extend([LayerSpec::GlobalAveragePool {}, features, LayerSpec::LogSoftmax {}]);
        let (plan, _) = plan(&NetworkSpec { input: [1, 28, 28], layers }).unwrap();

        // Input; conv, norm; conv, norm + pool; conv, norm + pool; conv, norm + pool; average, linear, log-softmax. The
        // last pooled activation has more than four elements under each of its own, 7 × 7 under 3 × 3, and is kept.
        let remade: Vec<usize> = (0..plan.slots.len()).filter(|&s| plan.memory.remade[s]).collect();
        assert_eq!(remade, [1, 2, 4, 6]);
        let waiting = [(2, OverNextActivation), (4, OverNextActivation), (6, OverNextActivation), (8, Group)];
        for (slot, home) in plan.memory.gradients.iter().enumerate() {
            let expected = waiting.iter().find(|(s, _)| *s == slot).map_or(Thread, |(_, home)| *home);
            assert_eq!(*home, expected, "slot {slot}");
        }
    }

    /// What the convolution wrote makes room for the gradient of what it read, whoever else has read it, unless it has a border.
    #[test]
    fn a_gradient_that_waits_lies_over_the_next_activation() {
        let conv = LayerSpec::Conv { channels: 3, kernel: 3, padding: 1, bias: true };
        let norm = LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 };
        // 50 operations an element: too many to be made again.
        let depthwise = LayerSpec::DepthwiseConv { kernel: 5, padding: 2, bias: true };
        let pointwise = LayerSpec::Conv { channels: 4, kernel: 1, padding: 0, bias: true };
        let home = |behind: LayerSpec| {
            let end = [LayerSpec::GlobalAveragePool {}, LayerSpec::LogSoftmax {}];
            let layers = [vec![conv.clone(), norm.clone(), depthwise.clone(), behind, norm.clone()], end.to_vec()];
            let (plan, _) = plan(&NetworkSpec { input: [1, 8, 8], layers: layers.concat() }).unwrap();
            assert!(!plan.memory.remade[3]);
            plan.memory.gradients[2]
        };
        assert_eq!(home(norm.clone()), OverNextActivation);
        assert_eq!(home(pointwise), OverNextActivation);
        assert_eq!(home(depthwise.clone()), Group);
    }

    #[test]
    fn a_convolution_of_many_channels_is_kept() {
        let conv = |channels, kernel| LayerSpec::Conv { channels, kernel, padding: kernel / 2, bias: true };
        let layers =
            vec![conv(4, 3), conv(8, 1), conv(3, 3), LayerSpec::GlobalAveragePool {}, LayerSpec::LogSoftmax {}];
        let (plan, _) = plan(&NetworkSpec { input: [1, 8, 8], layers }).unwrap();
        // 18 operations an element; 8, and 9 for the half as many before; 144, which is too many.
        assert_eq!(plan.memory.remade, [false, true, true, false, false, false]);
    }

    /// Where all convolutions are cheap, all would be made again from each other, four times a step.
    #[test]
    fn a_cheap_convolution_of_something_as_large_is_kept() {
        let norm = || LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 };
        let depthwise = LayerSpec::DepthwiseConv { kernel: 3, padding: 1, bias: false };
        let conv = |channels, kernel| LayerSpec::Conv { channels, kernel, padding: kernel / 2, bias: false };
        let end = vec![LayerSpec::GlobalAveragePool {}, LayerSpec::LogSoftmax {}];
        let layers = [vec![conv(8, 3), norm(), depthwise, norm(), conv(16, 1), norm()], end].concat();
        let (plan, _) = plan(&NetworkSpec { input: [1, 8, 8], layers }).unwrap();
        assert_eq!(plan.memory.remade, [false, true, true, false, true, false, true, false, false]);
    }
}
