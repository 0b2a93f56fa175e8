//! What elastic distortion and cutout do to images, and that switching one change on leaves the others as they were.

use super::*;
use crate::strokes;

const SIDE: usize = 28;

fn off() -> AugmentationSpec {
    AugmentationSpec::default()
}

fn changed(spec: &AugmentationSpec, image: u64, source: &[u8]) -> Vec<f32> {
    let mut out = vec![f32::NAN; SIDE * SIDE];
    augment_into(spec, 7, 3, image, source, SIDE, SIDE, &mut out);
    out
}

/// In an image that brightens evenly to the right, each pixel tells from which column it comes.
#[test]
fn pixels_are_displaced_as_far_as_stated_and_by_nothing_on_the_average() {
    for (elastic, elastic_smoothness) in [(0.5, 4.0), (1.0, 2.0), (1.4, 4.0), (1.0, 8.0)] {
        let spec = AugmentationSpec { elastic, elastic_smoothness, ..off() };
        for downwards in [false, true] {
            let along = |pixel: usize| if downwards { pixel / SIDE } else { pixel % SIDE };
            let source: Vec<u8> = (0..SIDE * SIDE).map(|pixel| along(pixel) as u8 * 9).collect();
            let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
            for image in 0..400 {
                for (pixel, value) in changed(&spec, image, &source).into_iter().enumerate() {
                    // Away from the border, where black comes in.
                    if [pixel / SIDE, pixel % SIDE].into_iter().all(|at| (9..19).contains(&at)) {
                        let displaced = f64::from(value) / 9.0 - along(pixel) as f64;
                        sum += displaced;
                        squares += displaced * displaced;
                        count += 1.0;
                    }
                }
            }
            let (mean, typical) = (sum / count, f64::sqrt(squares / count) / f64::from(elastic));
            assert!(mean.abs() < 0.1 * f64::from(elastic), "mean {mean} of {spec:?}");
            assert!((0.93..1.07).contains(&typical), "typically {typical} of what {spec:?} says");
        }
    }
}

/// Neighbours go the same way the more, the smoother the field is.
#[test]
fn smoothness_smooths() {
    let source: Vec<u8> = (0..SIDE * SIDE).map(|pixel| (pixel % SIDE) as u8 * 9).collect();
    let roughness = |elastic_smoothness: f32| -> f64 {
        let spec = AugmentationSpec { elastic: 1.0, elastic_smoothness, ..off() };
        let rough = |image| -> f64 {
            let out = changed(&spec, image, &source);
            let row = &out[14 * SIDE + 9..14 * SIDE + 19];
            row.windows(2).map(|pair| f64::from((pair[1] - pair[0]) / 9.0 - 1.0).abs()).sum()
        };
        (0..100).map(rough).sum()
    };
    let (sharp, middling, soft) = (roughness(2.0), roughness(4.0), roughness(8.0));
    assert!(sharp > 1.7 * middling && middling > 1.7 * soft, "{sharp}, {middling}, {soft}");
}

#[test]
fn a_digit_keeps_its_ink() {
    let set = strokes::generate(1, 200, 0).train;
    let spec = AugmentationSpec { elastic: 1.4, ..off() };
    let (mut before, mut after) = (0.0, 0.0);
    for index in 0..set.len() {
        let image = set.image(index);
        let ink = |pixels: &[f32]| pixels.iter().map(|&p| f64::from(p)).sum::<f64>();
        let own = ink(&changed(&off(), 0, image));
        let distorted = ink(&changed(&spec, index as u64, image));
        assert!((0.4..2.0).contains(&(distorted / own)), "image {index}: {own} became {distorted}");
        before += own;
        after += distorted;
    }
    assert!((0.95..1.05).contains(&(after / before)), "{before} became {after}");
}

#[test]
fn a_square_is_cut_out_at_every_place_and_nothing_else_is_touched() {
    let source = [200; SIDE * SIDE];
    let mut reached = [false; SIDE * SIDE];
    for image in 0..4000 {
        let out = changed(&AugmentationSpec { cutout: 5, ..off() }, image, &source);
        let black: Vec<usize> = (0..out.len()).filter(|&pixel| out[pixel] == 0.0).collect();
        assert!(out.iter().all(|&pixel| pixel == 0.0 || pixel == 200.0));
        let (rows, columns) = (black.iter().map(|p| p / SIDE), black.iter().map(|p| p % SIDE));
        let height = rows.clone().max().unwrap() - rows.min().unwrap() + 1;
        let width = columns.clone().max().unwrap() - columns.min().unwrap() + 1;
        assert_eq!(black.len(), height * width, "a rectangle");
        // The centre lies in the image, so at the border 3 of 5 remain.
        assert!((3..=5).contains(&height) && (3..=5).contains(&width), "{height} × {width}");
        black.iter().for_each(|&pixel| reached[pixel] = true);
    }
    assert!(reached.iter().all(|&reached| reached));
    assert!(changed(&AugmentationSpec { cutout: 64, ..off() }, 1, &source).iter().all(|&pixel| pixel == 0.0));
}

#[test]
fn each_change_switched_on_leaves_the_others_as_they_were() {
    let set = strokes::generate(1, 1, 0).train;
    let affine = AugmentationSpec { rotation: 10.0, scale: 0.1, shear: 0.1, shift: 2.0, ..off() };
    let elastic = AugmentationSpec { elastic: 1.0, ..affine };
    for spec in [off(), affine, elastic] {
        let cut = AugmentationSpec { cutout: 6, ..spec };
        for image in 0..50 {
            let (whole, cut) = (changed(&spec, image, set.image(0)), changed(&cut, image, set.image(0)));
            assert!(whole.iter().zip(&cut).all(|(whole, cut)| cut == whole || *cut == 0.0));
        }
    }
    // A field of almost nothing is almost the affine change.
    let slight = AugmentationSpec { elastic: 1e-6, ..affine };
    for image in 0..50 {
        let (with, without) = (changed(&slight, image, set.image(0)), changed(&affine, image, set.image(0)));
        assert!(with.iter().zip(&without).all(|(a, b)| (a - b).abs() < 0.01));
    }
}

#[test]
fn bits_of_every_change_are_the_same_for_ever() {
    let source: Vec<u8> = (0..SIDE * SIDE).map(|index| (index * index % 256) as u8).collect();
    let of = |spec: AugmentationSpec| {
        let bytes: Vec<u8> =
            (0..20).flat_map(|image| changed(&spec, image, &source)).flat_map(f32::to_le_bytes).collect();
        crate::mnist::md5_hex(&bytes)
    };
    let affine = AugmentationSpec { rotation: 10.0, scale: 0.1, shear: 0.1, shift: 2.0, ..off() };
    assert_eq!(of(AugmentationSpec { elastic: 1.0, ..affine }), "de6df1bea5a5d19b52aa0953783f4b13");
    assert_eq!(
        of(AugmentationSpec { elastic: 2.5, elastic_smoothness: 2.0, ..off() }),
        "21780a329bfc90aec23e7f869a8a1f6e"
    );
    assert_eq!(of(AugmentationSpec { cutout: 7, ..off() }), "0541b2f102d216c7def906eb7a9b39fd");
}
