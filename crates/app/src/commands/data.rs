//! `longhand data fetch|verify|preview`.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use longhand_data::contact_sheet::{ContactSheetOptions, contact_sheet};
use longhand_data::fetch::{FetchOptions, fetch};
use longhand_data::{DataChoice, DataRequest, cache, locate, mnist};
use serde_json::json;

use super::Exit;
use crate::arguments::{DataAction, DataArguments, DataSource, RecipeArguments};
use crate::data_source::{self, Downloads};
use crate::printer::{Printer, thousands};
use crate::recipe_source;

/// Does what was asked with the data.
pub fn run(arguments: &DataArguments) -> anyhow::Result<Exit> {
    match &arguments.action {
        DataAction::Fetch { to } => fetch_to(to.as_deref()),
        DataAction::Verify { data, json } => verify(data, *json),
        DataAction::Preview { recipe, data, out, columns } => preview(recipe, data, out, *columns),
    }
}

fn fetch_to(to: Option<&Path>) -> anyhow::Result<Exit> {
    let printer = Printer::new(false);
    let folder = match to {
        Some(folder) => folder.to_owned(),
        None => {
            cache::mnist_folder().ok_or_else(|| anyhow!("this user has no cache folder; name one with --to DIR"))?
        }
    };
    let mut downloads = Downloads::new(printer);
    let fetched = fetch(&folder, &FetchOptions::default(), &mut |progress| downloads.show(progress));
    downloads.finish();
    fetched?;
    let data = mnist::load_folder(&folder)?;
    printer.line(&format!("sound: {}", data_source::describe(&data)));
    Ok(Exit::Done)
}

fn verify(choice: &DataChoice, as_json: bool) -> anyhow::Result<Exit> {
    let printer = Printer::new(as_json);
    // To verify is not to fetch, and a substitute is not what was to be verified.
    let choice = match choice {
        DataChoice::Auto => DataChoice::Mnist,
        other => other.clone(),
    };
    let environment_folder = std::env::var_os("LONGHAND_DATA").map(Into::into);
    let request = DataRequest { choice, environment_folder, download: None, ..DataRequest::default() };
    let data = locate(&request, &mut |_| std::ops::ControlFlow::Continue(()))?.dataset;
    printer.line(&format!("sound: {}", data_source::describe(&data)));
    let counts = |labels: &[u8]| (0..10).map(|d| labels.iter().filter(|&&l| l == d).count()).collect::<Vec<_>>();
    let (train, test) = (counts(data.train.labels()), counts(data.test.labels()));
    let line = |counts: &[usize]| counts.iter().map(|&n| format!("{:>6}", thousands(n))).collect::<String>();
    printer.line(&format!("digit    {}", (0..10).map(|d| format!("{d:>6}")).collect::<String>()));
    printer.line(&format!("training {}\ntest     {}", line(&train), line(&test)));
    if as_json {
        let report = json!({
            "name": data.name,
            "fingerprint": data.fingerprint,
            "source": data.source,
            "train_images": data.train.len(),
            "test_images": data.test.len(),
            "train_per_digit": train,
            "test_per_digit": test,
        });
        printer.data(&serde_json::to_string_pretty(&report)?);
    }
    Ok(Exit::Done)
}

fn preview(recipe: &RecipeArguments, source: &DataSource, out: &Path, columns: u16) -> anyhow::Result<Exit> {
    let printer = Printer::new(false);
    if !out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
        bail!("{} would be a PNG picture under another name: end it in .png", out.display());
    }
    let recipe = recipe_source::recipe(recipe)?;
    let data = data_source::dataset(source, printer)?;
    let augmentation = (!recipe.augmentation.is_off()).then_some(recipe.augmentation);
    let options = ContactSheetOptions {
        title: format!("{}, training images", data.name),
        columns: columns.into(),
        augmentation,
        seed: recipe.seed,
        ..ContactSheetOptions::default()
    };
    let png = contact_sheet(&data.train, &options)?;
    std::fs::write(out, png).with_context(|| format!("cannot write {}", out.display()))?;
    printer.line(&format!("{} of each digit in {}", columns, out.display()));
    Ok(Exit::Done)
}
