//! How well a network does on images it was not trained on.

use longhand_data::{ImageSet, Normalisation};
use longhand_kernels::{Isa, LANES};
use longhand_nn::{LaneGroup, Network};
use rayon::prelude::*;

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

/// What a network took one image for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// What it is.
    pub label: u8,
    /// What it was taken for; `None` if an output was not a number.
    pub taken_for: Option<usize>,
    /// Natural logarithm of the probability given to the label.
    pub label_log_probability: f32,
    /// The same of the class it was taken for, which is the largest; NaN where there is none.
    pub log_probability: f32,
}

impl Verdict {
    /// Whether it was taken for what it is.
    pub fn is_right(&self) -> bool {
        self.taken_for == Some(self.label as usize)
    }
}

/// Runs `network`, with running statistics and without dropout, over every image of `set`.
///
/// Runs on the rayon pool it is called from; the figures are summed in the images' order.
///
/// # Panics
/// When the images are not of the network's input shape, or a label is no class of it.
pub fn evaluate(network: &Network, isa: Isa, set: &ImageSet, normalisation: &Normalisation) -> Evaluation {
    Evaluation::of(&judge(network, isa, set, normalisation), network.classes())
}

/// Like [`evaluate`], and gives the verdict on every image, in their order.
///
/// # Panics
/// As [`evaluate`].
pub fn judge(network: &Network, isa: Isa, set: &ImageSet, normalisation: &Normalisation) -> Vec<Verdict> {
    let table = normalisation.table();
    let inference = network.inference();
    let groups: Vec<Vec<Verdict>> = (0..set.len().div_ceil(LANES))
        .into_par_iter()
        .map_init(
            || network.inference_group(),
            |group, g| {
                let first = g * LANES;
                let active = LANES.min(set.len() - first);
                group.set_active(active);
                load(group, set, first, &table);
                inference.infer(isa, group);
                let verdict = |lane| {
                    let label = set.label(first + lane);
                    let log_probability = |class| group.log_probabilities(lane).nth(class).expect("a label is a class");
                    let taken_for = group.predicted(lane);
                    Verdict {
                        label,
                        taken_for,
                        label_log_probability: log_probability(label as usize),
                        log_probability: taken_for.map_or(f32::NAN, log_probability),
                    }
                };
                (0..active).map(verdict).collect()
            },
        )
        .collect();
    groups.concat()
}

impl Evaluation {
    /// The figures of `verdicts` among `classes` classes. The loss is summed over groups of sixteen, then over those.
    ///
    /// # Panics
    /// When a label or a class is not below `classes`.
    pub fn of(verdicts: &[Verdict], classes: usize) -> Self {
        let loss = |group: &[Verdict]| group.iter().fold(0.0, |sum, v| sum - v.label_log_probability as f64);
        let mut evaluation = Evaluation {
            loss: verdicts.chunks(LANES).map(loss).sum::<f64>() / verdicts.len() as f64,
            correct: 0,
            images: verdicts.len(),
            confusion: vec![vec![0; classes]; classes],
        };
        for verdict in verdicts {
            // An output that is not a number is taken for no class at all.
            if let Some(class) = verdict.taken_for {
                evaluation.confusion[verdict.label as usize][class] += 1;
                evaluation.correct += usize::from(verdict.is_right());
            }
        }
        evaluation
    }
}

/// Fills the active lanes of `group` with the images of `set` from `first` on, as they are.
pub(crate) fn load(group: &mut LaneGroup, set: &ImageSet, first: usize, table: &[f32; 256]) {
    for lane in 0..group.active() {
        group.set_image(lane, set.image(first + lane).iter().map(|&p| table[p as usize]));
    }
}
