//! How an activation tensor of a lane group lies in memory.

use crate::Lanes;

/// Shape and storage of a `[channel][row][column]` tensor of [`crate::Lanes`] with a zero border around each channel.
///
/// The border is storage, not content: `height` and `width` count what a layer computes, and each channel is stored
/// as `(height + 2·border) × (width + 2·border)` so that a convolution with `padding ≤ border` reads zeros at the
/// edges without asking where the edge is. Kernels write the inside only; whoever allocates a tensor zeroes it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Channels.
    pub channels: usize,
    /// Rows of content.
    pub height: usize,
    /// Columns of content.
    pub width: usize,
    /// Zero rows and columns stored on every side of each channel.
    pub border: usize,
}

impl Geometry {
    /// A tensor stored with the given border.
    pub const fn new(channels: usize, height: usize, width: usize, border: usize) -> Self {
        Geometry { channels, height, width, border }
    }

    /// Vectors from one row to the next.
    pub const fn row_stride(&self) -> usize {
        self.width + 2 * self.border
    }

    /// Vectors from one channel to the next.
    pub const fn channel_stride(&self) -> usize {
        self.row_stride() * (self.height + 2 * self.border)
    }

    /// Vectors the whole tensor takes.
    pub const fn len(&self) -> usize {
        self.channels * self.channel_stride()
    }

    /// Whether the tensor holds no vector at all.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Elements of content of one image: `channels · height · width`.
    pub const fn elements(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Where content element (`channel`, `row`, `column`) lies.
    pub const fn index(&self, channel: usize, row: usize, column: usize) -> usize {
        channel * self.channel_stride() + (row + self.border) * self.row_stride() + column + self.border
    }

    /// Writes zeros into the border of `tensor`, whose content is left alone.
    ///
    /// # Panics
    /// When `tensor` is not [`Geometry::len`] long.
    pub fn clear_border(&self, tensor: &mut [Lanes]) {
        assert_eq!(tensor.len(), self.len(), "tensor length");
        if self.border == 0 || self.is_empty() {
            return;
        }
        for channel in tensor.chunks_exact_mut(self.channel_stride()) {
            let mut end_of_row = 0;
            for r in 0..self.height {
                let content = self.index(0, r, 0);
                channel[end_of_row..content].fill(Lanes::ZERO);
                end_of_row = content + self.width;
            }
            channel[end_of_row..].fill(Lanes::ZERO);
        }
    }

    /// The same shape with `channels` channels.
    pub const fn with_channels(&self, channels: usize) -> Self {
        Geometry { channels, ..*self }
    }

    /// Whether two tensors have the same content shape, whatever their borders.
    pub const fn same_shape(&self, other: &Geometry) -> bool {
        self.channels == other.channels && self.height == other.height && self.width == other.width
    }
}

#[cfg(test)]
mod tests {
    use super::Geometry;
    use crate::Lanes;

    #[test]
    fn clearing_the_border_leaves_the_content() {
        for (height, width, border) in [(3, 4, 1), (1, 1, 2), (2, 5, 0), (0, 3, 1)] {
            let g = Geometry::new(2, height, width, border);
            let mut tensor = vec![Lanes::splat(7.0); g.len()];
            g.clear_border(&mut tensor);
            let kept = tensor.iter().filter(|v| **v == Lanes::splat(7.0)).count();
            let content = (0..2).flat_map(|c| (0..height).flat_map(move |r| (0..width).map(move |s| g.index(c, r, s))));
            assert!(content.clone().all(|at| tensor[at] == Lanes::splat(7.0)), "{g:?}");
            assert_eq!(kept, content.count(), "{g:?}");
        }
    }

    #[test]
    fn the_border_is_counted_on_every_side() {
        let g = Geometry::new(2, 3, 4, 1);
        assert_eq!((g.row_stride(), g.channel_stride(), g.len(), g.elements()), (6, 30, 60, 24));
        assert_eq!(g.index(0, 0, 0), 7);
        assert_eq!(g.index(1, 2, 3), 30 + 3 * 6 + 4);
    }
}
