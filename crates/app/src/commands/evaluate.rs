//! `longhand evaluate`: a trained model on test images.

use std::path::PathBuf;

use longhand_model_files::{Model, weights_sha256};
use longhand_training::{StoredRun, evaluate};
use serde_json::json;

use super::Exit;
use crate::arguments::RecipeArguments;
use crate::arguments::evaluate::EvaluateArguments;
use crate::printer::{Printer, percent, table, table_text, thousands};
use crate::{data_source, recipe_source, weights};

/// Evaluates and prints accuracy and confusion.
pub fn run(arguments: &EvaluateArguments) -> anyhow::Result<Exit> {
    let (isa, threads) = super::train::compute(&arguments.compute)?;
    let (path, Model { network, normalisation, recipe }) = model(arguments)?;
    let printer = Printer::new(arguments.json);
    let data = match run_folder(arguments) {
        Some(run) => data_source::dataset_of(&run.record.data, &arguments.data, printer)?,
        None => data_source::dataset(&arguments.data, printer)?,
    };
    let wanted = network.spec().input;
    let found = [1, data.test.height(), data.test.width()];
    anyhow::ensure!(
        wanted == found,
        "the model takes images of {wanted:?} (channels, rows, columns) and the data hold {found:?}; give a model trained \
         on such"
    );
    anyhow::ensure!(
        network.classes() >= 10,
        "the model tells {} classes apart, not ten digits; give one whose last layer has 10 or more",
        network.classes()
    );
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let found = pool.install(|| evaluate(&network, isa, &data.test, &normalisation));

    printer.line(&format!("model    {}, network of the recipe {recipe}", path.display()));
    printer.line(&format!("data     {}", data_source::describe(&data)));
    printer.line(&format!(
        "test     {} of {} images, {} errors, loss {:.4}\n",
        percent(found.accuracy()),
        thousands(found.images),
        found.errors(),
        found.loss
    ));
    let classes: Vec<String> = (0..network.classes()).map(|c| c.to_string()).collect();
    let header: Vec<&str> =
        ["is \\ taken for"].into_iter().chain(classes.iter().map(String::as_str)).chain(["recognised"]).collect();
    let mut confusion = table(&header, &(1..header.len()).collect::<Vec<_>>());
    for (label, row) in found.confusion.iter().enumerate() {
        let count = |(class, &n): (usize, &usize)| if n == 0 && class != label { "·".into() } else { n.to_string() };
        let images = data.test.labels().iter().filter(|&&l| l as usize == label).count();
        let share = if images == 0 { String::new() } else { percent(row[label] as f64 / images as f64) };
        let cells = [label.to_string()].into_iter().chain(row.iter().enumerate().map(count)).chain([share]);
        confusion.add_row(cells);
    }
    printer.line(&table_text(&confusion));
    if arguments.json {
        let report = json!({
            "model": path,
            "recipe": recipe,
            "weights_sha256": weights_sha256(&network),
            "data": { "name": data.name, "fingerprint": data.fingerprint, "test_images": found.images },
            "test_accuracy": found.accuracy(),
            "test_errors": found.errors(),
            "test_loss": found.loss,
            "confusion": found.confusion,
        });
        printer.data(&serde_json::to_string_pretty(&report)?);
    }
    Ok(Exit::Done)
}

/// The run whose folder was given: where nobody says which data, it is tested on those that it was trained on.
fn run_folder(arguments: &EvaluateArguments) -> Option<StoredRun> {
    let folder = arguments.model.as_ref().filter(|path| path.is_dir())?;
    StoredRun::read(folder).ok()
}

/// The model that was asked for, and its file.
fn model(arguments: &EvaluateArguments) -> anyhow::Result<(PathBuf, Model)> {
    match (&arguments.model, &arguments.weights, &arguments.recipe) {
        (Some(path), ..) => {
            let path = weights::file(path);
            Ok((path.clone(), weights::model(&path)?))
        }
        (None, Some(path), Some(recipe)) => {
            let recipe = recipe_source::recipe(&RecipeArguments {
                recipe: recipe.clone(),
                epochs: None,
                seed: None,
                learning_rate: None,
                batch_size: None,
                set: arguments.set.clone(),
            })?;
            let network = weights::of_recipe(path, &recipe)?.network;
            Ok((weights::file(path), Model { network, normalisation: recipe.normalisation, recipe: recipe.name }))
        }
        _ => unreachable!("clap asks for a model, or for weights and a recipe"),
    }
}
