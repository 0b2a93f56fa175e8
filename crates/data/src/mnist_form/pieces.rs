//! Ink that hangs together, and which of it is the digit.

use super::background::quantile;
use super::ink::Ink;

/// Ink of at least this share of the strongest begins a piece.
const SEED_SHARE: f32 = 0.3;
/// Ink of at least this share of the strongest, beside a piece, belongs to it.
const EDGE_SHARE: f32 = 0.08;
/// Ink that stands out less than this many times the noise belongs to no piece.
const EDGE_NOISE: f32 = 2.5;
/// A piece is a speck when its longer side is below this share of the largest piece's …
const SPECK_SIDE: f32 = 0.15;
/// … and its ink below this share of the largest piece's.
const SPECK_MASS: f64 = 0.04;
/// A piece is from outside the picture when it lies along the border for this share of its longer side (a shadow, the edge
/// of the page) or reaches from one side to the other (a line): a digit that the picture cuts off does neither.
const CONTACT_SHARE: f32 = 0.6;
/// Pieces from outside are dropped when the largest that is not has at least this share of all ink.
const FREE_MASS: f64 = 0.1;
/// The amount that counts as full ink: this share of the digit's dark pixels has less.
const FULL_SHARE: f64 = 0.85;
/// Ink of at least this share of full ink counts for the digit's box.
pub(super) const BOX_SHARE: f32 = 0.2;

/// A digit cut out of a picture: its ink from 0 to 1, with no more around it than belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Digit {
    pub width: usize,
    pub height: usize,
    /// `[row][column]`.
    pub ink: Vec<f32>,
}

/// A piece: pixels that touch, corners included.
struct Piece {
    /// Where its pixels stand in the list of all pieces' pixels.
    pixels: std::ops::Range<usize>,
    mass: f64,
    side: usize,
    from_outside: bool,
}

/// The digit in `ink`; `None` where no piece of it is strong enough.
///
/// The piece with the most ink is the digit, with every other that is no speck. Pieces that come from outside the picture
/// are left out where another has a good share of the ink.
pub(super) fn digit(ink: &Ink) -> Option<Digit> {
    let (pixels, mut pieces) = pieces(ink);
    let all: f64 = pieces.iter().map(|p| p.mass).sum();
    let is_free = |p: &Piece| !p.from_outside;
    if pieces.iter().filter(|p| is_free(p)).map(|p| p.mass).fold(0.0, f64::max) >= FREE_MASS * all {
        pieces.retain(is_free);
    }
    let largest = pieces.iter().max_by(|a, b| a.mass.total_cmp(&b.mass))?;
    let (mass, side) = (largest.mass, largest.side);
    pieces.retain(|p| p.mass >= SPECK_MASS * mass || p.side as f32 >= SPECK_SIDE * side as f32);
    let kept: Vec<usize> = pieces.iter().flat_map(|p| &pixels[p.pixels.clone()]).copied().collect();
    Some(cut_out(ink, &kept))
}

/// Every piece, and the pixels of all of them, one piece after another.
fn pieces(ink: &Ink) -> (Vec<usize>, Vec<Piece>) {
    let edge = (EDGE_SHARE * ink.strongest).max(EDGE_NOISE * ink.noise);
    let seed = (SEED_SHARE * ink.strongest).max(1.5 * edge);
    let mut seen = vec![false; ink.amount.len()];
    let (mut pixels, mut pieces) = (Vec::new(), Vec::new());
    for start in 0..ink.amount.len() {
        if seen[start] || ink.amount[start] < seed {
            continue;
        }
        let first = pixels.len();
        let (mut mass, mut contact) = (0.0, [0; 4]);
        let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
        seen[start] = true;
        pixels.push(start);
        let mut next = first;
        while let Some(&pixel) = pixels.get(next) {
            next += 1;
            let (column, row) = (pixel % ink.width, pixel / ink.width);
            mass += f64::from(ink.amount[pixel]);
            for (axis, place) in [column, row].into_iter().enumerate() {
                low[axis] = low[axis].min(place);
                high[axis] = high[axis].max(place);
            }
            let on_side = [column == 0, column + 1 == ink.width, row == 0, row + 1 == ink.height];
            contact.iter_mut().zip(on_side).for_each(|(pixels, on)| *pixels += usize::from(on));
            for r in row.saturating_sub(1)..(row + 2).min(ink.height) {
                for c in column.saturating_sub(1)..(column + 2).min(ink.width) {
                    let beside = r * ink.width + c;
                    if !seen[beside] && ink.amount[beside] > edge {
                        seen[beside] = true;
                        pixels.push(beside);
                    }
                }
            }
        }
        let side = (high[0] - low[0]).max(high[1] - low[1]) + 1;
        let crosses = contact[0].min(contact[1]) > 0 || contact[2].min(contact[3]) > 0;
        let from_outside = crosses || contact.iter().sum::<usize>() as f32 >= CONTACT_SHARE * side as f32;
        pieces.push(Piece { pixels: first..pixels.len(), mass, side, from_outside });
    }
    (pixels, pieces)
}

/// The pixels of `kept` alone, as shares of full ink, in a picture of their box.
fn cut_out(ink: &Ink, kept: &[usize]) -> Digit {
    let amounts = || kept.iter().map(|&pixel| f64::from(ink.amount[pixel]));
    let strongest = amounts().fold(0.0, f64::max);
    let full = quantile(amounts().filter(|&a| a >= 0.5 * strongest).collect(), FULL_SHARE) as f32;
    let extent = |place: &dyn Fn(usize) -> usize| {
        let places = || kept.iter().map(|&pixel| place(pixel));
        (places().min().expect("a piece has pixels"), places().max().expect("a piece has pixels"))
    };
    let (left, right) = extent(&|pixel| pixel % ink.width);
    let (top, bottom) = extent(&|pixel| pixel / ink.width);
    let (width, height) = (right - left + 1, bottom - top + 1);
    let mut digit = Digit { width, height, ink: vec![0.0; width * height] };
    for &pixel in kept {
        let place = (pixel / ink.width - top) * width + pixel % ink.width - left;
        digit.ink[place] = (ink.amount[pixel] / full).min(1.0);
    }
    digit
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digit in rows of `#` for ink and `.` for paper: its width and height.
    fn found(rows: &[&str]) -> (usize, usize) {
        let amount = rows.iter().flat_map(|row| row.chars().map(|c| if c == '#' { 1.0 } else { 0.0 })).collect();
        let ink = Ink { width: rows[0].len(), height: rows.len(), amount, strongest: 1.0, noise: 0.0 };
        let digit = digit(&ink).unwrap();
        (digit.width, digit.height)
    }

    #[test]
    fn a_digit_that_the_picture_cuts_off_keeps_its_body() {
        let five = [
            "............",
            "...######...",
            "............",
            "...#........",
            "...####.....",
            "......##....",
            ".......#....",
            ".......#....",
            "......##....",
            "...####.....",
            "...##.......",
        ];
        assert_eq!(found(&five), (6, 10), "the bar and what reaches the lower border");
    }

    #[test]
    fn a_shadow_along_the_border_and_a_line_across_are_left_out() {
        let one = [
            "............",
            "############",
            "............",
            ".....#......",
            ".....#......",
            ".....#.....#",
            ".....#....##",
        ];
        assert_eq!(found(&one), (1, 4), "neither the line nor the shadow in the corner");
        assert_eq!(found(&["............", "....#.......", "....#.......", "....#.......", "............"]), (1, 3));
    }
}
