//! What pixels become before a network sees them.

use serde::{Deserialize, Serialize};

/// A pixel p of 0 to 255 becomes (p/255 − mean)/std.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Normalisation {
    /// Mean of the pixels, of 1.
    pub mean: f32,
    /// Their standard deviation, of 1.
    pub std: f32,
}

impl Default for Normalisation {
    /// MNIST's training images: .1307 and .3081.
    fn default() -> Self {
        Normalisation { mean: 0.1307, std: 0.3081 }
    }
}

impl Normalisation {
    /// What each pixel value becomes.
    pub fn table(&self) -> [f32; 256] {
        std::array::from_fn(|p| self.apply(p as f32))
    }

    /// (p/255 − mean)/std.
    #[inline]
    pub fn apply(&self, pixel: f32) -> f32 {
        (pixel / 255.0 - self.mean) / self.std
    }
}
