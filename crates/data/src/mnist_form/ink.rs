//! How much each pixel of a picture stands out from its background.

use super::background::{Background, quantile};
use crate::Picture;
use crate::picture::alpha::luma;

/// The faintest ink that is taken for ink, as a share of the range from black to white.
const FAINTEST: f32 = 0.03;
/// Ink that stands out less than this many times the noise is noise.
const NOISE_MULTIPLE: f32 = 5.0;
/// How much more than in its brightness a picture must stand out in one of its colours for that colour to be read.
const COLOUR_GAIN: f32 = 1.5;

/// Ink on paper: 0 where there is none.
#[derive(Clone, Debug)]
pub(super) struct Ink {
    pub width: usize,
    pub height: usize,
    /// `[row][column]`; how far from the background, negative on the other side of it.
    pub amount: Vec<f32>,
    /// The standard deviation of `amount` where there is no ink.
    pub noise: f32,
    /// The largest mean of `amount` over 3 × 3 pixels.
    pub strongest: f32,
}

impl Ink {
    /// The ink of `picture`; `None` where nothing stands out.
    ///
    /// A colour picture is judged by its brightness, or by that of red, green and blue in which its ink stands out
    /// most, where that is by half more.
    pub(super) fn of(picture: &Picture) -> Option<Ink> {
        let (width, height) = (picture.width(), picture.height());
        let of = |plane: &[f32]| Ink::of_plane(plane, width, height);
        let ink = match picture.planes() {
            [red, green, blue] => {
                let bright: Vec<f32> = red.iter().zip(green).zip(blue).map(|((r, g), b)| luma(*r, *g, *b)).collect();
                let bright = of(&bright);
                let colours = [red, green, blue].map(|plane| of(plane));
                let clearest = colours.into_iter().max_by(|a, b| a.strongest.total_cmp(&b.strongest));
                clearest.filter(|ink| ink.strongest > COLOUR_GAIN * bright.strongest).unwrap_or(bright)
            }
            [grey, ..] => of(grey),
            [] => unreachable!("a picture has a plane"),
        };
        (ink.strongest >= FAINTEST.max(NOISE_MULTIPLE / 3.0 * ink.noise)).then_some(ink)
    }
}

impl Ink {
    fn of_plane(plane: &[f32], width: usize, height: usize) -> Ink {
        let background = Background::of(plane, width, height);
        let ground: Vec<f32> = (0..width * height).map(|i| background.at(i % width, i / width)).collect();
        let darker: Vec<f32> = ground.iter().zip(plane).map(|(ground, pixel)| ground - pixel).collect();
        let noise = noise(&darker);
        let means = means_of_nine(&darker, width, height);
        let largest = means.iter().fold(0.0_f32, |largest, mean| largest.max(mean.abs()));
        let bar = (0.25 * largest).max(NOISE_MULTIPLE / 3.0 * noise);
        let beyond =
            |sign: f32| means.iter().map(|m| sign * m).filter(|&m| m > bar).fold(0.0_f64, |s, m| s + f64::from(m));
        let is_dark = beyond(1.0) >= beyond(-1.0);
        let of_ground = |(difference, ground): (f32, &f32)| {
            // Ink takes away a share of the light that falls on paper; chalk or pixels on a screen add their own.
            if is_dark { difference / ground.max(0.1) } else { -difference }
        };
        // Noise as strong as faint ink would tatter it: three by three pixels are taken together.
        let is_noisy = noise > 0.08 * largest;
        let differences = if is_noisy { means } else { darker };
        let amount: Vec<f32> = differences.into_iter().zip(&ground).map(of_ground).collect();
        let strongest = means_of_nine(&amount, width, height).into_iter().fold(0.0, f32::max);
        Ink { noise: self::noise(&amount), strongest, amount, width, height }
    }
}

/// The standard deviation of normal noise around 0, by the smaller deviations, which ink has no part in.
fn noise(amount: &[f32]) -> f32 {
    /// The deviation that the nearest third of a normal distribution stays within, in standard deviations.
    const NEAREST_THIRD: f64 = 0.4307;
    let step = amount.len().div_ceil(65_536);
    let sample = amount.iter().step_by(step).map(|a| f64::from(a.abs())).collect();
    (quantile(sample, 1.0 / 3.0) / NEAREST_THIRD) as f32
}

/// The mean of each pixel and its eight neighbours; those that the picture lacks count as the pixel nearest to them.
fn means_of_nine(plane: &[f32], width: usize, height: usize) -> Vec<f32> {
    let near = |place: usize, length: usize| [place.saturating_sub(1), place, (place + 1).min(length - 1)];
    let mut along = vec![0.0; plane.len()];
    for (row, means) in plane.chunks_exact(width).zip(along.chunks_exact_mut(width)) {
        for (column, mean) in means.iter_mut().enumerate() {
            *mean = near(column, width).iter().map(|&c| row[c]).sum::<f32>() / 3.0;
        }
    }
    let mut means = vec![0.0; plane.len()];
    for (row, means) in means.chunks_exact_mut(width).enumerate() {
        let [above, here, below] = near(row, height).map(|r| &along[r * width..][..width]);
        for (column, mean) in means.iter_mut().enumerate() {
            *mean = (above[column] + here[column] + below[column]) / 3.0;
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square of `ink` in the middle of `paper`.
    fn square(paper: u8, ink: u8) -> Picture {
        let pixels: Vec<u8> = (0..400)
            .map(|i| if (6..14).contains(&(i / 20)) && (6..14).contains(&(i % 20)) { ink } else { paper })
            .collect();
        Picture::from_grey(20, 20, &pixels)
    }

    #[test]
    fn ink_is_what_the_border_is_not() {
        for (paper, mark) in [(255, 0), (0, 255), (200, 120), (60, 90)] {
            let ink = Ink::of(&square(paper, mark)).unwrap();
            assert!(ink.amount[10 * 20 + 10] > 0.1, "{mark} on {paper}: {}", ink.amount[210]);
            assert_eq!(ink.amount[0], 0.0);
        }
    }

    #[test]
    fn what_is_hardly_there_is_not_there() {
        assert!(Ink::of(&square(128, 128)).is_none());
        assert!(Ink::of(&square(128, 130)).is_none());
    }
}
