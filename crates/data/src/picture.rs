//! Pictures read from PNG and JPEG files.

pub(crate) mod alpha;
mod format;

use std::io::Cursor;

use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, Rgba, Rgba32FImage};

use self::format::Format;
use crate::area::area_mean;

/// A picture as it looks, the right way up and without transparency, its longer side at most [`WORKING_SIDE`] pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// One plane where the picture is grey, else red, green, blue; `[row][column]`, 0 black to 1.
    planes: Vec<Vec<f32>>,
}

/// The longer side that larger pictures are reduced to, in pixels.
pub const WORKING_SIDE: usize = 1024;
/// The largest picture file that is read, in bytes.
pub const MAX_PICTURE_BYTES: usize = 128 << 20;
/// The longest side of a picture that is decoded, in pixels.
pub const MAX_PICTURE_SIDE: u32 = 16_384;
/// The most pixels of a picture that is decoded.
pub const MAX_PICTURE_PIXELS: u64 = 50_000_000;

/// Why bytes could not be read as a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// No bytes at all.
    #[error("there is nothing in it: a picture is a PNG or JPEG file")]
    Empty,
    /// More bytes than are read.
    #[error("it has more than the {MAX_PICTURE_BYTES} bytes that pictures here may have; save it smaller")]
    TooManyBytes,
    /// A format that is known and not read.
    #[error("it is {0}, which is not read here; save it as PNG or JPEG")]
    Unsupported(&'static str),
    /// Nothing that is known.
    #[error("it is neither PNG nor JPEG: it begins with {0}; give a picture, saved as PNG or JPEG")]
    NotAPicture(String),
    /// A PNG file that is marked as an animation.
    #[error("it is marked as an animated PNG; save the frame that is meant as a PNG of its own")]
    Animated,
    /// A header that promises more pixels than are decoded.
    #[error(
        "it is {width}×{height} pixels; the longer side may have {MAX_PICTURE_SIDE} and the whole \
         {MAX_PICTURE_PIXELS}: make it smaller, a digit needs no more than a few hundred"
    )]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A file that ends before its picture does.
    #[error("the {format} file ends before its picture does: it was cut short; copy or save it again")]
    CutShort {
        /// PNG or JPEG.
        format: &'static str,
    },
    /// A file whose inside is not as it should be.
    #[error("the {format} file is damaged ({reason}); copy or save it again")]
    Damaged {
        /// PNG or JPEG.
        format: &'static str,
        /// What the decoder says.
        reason: String,
    },
}

impl Picture {
    /// Decodes a PNG or JPEG file: any colour, 8 or 16 bits, palettes, transparency, a JPEG's EXIF orientation.
    ///
    /// Transparent parts become white or black, whichever lets what is drawn stand out. Pictures with a side above
    /// [`WORKING_SIDE`] are reduced by averaging areas, so that no stroke falls between pixels. The header is judged
    /// before memory is taken for pixels; decoding takes 11 bytes a pixel at most, some
    /// 550 MB for the largest picture, and a copy of the file.
    ///
    /// # Errors
    /// When the bytes are no picture of the two formats, are animated, damaged or cut short, or beyond the limits.
    pub fn decode(bytes: &[u8]) -> Result<Picture, PictureError> {
        if bytes.len() > MAX_PICTURE_BYTES {
            return Err(PictureError::TooManyBytes);
        }
        let (picture, orientation) = match Format::of(bytes)? {
            Format::Png => {
                let read = |e| damaged("PNG", e);
                // What is beside the pixels (text, profiles) may be compressed: it is bounded too.
                let mut limits = Limits::no_limits();
                limits.max_alloc = Some(64 << 20);
                let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(read)?;
                if decoder.is_apng().map_err(read)? {
                    return Err(PictureError::Animated);
                }
                check_size(&decoder)?;
                decoder.set_limits(Limits::no_limits()).map_err(read)?;
                (DynamicImage::from_decoder(decoder).map_err(read)?, Orientation::NoTransforms)
            }
            Format::Jpeg => {
                let read = |e| damaged("JPEG", e);
                let cut_short = || PictureError::CutShort { format: "JPEG" };
                let is_whole = format::jpeg_is_whole(bytes);
                let decoder = JpegDecoder::new(Cursor::new(bytes));
                let mut decoder = decoder.map_err(|e| if is_whole { read(e) } else { cut_short() })?;
                check_size(&decoder)?;
                if !is_whole {
                    // The decoder would fill what is missing with grey.
                    return Err(cut_short());
                }
                let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
                (DynamicImage::from_decoder(decoder).map_err(read)?, orientation)
            }
        };
        let mut picture = DynamicImage::ImageRgba32F(reduced(&picture));
        picture.apply_orientation(orientation);
        let DynamicImage::ImageRgba32F(picture) = picture else { unreachable!("orienting keeps the kind of pixels") };
        Ok(alpha::without_alpha(picture))
    }

    /// A grey picture from its pixels, `[row][column]`, 0 black to 255 white; no reduction is made.
    ///
    /// # Panics
    /// When `pixels` are not `width` × `height`, or there are none.
    pub fn from_grey(width: usize, height: usize, pixels: &[u8]) -> Picture {
        assert!(!pixels.is_empty() && pixels.len() == width * height, "{} pixels of {width}×{height}", pixels.len());
        Picture { width, height, planes: vec![pixels.iter().map(|&p| f32::from(p) / 255.0).collect()] }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// One plane where the picture is grey, else red, green, blue; each `[row][column]`, 0 black to 1.
    pub fn planes(&self) -> &[Vec<f32>] {
        &self.planes
    }
}

fn check_size(decoder: &impl ImageDecoder) -> Result<(), PictureError> {
    let (width, height) = decoder.dimensions();
    let too_long = width.max(height) > MAX_PICTURE_SIDE;
    if too_long || u64::from(width) * u64::from(height) > MAX_PICTURE_PIXELS {
        return Err(PictureError::TooLarge { width, height });
    }
    Ok(())
}

fn damaged(format: &'static str, error: ImageError) -> PictureError {
    // The decoder reads from memory: an end it did not expect is the end of the file.
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => PictureError::CutShort { format },
        error => PictureError::Damaged { format, reason: error.to_string() },
    }
}

/// The picture with colours multiplied by alpha, 0 to 1, its longer side at most [`WORKING_SIDE`].
fn reduced(picture: &DynamicImage) -> Rgba32FImage {
    let size @ (width, height) = (picture.width() as usize, picture.height() as usize);
    let bytes = |samples: &[u8], channels: usize, place: usize| {
        premultiplied(&samples[place * channels..][..channels], |sample| f32::from(sample) / 255.0)
    };
    let words = |samples: &[u16], channels: usize, place: usize| {
        premultiplied(&samples[place * channels..][..channels], |sample| f32::from(sample) / 65535.0)
    };
    let pixel = |column: usize, row: usize| {
        let place = row * width + column;
        match picture {
            DynamicImage::ImageLuma8(p) => bytes(p.as_raw(), 1, place),
            DynamicImage::ImageLumaA8(p) => bytes(p.as_raw(), 2, place),
            DynamicImage::ImageRgb8(p) => bytes(p.as_raw(), 3, place),
            DynamicImage::ImageRgba8(p) => bytes(p.as_raw(), 4, place),
            DynamicImage::ImageLuma16(p) => words(p.as_raw(), 1, place),
            DynamicImage::ImageLumaA16(p) => words(p.as_raw(), 2, place),
            DynamicImage::ImageRgb16(p) => words(p.as_raw(), 3, place),
            DynamicImage::ImageRgba16(p) => words(p.as_raw(), 4, place),
            other => unreachable!("PNG and JPEG hold no {:?}", other.color()),
        }
    };
    let scale = (width.max(height) as f32 / WORKING_SIDE as f32).max(1.0);
    let side = |length: usize| ((length as f32 / scale + 0.5) as usize).max(1);
    let (columns, rows) = (side(width), side(height));
    let (wide, high) = (width as f32 / columns as f32, height as f32 / rows as f32);
    let span = |place: u32, step: f32| place as f32 * step..(place + 1) as f32 * step;
    Rgba32FImage::from_fn(columns as u32, rows as u32, |column, row| {
        if scale == 1.0 {
            return Rgba(pixel(column as usize, row as usize));
        }
        Rgba(area_mean(size, span(column, wide), span(row, high), pixel))
    })
}

/// One to four samples (grey or colour, perhaps alpha) as red, green, blue, each times alpha, and alpha.
fn premultiplied<S: Copy>(samples: &[S], share: impl Fn(S) -> f32) -> [f32; 4] {
    let at = |index: usize| share(samples[index]);
    match samples.len() {
        1 => [at(0), at(0), at(0), 1.0],
        2 => [at(0) * at(1), at(0) * at(1), at(0) * at(1), at(1)],
        3 => [at(0), at(1), at(2), 1.0],
        _ => [at(0) * at(3), at(1) * at(3), at(2) * at(3), at(3)],
    }
}
