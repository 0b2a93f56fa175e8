//! Models through the library's own door: trained, asked, judged, saved, loaded.

use std::fs;

use longhand::{Data, ErrorKind, Images, Model, Recipe, Training};

fn trained(data: &Data) -> Model {
    let recipe = Recipe::named("seed").unwrap().set("epochs", 1).unwrap().set("learning_rate", 0.05).unwrap();
    Training::new(recipe).run(data).unwrap().model
}

#[test]
fn a_saved_model_is_the_same_to_the_bit_and_answers_alike_alone_and_among_many() {
    let data = Data::strokes(400, 50);
    let model = trained(&data);
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path().join("model.safetensors")).unwrap();
    // A folder of that file is what a run leaves.
    let again = Model::load(folder.path()).unwrap();
    assert_eq!(again.weights_sha256(), model.weights_sha256());
    assert_eq!(
        (again.recipe(), again.parameters(), again.classes(), again.image_size()),
        ("seed", 18_800, 10, (28, 28))
    );

    let many = again.predict(data.test().pixels()).unwrap();
    assert_eq!(many.len(), 50);
    let mut classifier = model.classifier();
    for index in 0..many.len() {
        let image = data.test().image(index);
        assert_eq!(model.probabilities(image).unwrap(), many.probabilities(index), "image {index}");
        assert_eq!(classifier.probabilities(image).unwrap(), many.probabilities(index), "image {index}");
        assert_eq!(classifier.class(image).unwrap(), many.class(index));
        let sum: f32 = many.probabilities(index).iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "image {index}: probabilities make {sum}");
    }
}

#[test]
fn the_evaluation_counts_what_the_predictions_say() {
    let data = Data::strokes(400, 90);
    let model = trained(&data);
    let found = model.evaluate(data.test()).unwrap();
    let classes = model.predict(data.test().pixels()).unwrap().classes();
    let right =
        classes.iter().zip(data.test().labels()).filter(|&(&class, &label)| class == usize::from(label)).count();
    assert_eq!((found.images, found.correct, found.errors()), (90, right, 90 - right));
    for (place, &class) in classes.iter().enumerate() {
        assert!(found.confusion[usize::from(data.test().label(place))][class] > 0);
    }
    assert_eq!(found.confusion.iter().flatten().sum::<usize>(), 90);
}

#[test]
fn no_images_are_no_predictions() {
    let model = trained(&Data::strokes(64, 10));
    let none = model.predict(&[]).unwrap();
    assert!(none.is_empty() && none.classes().is_empty());
}

#[test]
fn images_that_do_not_fit_are_refused_with_both_sizes() {
    let data = Data::strokes(64, 10);
    let model = trained(&data);
    for error in [model.probabilities(&[0; 100]).unwrap_err(), model.predict(&[0; 1000]).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Images);
        assert!(error.to_string().contains("28×28") && error.to_string().contains("784"), "{error}");
    }
    let small = Images::new(2, 2, vec![0; 4], vec![1]).unwrap();
    let error = model.evaluate(&small).unwrap_err().to_string();
    assert!(error.contains("2×2") && error.contains("28×28"), "{error}");
    let none = Images::new(28, 28, vec![], vec![]).unwrap();
    assert!(model.evaluate(&none).unwrap_err().to_string().contains("at least one"));
}

#[test]
fn what_is_no_model_is_refused_with_the_file_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.safetensors");
    let bytes = trained(&Data::strokes(64, 10)).to_bytes();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = Model::load(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model);
    assert!(error.to_string().contains("short.safetensors"), "{error}");
    assert!(Model::load(folder.path().join("none")).unwrap_err().to_string().contains("none"));
    assert!(Model::from_bytes(b"no model").is_err());
}

#[test]
fn a_model_that_cannot_be_written_is_an_error_with_the_file_named() {
    let model = trained(&Data::strokes(64, 10));
    let error = model.save("/no/such/folder/model.safetensors").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Output);
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}

#[test]
fn pictures_that_are_none_are_refused_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seven.png");
    let error = longhand::read_picture_file(&path).unwrap_err();
    assert!(error.to_string().contains("seven.png"), "{error}");
    std::fs::write(&path, b"not a picture").unwrap();
    let error = longhand::read_picture_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Images, "{error}");
    assert!(error.to_string().contains("seven.png: it is neither PNG nor JPEG"), "{error}");
}
