//! How an activation of one image lies in memory.

/// Rows and columns of zeros beyond the border: a tile has four rows of outputs, of which three may be outside.
const SPARE: usize = crate::winograd::TILE - 1;

/// Channels to which a count of channels is filled up: the widest vector.
pub(super) const CHANNELS_TOGETHER: usize = 16;

/// `channels` filled up to whole vectors.
pub const fn padded(channels: usize) -> usize {
    channels.next_multiple_of(CHANNELS_TOGETHER)
}

/// Shape and storage of a `[row][column][channel]` tensor of floats with a zero border around the image.
///
/// `height` and `width` count what a layer computes. Around it lie `border` rows and columns of zeros, and below and to
/// the right three more, which a Winograd tile that hangs over the edge reads. Channels are filled up to whole
/// vectors with zeros. Kernels write the content alone, its channels filled up with what zero weights give, which nothing
/// reads; whoever allocates a tensor zeroes it once.
///
/// An image as it comes is [`Layout::planar`] instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Channels.
    pub channels: usize,
    /// Rows of content.
    pub height: usize,
    /// Columns of content.
    pub width: usize,
    /// Zero rows and columns on every side.
    pub border: usize,
    /// Whether it is `[channel][row][column]`.
    planar: bool,
}

impl Layout {
    /// A `[row][column][channel]` tensor with its channels filled up to whole vectors.
    pub const fn new(channels: usize, height: usize, width: usize, border: usize) -> Self {
        Layout { channels, height, width, border, planar: false }
    }

    /// A `[channel][row][column]` tensor, which [`super::convolution`] alone takes, as its input.
    pub const fn planar(channels: usize, height: usize, width: usize, border: usize) -> Self {
        Layout { channels, height, width, border, planar: true }
    }

    /// Floats from one pixel to the next in its row.
    pub const fn pixel(&self) -> usize {
        if self.planar { 1 } else { padded(self.channels) }
    }

    /// Floats from one row to the next.
    pub const fn row(&self) -> usize {
        (self.width + 2 * self.border + SPARE) * self.pixel()
    }

    /// Floats from one channel to the next in its pixel.
    pub const fn channel(&self) -> usize {
        if self.planar { self.rows() * self.row() } else { 1 }
    }

    /// Floats the whole tensor takes.
    pub const fn len(&self) -> usize {
        self.rows() * self.row() * if self.planar { self.channels } else { 1 }
    }

    /// Rows of storage.
    const fn rows(&self) -> usize {
        self.height + 2 * self.border + SPARE
    }

    /// Whether the tensor holds no float at all.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is `[channel][row][column]`.
    pub const fn is_planar(&self) -> bool {
        self.planar
    }

    /// Elements of content: `channels · height · width`.
    pub const fn elements(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Where channel 0 of content pixel (`row`, `column`) lies.
    pub const fn index(&self, row: usize, column: usize) -> usize {
        (row + self.border) * self.row() + (column + self.border) * self.pixel()
    }

    /// Where the pixel lies that a convolution with `padding` reads first for output (0, 0).
    pub(super) const fn origin(&self, padding: usize) -> usize {
        (self.border - padding) * (self.row() + self.pixel())
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn the_border_and_the_spare_columns_are_counted() {
        let wide = Layout::new(20, 3, 4, 1);
        assert_eq!(
            (wide.pixel(), wide.channel(), wide.row(), wide.len(), wide.elements()),
            (32, 1, 9 * 32, 8 * 9 * 32, 240)
        );
        assert_eq!(wide.index(2, 3), 3 * 9 * 32 + 4 * 32);
        assert_eq!((wide.origin(1), wide.origin(0)), (0, wide.index(0, 0)));
        let planar = Layout::planar(3, 3, 4, 0);
        assert_eq!((planar.row(), planar.channel(), planar.len(), planar.index(1, 1)), (7, 42, 126, 8));
    }
}
