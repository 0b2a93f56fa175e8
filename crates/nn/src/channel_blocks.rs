//! Work for more threads than there are lane groups: a convolution's output channels in blocks.
//!
//! A step offers one piece of work per lane group, which is enough for as many threads. Where there are more, each
//! group's 3×3 convolutions, three quarters of the work of a network that has no others, are shared by blocks of output
//! channels. Each block transforms the inputs anew, so this is not done where groups suffice; direct and depthwise
//! convolutions are not shared at all, and a network that has only those has nothing to share. No bit depends on it: a
//! channel is computed the same way in whatever block.

use std::ops::Range;

use rayon::prelude::*;

use crate::layers::Layer;

/// Blocks at most: more would spend as much on transforming inputs as on multiplying.
const MOST: usize = 4;
/// Channels of a block, at least.
const LEAST_CHANNELS: usize = 5;

/// By how many blocks of channels each part of a layer's work on one lane group is shared; 1 where it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// The forward pass.
    pub forward: usize,
    /// The gradients of its parameters.
    pub parameters: usize,
    /// The gradient of its input.
    pub backward: usize,
}

impl Sharing {
    /// Of a layer whose work is not shared.
    pub const NONE: Sharing = Sharing { forward: 1, parameters: 1, backward: 1 };

    fn most(self) -> usize {
        self.forward.max(self.parameters).max(self.backward)
    }
}

/// How many blocks so many threads are given where there are so many lane groups: no more than any of `layers` makes use of.
pub(crate) fn channel_blocks(threads: usize, groups: usize, layers: &[Layer]) -> usize {
    let of_use = layers.iter().map(|layer| layer.sharing(MOST).most()).max().unwrap_or(1);
    (threads / groups.max(1)).clamp(1, of_use)
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
    use super::{Sharing, channel_blocks, cut, ranges};
    use crate::plan::plan;
    use crate::spec::{LayerSpec, NetworkSpec};

    fn conv(channels: usize, kernel: usize) -> LayerSpec {
        LayerSpec::Conv { channels, kernel, padding: kernel / 2, bias: true }
    }

    fn layers(convolutions: Vec<LayerSpec>) -> Vec<crate::layers::Layer> {
        let end = [LayerSpec::GlobalAveragePool {}, LayerSpec::LogSoftmax {}];
        plan(&NetworkSpec { input: [1, 8, 8], layers: [convolutions, end.to_vec()].concat() }).unwrap().0.layers
    }

    #[test]
    fn threads_beyond_the_groups_make_blocks() {
        let layers = layers(vec![conv(20, 3), conv(30, 3)]);
        let blocks =
            [(1, 8), (2, 8), (8, 8), (16, 8), (24, 8), (64, 8), (2, 1)].map(|(t, g)| channel_blocks(t, g, &layers));
        assert_eq!(blocks, [1, 1, 1, 2, 3, 4, 2]);
    }

    #[test]
    fn nothing_is_cut_where_nothing_can_be_shared() {
        let depthwise = LayerSpec::DepthwiseConv { kernel: 3, padding: 1, bias: true };
        // 5×5, 1×1 and depthwise convolutions, and a 3×3 one of too few channels.
        let layers = layers(vec![conv(9, 3), conv(16, 5), depthwise, conv(24, 1)]);
        assert!(layers.iter().all(|layer| layer.sharing(4) == Sharing::NONE));
        assert_eq!(channel_blocks(64, 1, &layers), 1);
    }

    /// As many as there are of at least five channels: the output's, and backward the input's.
    #[test]
    fn each_part_is_shared_by_as_many_blocks_as_it_has_channels_for() {
        let layers = layers(vec![conv(10, 3), conv(20, 3)]);
        let shared = |i: usize, blocks| {
            let Sharing { forward, parameters, backward } = layers[i].sharing(blocks);
            [forward, parameters, backward]
        };
        // One channel in: computed directly, but for the weight gradient; and nothing before it is trained.
        assert_eq!(shared(0, 4), [1, 2, 1]);
        assert_eq!(shared(1, 4), [4, 4, 2]);
        assert_eq!(shared(1, 3), [3, 3, 2]);
        assert_eq!(shared(1, 1), [1, 1, 1]);
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
