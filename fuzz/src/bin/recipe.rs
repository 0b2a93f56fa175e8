//! A recipe, and behind a line `---` overrides of it, one a line: what is taken is written as TOML that reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_fuzz::{parts, reads_back, text};
use longhand_training::{Override, Recipe};

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let (text, overrides) = parts(text);
    let overrides: Vec<Override> = overrides.lines().filter_map(|line| line.parse().ok()).collect();
    match Recipe::from_toml("recipe.toml", text, &overrides) {
        Ok(recipe) => {
            let written = recipe.to_toml();
            reads_back(&recipe, &written, Recipe::from_toml("written.toml", &written, &[]));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
