//! Work for more threads than there are lane groups: a convolution's output channels in blocks.
//!
//! A step offers one piece of work per lane group, which is enough for as many threads. Where there are more, each
//! group's convolutions, three quarters of its work, are shared by blocks of output channels. Each block transforms the
//! inputs anew, so this is not done where groups suffice. No bit depends on it: a channel is computed the same way in
//! whatever block.

use std::ops::Range;

use rayon::prelude::*;

/// Blocks at most: more would spend as much on transforming inputs as on multiplying.
const MOST: usize = 4;
/// Channels of a block, at least.
const LEAST_CHANNELS: usize = 5;

/// How many blocks so many threads are given where there are so many lane groups.
pub(crate) fn channel_blocks(threads: usize, groups: usize) -> usize {
    (threads / groups.max(1)).clamp(1, MOST)
}

/// The channels of each block, `blocks` of them unless that leaves too few channels in each.
pub(crate) fn ranges(channels: usize, blocks: usize) -> Vec<Range<usize>> {
    let blocks = blocks.min(channels / LEAST_CHANNELS).max(1);
    (0..blocks).map(|b| channels * b / blocks..channels * (b + 1) / blocks).collect()
}

/// Cuts a slice that holds `per_channel` elements a channel into those of each range.
pub(crate) fn cut<'a, T>(slice: &'a mut [T], ranges: &[Range<usize>], per_channel: usize) -> Vec<&'a mut [T]> {
    let mut rest = slice;
    ranges
        .iter()
        .map(|range| {
            let (piece, after) = std::mem::take(&mut rest).split_at_mut(range.len() * per_channel);
            rest = after;
            piece
        })
        .collect()
}

/// Runs `work` for each block, in parallel where there is more than one.
pub(crate) fn each<T: Send>(pieces: Vec<T>, work: impl Fn(usize, T) + Sync) {
    if pieces.len() == 1 {
        pieces.into_iter().for_each(|piece| work(0, piece));
    } else {
        pieces.into_par_iter().enumerate().for_each(|(block, piece)| work(block, piece));
    }
}

#[cfg(test)]
mod tests {
    use super::{channel_blocks, cut, ranges};

    #[test]
    fn threads_beyond_the_groups_make_blocks() {
        let blocks = [(1, 8), (2, 8), (8, 8), (16, 8), (24, 8), (64, 8), (2, 1)].map(|(t, g)| channel_blocks(t, g));
        assert_eq!(blocks, [1, 1, 1, 2, 3, 4, 2]);
    }

    #[test]
    fn ranges_cover_all_channels_and_none_is_tiny() {
        for channels in 1..50 {
            for blocks in 1..5 {
                let ranges = ranges(channels, blocks);
                assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, channels));
                assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
                assert!(ranges.len() == 1 || ranges.iter().all(|r| r.len() >= 5), "{ranges:?}");
            }
        }
        let mut values: Vec<usize> = (0..20).collect();
        let pieces = cut(&mut values, &ranges(10, 2), 2);
        assert_eq!(
            pieces.iter().map(|p| p.to_vec()).collect::<Vec<_>>(),
            [(0..10).collect::<Vec<_>>(), (10..20).collect()]
        );
    }
}
