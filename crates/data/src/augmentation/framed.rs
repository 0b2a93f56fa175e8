//! The source of a sampling: an image in a black frame, and where its ink is.

/// The width of the black frame around the source.
pub(super) const FRAME: usize = 2;

/// An image in a black frame two pixels wide, so that all four taps of a bilinear sample exist.
pub(super) struct Framed {
    /// `[row][column]`, the frame counted in.
    pub(super) pixels: Vec<f32>,
    /// Columns of a row, the frame counted in.
    pub(super) stride: usize,
    /// The rows with ink, the frame not counted.
    pub(super) rows: Span,
    /// The columns with ink.
    pub(super) columns: Span,
}

impl Framed {
    /// Frames `source` of `height` × `width`.
    pub(super) fn new(source: &[u8], height: usize, width: usize) -> Self {
        let stride = width + 2 * FRAME;
        let mut framed = vec![0.0_f32; (height + 2 * FRAME) * stride];
        let (mut rows, mut columns) = (Span::EMPTY, Span::EMPTY);
        for (row, (pixels, framed)) in
            source.chunks_exact(width).zip(framed.chunks_exact_mut(stride).skip(FRAME)).enumerate()
        {
            let Some(first) = pixels.iter().position(|&pixel| pixel > 0) else { continue };
            let last = pixels.iter().rposition(|&pixel| pixel > 0).unwrap_or(first);
            rows.include(row, row);
            columns.include(first, last);
            for (&pixel, framed) in pixels.iter().zip(&mut framed[FRAME..]) {
                *framed = f32::from(pixel);
            }
        }
        Framed { pixels: framed, stride, rows, columns }
    }
}

/// The first and last row, or column, with ink.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Span {
    pub(super) fn is_empty(self) -> bool {
        self.first > self.last
    }

    const EMPTY: Self = Self { first: usize::MAX, last: 0 };

    fn include(&mut self, first: usize, last: usize) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}
