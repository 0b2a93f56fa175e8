//! The order of the training images in an epoch.

use crate::random::{Purpose, stream};

/// A random order of `0..n` for this epoch, every order equally likely (Fisher-Yates from the last place down).
///
/// # Panics
/// When `n` is above `u32::MAX`.
pub fn permutation(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    let n = u32::try_from(n).expect("more images than 32 bits count");
    let mut random = stream(seed, epoch, 0, Purpose::Shuffle);
    let mut order: Vec<u32> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last as usize, random.below(last + 1) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_the_same_for_ever() {
        assert_eq!(permutation(0, 0, 8), [1, 6, 0, 5, 4, 2, 3, 7]);
        assert_eq!(permutation(0, 0, 1), [0]);
        assert!(permutation(0, 0, 0).is_empty());
    }

    #[test]
    fn every_image_comes_once_and_epochs_differ() {
        let first = permutation(3, 1, 1000);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
        assert_ne!(first, permutation(3, 2, 1000));
        assert_ne!(first, permutation(4, 1, 1000));
        assert_eq!(first, permutation(3, 1, 1000));
    }

    #[test]
    fn all_orders_are_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for epoch in 0..12_000 {
            *counts.entry(permutation(7, epoch, 4)).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        // 500 expected; a deviation is √(500 · 23/24) ≈ 22, so 110 is five of them.
        assert!(counts.values().all(|count| count.abs_diff(500) < 110), "{counts:?}");
    }
}
