//! Random numbers as a function of (seed, epoch, image, purpose).
//!
//! Each quadruple has a stream of its own, so it does not matter which thread draws first, and a run can be resumed
//! or a single image redrawn without replaying anything. The generator is ChaCha with 8 rounds, whose values are
//! fixed by its definition; the steps from words to numbers are written here, because those of general libraries
//! change between versions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What random numbers are for; the numbers are part of every stream's key and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u64)]
pub enum Purpose {
    /// The order of the training images in an epoch.
    Shuffle = 1,
    /// How an image is turned, scaled, sheared and shifted in an epoch.
    Augmentation = 2,
    /// Which activations are dropped.
    Dropout = 3,
    /// Initial weights.
    Initialisation = 4,
    /// The built-in stroke digits.
    Strokes = 5,
    /// Which samples a preview shows.
    Preview = 6,
}

/// A stream of random numbers; made by [`stream`].
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

/// The stream of (seed, epoch, image, purpose): different quadruples give independent streams.
///
/// What `image` counts is the purpose's affair (an image, a layer, a lane group); use 0 where there is nothing to
/// count.
pub fn stream(seed: u64, epoch: u64, image: u64, purpose: Purpose) -> Stream {
    // The four words are the 256-bit key itself, so no two quadruples share one.
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, epoch, image, purpose as u64]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Stream { generator: ChaCha8Rng::from_seed(key) }
}

impl Stream {
    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.generator.next_u32()
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A number in [0, 1), a multiple of 2⁻²⁴; takes 32 bits of the stream.
    pub fn unit(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / (1 << 24) as f32)
    }

    /// A number in [0, 1), a multiple of 2⁻⁵³; takes 64 bits of the stream.
    pub fn unit_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number in [low, high).
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A number in [−limit, limit).
    pub fn symmetric(&mut self, limit: f32) -> f32 {
        self.uniform(-limit, limit)
    }

    /// An integer in 0..bound, each equally likely (Lemire's multiplication with rejection, arXiv 1805.10941).
    ///
    /// # Panics
    /// When `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "no integer is below 0");
        // Of the 2³² products, those whose low half is below this would favour some results by one.
        let rejected = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= rejected {
                return (product >> 32) as u32;
            }
        }
    }

    /// Whether an event of this probability happens.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// A normally distributed number, mean 0 and deviation 1 (Marsaglia's polar method; the second of each pair is
    /// not kept).
    pub fn normal(&mut self) -> f32 {
        loop {
            let (u, v) = (2.0 * self.unit_f64() - 1.0, 2.0 * self.unit_f64() - 1.0);
            let square = u * u + v * v;
            if square < 1.0 && square > 0.0 {
                return (u * libm::sqrt(-2.0 * libm::log(square) / square)) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_the_same_for_ever() {
        let mut words = stream(1, 2, 3, Purpose::Augmentation);
        let first: Vec<u32> = (0..4).map(|_| words.next_u32()).collect();
        // Computed by an independent implementation of ChaCha8.
        assert_eq!(first, [1664188307, 2450356482, 1116260120, 1631622868]);
    }

    #[test]
    fn each_part_of_the_key_counts() {
        let first = |seed, epoch, image, purpose| stream(seed, epoch, image, purpose).next_u64();
        let all = [
            first(0, 0, 0, Purpose::Shuffle),
            first(1, 0, 0, Purpose::Shuffle),
            first(0, 1, 0, Purpose::Shuffle),
            first(0, 0, 1, Purpose::Shuffle),
            first(0, 0, 0, Purpose::Dropout),
        ];
        for (index, value) in all.iter().enumerate() {
            assert!(!all[..index].contains(value), "stream {index} repeats another");
        }
    }

    #[test]
    fn numbers_stay_in_range_and_spread() {
        let mut random = stream(5, 0, 0, Purpose::Strokes);
        let units: Vec<f32> = (0..10_000).map(|_| random.unit()).collect();
        assert!(units.iter().all(|unit| (0.0..1.0).contains(unit)));
        assert!((units.iter().sum::<f32>() / 10_000.0 - 0.5).abs() < 0.02);
        let normals: Vec<f32> = (0..10_000).map(|_| random.normal()).collect();
        let mean = normals.iter().sum::<f32>() / 10_000.0;
        let square = normals.iter().map(|x| x * x).sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.05 && (square - 1.0).abs() < 0.06, "mean {mean}, mean square {square}");
    }

    #[test]
    fn below_is_unbiased() {
        // Of 2³² words, without rejection, multiples of 3 would get two for every one of the other values: a half of
        // all draws in place of a third.
        let (bound, mut multiples) = (3 << 30, 0);
        let mut random = stream(6, 0, 0, Purpose::Strokes);
        for _ in 0..30_000 {
            let value = random.below(bound);
            assert!(value < bound);
            multiples += u32::from(value.is_multiple_of(3));
        }
        assert!((9_700..10_300).contains(&multiples), "{multiples} multiples of 3 among 30,000");
        assert_eq!(random.below(1), 0);
    }
}
