//! Cost against size: the same shape with more and fewer channels, and the same network for more images.

use longhand_data::Dataset;
use longhand_kernels::Isa;
use longhand_nn::{Footprint, LayerSpec, NetworkSpec};
use serde::Serialize;

use super::step::{Run, direct_convolution_operations};
use super::{EPOCH_IMAGES, median};
use crate::recipe::Recipe;
use crate::train::TrainError;

/// What the channels of every convolution are multiplied by: parameters and operations then grow about fourfold each.
pub const SCALES: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

/// A network of some size and what it costs.
#[derive(Clone, Debug, Serialize)]
pub struct SizePoint {
    /// What the channels were multiplied by.
    pub scale: f64,
    /// Trained parameters.
    pub parameters: usize,
    /// Operations of the direct convolutions of a training step for one image.
    pub operations_per_image: usize,
    /// Steps timed.
    pub steps: usize,
    /// Seconds of an epoch of 60,000 images, by the median step.
    pub seconds_per_epoch: f64,
    /// Images trained on a second.
    pub images_per_second: f64,
    /// Operations of the direct convolutions a second, in 10⁹.
    pub gflop_per_second: f64,
    /// Bytes that training holds on to: parameters, lane groups, workspaces.
    pub bytes: usize,
}

/// Training on some number of images.
#[derive(Clone, Debug, Serialize)]
pub struct ImagesPoint {
    /// Images seen.
    pub images: usize,
    /// Seconds in all.
    pub seconds: f64,
}

/// Times `recipe` with the channels of every convolution multiplied by `scale`.
///
/// # Errors
/// When the network is impossible or the threads cannot be started.
pub fn size_point(
    recipe: &Recipe,
    data: &Dataset,
    isa: Isa,
    threads: usize,
    scale: f64,
    steps: usize,
) -> Result<SizePoint, TrainError> {
    let recipe = Recipe { network: scaled(&recipe.network, scale), ..recipe.clone() };
    let operations_per_image = direct_convolution_operations(&recipe.network)?;
    let mut run = Run::new(&recipe, data, isa, threads)?;
    let seconds: Vec<f64> = run.steps(steps).iter().map(|s| s.seconds).collect();
    let step = median(&seconds);
    let images_per_second = recipe.batch_size as f64 / step;
    let footprint: Footprint = run.network.footprint(&run.groups);
    Ok(SizePoint {
        scale,
        parameters: run.network.layout().len(),
        operations_per_image,
        steps,
        seconds_per_epoch: step * recipe.steps_per_epoch(EPOCH_IMAGES) as f64,
        images_per_second,
        gflop_per_second: images_per_second * operations_per_image as f64 / 1e9,
        bytes: footprint.total(),
    })
}

/// Times so many steps of `recipe` in one go.
///
/// # Errors
/// When the network is impossible or the threads cannot be started.
pub fn images_point(
    recipe: &Recipe,
    data: &Dataset,
    isa: Isa,
    threads: usize,
    steps: usize,
) -> Result<ImagesPoint, TrainError> {
    let taken = Run::new(recipe, data, isa, threads)?.steps(steps);
    Ok(ImagesPoint { images: steps * recipe.batch_size, seconds: taken.iter().map(|s| s.seconds).sum() })
}

/// `spec` with the channels of every convolution multiplied by `scale`, to the nearest whole number from 1.
fn scaled(spec: &NetworkSpec, scale: f64) -> NetworkSpec {
    let mut spec = spec.clone();
    for layer in &mut spec.layers {
        if let LayerSpec::Conv { channels, .. } = layer {
            *channels = ((*channels as f64 * scale).round() as usize).max(1);
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use longhand_nn::Summary;

    use super::super::seed_recipe;
    use super::{SCALES, scaled};
    use crate::bench::direct_convolution_operations;

    #[test]
    fn the_seeds_shape_from_5_000_to_300_000_parameters() {
        let seed = seed_recipe().network;
        let parameters = SCALES.map(|scale| Summary::of(&scaled(&seed, scale)).unwrap().parameters());
        assert_eq!(parameters, [4_905, 18_800, 73_590, 291_170]);
        assert_eq!(scaled(&seed, 1.0), seed);
    }

    /// 10·1·9·784 multiply-adds forward and for the weights, and three times the other layers'.
    #[test]
    fn the_seeds_operations_by_hand() {
        let multiply_adds = 2 * 70_560 + 3 * (1_411_200 + 1_058_400 + 529_200);
        let seed = seed_recipe().network;
        assert_eq!(direct_convolution_operations(&seed).unwrap(), 2 * multiply_adds);
    }
}
