//! Floats that begin at a cache line.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// A slice of floats whose first lies at the beginning of a cache line, so that no aligned vector straddles two.
///
/// Where it begins decides the speed alone: nothing is wrong if an allocator makes it impossible.
#[derive(Debug, Default)]
pub struct AlignedFloats {
    storage: Vec<f32>,
    start: usize,
    len: usize,
}

impl AlignedFloats {
    /// So many zeros.
    pub fn zeros(len: usize) -> Self {
        let spare = LINE / size_of::<f32>() - 1;
        let storage = vec![0.0; len + spare];
        let start = storage.as_ptr().align_offset(LINE).min(spare);
        AlignedFloats { storage, start, len }
    }

    /// `values`, then zeros up to `len`.
    ///
    /// # Panics
    /// When there are more than `len` values.
    pub fn filled_up(values: &[f32], len: usize) -> Self {
        let mut all = Self::zeros(len);
        all[..values.len()].copy_from_slice(values);
        all
    }

    /// At least `len` floats, with anything in them.
    pub(super) fn room(&mut self, len: usize) -> &mut [f32] {
        if self.len < len {
            *self = Self::zeros(len);
        }
        &mut self[..len]
    }
}

impl Clone for AlignedFloats {
    fn clone(&self) -> Self {
        Self::filled_up(self, self.len)
    }
}

impl Deref for AlignedFloats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.storage[self.start..self.start + self.len]
    }
}

impl DerefMut for AlignedFloats {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.storage[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allocation_and_every_clone_begins_at_a_cache_line() {
        let kept: Vec<AlignedFloats> = (0..50).map(|n| AlignedFloats::filled_up(&[1.0, 2.0], 2 + 7 * n)).collect();
        for floats in kept.iter().chain(&kept.clone()) {
            assert_eq!(floats.as_ptr() as usize % LINE, 0);
            assert_eq!(floats[..2], [1.0, 2.0]);
            assert!(floats[2..].iter().all(|&x| x == 0.0));
        }
        assert_eq!(kept.iter().map(|f| f.len()).max(), Some(2 + 7 * 49));
    }
}
