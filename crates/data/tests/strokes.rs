//! The stroke digits: the same bits everywhere, sized as MNIST, and like what people write.

mod shared_data;

use longhand_data::{ImageSet, mnist, strokes};

fn on_threads(threads: usize, train: usize, test: usize) -> longhand_data::Dataset {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| strokes::generate(11, train, test))
}

#[test]
fn bits_do_not_depend_on_threads_nor_time() {
    let single = on_threads(1, 400, 100);
    for threads in [2, 4] {
        let other = on_threads(threads, 400, 100);
        assert_eq!((&other.train, &other.test), (&single.train, &single.test), "{threads} threads");
        assert_eq!(other.fingerprint, single.fingerprint);
    }
    assert_eq!(single.fingerprint, "48dcccbe29bda1285b7b3cbd1e3b2427");
}

#[test]
fn an_image_depends_on_seed_set_and_index_alone() {
    let (many, few) = (strokes::generate(3, 100, 40), strokes::generate(3, 30, 10));
    assert_eq!(few.train, many.train.subset(0..30));
    assert_eq!(few.test, many.test.subset(0..10));
    assert_ne!(few.train.image(0), few.test.image(0));
    assert_ne!(few.train.image(0), strokes::generate(4, 1, 0).train.image(0));
    assert_eq!(many.train.labels()[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    assert!(strokes::generate(0, 0, 0).train.is_empty());
}

#[test]
fn images_are_sized_and_centred_as_mnist_is() {
    let set = strokes::generate(1, 3000, 0).train;
    for index in 0..set.len() {
        let image = set.image(index);
        let inked = |along: fn(usize) -> usize| {
            let lines = image.iter().enumerate().filter(|&(_, &pixel)| pixel > 0).map(|(place, _)| along(place));
            lines.clone().max().unwrap() - lines.min().unwrap() + 1
        };
        let longest = inked(|place| place / 28).max(inked(|place| place % 28));
        // A box of 20 pixels that does not begin on a whole one touches 21.
        assert!((19..=21).contains(&longest), "image {index} is {longest} pixels long");
        let mass: f64 = image.iter().map(|&pixel| f64::from(pixel)).sum();
        let moment = |along: fn(usize) -> usize| {
            image.iter().enumerate().map(|(place, &pixel)| f64::from(pixel) * along(place) as f64).sum::<f64>() / mass
        };
        let (y, x) = (moment(|place| place / 28), moment(|place| place % 28));
        assert!((y - 14.0).abs() < 0.51 && (x - 14.0).abs() < 0.51, "image {index} has its mass at {x}, {y}");
    }
}

#[test]
fn greys_are_like_those_of_mnist() {
    let set = strokes::generate(2, 5000, 0).train;
    let (mut sum, mut squares) = (0.0, 0.0);
    for &pixel in set.pixels() {
        let grey = f64::from(pixel) / 255.0;
        sum += grey;
        squares += grey * grey;
    }
    let count = set.pixels().len() as f64;
    let (mean, deviation) = (sum / count, (squares / count - (sum / count) * (sum / count)).sqrt());
    println!("mean {mean:.4} (MNIST .1307), deviation {deviation:.4} (MNIST .3081)");
    assert!((mean - 0.1307).abs() < 0.015 && (deviation - 0.3081).abs() < 0.02, "{mean} {deviation}");
}

/// How many of `judged` have the label of their nearest image in `known`, by squared distance of pixels.
fn nearest_neighbour_hits(known: &ImageSet, judged: &ImageSet) -> usize {
    let distance = |a: &[u8], b: &[u8]| -> u32 {
        a.iter().zip(b).map(|(&a, &b)| (i32::from(a) - i32::from(b)).pow(2) as u32).sum()
    };
    let nearest = |image: &[u8]| (0..known.len()).min_by_key(|&index| distance(known.image(index), image)).unwrap();
    (0..judged.len()).filter(|&index| known.label(nearest(judged.image(index))) == judged.label(index)).count()
}

#[test]
fn the_nearest_stroke_digit_names_a_real_digit() {
    // A crude judge, but one that needs no training: of real training images, so that the test set stays unseen.
    let Some(folder) = shared_data::mnist_folder() else { return };
    let real = mnist::load_folder(&folder).unwrap().train.subset(0..1000);
    let hits = nearest_neighbour_hits(&strokes::generate(0, 6000, 0).train, &real);
    println!("{hits} of 1000 real digits named by their nearest of 6000 stroke digits");
    assert!(hits >= 860, "{hits} of 1000");
}
