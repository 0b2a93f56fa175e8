//! Times the augmentation of 28 × 28 images on one core, in rounds of 1,000.

use std::time::Instant;

use longhand_data::augmentation::{AugmentationSpec, Augmenter, augment_into};
use longhand_data::strokes;

fn main() {
    let set = strokes::generate(0, 10_000, 0).train;
    let off = AugmentationSpec::default();
    let still = AugmentationSpec { shift: f32::MIN_POSITIVE, ..off };
    let mut out = vec![0.0; set.height() * set.width()];
    // The answer first: no change to speak of must give the image back.
    for (index, spec) in [off, still].iter().cycle().take(100).enumerate() {
        augment_into(spec, 0, 0, index as u64, set.image(index), set.height(), set.width(), &mut out);
        assert!(out.iter().zip(set.image(index)).all(|(&out, &pixel)| (out - f32::from(pixel)).abs() < 1e-2));
    }
    let affine = AugmentationSpec { rotation: 10.0, scale: 0.1, shear: 0.1, shift: 2.0, ..off };
    let elastic = AugmentationSpec { elastic: 1.0, ..affine };
    let smooth = AugmentationSpec { elastic: 1.0, elastic_smoothness: 6.0, ..affine };
    let rough = AugmentationSpec { elastic: 1.0, elastic_smoothness: 2.0, ..affine };
    let all = AugmentationSpec { cutout: 8, ..elastic };
    for (name, spec) in [
        ("affine", affine),
        ("affine and elastic, smoothness 4", elastic),
        ("affine and elastic, smoothness 6", smooth),
        ("affine and elastic, smoothness 2", rough),
        ("affine, elastic (4) and cutout", all),
    ] {
        let augmenter = Augmenter::new(&spec, set.height(), set.width());
        let mut times: Vec<f64> = (0..300)
            .map(|round| {
                let start = Instant::now();
                let images = round % 10 * 1000..(round % 10 + 1) * 1000;
                for index in images {
                    augmenter.apply(0, round as u64, index as u64, set.image(index), &mut out);
                    std::hint::black_box(&out);
                }
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let share = |percent: usize| times[times.len() * percent / 100];
        let (fastest, tenth, median) = (times[0], share(10), share(50));
        println!("{name:34} µs an image: fastest {fastest:.2}, a tenth below {tenth:.2}, median {median:.2}");
    }
}
