//! Trainings through the library's own door.

use std::ops::ControlFlow;

use longhand::{Data, Ended, ErrorKind, Images, Network, Recipe, Step, Training};

fn recipe(epochs: i64) -> Recipe {
    Recipe::named("sprint").unwrap().set("epochs", epochs).unwrap().set("averaging.decay", 0.9).unwrap()
}

#[test]
fn callbacks_hear_of_every_step_and_epoch_in_order() {
    let data = Data::strokes(300, 40);
    let (mut steps, mut epochs) = (Vec::new(), Vec::new());
    let run = Training::new(recipe(2))
        .threads(2)
        .on_step(|&Step { epoch, epochs, step, steps: of, images, loss, .. }| {
            assert!(loss.is_finite());
            steps.push((epoch, epochs, step, of, images));
            ControlFlow::Continue(())
        })
        .on_epoch(|epoch| {
            epochs.push(*epoch);
            ControlFlow::Continue(())
        })
        .run(&data)
        .unwrap();
    let expected: Vec<_> = (1..=2)
        .flat_map(|epoch| [64, 128, 192, 256, 300].into_iter().enumerate().map(move |(s, n)| (epoch, 2, s + 1, 5, n)))
        .collect();
    assert_eq!(steps, expected);
    assert_eq!((run.ended, &run.epochs), (Ended::Finished, &epochs));
    // The last epoch was judged with the model that is handed out.
    let found = run.model.evaluate(data.test()).unwrap();
    assert_eq!((found.errors(), found.loss), (epochs[1].errors, epochs[1].loss));
    assert_eq!(run.last_accuracy(), Some(found.accuracy()));
}

#[test]
fn threads_and_callbacks_decide_nothing() {
    let data = Data::strokes(200, 20);
    let alone = Training::new(recipe(1)).threads(1).run(&data).unwrap();
    let told = Training::new(recipe(1)).threads(3).on_step(|_| ControlFlow::Continue(())).run(&data).unwrap();
    assert_eq!(alone.model.weights_sha256(), told.model.weights_sha256());
}

#[test]
fn stopped_by_an_epoch_the_model_is_the_one_that_was_judged() {
    let data = Data::strokes(200, 100);
    let run = Training::new(recipe(5)).on_epoch(|_| ControlFlow::Break(())).run(&data).unwrap();
    assert_eq!(run.ended, Ended::Stopped { epoch: 1, step: 4, steps: 4 });
    assert_eq!(run.epochs.len(), 1);
    assert_eq!(run.model.evaluate(data.test()).unwrap().loss, run.epochs[0].loss, "to the bit");
}

#[test]
fn stopped_by_a_step_what_was_learned_is_kept() {
    let data = Data::strokes(200, 20);
    let until = |last: usize| {
        let stop =
            move |step: &Step| if step.step == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        Training::new(recipe(2)).on_step(stop).run(&data).unwrap()
    };
    let (first, second) = (until(1), until(2));
    assert_eq!(first.ended, Ended::Stopped { epoch: 1, step: 1, steps: 4 });
    assert!(first.epochs.is_empty() && first.last_accuracy().is_none());
    assert_ne!(first.model.weights_sha256(), second.model.weights_sha256());
}

#[test]
fn a_training_that_diverges_says_where() {
    let recipe = Recipe::named("seed").unwrap().set("learning_rate", 1000).unwrap().set("epochs", 30).unwrap();
    let recipe = recipe.with_network(&Network::new(28, 28).conv(4).relu().linear(10)).unwrap();
    let run = Training::new(recipe).run(&Data::strokes(256, 10)).unwrap();
    assert!(matches!(run.ended, Ended::Diverged { loss, .. } if !loss.is_finite()), "{:?}", run.ended);
    assert!(run.model.predict(&[0; 784]).is_ok(), "the model is as it was before");
}

#[test]
fn images_of_ones_own_of_another_size() {
    // Two classes: the left half is bright, or the right half.
    let image = |label: u8, shade: u8| -> Vec<u8> {
        (0..8 * 12).map(|p| if (p % 12 < 6) == (label == 0) { 200 + shade } else { shade }).collect()
    };
    let set = |n: u8| {
        let labels: Vec<u8> = (0..n).map(|i| i % 2).collect();
        let pixels = labels.iter().enumerate().flat_map(|(i, &label)| image(label, i as u8 % 50)).collect();
        Images::new(8, 12, pixels, labels).unwrap()
    };
    let data = Data::new(set(128), set(16)).unwrap();
    let network = Network::new(8, 12).conv(4).relu().max_pool().linear(2);
    let recipe = recipe(8).with_network(&network).unwrap();
    let run = Training::new(recipe).run(&data).unwrap();
    assert_eq!(run.last_accuracy(), Some(1.0));
    assert_eq!((run.model.classes(), run.model.image_size(), data.name()), (2, (8, 12), "own"));
    let error = run.model.evaluate(Data::strokes(0, 5).test()).unwrap_err();
    assert!(error.to_string().contains("28×28"), "{error}");
}

#[test]
fn images_held_out_are_judged_on_and_not_trained_on() {
    let data = Data::strokes(300, 10);
    let mut images = 0;
    let run = Training::new(recipe(1))
        .hold_out(100)
        .on_step(|step| {
            images = step.images;
            ControlFlow::Continue(())
        })
        .run(&data)
        .unwrap();
    assert_eq!(images, 200);
    assert!(run.epochs[0].held_out);
    let held_out =
        Images::new(28, 28, data.train().pixels()[200 * 784..].to_vec(), data.train().labels()[200..].to_vec());
    assert_eq!(run.model.evaluate(&held_out.unwrap()).unwrap().errors(), run.epochs[0].errors);
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let data = Data::strokes(64, 10);
    let message = |result: Result<_, longhand::Error>, kind| {
        let error = result.map(|_: longhand::Run| ()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        error.to_string()
    };
    let refused = message(Training::new(recipe(1)).hold_out(64).run(&data), ErrorKind::Data);
    assert!(refused.contains("leaves nothing to train on"), "{refused}");
    for threads in [0, 100_000] {
        let refused = message(Training::new(recipe(1)).threads(threads).run(&data), ErrorKind::Training);
        assert!(refused.contains("give from 1 to 1024"), "{refused}");
    }
    let small = Images::new(2, 2, vec![0; 4], vec![1]).unwrap();
    let small = Data::new(small.clone(), small).unwrap();
    let refused = message(Training::new(recipe(1)).run(&small), ErrorKind::Training);
    assert!(refused.contains("[1, 28, 28]") && refused.contains("[1, 2, 2]"), "{refused}");
    let none = Images::new(28, 28, vec![], vec![]).unwrap();
    assert!(Data::new(none, data.test().clone()).is_err());
}
