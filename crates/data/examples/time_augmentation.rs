//! Times the augmentation of 28 × 28 images on one core, in rounds of 1,000.

use std::time::Instant;

use longhand_data::augmentation::{AugmentationSpec, augment_into};
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
    let spec = AugmentationSpec { rotation: 10.0, scale: 0.1, shear: 0.1, shift: 2.0 };
    let mut times: Vec<f64> = (0..300)
        .map(|round| {
            let start = Instant::now();
            let images = round % 10 * 1000..(round % 10 + 1) * 1000;
            for index in images {
                let image = set.image(index);
                augment_into(&spec, 0, round as u64, index as u64, image, set.height(), set.width(), &mut out);
                std::hint::black_box(&out);
            }
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let share = |percent: usize| times[times.len() * percent / 100];
    println!("µs an image: fastest {:.2}, a tenth below {:.2}, median {:.2}", times[0], share(10), share(50));
}
