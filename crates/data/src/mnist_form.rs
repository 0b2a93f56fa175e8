//! A picture of a digit brought into the form that MNIST's digits have.
//!
//! MNIST's digits were fitted into 20×20 pixels, keeping their aspect and antialiased, then put into 28×28 with their
//! centre of mass in the middle; ink is 255, paper 0. A picture becomes that in six steps, a file each:
//!
//! 1. `background`: what the picture would be without ink, flat or smoothly lit, is taken from its border and from the
//!    majority of its pixels.
//! 2. `ink`: how far each pixel is from the background, on the side (darker or lighter) where more stands out, and in
//!    the colour in which it stands out most.
//! 3. `pieces`: ink that hangs together; specks are dropped, and so is what comes from outside the picture (a shadow, the
//!    edge of the page, a line across it) where there is a digit beside it.
//! 4. `stroke`: strokes too thin for 20×20 pixels are thickened first.
//! 5. `place`: the digit's box becomes 20 pixels long by averaging areas, is stretched to full contrast, and centred.
//!
//! Only +, −, ×, ÷ and square roots are used, in one order: the same pixels everywhere.

mod background;
mod ink;
mod pieces;
mod place;
mod stroke;

use crate::Picture;
use ink::Ink;

/// The side of a digit in MNIST's form, in pixels.
pub const MNIST_SIDE: usize = 28;

/// The longest side of the smallest digit that is looked at, in the picture's pixels.
const SMALLEST_DIGIT: usize = 5;

/// Why no digit can be made of a picture.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoDigit {
    /// Nothing stands out.
    #[error(
        "nothing stands out in it (it is blank, or its ink is too faint): write the digit darker, or nearer the camera"
    )]
    Blank,
    /// What stands out is no more than a speck.
    #[error(
        "what stands out in it is {width}×{height} pixels, and a digit needs a side of at least {SMALLEST_DIGIT}: \
         take a larger picture"
    )]
    TooSmall {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
}

/// Brings the one digit in `picture` into MNIST's form: `[row][column]`, 28 × 28, 0 paper to 255 ink.
///
/// # Errors
/// When nothing in the picture stands out from its background, or too little of it.
pub fn mnist_form(picture: &Picture) -> Result<[u8; MNIST_SIDE * MNIST_SIDE], NoDigit> {
    let (width, height) = (picture.width(), picture.height());
    if width.max(height) < SMALLEST_DIGIT {
        return Err(NoDigit::TooSmall { width, height });
    }
    let ink = Ink::of(picture).ok_or(NoDigit::Blank)?;
    let digit = pieces::digit(&ink).ok_or(NoDigit::Blank)?;
    if digit.width.max(digit.height) < SMALLEST_DIGIT {
        return Err(NoDigit::TooSmall { width: digit.width, height: digit.height });
    }
    Ok(place::placed(&stroke::thick_enough(digit)))
}
