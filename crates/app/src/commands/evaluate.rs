//! `longhand evaluate`: a trained model on test images.

use longhand_model_files::{Model, read_model};
use longhand_training::evaluate;
use serde_json::json;

use super::Exit;
use crate::arguments::EvaluateArguments;
use crate::data_source;
use crate::printer::{Printer, percent, table, table_text, thousands};

/// Evaluates and prints accuracy and confusion.
pub fn run(arguments: &EvaluateArguments) -> anyhow::Result<Exit> {
    let (isa, threads) = super::train::compute(&arguments.compute)?;
    let path =
        if arguments.model.is_dir() { arguments.model.join("model.safetensors") } else { arguments.model.clone() };
    let Model { network, normalisation, .. } = read_model(&path)?;
    let printer = Printer::new(arguments.json);
    let data = data_source::dataset(&arguments.data, printer)?;
    let wanted = network.spec().input;
    let found = [1, data.test.height(), data.test.width()];
    anyhow::ensure!(wanted == found, "the model takes images of {wanted:?} and the data hold {found:?}");
    anyhow::ensure!(network.classes() >= 10, "the model tells {} classes apart, not ten digits", network.classes());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let found = pool.install(|| evaluate(&network, isa, &data.test, &normalisation));

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
