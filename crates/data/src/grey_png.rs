//! Grey images as PNG files.

/// A PNG file of a grey picture, `pixels` being `[row][column]`.
///
/// # Errors
/// When a side is zero or beyond what PNG allows, or the pixels are not `width` × `height`.
pub fn encode(width: usize, height: usize, pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let side = |side: usize| u32::try_from(side).map_err(|_| png::EncodingError::LimitsExceeded);
    let mut encoder = png::Encoder::new(&mut bytes, side(width)?, side(height)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}
