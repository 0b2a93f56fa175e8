//! How much memory a training takes.

use longhand_kernels::Lanes;

use crate::lane_group::LaneGroup;
use crate::network::Network;
use crate::tensor::Tensor;

/// The bytes that a training holds on to from step to step, what kernels put aside within a call not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Parameters, their gradient and the optimiser's velocity.
    pub parameters: usize,
    /// All lane groups: activations and gradients that wait for a meeting, and each group's part of the gradient.
    pub groups: usize,
    /// The workspaces of all threads.
    pub workspaces: usize,
}

impl Footprint {
    /// All bytes together.
    pub fn total(&self) -> usize {
        self.parameters + self.groups + self.workspaces
    }
}

impl Network {
    /// What training with these `groups` holds on to, after the steps taken so far.
    pub fn footprint(&self, groups: &[LaneGroup]) -> Footprint {
        let float = size_of::<f32>();
        let bytes = |tensors: &[Tensor]| tensors.iter().map(|t| t.capacity() * size_of::<Lanes>()).sum::<usize>();
        let group = |g: &LaneGroup| bytes(&g.activations) + bytes(&g.gradients) + g.grad_parameters.len() * float;
        Footprint {
            parameters: 3 * self.layout.len() * float,
            groups: groups.iter().map(group).sum(),
            workspaces: self.workspaces.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Footprint, Initialisation, LayerSpec, Loss, LossSpec, Network, NetworkSpec};
    use longhand_kernels::Isa;

    #[test]
    fn a_small_network_by_hand() {
        // No batch norm: one stretch, so every gradient lives with the thread.
        let layers = vec![
            LayerSpec::Conv { channels: 8, kernel: 5, padding: 2, bias: false },
            LayerSpec::GlobalAveragePool {},
            LayerSpec::LogSoftmax {},
        ];
        let spec = NetworkSpec { input: [1, 4, 4], layers };
        let mut network = Network::new(&spec, Initialisation::default(), 0).unwrap();
        let mut groups = [network.training_group()];
        network.train_step(Isa::detect(), &mut groups, 16, &Loss::new(&LossSpec::default()), |_, _| {});
        // Input 8×8 with its border, 8 channels of 4×4, 8 means, 8 log-probabilities. Gradients: that of the
        // convolution's output with a border of 2, 8 and 8; nobody wants that of the input.
        let (activations, gradients) = (64 + 128 + 8 + 8, 512 + 8 + 8);
        let expected =
            Footprint { parameters: 3 * 200 * 4, groups: activations * 64 + 200 * 4, workspaces: gradients * 64 };
        assert_eq!(network.footprint(&groups), expected);
        assert_eq!(expected.total(), 2400 + 14112 + 33792);
    }
}
