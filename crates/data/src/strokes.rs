//! The built-in stroke digits.

use crate::Dataset;

/// The seed of the built-in data set.
pub const SEED: u64 = 0;

/// The built-in data set: 60,000 training and 10,000 test images of [`SEED`].
pub fn built_in() -> Dataset {
    generate(SEED, 60_000, 10_000)
}

/// Draws a data set of `train` and `test` images from `seed`; the same bits on any number of threads.
pub fn generate(_seed: u64, _train: usize, _test: usize) -> Dataset {
    todo!("being drawn")
}
