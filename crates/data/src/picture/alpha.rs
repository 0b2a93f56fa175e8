//! What is behind a transparent picture.

use image::Rgba32FImage;

use super::Picture;

/// How bright a colour looks, 0 to 1, by Rec. 709's weights of red, green and blue.
pub(crate) fn luma(red: f32, green: f32, blue: f32) -> f32 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Lays `picture`, colours multiplied by alpha, on white or on black.
///
/// Where some of the border is transparent and most is not (a card with round corners), on the one nearer to the
/// brightness of the border. Otherwise on the one farther from the brightness of what is drawn: black strokes on
/// nothing are meant for paper, white ones for a blackboard.
pub(super) fn without_alpha(picture: Rgba32FImage) -> Picture {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let is_border = |x: u32, y: u32| x == 0 || y == 0 || x + 1 == picture.width() || y + 1 == picture.height();
    let (mut drawn, mut border) = (Brightness::default(), Brightness::default());
    for (x, y, pixel) in picture.enumerate_pixels() {
        drawn.add(&pixel.0);
        if is_border(x, y) {
            border.add(&pixel.0);
        }
    }
    let border_cover = border.alpha / border.pixels;
    let behind = if border_cover > 0.5 && border_cover < 1.0 {
        if border.mean() >= 0.5 { 1.0 } else { 0.0 }
    } else if drawn.mean() >= 0.5 {
        0.0
    } else {
        1.0
    };
    let over = |k: usize| picture.pixels().map(|p| (p.0[k] + (1.0 - p.0[3]) * behind).clamp(0.0, 1.0)).collect();
    let is_grey = picture.pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]);
    let planes = if is_grey { vec![over(0)] } else { (0..3).map(over).collect() };
    Picture { width, height, planes }
}

/// Sums over pixels.
#[derive(Default)]
struct Brightness {
    pixels: f64,
    alpha: f64,
    luma: f64,
}

impl Brightness {
    fn add(&mut self, [red, green, blue, alpha]: &[f32; 4]) {
        self.pixels += 1.0;
        self.alpha += f64::from(*alpha);
        self.luma += f64::from(luma(*red, *green, *blue));
    }

    /// The mean brightness of what is not transparent; 0 where there is nothing.
    fn mean(&self) -> f64 {
        if self.alpha > 0.0 { self.luma / self.alpha } else { 0.0 }
    }
}
