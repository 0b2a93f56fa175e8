//! Small pictures inside a page: images of digits, weights, activations.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Shades on either side of zero in a picture of signed values.
const SHADES: usize = 40;
const ZERO: [f64; 3] = [255.0, 255.0, 255.0];
/// Blue for what is above zero and orange for what is below: people of every colour vision tell them apart.
const ABOVE: [f64; 3] = [8.0, 48.0, 107.0];
const BELOW: [f64; 3] = [166.0, 54.0, 3.0];

/// A grey image, dark ink on white: `pixels` is `[row][column]`, 0 no ink, 255 full.
pub(super) fn ink(width: usize, pixels: &[u8]) -> String {
    let inverted: Vec<u8> = pixels.iter().map(|pixel| 255 - pixel).collect();
    encoded(width, &inverted, None)
}

/// Signed values, `[row][column]`: blue above zero, white at zero, orange below, strongest at ±`largest`.
pub(super) fn signed(width: usize, values: &[f32], largest: f32) -> String {
    let shade = |value: &f32| {
        let share = if largest > 0.0 && value.is_finite() { (value / largest).clamp(-1.0, 1.0) } else { 0.0 };
        (SHADES as f32 + (share * SHADES as f32).round()) as u8
    };
    let palette: Vec<u8> = (0..=2 * SHADES).flat_map(colour).collect();
    encoded(width, &values.iter().map(shade).collect::<Vec<_>>(), Some(palette))
}

fn colour(shade: usize) -> [u8; 3] {
    let share = (shade as f64 - SHADES as f64) / SHADES as f64;
    let end = if share < 0.0 { BELOW } else { ABOVE };
    // Strong shades early, so that small values are seen at all.
    let strength = libm::pow(share.abs(), 0.75);
    [0, 1, 2].map(|k| (ZERO[k] + strength * (end[k] - ZERO[k])).round() as u8)
}

/// One byte a pixel, grey or from a palette, as a PNG in a data address.
fn encoded(width: usize, pixels: &[u8], palette: Option<Vec<u8>>) -> String {
    let mut file = Vec::new();
    let height = pixels.len() / width;
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(if palette.is_some() { png::ColorType::Indexed } else { png::ColorType::Grayscale });
    if let Some(palette) = palette {
        encoder.set_palette(palette);
    }
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().expect("writing into memory does not fail");
    writer.write_image_data(pixels).expect("as many pixels as the header says");
    writer.finish().expect("writing into memory does not fail");
    format!("data:image/png;base64,{}", BASE64.encode(&file))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The width and the bytes, as colours, of a data address.
    fn decoded(address: &str) -> (u32, Vec<u8>) {
        let bytes = BASE64.decode(address.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        pixels.truncate(info.buffer_size());
        (info.width, pixels)
    }

    #[test]
    fn ink_is_dark_on_white() {
        assert_eq!(decoded(&ink(2, &[0, 255, 100, 0])), (2, vec![255, 0, 155, 255]));
    }

    #[test]
    fn signs_are_told_apart_and_what_is_no_number_is_blank() {
        let (width, pixels) = decoded(&signed(5, &[-2.0, 0.0, 2.0, f32::NAN, 1.0], 2.0));
        assert_eq!(width, 5);
        assert_eq!(pixels[..3], [166, 54, 3]);
        assert_eq!(pixels[3..6], [255, 255, 255]);
        assert_eq!(pixels[6..9], [8, 48, 107]);
        assert_eq!(pixels[9..12], [255, 255, 255]);
        assert!(pixels[12] > 8 && pixels[12] < 255, "between");
        assert_eq!(decoded(&signed(1, &[0.0], 0.0)).1, [255, 255, 255]);
    }
}
