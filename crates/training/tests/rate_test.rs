//! The learning-rate range test on a real network: it finds a valley, and leaves nothing behind.

use std::ops::ControlFlow;

use longhand_data::strokes;
use longhand_kernels::Isa;
use longhand_model_files::weights_sha256;
use longhand_training::{
    EpochDone, Observer, Override, RateRange, RateTest, RateTestEnd, Recipe, Split, built_in, find_learning_rate, train,
};

struct Silent;

impl Observer for Silent {
    fn epoch(&mut self, _: &EpochDone<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

fn recipe() -> Recipe {
    let set = ["epochs=1", "batch_size=64", "optimiser.momentum=0.0"];
    let overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
    Recipe::from_toml("seed", built_in("seed").unwrap(), &overrides).unwrap()
}

fn found(split: &Split<'_>, threads: usize, stop_after: usize) -> RateTest {
    let range = RateRange { from: 1e-4, to: 1e3, steps: 60 };
    find_learning_rate(&recipe(), split, Isa::detect(), threads, range, &mut |step, _| {
        if step == stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap()
}

#[test]
fn a_training_after_the_test_has_the_bits_it_has_without_and_the_images_judged_on_play_no_part() {
    let data = strokes::generate(1, 400, 50);
    let after =
        |split: &Split<'_>| weights_sha256(&train(&recipe(), split, Isa::detect(), 2, &mut Silent).unwrap().network);
    let split = Split::testing(&data);
    let without = after(&split);
    let test = found(&split, 2, usize::MAX);
    assert_eq!(after(&split), without);
    assert_eq!(found(&split, 1, usize::MAX), test, "on one thread");

    let other = longhand_data::Dataset { test: strokes::generate(9, 1, 80).test, ..data.clone() };
    assert_eq!(found(&Split::testing(&other), 2, usize::MAX), test, "judged on other images");

    let suggestion = test.suggestion.expect("the loss fell");
    assert!((1e-3..10.0).contains(&suggestion), "{suggestion}");
    let first = test.points[0].smoothed_loss;
    assert!(first > 1.5, "at first it knows nothing: {first}");
}

#[test]
fn it_can_be_stopped() {
    let data = strokes::generate(1, 400, 50);
    let test = found(&Split::testing(&data), 2, 3);
    assert_eq!((test.ended, test.points.len()), (RateTestEnd::Interrupted, 3));
}
