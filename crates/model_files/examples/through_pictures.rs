//! How much accuracy is lost when MNIST's test images are made into pictures and brought back into MNIST's form:
//! `through_pictures MODEL.safetensors MNIST-FOLDER [IMAGES]`, of the first IMAGES or of all.

use std::error::Error;

use image::imageops::{FilterType, overlay, resize};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use longhand_data::random::{Purpose, stream};
use longhand_data::{DataChoice, DataRequest, ImageSet, Picture, locate, mnist_form};
use longhand_kernels::Isa;
use longhand_model_files::{Model, read_model};
use rayon::prelude::*;

/// A picture made of a digit; the number names the image.
type Distortion = fn(GrayImage, u64) -> Vec<u8>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, rest @ ..] = arguments.as_slice() else {
        return Err("usage: through_pictures MODEL FOLDER [IMAGES]".into());
    };
    let model = read_model(model.as_ref())?;
    let choice = DataChoice::Folder(folder.into());
    let test = locate(&DataRequest { choice, ..DataRequest::default() }, &mut |_| std::ops::ControlFlow::Continue(()))?
        .dataset
        .test;
    let images = rest.first().map_or(Ok(test.len()), |n| n.parse())?.min(test.len());
    let test = test.subset(0..images);
    println!("{:<44} {:>6}  {:>17}", "picture", "errors", "mean |difference|");
    report("as it is, without a picture", &test, &model, |pixels, _| pixels.to_vec());
    let distortions: [(&str, Distortion); 8] = [
        ("PNG of 28×28", |image, _| png(image)),
        ("nearest 10×, inverted", |image, _| png(inverted(scaled(image, 10.0, FilterType::Nearest)))),
        ("bilinear 2×", |image, _| png(scaled(image, 2.0, FilterType::Triangle))),
        ("bicubic 7.3×, inverted", |image, _| png(inverted(scaled(image, 7.3, FilterType::CatmullRom)))),
        ("bicubic 30×", |image, _| png(scaled(image, 30.0, FilterType::CatmullRom))),
        ("bilinear 5×, shifted on a larger canvas, JPEG", |image, number| {
            jpeg(shifted(inverted(scaled(image, 5.0, FilterType::Triangle)), number))
        }),
        ("bicubic 8×, faint, uneven light, noise, JPEG", |image, number| {
            jpeg(photographed(scaled(image, 8.0, FilterType::CatmullRom), number))
        }),
        ("bilinear 0.5×, half as large", |image, _| png(scaled(image, 0.5, FilterType::Triangle))),
    ];
    for (name, distort) in distortions {
        report(name, &test, &model, |pixels, number| {
            let image = GrayImage::from_raw(28, 28, pixels.to_vec()).expect("MNIST's size");
            let picture = Picture::decode(&distort(image, number)).expect("a sound picture");
            mnist_form(&picture).map_or_else(|_| vec![0; 784], |form| form.to_vec())
        });
    }
    Ok(())
}

/// Prints errors of the model, and how far pixels are from those of MNIST, over all of `test`.
fn report(name: &str, test: &ImageSet, model: &Model, form: impl Fn(&[u8], u64) -> Vec<u8> + Sync) {
    let judged: Vec<(bool, f64)> = (0..test.len())
        .into_par_iter()
        .map_init(
            || model.classifier(Isa::detect()),
            |classifier, number| {
                let (original, seen) = (test.image(number), form(test.image(number), number as u64));
                let difference: u32 = original.iter().zip(&seen).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
                let class = classifier.classify(&seen).expect("28×28 pixels").class;
                (class != usize::from(test.label(number)), f64::from(difference) / 784.0)
            },
        )
        .collect();
    let errors = judged.iter().filter(|(is_wrong, _)| *is_wrong).count();
    let difference = judged.iter().map(|(_, difference)| difference).sum::<f64>() / test.len() as f64;
    println!("{name:<44} {errors:>6}  {difference:>17.2}");
}

fn scaled(image: GrayImage, times: f32, filter: FilterType) -> GrayImage {
    let side = (28.0 * times).round() as u32;
    resize(&image, side, side, filter)
}

fn inverted(mut image: GrayImage) -> GrayImage {
    image::imageops::invert(&mut image);
    image
}

/// A dark digit somewhere on a white page.
fn shifted(image: GrayImage, number: u64) -> GrayImage {
    let mut random = stream(1, 0, number, Purpose::Preview);
    let mut page = GrayImage::from_pixel(400, 300, Luma([255]));
    let (x, y) = (random.below(400 - image.width()), random.below(300 - image.height()));
    overlay(&mut page, &image, i64::from(x), i64::from(y));
    page
}

/// Grey ink on paper lit from one corner, with the noise of a small camera.
fn photographed(image: GrayImage, number: u64) -> GrayImage {
    let mut random = stream(2, 0, number, Purpose::Preview);
    GrayImage::from_fn(320, 320, |x, y| {
        let light = 0.9 - 0.0012 * x as f32 - 0.000_001_5 * (y * y) as f32;
        let ink = if x >= 40 && y >= 60 { image.get_pixel_checked(x - 40, y - 60).map_or(0, |p| p.0[0]) } else { 0 };
        let noise = (0..4).map(|_| random.below(1000) as f32 / 1000.0 - 0.5).sum::<f32>() * 0.035;
        Luma([((light * (1.0 - 0.55 * f32::from(ink) / 255.0) + noise) * 255.0).clamp(0.0, 255.0) as u8])
    })
}

fn png(image: GrayImage) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

fn jpeg(image: GrayImage) -> Vec<u8> {
    encoded(image, ImageFormat::Jpeg)
}

fn encoded(image: GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(image).write_to(&mut bytes, format).expect("writing into memory");
    bytes.into_inner()
}
