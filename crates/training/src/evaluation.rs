//! How well a network does on images it was not trained on.

use longhand_data::ImageSet;
use longhand_kernels::{Isa, LANES};
use longhand_nn::{LaneGroup, Network};
use rayon::prelude::*;

use crate::recipe::Normalisation;

/// What [`evaluate`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean negative log-likelihood of the labels (no label smoothing).
    pub loss: f64,
    /// Images recognised.
    pub correct: usize,
    /// Images in all.
    pub images: usize,
    /// `confusion[label][class]`: how many images of `label` were taken for `class`.
    pub confusion: Vec<Vec<usize>>,
}

impl Evaluation {
    /// Share of images recognised, of 1.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images as f64
    }

    /// Images not recognised.
    pub fn errors(&self) -> usize {
        self.images - self.correct
    }
}

/// The label of an image and the class it was taken for, if the output was a number.
type Verdict = (u8, Option<usize>);

/// Runs `network`, with running statistics and without dropout, over every image of `set`.
///
/// Runs on the rayon pool it is called from; the figures are summed in the images' order.
///
/// # Panics
/// When the images are not of the network's input shape, or a label is no class of it.
pub fn evaluate(network: &Network, isa: Isa, set: &ImageSet, normalisation: &Normalisation) -> Evaluation {
    let table = normalisation.table();
    let inference = network.inference();
    let groups: Vec<(f64, Vec<Verdict>)> = (0..set.len().div_ceil(LANES))
        .into_par_iter()
        .map_init(
            || network.inference_group(),
            |group, g| {
                let first = g * LANES;
                let active = LANES.min(set.len() - first);
                load(group, set, first, active, &table);
                inference.infer(isa, group);
                let mut loss = 0.0;
                let mut taken_for = Vec::with_capacity(active);
                for lane in 0..active {
                    let label = set.label(first + lane) as usize;
                    loss -= group.log_probabilities(lane).nth(label).expect("a label is a class") as f64;
                    taken_for.push((label as u8, group.predicted(lane)));
                }
                (loss, taken_for)
            },
        )
        .collect();
    let mut evaluation = Evaluation {
        loss: groups.iter().map(|(loss, _)| loss).sum::<f64>() / set.len() as f64,
        correct: 0,
        images: set.len(),
        confusion: vec![vec![0; network.classes()]; network.classes()],
    };
    for (label, class) in groups.into_iter().flat_map(|(_, taken_for)| taken_for) {
        // An output that is not a number is taken for no class at all.
        if let Some(class) = class {
            evaluation.confusion[label as usize][class] += 1;
            evaluation.correct += usize::from(class == label as usize);
        }
    }
    evaluation
}

fn load(group: &mut LaneGroup, set: &ImageSet, first: usize, active: usize, table: &[f32; 256]) {
    group.set_active(active);
    for lane in 0..active {
        group.set_image(lane, set.image(first + lane).iter().map(|&p| table[p as usize]));
    }
}

impl Normalisation {
    /// What each pixel value becomes.
    pub(crate) fn table(&self) -> [f32; 256] {
        std::array::from_fn(|p| self.apply(p as f32))
    }

    /// (p/255 − mean)/std.
    #[inline]
    pub(crate) fn apply(&self, pixel: f32) -> f32 {
        (pixel / 255.0 - self.mean) / self.std
    }
}
