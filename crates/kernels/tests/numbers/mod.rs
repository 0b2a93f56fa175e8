//! Operands for tests, and their bits.

use longhand_kernels::{Geometry, LANES, Lanes};

/// Numbers in -1 … 1 from a seed, with exact zeros and repeated values among them so that ties and signs are met.
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number.
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let bits = (self.0 >> 40) as i32;
        if bits % 11 == 0 { 0.0 } else { (bits % 4096 - 2048) as f32 / 2048.0 }
    }

    /// The next `n` numbers.
    pub fn vec(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next()).collect()
    }

    /// Content from the numbers, a zero border.
    pub fn tensor(&mut self, g: Geometry) -> Vec<Lanes> {
        let mut out = vec![Lanes::ZERO; g.len()];
        for c in 0..g.channels {
            for r in 0..g.height {
                for s in 0..g.width {
                    out[g.index(c, r, s)] = Lanes(std::array::from_fn(|_| self.next()));
                }
            }
        }
        out
    }

    #[allow(dead_code, reason = "not every test wants them")]
    pub fn lanes(&mut self, n: usize) -> Vec<Lanes> {
        self.tensor(Geometry::new(n, 1, 1, 0))
    }
}

/// The bits of every lane.
///
/// The language promises no particular bits for what is no number, and Miri draws others each time: there all are one.
pub fn bits(values: &[Lanes]) -> Vec<[u32; LANES]> {
    let of = |x: f32| if cfg!(miri) && x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
    values.iter().map(|v| v.0.map(of)).collect()
}
