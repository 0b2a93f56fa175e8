//! A digit's ink at MNIST's size, in MNIST's place.

use super::MNIST_SIDE;
use super::pieces::{BOX_SHARE, Digit};
use crate::area::area_mean;

/// The longest side of a digit in MNIST's form, in pixels.
pub(super) const LONGEST: f32 = 20.0;
/// Pixels around the digit's box in which faint ink at its edge is kept.
const MARGIN: usize = 4;
/// The side of the field that the digit is first drawn in.
const FIELD: usize = LONGEST as usize + 2 * MARGIN;

/// Fits the digit's box into 20 × 20 pixels, keeping its aspect, and moves it by whole pixels until its centre of mass is
/// nearest (14, 14), though never so far that its box leaves the image.
///
/// Ink is then stretched so that the strongest is 255.
pub(super) fn placed(digit: &Digit) -> [u8; MNIST_SIDE * MNIST_SIDE] {
    let (left, right) = ends(digit.width, |column| (0..digit.height).any(|row| is_ink(digit, column, row)));
    let (top, bottom) = ends(digit.height, |row| (0..digit.width).any(|column| is_ink(digit, column, row)));
    let cell = (right - left).max(bottom - top) as f32 / LONGEST;
    let size = (digit.width, digit.height);
    let span = |first: usize, place: usize| {
        let start = first as f32 + (place as f32 - MARGIN as f32) * cell;
        start..start + cell
    };
    let mut field = [0.0_f32; FIELD * FIELD];
    for (place, ink) in field.iter_mut().enumerate() {
        let (columns, rows) = (span(left, place % FIELD), span(top, place / FIELD));
        [*ink] = area_mean(size, columns, rows, |column, row| [digit.ink[row * digit.width + column]]);
    }
    let in_cells = |length: usize| ((length as f32 / cell) as usize).min(LONGEST as usize);
    let shift_x = shift(centre_of_mass(&field, |place| place % FIELD), in_cells(right - left));
    let shift_y = shift(centre_of_mass(&field, |place| place / FIELD), in_cells(bottom - top));
    let strongest = field.iter().fold(0.0_f32, |strongest, &ink| strongest.max(ink));
    let mut image = [0; MNIST_SIDE * MNIST_SIDE];
    for (place, ink) in field.iter().enumerate() {
        let column = (place % FIELD).checked_add_signed(shift_x).filter(|&column| column < MNIST_SIDE);
        let row = (place / FIELD).checked_add_signed(shift_y).filter(|&row| row < MNIST_SIDE);
        if let (Some(column), Some(row)) = (column, row) {
            image[row * MNIST_SIDE + column] = (ink / strongest * 255.0 + 0.5) as u8;
        }
    }
    image
}

fn is_ink(digit: &Digit, column: usize, row: usize) -> bool {
    digit.ink[row * digit.width + column] >= BOX_SHARE
}

/// The first place that holds ink and the one after the last; all of them where none does.
fn ends(length: usize, holds_ink: impl Fn(usize) -> bool) -> (usize, usize) {
    let first = (0..length).find(|&place| holds_ink(place));
    let last = (0..length).rfind(|&place| holds_ink(place));
    first.zip(last).map_or((0, length), |(first, last)| (first, last + 1))
}

fn centre_of_mass(field: &[f32], axis: impl Fn(usize) -> usize) -> f32 {
    let (mass, moment) = field
        .iter()
        .enumerate()
        .fold((0.0, 0.0), |(mass, moment), (place, ink)| (mass + ink, moment + ink * axis(place) as f32));
    moment / mass
}

/// By how much to move a box of `length` pixels, which begins at [`MARGIN`], so that `centre` comes nearest the middle.
fn shift(centre: f32, length: usize) -> isize {
    let wanted = ((MNIST_SIDE / 2) as f32 - centre).round_ties_even() as isize;
    let margin = MARGIN as isize;
    wanted.clamp(-margin, MNIST_SIDE as isize - (margin + length as isize))
}
