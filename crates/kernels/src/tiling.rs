//! How a count of channels or columns is cut into tiles of nearly equal size.

/// Cuts `0..count` into the fewest ranges of at most `limit`, as even as can be: yields `(start, length)`.
///
/// Even tiles keep every tile wide enough to hide the latency of a fused multiply-add; a full tile followed by a
/// remainder of one would run that one at a fraction of the speed.
#[inline(always)]
pub(crate) fn tiles(count: usize, limit: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = count.div_ceil(limit);
    let (base, extra) = (count / parts.max(1), count % parts.max(1));
    (0..parts).map(move |t| (t * base + t.min(extra), base + usize::from(t < extra)))
}

/// The tiles of [`tiles`] by size: yields `(start, length, how many)`, at most two of them.
#[inline(always)]
pub(crate) fn runs_of_tiles(count: usize, limit: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let parts = count.div_ceil(limit);
    let (base, extra) = (count / parts.max(1), count % parts.max(1));
    let runs = [(0, base + 1, extra), (extra * (base + 1), base, parts - extra)];
    runs.into_iter().filter(|&(_, _, repeats)| repeats > 0)
}

#[cfg(test)]
mod tests {
    use super::{runs_of_tiles, tiles};

    /// Fewer where Miri watches each operation.
    const MOST: usize = if cfg!(miri) { 20 } else { 100 };

    #[test]
    fn runs_are_the_tiles_in_order() {
        for count in 1..MOST {
            for limit in 1..9 {
                let from_runs: Vec<_> = runs_of_tiles(count, limit)
                    .flat_map(|(start, length, repeats)| (0..repeats).map(move |t| (start + t * length, length)))
                    .collect();
                assert_eq!(from_runs, tiles(count, limit).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn tiles_cover_everything_once_and_evenly() {
        for count in 0..MOST {
            for limit in 1..9 {
                let mut next = 0;
                for (start, length) in tiles(count, limit) {
                    assert_eq!(start, next);
                    assert!(length >= 1 && length <= limit);
                    assert!(length >= count / count.div_ceil(limit));
                    next += length;
                }
                assert_eq!(next, count);
            }
        }
    }
}
