//! What a training step can do at once: the pieces of work of each of its stretches.

use longhand_kernels::LANES;

use crate::channel_blocks::channel_blocks;
use crate::course::{Forward, Leg, course};
use crate::network::Network;

/// A stretch of a training step as a scheduler sees it: pieces that wait for none of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StretchItems {
    /// What happens in it, such as `forward to 2 batch norm`.
    pub name: String,
    /// How many pieces there are: one per lane group.
    pub items: usize,
}

impl Network {
    /// How many blocks of output channels each lane group's 3×3 convolutions are shared by on so many threads, at most
    /// ([`crate::layers::Layer::sharing`]).
    pub fn channel_blocks(&self, threads: usize, batch: usize) -> usize {
        channel_blocks(threads, batch.div_ceil(LANES), &self.plan.layers)
    }

    /// The stretches of a training step of `batch` images, in order, with the pieces that threads may take.
    ///
    /// A piece is one lane group: its layers of one stretch follow each other.
    pub fn work_items(&self, batch: usize) -> Vec<StretchItems> {
        let layers = &self.plan.layers;
        let name = |index: usize| format!("{} {}", index + 1, layers[index].name());
        let name_of = |leg: &Leg| match (&leg.forward, &leg.backward) {
            (Some(Forward { closing: Some(closing), .. }), _) => format!("forward to {}", name(*closing)),
            (forward, backward) => {
                let opening = backward.as_ref().and_then(|backward| backward.opening);
                let first_trained = (self.plan.first_trained < layers.len()).then_some(self.plan.first_trained);
                let back = opening.or(first_trained).map_or("forward".to_owned(), |i| format!("back to {}", name(i)));
                // The loss lies between the last way forward and the first way back, with nothing to wait for.
                if forward.is_some() { format!("to the loss, {back}") } else { back }
            }
        };
        let items = batch.div_ceil(LANES);
        course(&self.plan).iter().map(|leg| StretchItems { name: name_of(leg), items }).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Initialisation, LaneGroup, LayerSpec, Loss, LossSpec, Network, NetworkSpec};
    use longhand_kernels::Isa;

    /// The stretches that are listed are those that a step runs, each group once in each.
    #[test]
    fn every_listed_item_is_run() {
        let norm = || LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 };
        let conv = || LayerSpec::Conv { channels: 2, kernel: 3, padding: 1, bias: true };
        let tail = || vec![LayerSpec::GlobalAveragePool {}, LayerSpec::LogSoftmax {}];
        let networks = [vec![conv()], vec![conv(), norm()], vec![norm(), conv(), LayerSpec::Relu {}, norm()]];
        for layers in networks {
            let spec = NetworkSpec { input: [1, 4, 4], layers: [layers, tail()].concat() };
            let mut network = Network::new(&spec, Initialisation::default(), 0).unwrap();
            let items = network.work_items(40);
            let mut groups: Vec<LaneGroup> = (0..3).map(|_| network.training_group()).collect();
            groups.iter_mut().for_each(LaneGroup::keep_timings);
            network.train_step(Isa::detect(), &mut groups, 40, &Loss::new(&LossSpec::default()), |_, _| {});
            assert!(items.iter().all(|s| s.items == 3), "{items:?}");
            // Only the convolution behind a batch norm has an input gradient, and weights to be flipped for it.
            let flipped = usize::from(matches!(spec.layers[0], LayerSpec::BatchNorm { .. }));
            let shared = network.shared_timings();
            assert_eq!((shared.packing.len(), shared.summing.len()), (flipped, 1), "{spec:?}");
            for group in &groups {
                assert_eq!(group.timings().unwrap().stretches.len(), items.len(), "{items:?}");
            }
        }
    }

    #[test]
    fn stretches_are_named_for_where_they_lead() {
        let layers = vec![
            LayerSpec::Conv { channels: 2, kernel: 3, padding: 1, bias: true },
            LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 },
            LayerSpec::GlobalAveragePool {},
            LayerSpec::LogSoftmax {},
        ];
        let spec = NetworkSpec { input: [1, 4, 4], layers };
        let network = Network::new(&spec, Initialisation::default(), 0).unwrap();
        let names: Vec<_> = network.work_items(16).into_iter().map(|s| s.name).collect();
        assert_eq!(names, ["forward to 2 batch norm", "to the loss, back to 2 batch norm", "back to 1 conv"]);
    }
}
