//! `--set key=value`: any field of a recipe changed from the command line.

use std::str::FromStr;

use toml::{Table, Value};

use crate::recipe::Recipe;
use crate::recipe_error::in_plain_words;

/// One field of a recipe and what it becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// The keys that lead to the field: `schedule`, `learning_rate`; a number chooses an element of an array.
    pub path: Vec<String>,
    /// What the field becomes.
    pub value: Value,
}

/// An override that does not fit the recipe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// There is no `=`.
    #[error("`{0}` is no override: write key=value, such as epochs=5 or schedule.learning_rate=0.05")]
    NoEquals(String),
    /// The path leads through something that is neither a table nor an element of an array.
    #[error("`{path}` leads nowhere: `{step}` is not there; `longhand summary --recipe` shows what is")]
    NoSuchPlace {
        /// The whole path.
        path: String,
        /// The step that failed.
        step: String,
    },
    /// The recipe refuses the value.
    #[error("the recipe refuses {changes}: {message}")]
    Refused {
        /// What was set.
        changes: String,
        /// Why not.
        message: String,
    },
}

impl Override {
    /// Sets `path` (keys joined by dots) to `value`.
    pub fn new(path: &str, value: impl Into<Value>) -> Self {
        Override { path: path.split('.').map(str::to_owned).collect(), value: value.into() }
    }
}

impl FromStr for Override {
    type Err = OverrideError;

    /// Reads `key=value`. The value is TOML where it can be read as such (`5`, `0.1`, `true`, `{ type = "relu" }`),
    /// otherwise a string (`he`).
    fn from_str(text: &str) -> Result<Self, OverrideError> {
        let (path, value) = text.split_once('=').ok_or_else(|| OverrideError::NoEquals(text.to_owned()))?;
        let (path, value) = (path.trim(), value.trim());
        if path.is_empty() || value.is_empty() {
            return Err(OverrideError::NoEquals(text.to_owned()));
        }
        let parsed = toml::from_str::<Table>(&format!("v = {value}")).ok().and_then(|mut t| t.remove("v"));
        Ok(Override::new(path, parsed.unwrap_or_else(|| Value::String(value.to_owned()))))
    }
}

/// The recipe of `text` with `overrides` applied in order; `text` must be a recipe by itself.
pub(crate) fn apply(text: &str, overrides: &[Override]) -> Result<Recipe, OverrideError> {
    let mut root = Value::Table(toml::from_str(text).expect("the caller has read it as a recipe"));
    for change in overrides {
        set(&mut root, change)?;
    }
    root.try_into().map_err(|e: toml::de::Error| OverrideError::Refused {
        changes: overrides.iter().map(|o| format!("{}={}", o.path.join("."), o.value)).collect::<Vec<_>>().join(", "),
        message: in_plain_words(e.message()),
    })
}

fn set(root: &mut Value, change: &Override) -> Result<(), OverrideError> {
    let lost = |step: &str| OverrideError::NoSuchPlace { path: change.path.join("."), step: step.to_owned() };
    let (last, way) = change.path.split_last().expect("a path has at least one key");
    let mut place = root;
    for step in way {
        place = match place {
            // A table that the file leaves to its default may be begun here: `augmentation.rotation=5`.
            Value::Table(t) => t.entry(step.clone()).or_insert_with(|| Value::Table(Table::new())),
            Value::Array(a) => step.parse().ok().and_then(|i: usize| a.get_mut(i)).ok_or_else(|| lost(step))?,
            _ => return Err(lost(step)),
        };
    }
    // TOML tells 1 from 1.0; people at a command line do not.
    let value = change.value.clone();
    match place {
        Value::Table(t) => {
            let value = match (t.get(last), value) {
                (Some(Value::Float(_)), Value::Integer(n)) => Value::Float(n as f64),
                (_, value) => value,
            };
            t.insert(last.clone(), value);
        }
        Value::Array(a) => {
            *last.parse().ok().and_then(|i: usize| a.get_mut(i)).ok_or_else(|| lost(last))? = value;
        }
        _ => return Err(lost(last)),
    }
    Ok(())
}
