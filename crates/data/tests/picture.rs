//! Pictures from files, and what becomes of the digits in them.

mod shared_data;

use std::io::Cursor;

use image::imageops::{FilterType, invert, overlay, resize};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use longhand_data::{MNIST_SIDE, NoDigit, Picture, PictureError, mnist, mnist_form};
use proptest::prelude::*;

const FORM: usize = MNIST_SIDE * MNIST_SIDE;

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

/// A seven, light on dark, drawn with a pen of `pen` pixels.
fn seven(side: u32, pen: f32) -> GrayImage {
    let s = side as f32;
    let corners = [(0.3 * s, 0.2 * s), (0.7 * s, 0.2 * s), (0.45 * s, 0.8 * s)];
    GrayImage::from_fn(side, side, |x, y| {
        let distance = corners.windows(2).map(|ends| {
            let ((ax, ay), (bx, by)) = (ends[0], ends[1]);
            let (dx, dy, px, py) = (bx - ax, by - ay, x as f32 - ax, y as f32 - ay);
            let along = ((px * dx + py * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            ((px - along * dx).powi(2) + (py - along * dy).powi(2)).sqrt()
        });
        Luma([((0.5 * pen + 0.5 - distance.fold(f32::MAX, f32::min)).clamp(0.0, 1.0) * 255.0) as u8])
    })
}

fn form(bytes: &[u8]) -> [u8; FORM] {
    mnist_form(&Picture::decode(bytes).unwrap()).unwrap()
}

/// Mean absolute difference of pixels.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn the_same_digit_in_every_kind_of_picture() {
    let light = seven(200, 18.0);
    let mut dark = light.clone();
    invert(&mut dark);
    let wanted = form(&png(light.clone()));
    let shares = |p: u8| f32::from(p) / 255.0;
    let with_alpha = |ink: u8| RgbaImage::from_fn(200, 200, |x, y| Rgba([ink, ink, ink, light.get_pixel(x, y).0[0]]));
    let mut page = GrayImage::from_pixel(700, 420, Luma([255]));
    overlay(&mut page, &dark, 450, 20);
    for speck in [(5, 5), (600, 400), (100, 300)] {
        page.put_pixel(speck.0, speck.1, Luma([0]));
        page.put_pixel(speck.0 + 1, speck.1, Luma([0]));
    }
    let lit = GrayImage::from_fn(200, 200, |x, y| {
        Luma([((0.4 + 0.002 * x as f32 + 0.001 * y as f32) * (1.0 - 0.7 * shares(light.get_pixel(x, y).0[0])) * 255.0)
            as u8])
    });
    let yellow_on_white = RgbImage::from_fn(200, 200, |x, y| {
        Rgb([255, 255 - light.get_pixel(x, y).0[0] / 10, dark.get_pixel(x, y).0[0]])
    });
    let pictures = [
        ("dark on light", png(dark.clone()), 0.5),
        ("16 bits", png(DynamicImage::ImageLuma16(DynamicImage::ImageLuma8(dark.clone()).to_luma16())), 0.5),
        ("colour", png(DynamicImage::ImageLuma8(dark.clone()).to_rgb8()), 0.5),
        ("black ink on nothing", png(with_alpha(0)), 0.5),
        ("white ink on nothing", png(with_alpha(255)), 0.5),
        ("a JPEG", encoded(dark.clone(), ImageFormat::Jpeg), 3.0),
        ("far off the middle of a large page, with specks", png(page), 1.0),
        ("unevenly lit", png(lit), 4.0),
        ("yellow on white", png(yellow_on_white), 2.0),
        ("enlarged beyond what is kept", png(resize(&dark, 2500, 2500, FilterType::Triangle)), 6.0),
    ];
    for (name, bytes, most) in pictures {
        let found = difference(&form(&bytes), &wanted);
        assert!(found <= most, "{name}: pixels differ by {found:.2} of 255 on average, more than {most}");
    }
}

#[test]
fn it_is_fitted_and_centred_as_mnist_is() {
    let form = form(&png(seven(300, 30.0)));
    let rows: Vec<usize> = (0..MNIST_SIDE).filter(|r| form[r * 28..][..28].iter().any(|&p| p >= 52)).collect();
    assert_eq!(rows.last().unwrap() - rows[0] + 1, 20);
    assert_eq!(form.iter().max(), Some(&255));
    let mass: f64 = form.iter().map(|&p| f64::from(p)).sum();
    for axis in [|i: usize| i % 28, |i: usize| i / 28] {
        let centre = form.iter().enumerate().map(|(i, &p)| axis(i) as f64 * f64::from(p)).sum::<f64>() / mass;
        assert!((centre - 14.0).abs() <= 0.55, "{centre}");
    }
}

#[test]
fn a_hairline_in_a_large_picture_is_no_fainter_than_a_pen() {
    let form = form(&png(seven(1000, 1.0)));
    let dark = form.iter().filter(|&&p| p > 127).count();
    assert!((30..120).contains(&dark), "{dark} dark pixels");
}

#[test]
fn a_jpeg_lies_the_way_its_camera_says() {
    let upright = form(&encoded(seven(200, 20.0), ImageFormat::Jpeg));
    // Turned to the left in the file, and "turn right to see it" in the EXIF block.
    let turned = encoded(image::imageops::rotate270(&seven(200, 20.0)), ImageFormat::Jpeg);
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
    let exif = [b"Exif\0\0MM\0*\0\0\0\x08\0\x01", &entry[..], &[0; 4]].concat();
    let segment = [&[0xff, 0xe1, 0, exif.len() as u8 + 2], &exif[..]].concat();
    let bytes = [&turned[..2], &segment, &turned[2..]].concat();
    let found = difference(&form(&bytes), &upright);
    assert!(found < 3.0, "{found}");
    assert!(difference(&form(&turned), &upright) > 20.0, "it matters");
}

#[test]
fn mnist_comes_back_nearly_as_it_was() {
    let Some(folder) = shared_data::mnist_folder() else { return };
    let test = mnist::load_folder(&folder).unwrap().test;
    for (times, filter, most) in
        [(1, FilterType::Nearest, 2.0), (7, FilterType::Nearest, 2.0), (5, FilterType::CatmullRom, 7.0)]
    {
        let differences = (0..200).map(|index| {
            let image = GrayImage::from_raw(28, 28, test.image(index).to_vec()).unwrap();
            let mut picture = resize(&image, 28 * times, 28 * times, filter);
            invert(&mut picture);
            difference(&form(&png(picture)), test.image(index))
        });
        let mean = differences.sum::<f64>() / 200.0;
        assert!(mean < most, "enlarged {times} times, pixels differ by {mean:.2} of 255 on average");
    }
}

#[test]
fn what_is_no_picture_is_refused_in_words() {
    let message = |bytes: &[u8]| Picture::decode(bytes).unwrap_err().to_string();
    let (whole_png, whole_jpeg) = (png(seven(100, 8.0)), encoded(seven(100, 8.0), ImageFormat::Jpeg));
    assert!(message(&[]).contains("nothing in it"));
    assert!(message(b"GIF89a.......").contains("it is a GIF"));
    assert!(message(b"dear teacher").contains("neither PNG nor JPEG"));
    for length in [20, 60, whole_png.len() / 2, whole_png.len() - 20] {
        assert!(message(&whole_png[..length]).contains("cut short"), "{length}: {}", message(&whole_png[..length]));
    }
    for length in [20, 100, whole_jpeg.len() / 2, whole_jpeg.len() - 2] {
        assert!(message(&whole_jpeg[..length]).contains("cut short"), "{length}: {}", message(&whole_jpeg[..length]));
    }
    let mut animated = Vec::new();
    let mut encoder = png::Encoder::new(&mut animated, 8, 8);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0; 64]).unwrap();
    writer.write_image_data(&[9; 64]).unwrap();
    writer.finish().unwrap();
    assert!(message(&animated).contains("animated"));
}

#[test]
fn a_picture_too_large_is_refused_by_its_header() {
    // The header alone, with its true checksum: 20,000 × 20,000 grey pixels.
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend([0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20, 8, 0, 0, 0, 0]);
    let checksum = crc(&bytes[12..]);
    bytes.extend(checksum.to_be_bytes());
    bytes.extend(b"\0\0\0\0IDAT");
    bytes.extend(crc(b"IDAT").to_be_bytes());
    let error = Picture::decode(&bytes).unwrap_err();
    assert!(matches!(error, PictureError::TooLarge { width: 20_000, height: 20_000 }), "{error}");
}

/// PNG's checksum.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

#[test]
fn pictures_without_a_digit_are_refused() {
    let of = |image: GrayImage| mnist_form(&Picture::decode(&png(image)).unwrap()).unwrap_err();
    assert_eq!(of(GrayImage::from_pixel(300, 200, Luma([255]))), NoDigit::Blank);
    assert_eq!(of(GrayImage::from_pixel(1, 1, Luma([7]))), NoDigit::TooSmall { width: 1, height: 1 });
    let mut dot = GrayImage::from_pixel(60, 60, Luma([255]));
    dot.put_pixel(30, 30, Luma([0]));
    assert_eq!(of(dot), NoDigit::TooSmall { width: 1, height: 1 });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_never_panic(
        is_jpeg: bool,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
        cut: bool,
    ) {
        let image = DynamicImage::ImageLuma8(seven(40, 5.0)).to_rgb8();
        let mut bytes = encoded(image, if is_jpeg { ImageFormat::Jpeg } else { ImageFormat::Png });
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(picture) = Picture::decode(&bytes) {
            let _ = mnist_form(&picture);
        }
    }

    #[test]
    fn any_pixels_give_a_form_or_a_reason(width in 1usize..50, height in 1usize..50, seed: u64, levels in 1u8..=255) {
        let mut state = seed | 1;
        let pixels: Vec<u8> = (0..width * height)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as u8 % levels
            })
            .collect();
        if let Ok(form) = mnist_form(&Picture::from_grey(width, height, &pixels)) {
            prop_assert!(form.contains(&255));
        }
    }
}
