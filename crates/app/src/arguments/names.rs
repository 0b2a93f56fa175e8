//! Names that the shell may complete and that are not the only ones allowed.

use std::ffi::OsStr;
use std::sync::LazyLock;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};
use longhand_training::{BUILT_IN_SUITES, built_in_recipes};

/// Every built-in recipe, those of suites under `suite/recipe`.
static RECIPES: LazyLock<Vec<String>> = LazyLock::new(|| built_in_recipes().map(|(name, _)| name).collect());

/// Every built-in suite.
static SUITES: LazyLock<Vec<String>> =
    LazyLock::new(|| BUILT_IN_SUITES.iter().map(|suite| suite.name.to_owned()).collect());

/// Any text, such as a file's name; completions offer the names that are built in.
#[derive(Clone, Copy, Debug)]
pub struct NameOrFile {
    names: &'static LazyLock<Vec<String>>,
}

impl NameOrFile {
    /// Of a recipe.
    pub fn of_recipe() -> Self {
        NameOrFile { names: &RECIPES }
    }

    /// Of a suite.
    pub fn of_suite() -> Self {
        NameOrFile { names: &SUITES }
    }
}

impl TypedValueParser for NameOrFile {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().map(|name| PossibleValue::new(name.as_str()))))
    }
}
