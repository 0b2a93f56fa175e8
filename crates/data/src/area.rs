//! Means over rectangles of a picture: how pictures are made smaller without aliasing.

use std::ops::Range;

/// The mean over the rectangle `columns` × `rows` of a picture of `width` × `height` pixels, each pixel weighing as much
/// as the rectangle covers of it. What lies outside the picture counts as zero.
///
/// `pixel(column, row)` gives a pixel's values; pixel (0, 0) covers the square from (0, 0) to (1, 1).
pub(crate) fn area_mean<const N: usize>(
    (width, height): (usize, usize),
    columns: Range<f32>,
    rows: Range<f32>,
    pixel: impl Fn(usize, usize) -> [f32; N],
) -> [f32; N] {
    let mut sum = [0.0; N];
    for row in covered(&rows, height) {
        let row_weight = cover(&rows, row);
        for column in covered(&columns, width) {
            let weight = row_weight * cover(&columns, column);
            for (sum, value) in sum.iter_mut().zip(pixel(column, row)) {
                *sum += weight * value;
            }
        }
    }
    let area = (columns.end - columns.start) * (rows.end - rows.start);
    sum.map(|sum| sum / area)
}

/// The pixels of a side of `length` that `range` covers, in part or whole.
fn covered(range: &Range<f32>, length: usize) -> Range<usize> {
    // Negative numbers become 0, too large ones are cut at the side's end.
    (range.start.max(0.0) as usize).min(length)..(range.end.max(0.0).ceil() as usize).min(length)
}

/// How much of pixel `place` a range covers, of 1.
fn cover(range: &Range<f32>, place: usize) -> f32 {
    (range.end.min(place as f32 + 1.0) - range.start.max(place as f32)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_weigh_as_much_as_is_covered() {
        let picture = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        let mean = |columns, rows| area_mean((3, 2), columns, rows, |c, r| [picture[3 * r + c]])[0];
        assert_eq!(mean(1.0..2.0, 1.0..2.0), 4.0);
        assert_eq!(mean(0.0..3.0, 0.0..2.0), 2.5);
        assert_eq!(mean(0.5..1.5, 0.0..1.0), 0.5);
        assert_eq!(mean(0.0..1.0, 0.5..2.0), 2.0);
        // Half of it lies outside, where there is nothing.
        assert_eq!(mean(2.0..4.0, 1.0..2.0), 2.5);
        assert_eq!(mean(-3.0..-1.0, 5.0..7.0), 0.0);
    }
}
