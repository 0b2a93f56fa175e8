//! A trained network looked at closely: what a report of its run shows beside the record.

use longhand_data::ImageSet;
use longhand_data::augmentation::augment_into;
use longhand_kernels::Isa;
use longhand_nn::{LayerActivation, LayerSpec, Network, Shape};

use crate::evaluation::{Evaluation, Verdict, judge};
use crate::recipe::Recipe;
use crate::split::{EvaluatedOn, Split};

/// How many augmented versions of an image are made.
pub const AUGMENTED_VERSIONS: usize = 5;

/// What [`examine`] found.
#[derive(Clone, Debug)]
pub struct Examination {
    /// How the network does on the images that the run is judged on.
    pub evaluation: Evaluation,
    /// Rows and columns of an image.
    pub image_size: (usize, usize),
    /// Images it did not recognise, the surest mistakes first; not more than were asked for.
    pub mistakes: Vec<Mistake>,
    /// The weights of the first layer that has any.
    pub filters: Option<Filters>,
    /// An image on its way through the network, if any is recognised.
    pub example: Option<Example>,
    /// Training images as they are and as training saw them, one of each label; empty where they are not changed.
    pub augmented: Vec<AugmentedImage>,
}

/// An image that was not recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// Its number among the test images or, where held out, among the training images, counted from 0.
    pub index: usize,
    /// What it was taken for, and how surely.
    pub verdict: Verdict,
    /// `[row][column]`, 0 to 255.
    pub pixels: Vec<u8>,
}

/// Weights that can be looked at as pictures: one for each output and input channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    /// The layer, as a person would write it.
    pub layer: String,
    /// Output channels or features.
    pub outputs: usize,
    /// Input channels, rows and columns of each output's weights.
    pub shape: Shape,
    /// `[output][input channel][row][column]`.
    pub weights: Vec<f32>,
}

/// An image on its way through a network.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its number, as [`Mistake::index`].
    pub index: usize,
    /// What it was taken for, which is what it is.
    pub verdict: Verdict,
    /// `[row][column]`, 0 to 255.
    pub pixels: Vec<u8>,
    /// What each layer made of it.
    pub activations: Vec<LayerActivation>,
}

/// A training image and what augmentation made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct AugmentedImage {
    /// Its number among the training images, counted from 0.
    pub index: usize,
    /// What it is.
    pub label: u8,
    /// `[row][column]`, 0 to 255.
    pub original: Vec<u8>,
    /// The same as training saw it in epochs 1, 2, …, rounded.
    pub versions: Vec<Vec<u8>>,
}

/// Looks closely at `network`, trained by `recipe` on `split`; keeps up to `most_mistakes` of the mistakes.
///
/// Runs on the rayon pool it is called from.
///
/// # Panics
/// When network and images do not fit each other.
pub fn examine(network: &Network, recipe: &Recipe, split: &Split<'_>, isa: Isa, most_mistakes: usize) -> Examination {
    let set: &ImageSet = &split.evaluation;
    let verdicts = judge(network, isa, set, &recipe.normalisation);
    let before = number_of_first(split);
    let example = verdicts.iter().position(Verdict::is_right).map(|i| {
        let table = recipe.normalisation.table();
        let image: Vec<f32> = set.image(i).iter().map(|&p| table[p as usize]).collect();
        Example {
            index: before + i,
            verdict: verdicts[i],
            pixels: set.image(i).to_vec(),
            activations: network.activations(isa, &image),
        }
    });
    Examination {
        evaluation: Evaluation::of(&verdicts, network.classes()),
        image_size: (set.height(), set.width()),
        mistakes: surest_mistakes(&verdicts, split, most_mistakes),
        filters: filters(network),
        example,
        augmented: augmented(recipe, &split.train),
    }
}

/// Up to `most` of the images that `verdicts`, one for each image that `split` judges on, did not recognise: the surest
/// mistakes first.
///
/// # Panics
/// When there are not as many verdicts as images.
pub fn surest_mistakes(verdicts: &[Verdict], split: &Split<'_>, most: usize) -> Vec<Mistake> {
    let set: &ImageSet = &split.evaluation;
    assert_eq!(verdicts.len(), set.len(), "a verdict for each image");
    let mut wrong: Vec<usize> = (0..set.len()).filter(|&i| !verdicts[i].is_right()).collect();
    // An output that is no number is sure of nothing.
    let sureness = |i: usize| if verdicts[i].taken_for.is_some() { verdicts[i].log_probability } else { f32::MIN };
    wrong.sort_by(|&a, &b| sureness(b).total_cmp(&sureness(a)));
    let before = number_of_first(split);
    let mistake = |i: usize| Mistake { index: before + i, verdict: verdicts[i], pixels: set.image(i).to_vec() };
    wrong.into_iter().take(most).map(mistake).collect()
}

/// The number of the first image judged on. Images held out are numbered as the training images that they are.
fn number_of_first(split: &Split<'_>) -> usize {
    match split.evaluated_on {
        EvaluatedOn::Test => 0,
        EvaluatedOn::Validation => split.train.len(),
    }
}

/// The weights of the first layer that has any, in the shape of what they look at.
fn filters(network: &Network) -> Option<Filters> {
    let spec = network.spec();
    let shapes = spec.shapes().expect("the network was built from it");
    let inputs = std::iter::once(spec.input_shape()).chain(shapes);
    let (layer, shape) = spec.layers.iter().zip(inputs).find_map(|(layer, input)| match *layer {
        LayerSpec::Conv { kernel, .. } => Some((layer, Shape { height: kernel, width: kernel, ..input })),
        LayerSpec::DepthwiseConv { kernel, .. } => Some((layer, Shape { channels: 1, height: kernel, width: kernel })),
        LayerSpec::Linear { .. } => Some((layer, input)),
        _ => None,
    })?;
    let entry = network.layout().entries.iter().find(|e| e.shape.len() > 1)?;
    Some(Filters {
        layer: layer.describe(),
        outputs: entry.shape[0],
        shape,
        weights: network.parameters()[entry.range.clone()].to_vec(),
    })
}

/// The first training image of each label as training saw it in the first epochs.
fn augmented(recipe: &Recipe, set: &ImageSet) -> Vec<AugmentedImage> {
    if recipe.augmentation.is_off() {
        return Vec::new();
    }
    let firsts = (0..=u8::MAX).filter_map(|label| set.labels().iter().position(|&l| l == label));
    let (height, width) = (set.height(), set.width());
    firsts
        .map(|index| {
            let version = |epoch: usize| {
                let (source, mut out) = (set.image(index), vec![0.0; height * width]);
                let (seed, epoch) = (recipe.seed, epoch as u64);
                augment_into(&recipe.augmentation, seed, epoch, index as u64, source, height, width, &mut out);
                out.into_iter().map(|p| p.round().clamp(0.0, 255.0) as u8).collect()
            };
            AugmentedImage {
                index,
                label: set.label(index),
                original: set.image(index).to_vec(),
                versions: (1..=AUGMENTED_VERSIONS).map(version).collect(),
            }
        })
        .collect()
}
