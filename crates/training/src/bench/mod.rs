//! Measurements: the machine's peak, each convolution's kernels, a training step layer by layer, inference, and cost
//! against size.
//!
//! Every kernel's answer is checked against the plain form, bit for bit, before it is timed.

mod inference;
mod kernels;
mod parts;
mod peak;
mod scaling;
mod step;
mod work;

use longhand_data::{Dataset, strokes};
use longhand_nn::Network;

use crate::recipe::Recipe;
use crate::train::{TrainError, check_data};

pub use inference::{InferenceSpeed, OneImage, inference};
pub use kernels::{KernelSpeed, convolutions};
pub use parts::{Class, ClassTotal, Part};
pub use peak::{Bandwidth, Both, cache_copy, memory_read, peak_gflops};
pub use scaling::{ImagesPoint, SCALES, SizePoint, images_point, size_point};
pub use step::{Floor, StepProfile, StepTime, direct_convolution_operations, profile};
pub use work::{StretchWork, Work};

/// Images of an MNIST epoch.
pub const EPOCH_IMAGES: usize = 60_000;
/// Images at once when inference is timed.
pub const INFERENCE_BATCH: usize = 1_000;

/// Images for the benches of `recipe`: several batches of stroke digits. What images show does not change the time.
///
/// # Errors
/// When the network is impossible or takes other images.
pub fn images(recipe: &Recipe) -> Result<Dataset, TrainError> {
    let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed)?;
    let data = strokes::generate(recipe.seed, (recipe.batch_size * 8).max(INFERENCE_BATCH), 1);
    check_data(recipe, &network, &[&data.train, &data.test])?;
    Ok(data)
}

/// The middle of `values`, the upper of two.
fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which about a share `q` of `values` lies; `values` must not be empty.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[((values.len() as f64 * q) as usize).min(values.len() - 1)]
}

/// Smallest and largest of `values`.
fn extremes(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
}

/// The built-in recipe that the tests measure by.
#[cfg(test)]
fn seed_recipe() -> Recipe {
    Recipe::from_toml("seed", crate::built_in("seed").expect("built in"), &[]).expect("sound")
}

#[cfg(test)]
mod tests {
    use super::{extremes, median, quantile};

    #[test]
    fn quantiles_are_values_that_were_there() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!((quantile(&values, 0.25), median(&values), quantile(&values, 0.75)), (2.0, 3.0, 4.0));
        assert_eq!((median(&[7.0]), quantile(&[7.0], 1.0)), (7.0, 7.0));
        assert_eq!(extremes(&values), (1.0, 5.0));
    }
}
