//! Strokes too thin for 20×20 pixels are thickened, as if a broader pen had drawn them.

use super::pieces::Digit;
use super::place::LONGEST;

/// The thinnest strokes that are left as they are, in pixels of MNIST's form.
const THINNEST: f32 = 1.6;
/// Ink of at least this share counts as stroke.
const STROKE_SHARE: f32 = 0.35;

/// `digit` itself, or what a broader pen would have made of it.
///
/// Averaging makes a stroke that is thinner than a pixel faint, not thin: its digit would look like none of MNIST's,
/// whose pens were broad. The width of strokes is twice their area over their outline; where it would come to less
/// than [`THINNEST`], all within the missing distance of ink becomes ink.
pub(super) fn thick_enough(digit: Digit) -> Digit {
    let side = digit.width.max(digit.height) as f32;
    let stroke_width = stroke_width(&digit);
    if stroke_width * LONGEST >= THINNEST * side {
        return digit;
    }
    // With strokes broader by 2r the box is longer by 2r too: (w + 2r)·20/(side + 2r) = thinnest.
    let twice = (THINNEST * side - LONGEST * stroke_width) / (LONGEST - THINNEST);
    broadened(&digit, 0.5 * twice)
}

/// The mean width of strokes in the digit's pixels: twice their area over the length of their outline.
fn stroke_width(digit: &Digit) -> f32 {
    // A slanting edge is counted as steps; over all directions steps are 4/π as long as the edge.
    const EDGE_OF_STEPS: f32 = std::f32::consts::FRAC_PI_4;
    let is_stroke = |column: usize, row: usize| digit.ink[row * digit.width + column] >= STROKE_SHARE;
    let (mut area, mut steps) = (0.0, 0);
    for row in 0..digit.height {
        for column in 0..digit.width {
            area += digit.ink[row * digit.width + column];
            if is_stroke(column, row) {
                steps += usize::from(column == 0 || !is_stroke(column - 1, row));
                steps += usize::from(column + 1 == digit.width || !is_stroke(column + 1, row));
                steps += usize::from(row == 0 || !is_stroke(column, row - 1));
                steps += usize::from(row + 1 == digit.height || !is_stroke(column, row + 1));
            }
        }
    }
    2.0 * area / (steps as f32 * EDGE_OF_STEPS).max(1.0)
}

/// Ink wherever a stroke is within `reach` pixels, fading over one pixel.
fn broadened(digit: &Digit, reach: f32) -> Digit {
    let margin = reach.ceil() as usize + 1;
    let (width, height) = (digit.width + 2 * margin, digit.height + 2 * margin);
    let mut squares = vec![f32::INFINITY; width * height];
    for row in 0..digit.height {
        for column in 0..digit.width {
            if digit.ink[row * digit.width + column] >= STROKE_SHARE {
                squares[(row + margin) * width + column + margin] = 0.0;
            }
        }
    }
    // The squared distance to the nearest stroke pixel: first along columns, then the least over each row.
    let mut line = vec![0.0; height];
    for column in 0..width {
        for (row, cell) in line.iter_mut().enumerate() {
            *cell = squares[row * width + column];
        }
        for (row, square) in nearest_squares(&line, margin).into_iter().enumerate() {
            squares[row * width + column] = square;
        }
    }
    for row in squares.chunks_exact_mut(width) {
        row.copy_from_slice(&nearest_squares(row, margin));
    }
    let ink = squares.iter().map(|square| (reach + 0.5 - square.sqrt()).clamp(0.0, 1.0)).collect();
    Digit { width, height, ink }
}

/// The least of `squares[j]` + (i − j)² for every i, over places not farther than `reach`.
fn nearest_squares(squares: &[f32], reach: usize) -> Vec<f32> {
    let mut nearest = squares.to_vec();
    for (j, &square) in squares.iter().enumerate().filter(|(_, square)| square.is_finite()) {
        let first = j.saturating_sub(reach);
        for (i, cell) in nearest.iter_mut().enumerate().take(j + reach + 1).skip(first) {
            let distance = i.abs_diff(j) as f32;
            *cell = cell.min(square + distance * distance);
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An upright line of `pen` × 400 pixels.
    fn line(pen: usize) -> Digit {
        Digit { width: pen, height: 400, ink: vec![1.0; pen * 400] }
    }

    #[test]
    fn a_thin_line_is_broadened_to_the_thinnest() {
        let thick = thick_enough(line(2));
        let middle = &thick.ink[thick.height / 2 * thick.width..][..thick.width];
        let width = middle.iter().sum::<f32>();
        let side = thick.ink.chunks_exact(thick.width).filter(|row| row.iter().any(|&ink| ink >= 0.5)).count() as f32;
        let in_form = width * LONGEST / side;
        assert!((in_form - THINNEST).abs() < 0.35, "{in_form}");
    }

    #[test]
    fn a_broad_line_stays_as_it_is() {
        assert_eq!(thick_enough(line(60)), line(60));
    }
}
