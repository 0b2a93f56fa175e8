//! Cutout: a black square at a random place, so that no part of a digit is relied on alone (DeVries and Taylor 2017,
//! "Improved regularization of convolutional neural networks with cutout").

use crate::random::Stream;

/// The centre of a square: row and column, each pixel of the image equally likely.
pub(super) fn draw(height: usize, width: usize, random: &mut Stream) -> [usize; 2] {
    [height, width].map(|length| random.below((length as u32).max(1)) as usize)
}

/// Blackens the square of `side` pixels about `centre`, as far as it lies in the image.
pub(super) fn blacken(side: usize, centre: [usize; 2], width: usize, out: &mut [f32]) {
    let reach = |at: usize, length: usize| at.saturating_sub(side / 2)..(at + side.div_ceil(2)).min(length);
    let columns = reach(centre[1], width);
    for row in out.chunks_exact_mut(width).take(centre[0] + side.div_ceil(2)).skip(centre[0].saturating_sub(side / 2)) {
        row[columns.clone()].fill(0.0);
    }
}
