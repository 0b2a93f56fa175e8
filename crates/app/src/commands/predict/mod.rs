//! `longhand predict`: what a model takes the digits in picture files for.

mod pictures;
mod seen;

use std::path::Path;

use anyhow::Context;
use longhand_data::{MNIST_SIDE, Picture, grey_png, mnist_form};
use longhand_model_files::{Classifier, NotPredicted, Prediction};
use longhand_training::write_atomically;
use serde_json::{Value, json};

use super::Exit;
use crate::arguments::predict::PredictArguments;
use crate::printer::{Printer, percent};
use crate::weights;

/// What came of a picture: what the network saw, and what it took that for.
type Outcome = Result<([u8; MNIST_SIDE * MNIST_SIDE], Prediction), String>;

/// Predicts each picture and prints what came of it as it goes.
pub fn run(arguments: &PredictArguments) -> anyhow::Result<Exit> {
    let (isa, _) = super::train::compute(&arguments.compute())?;
    let mut classifier = weights::model(&weights::file(&arguments.model))?.classifier(isa);
    classifier.ensure_mnist_form()?;
    if let Some(folder) = &arguments.save_seen {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let sources = pictures::sources(&arguments.images);
    let printer = Printer::new(arguments.json);
    let in_full = arguments.show || sources.len() == 1;
    let name_width = sources.iter().map(|source| source.shown().chars().count()).max().unwrap_or(0);
    let (mut objects, mut unread) = (Vec::new(), 0);
    for source in &sources {
        let outcome = outcome(&mut classifier, source);
        let (file, name) = (source.name(), source.shown());
        match &outcome {
            Ok((pixels, prediction)) => {
                if in_full {
                    printer.line(&format!("{name}: {}\n", in_words(prediction)));
                    printer.line(&seen::beside_probabilities(pixels, &prediction.probabilities));
                    printer.line("");
                } else {
                    printer.line(&format!("{name:name_width$}  {}", in_words(prediction)));
                }
                if let Some(folder) = &arguments.save_seen {
                    save(folder, &file, pixels)?;
                }
            }
            Err(reason) => {
                unread += 1;
                printer.line(&format!("{name:name_width$}  not read: {reason}"));
            }
        }
        objects.push(object(&file, &outcome, arguments.pixels));
    }
    if sources.len() > 1 {
        printer.line(&format!("\n{}", summary(sources.len(), unread)));
    }
    if arguments.json {
        printer.data(&serde_json::to_string_pretty(&objects)?);
    }
    Ok(if unread == 0 { Exit::Done } else { Exit::CannotBeServed })
}

fn outcome(classifier: &mut Classifier, source: &pictures::Source) -> Outcome {
    let bytes = source.bytes()?;
    let pixels = Picture::decode(&bytes)
        .map_err(NotPredicted::from)
        .and_then(|picture| mnist_form(&picture).map_err(NotPredicted::from))
        .map_err(|e| e.to_string())?;
    let prediction = classifier.classify(&pixels).map_err(|e| e.to_string())?;
    Ok((pixels, prediction))
}

/// `7  99.81 %, else 9  0.12 %`.
fn in_words(prediction: &Prediction) -> String {
    let sure = |class: usize| format!("{class} {:>8}", percent(prediction.probabilities[class]));
    let runner_up = prediction.runner_up.map(|class| format!("   else {}", sure(class)));
    sure(prediction.class) + &runner_up.unwrap_or_default()
}

fn summary(pictures: usize, unread: usize) -> String {
    match unread {
        0 => format!("{pictures} pictures"),
        _ => format!("{pictures} pictures, {unread} of them not read"),
    }
}

fn object(file: &str, outcome: &Outcome, with_pixels: bool) -> Value {
    match outcome {
        Ok((pixels, prediction)) => {
            let mut object = json!({
                "file": file,
                "class": prediction.class,
                "probability": prediction.probabilities[prediction.class],
                "runner_up": prediction.runner_up,
                "probabilities": prediction.probabilities,
            });
            if with_pixels {
                object["pixels"] = pixels.chunks_exact(MNIST_SIDE).map(<[u8]>::to_vec).collect();
            }
            object
        }
        Err(reason) => json!({ "file": file, "error": reason }),
    }
}

/// Writes what the network saw under the picture's own name, numbered where that is taken: it may be the picture itself.
fn save(folder: &Path, name: &str, pixels: &[u8]) -> anyhow::Result<()> {
    let stem = Path::new(name).file_stem().map_or("picture".into(), |stem| stem.to_string_lossy());
    let numbered = (2..).map(|n| folder.join(format!("{stem}-{n}.png")));
    let path = std::iter::once(folder.join(format!("{stem}.png")))
        .chain(numbered)
        .find(|path| !path.exists())
        .expect("numbers do not end");
    let png = grey_png::encode(MNIST_SIDE, MNIST_SIDE, pixels)?;
    write_atomically(&path, &png).with_context(|| format!("cannot write {}", path.display()))
}
