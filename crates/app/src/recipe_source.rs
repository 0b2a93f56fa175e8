//! From what was typed to a checked recipe.

use std::path::Path;

use anyhow::{Context, anyhow};
use longhand_training::{Override, Recipe, built_in, built_in_names};

use crate::arguments::RecipeArguments;

/// The largest recipe file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Finds the recipe asked for and applies every override, `--set` last.
pub fn recipe(arguments: &RecipeArguments) -> anyhow::Result<Recipe> {
    let name = &arguments.recipe;
    let text = text_of(name)?;
    let mut overrides = Vec::new();
    for (path, value) in [("epochs", arguments.epochs), ("seed", arguments.seed), ("batch_size", arguments.batch_size)]
    {
        overrides.extend(value.map(|v| Override::new(path, v)));
    }
    overrides.extend(arguments.learning_rate.map(|v| Override::new("schedule.learning_rate", v)));
    overrides.extend(arguments.set.iter().cloned());
    Ok(Recipe::from_toml(name, &text, &overrides)?)
}

/// The recipe asked for as it stands, without any override; `None` where it is none before it is overridden.
pub fn unchanged(arguments: &RecipeArguments) -> Option<Recipe> {
    let name = &arguments.recipe;
    Recipe::from_toml(name, &text_of(name).ok()?, &[]).ok()
}

fn text_of(name: &str) -> anyhow::Result<String> {
    match built_in(name) {
        Some(text) => Ok(text.to_owned()),
        None => read(name),
    }
}

fn read(name: &str) -> anyhow::Result<String> {
    let path = Path::new(name);
    let names = built_in_names();
    if !path.exists() {
        return Err(anyhow!("there is no recipe `{name}`: the built-in ones are {names}, and no file has that name"));
    }
    let size = path.metadata().with_context(|| format!("cannot read {name}"))?.len();
    if size > MAX_BYTES {
        return Err(anyhow!("{name} has {size} bytes, and a recipe has at most {MAX_BYTES}: is it a recipe?"));
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read the recipe {name}"))
}
