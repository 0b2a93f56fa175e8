//! A suite: what is taken can be planned, and its recipes are sound by themselves.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use longhand_fuzz::{reads_back, text};
use longhand_training::Recipe;
use longhand_training::experiment::{Suite, SuiteChanges};

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    // Recipe files are looked for in a folder that is not there: the built-in ones remain.
    match Suite::from_toml("suite.toml", text, Path::new("no-such-folder"), &SuiteChanges::default()) {
        Ok(suite) => {
            assert!(!suite.entries.is_empty() && !suite.seeds.is_empty());
            for (i, entry) in suite.entries.iter().enumerate() {
                assert!(!suite.entries[..i].iter().any(|other| other.name == entry.name), "{} twice", entry.name);
                let written = entry.recipe.to_toml();
                reads_back(&entry.recipe, &written, Recipe::from_toml("written.toml", &written, &[]));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
