//! How fast a network classifies: many images at once, and one alone.

use std::sync::Mutex;
use std::time::Instant;

use longhand_data::{Dataset, ImageSet};
use longhand_kernels::{Isa, LANES};
use longhand_nn::{LaneGroup, Network};
use rayon::prelude::*;
use serde::Serialize;

use super::{INFERENCE_BATCH, extremes, median};
use crate::recipe::Recipe;
use crate::train::TrainError;

/// The speed of classifying images that lie in memory as normalised floats, to log-probabilities.
#[derive(Clone, Debug, Serialize)]
pub struct InferenceSpeed {
    /// Images at once.
    pub batch: usize,
    /// Of the median run, on all threads.
    pub images_per_second: f64,
    /// Of the slowest and the fastest run.
    pub spread: (f64, f64),
    /// Runs timed.
    pub runs: usize,
    /// One image alone.
    pub one_image: OneImage,
}

/// The latency of one image, called again and again on one thread.
#[derive(Clone, Debug, Serialize)]
pub struct OneImage {
    /// Median seconds.
    pub seconds: f64,
    /// Fastest and slowest.
    pub spread: (f64, f64),
    /// Calls timed.
    pub runs: usize,
}

/// Times the network of `recipe` on `data`, the [`super::images`] of `recipe`: `runs` batches, and twenty times as many single images.
///
/// # Errors
/// When the network is impossible or the threads cannot be started.
///
/// # Panics
/// When `data` are other images than the network takes, or fewer than [`INFERENCE_BATCH`].
pub fn inference(
    recipe: &Recipe,
    data: &Dataset,
    isa: Isa,
    threads: usize,
    runs: usize,
) -> Result<InferenceSpeed, TrainError> {
    let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| TrainError::Threads { threads, reason: e.to_string() })?;
    let images = normalised(recipe, &data.train, INFERENCE_BATCH);
    let area = data.train.height() * data.train.width();

    let mut batch = Batch::new(&network, isa);
    let seconds = pool.install(|| times(runs, 3, || batch.infer(&images, area)));
    let rates: Vec<f64> = seconds.iter().map(|s| INFERENCE_BATCH as f64 / s).collect();

    let mut classify = one_image(&network, isa);
    let seconds = times(20 * runs, 20, || {
        std::hint::black_box(classify(std::hint::black_box(&images[..area])));
    });
    let one_image = OneImage { seconds: median(&seconds), spread: extremes(&seconds), runs: seconds.len() };
    Ok(InferenceSpeed {
        batch: INFERENCE_BATCH,
        images_per_second: median(&rates),
        spread: extremes(&rates),
        runs: rates.len(),
        one_image,
    })
}

/// The seconds of so many calls, after a few that are not counted.
fn times(runs: usize, warm_up: usize, mut call: impl FnMut()) -> Vec<f64> {
    let seconds = |_| {
        let started = Instant::now();
        call();
        started.elapsed().as_secs_f64()
    };
    (0..warm_up + runs).map(seconds).skip(warm_up).collect()
}

/// The first `count` images of `set`, `[image][row][column]`, as the network is to see them.
fn normalised(recipe: &Recipe, set: &ImageSet, count: usize) -> Vec<f32> {
    let table = recipe.normalisation.table();
    (0..count).flat_map(|i| set.image(i)).map(|&p| table[p as usize]).collect()
}

/// Classifies images in lane groups, in parallel, as evaluation does.
struct Batch<'a> {
    inference: longhand_nn::Inference<'a>,
    network: &'a Network,
    isa: Isa,
    /// A group for each thread, taken for sixteen images at a time.
    idle: Mutex<Vec<LaneGroup>>,
    log_probabilities: Vec<f32>,
}

impl<'a> Batch<'a> {
    fn new(network: &'a Network, isa: Isa) -> Self {
        Batch { inference: network.inference(), network, isa, idle: Mutex::default(), log_probabilities: Vec::new() }
    }

    /// Leaves `[image][class]` in `log_probabilities`.
    fn infer(&mut self, images: &[f32], area: usize) {
        let classes = self.network.classes();
        self.log_probabilities.resize(images.len() / area * classes, 0.0);
        let (inference, network, isa, idle) = (&self.inference, self.network, self.isa, &self.idle);
        let out = self.log_probabilities.par_chunks_mut(LANES * classes);
        out.zip(images.par_chunks(LANES * area)).with_max_len(1).for_each(|(out, images)| {
            let taken = idle.lock().expect("nobody panics while holding it").pop();
            let mut group = taken.unwrap_or_else(|| network.inference_group());
            group.set_active(images.len() / area);
            for (lane, image) in images.chunks_exact(area).enumerate() {
                group.set_image(lane, image.iter().copied());
            }
            inference.infer(isa, &mut group);
            for (lane, out) in out.chunks_exact_mut(classes).enumerate() {
                out.iter_mut().zip(group.log_probabilities(lane)).for_each(|(out, p)| *out = p);
            }
            idle.lock().expect("nobody panics while holding it").push(group);
        });
    }
}

/// What classifies one image: the way that its latency is measured of.
fn one_image(network: &Network, isa: Isa) -> impl FnMut(&[f32]) -> Vec<f32> {
    let mut one = network.one_image();
    move |image| one.log_probabilities(isa, image.iter().copied()).to_vec()
}

#[cfg(test)]
mod tests {
    use longhand_kernels::Isa;
    use longhand_nn::Network;

    use super::super::seed_recipe;
    use super::{Batch, normalised, one_image};

    /// What is timed is the classification of these images, every one of them, the last group not full.
    #[test]
    fn many_images_and_one_give_the_same_probabilities() {
        let recipe = seed_recipe();
        let network = Network::new(&recipe.network, recipe.initialisation, 0).unwrap();
        let data = longhand_data::strokes::generate(0, 37, 1);
        let images = normalised(&recipe, &data.train, 37);
        let mut batch = Batch::new(&network, Isa::detect());
        batch.infer(&images, 784);
        assert_eq!(batch.log_probabilities.len(), 370);
        let mut classify = one_image(&network, Isa::detect());
        for (image, expected) in images.chunks_exact(784).zip(batch.log_probabilities.chunks_exact(10)) {
            let found = classify(image);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?} {expected:?}");
        }
    }
}
