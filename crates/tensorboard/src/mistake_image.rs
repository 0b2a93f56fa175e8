//! An image that was not recognised, as a picture large enough to look at.

use longhand_training::Mistake;

use crate::proto::{Image, Kind, Value};

/// Screen pixels along each side of an image's pixel.
const SCALE: usize = 6;

/// The picture of `mistake`, which is number `place` among those shown; `width` is that of the images.
pub fn value(place: usize, mistake: &Mistake, width: usize) -> Value {
    let height = mistake.pixels.len() / width;
    let (rows, columns) = (height * SCALE, width * SCALE);
    let pixels: Vec<u8> =
        (0..rows * columns).map(|i| mistake.pixels[i / columns / SCALE * width + i % columns / SCALE]).collect();
    Value {
        tag: tag(place, mistake),
        metadata: None,
        kind: Some(Kind::Image(Image {
            height: rows as i32,
            width: columns as i32,
            colorspace: 1,
            encoded: png(columns, &pixels),
        })),
    }
}

/// What it is, what it was taken for, and how surely; the number in front keeps the surest first.
fn tag(place: usize, mistake: &Mistake) -> String {
    let verdict = &mistake.verdict;
    let taken_for = match verdict.taken_for {
        Some(class) => format!("taken for {class}, {:.0} %", 100.0 * verdict.log_probability.exp()),
        None => "taken for nothing".to_owned(),
    };
    format!("mistakes/{place:02} {} {taken_for}, image {}", verdict.label, mistake.index)
}

fn png(width: usize, grey: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, (grey.len() / width) as u32);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("writing into memory does not fail");
    writer.write_image_data(grey).expect("as many pixels as the header says");
    writer.finish().expect("writing into memory does not fail");
    file
}
