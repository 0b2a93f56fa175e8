//! Batch norm's means and variances over all training images, by the weights as they are at the end.
//!
//! Running statistics are an average over the last steps, of images as they were changed for training. Taken anew, layer
//! after layer, from the images themselves they are those of what the network will see ("PreciseBN": Wu and Johnson 2021,
//! "Rethinking 'Batch' in BatchNorm", section 3; the population statistics of Ioffe and Szegedy 2015, algorithm 2).

use longhand_kernels::batch_norm::Moments;
use longhand_kernels::{Isa, LANES};
use rayon::prelude::*;

use crate::convolution_weights::ConvolutionWeights;
use crate::course::batch_norm;
use crate::lane_group::LaneGroup;
use crate::layers::{Layer, Mode, Pass};
use crate::network::Network;
use crate::stretch::Stretch;

impl Network {
    /// Replaces every batch norm's running mean and variance (unbiased) by those of what it reads when the network, without
    /// dropout, is shown `images` images; a batch norm's own follow those of the layers before it.
    ///
    /// `load(g, group)` puts images `16·g` and following into the group, as in [`Network::train_step`]; how many it must fill
    /// is [`LaneGroup::active`]. Every image goes through the network once for each batch norm, up to where that reads. Groups
    /// are merged in index order, so the threads of the rayon pool that it runs on decide no bit.
    /// [`Network::batches_tracked`] stays.
    ///
    /// # Panics
    /// When `images` is 0.
    pub fn take_precise_statistics(&mut self, isa: Isa, images: usize, load: impl Fn(usize, &mut LaneGroup) + Sync) {
        assert!(images > 0, "statistics of no images");
        let plan = self.plan.clone();
        let mut convolutions = Vec::new();
        ConvolutionWeights::set_all(&mut convolutions, &plan.layers, &self.parameters, false, 1);
        for index in (0..plan.layers.len()).filter(|&i| matches!(plan.layers[i], Layer::BatchNorm(_))) {
            let layer = batch_norm(&plan, index);
            let normalisers = self.running_normalisers();
            let pass = Pass {
                isa,
                parameters: &self.parameters,
                convolutions: &convolutions,
                normalisers: &normalisers,
                input_gradients: &[],
                mode: Mode::Statistics,
                blocks: 1,
            };
            let of_groups: Vec<Vec<Moments>> = (0..images.div_ceil(LANES))
                .into_par_iter()
                .map_init(
                    || self.inference_group(),
                    |group, g| {
                        group.set_active((images - g * LANES).min(LANES));
                        load(g, group);
                        Stretch::new(&plan, &pass, group, 0).forward(layer.slot, Some((index, layer)));
                        group.moments[layer.channels.clone()].to_vec()
                    },
                )
                .collect();
            for (k, c) in layer.channels.clone().enumerate() {
                let all = of_groups.iter().fold(Moments::default(), |all, group| all.merged(group[k]));
                self.running_mean[c] = all.mean as f32;
                self.running_var[c] = all.unbiased_variance() as f32;
            }
        }
    }
}
