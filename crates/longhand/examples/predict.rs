//! Asks a model what digits are: one loaded from a file, or else one trained here in seconds.
//!
//! `cargo run -p longhand --example predict [model.safetensors | RUN_FOLDER]`

use longhand::{Data, Model, Recipe, Training};

fn main() -> Result<(), longhand::Error> {
    let data = Data::strokes(2_000, 500);
    let model = match std::env::args_os().nth(1) {
        Some(path) => Model::load(path)?,
        None => Training::new(Recipe::named("seed")?.set("epochs", 5)?.set("learning_rate", 0.05)?).run(&data)?.model,
    };
    println!("{}, {} parameters, weights {}", model.recipe(), model.parameters(), &model.weights_sha256()[..12]);

    // One at a time, in the shortest time.
    let mut classifier = model.classifier();
    for index in 0..3 {
        let image = data.test().image(index);
        print(image);
        let class = classifier.class(image)?;
        let probability = classifier.probabilities(image)?[class];
        println!("taken for a {class} ({:.1} %), and it is a {}\n", 100.0 * probability, data.test().label(index));
    }

    // Many at once.
    let predictions = model.predict(data.test().pixels())?;
    let answers = predictions.classes().into_iter().zip(data.test().labels());
    let right = answers.filter(|&(class, &label)| class == usize::from(label));
    println!("{} of {} drawn digits recognised", right.count(), predictions.len());
    Ok(())
}

/// The image in characters, two for a pixel.
fn print(image: &[u8]) {
    for row in image.chunks(28).filter(|row| row.iter().any(|&pixel| pixel > 0)) {
        let shades = row.iter().map(|&pixel| [' ', '░', '▒', '▓', '█'][usize::from(pixel) * 4 / 255]);
        println!("{}", shades.flat_map(|shade| [shade, shade]).collect::<String>().trim_end());
    }
}
