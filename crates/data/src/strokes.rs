//! The built-in stroke digits: the program's own handwriting, drawn from pen-stroke skeletons.
//!
//! Each image is a function of (seed, set, index) alone: one of the digit's `hands`, its points shaken, the whole
//! bent, slanted and turned by a `writer`, drawn by a `pen` of varying pressure, and sized and centred as MNIST
//! sized and centred its digits.

mod hands;
mod pen;
mod writer;

use md5::{Digest, Md5};
use rayon::prelude::*;

use crate::mnist::hex;
use crate::random::{Purpose, stream};
use crate::{CLASSES, Dataset, ImageSet};

/// The seed of the built-in data set.
pub const SEED: u64 = 0;

/// The built-in data set: 60,000 training and 10,000 test images of [`SEED`].
pub fn built_in() -> Dataset {
    generate(SEED, 60_000, 10_000)
}

/// Draws a data set of `train` and `test` images, 28 × 28, from `seed`; image `i` of either shows digit `i` mod 10.
///
/// Images are drawn in parallel; their bits do not depend on the number of threads, nor on how many others are drawn.
/// The fingerprint is the MD5 of all training pixels and then all test pixels.
pub fn generate(seed: u64, train: usize, test: usize) -> Dataset {
    let (train, test) = (draw_set(seed, 0, train), draw_set(seed, 1, test));
    let mut hasher = Md5::new();
    hasher.update(train.pixels());
    hasher.update(test.pixels());
    Dataset {
        name: "strokes".to_owned(),
        fingerprint: hex(&hasher.finalize()),
        source: format!("drawn from pen strokes, seed {seed}"),
        train,
        test,
    }
}

/// Draws the set numbered `set` (0 for training, 1 for test): sets share no random numbers.
fn draw_set(seed: u64, set: u64, count: usize) -> ImageSet {
    let labels: Vec<u8> = (0..count).map(|index| (index % CLASSES) as u8).collect();
    let mut pixels = vec![0; count * pen::SIDE * pen::SIDE];
    pixels.par_chunks_exact_mut(pen::SIDE * pen::SIDE).zip(&labels).enumerate().for_each(|(index, (image, &label))| {
        let mut random = stream(seed, set, index as u64, Purpose::Strokes);
        let tracks = writer::write(usize::from(label), &mut random);
        pen::draw(&tracks, random.uniform(0.5, 1.4), image);
    });
    ImageSet::new(pen::SIDE, pen::SIDE, pixels, labels).expect("as many images as labels, all of digits")
}
