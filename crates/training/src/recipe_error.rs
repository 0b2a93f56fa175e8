//! Errors that point into the recipe at the line.

use std::fmt;
use std::ops::Range;

use longhand_nn::LayerSpec;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::overrides::OverrideError;

/// A recipe that cannot be carried out: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeError {
    /// What is wrong and what to do.
    pub message: String,
    /// Where in the file, if the fault is in it.
    pub place: Option<Place>,
}

/// A place in a recipe's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column, in characters, counted from 1.
    pub column: usize,
    /// How many characters are at fault, within the line.
    pub length: usize,
    /// The line itself.
    pub text: String,
}

/// One step of a path into a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value of a key.
    Key(&'static str),
    /// An element of an array.
    Index(usize),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Key(key) => f.write_str(key),
            Step::Index(index) => write!(f, "{index}"),
        }
    }
}

impl RecipeError {
    /// What the TOML reader found wrong.
    pub(crate) fn parse(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let span = tagged_fault(text, error.message()).or(error.span());
        RecipeError { message: in_plain_words(error.message()), place: span.map(|s| Place::of(file, text, s)) }
    }

    /// A fault of the value that `path` leads to; where that value is left to its default, of what holds it.
    pub(crate) fn at(file: &str, text: &str, path: &[Step], message: String) -> Self {
        RecipeError { message, place: Place::at(file, text, path) }
    }

    /// A fault that the overrides brought in.
    pub(crate) fn after_overrides(path: &[Step], message: String) -> Self {
        let path: Vec<String> = path.iter().map(Step::to_string).collect();
        RecipeError { message: format!("{message} (overridden: {})", path.join(".")), place: None }
    }
}

/// The TOML reader's words for a value of another type, without the names of Rust's types.
pub(crate) fn in_plain_words(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once("expected ") else { return message.to_owned() };
    let wanted = match expected {
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, 0 or above",
        "i64" => "a whole number",
        "f64" | "f32" => "a number",
        _ => return message.to_owned(),
    };
    format!("{found}expected {wanted}")
}

impl From<OverrideError> for RecipeError {
    fn from(error: OverrideError) -> Self {
        RecipeError { message: error.to_string(), place: None }
    }
}

impl Place {
    /// Where the value that `path` leads to stands, or the last value on the way that stands there.
    pub(crate) fn at(file: &str, text: &str, path: &[Step]) -> Option<Self> {
        span(text, path).map(|s| Place::of(file, text, s))
    }

    fn of(file: &str, text: &str, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |n| n + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
        let end = text.floor_char_boundary(span.end.clamp(start, line_end));
        Place {
            file: file.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            length: text[start..end].chars().count().max(1),
            text: text[line_start..line_end].trim_end().to_owned(),
        }
    }
}

/// Where in a layer, the schedule or the optimiser the fault of this `message` stands.
///
/// What a layer may hold depends on its `type`, so the reader takes the whole table in before it judges it, and by then
/// knows only where the list of layers stands. Reading the layers one by one finds the one at fault, and in it the key
/// that the message names.
fn tagged_fault(text: &str, message: &str) -> Option<Range<usize>> {
    let root = DeTable::parse(text).ok()?;
    let DeValue::Table(network) = get(root.get_ref(), "network")?.get_ref() else { return None };
    let DeValue::Array(layers) = get(network, "layers")?.get_ref() else { return None };
    let faulty_layer = layers.iter().find(|layer| is_refused::<LayerSpec>(text, layer.span()));
    let named = message.split('`').nth(1).unwrap_or_default();
    let key = |faulty: &Spanned<DeValue>| match faulty.get_ref() {
        DeValue::Table(table) => table.iter().find(|(k, _)| k.get_ref() == named).map(|(k, _)| k.span()),
        _ => None,
    };
    if let Some(layer) = faulty_layer {
        return key(layer).or(Some(layer.span()));
    }
    // The others are written as tables of their own, so their text alone is no value; the message must name its key.
    let tagged = if message.contains(" of optimiser ") { "optimiser" } else { "schedule" };
    get(root.get_ref(), tagged).filter(|_| message.starts_with("unknown field")).and_then(key)
}

/// The value of `key` with its place.
fn get<'t, 's>(table: &'t DeTable<'s>, key: &str) -> Option<&'t Spanned<DeValue<'s>>> {
    table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
}

/// Whether the value that stands at `span` is refused as a `T`.
fn is_refused<T: serde::de::DeserializeOwned>(text: &str, span: Range<usize>) -> bool {
    #[derive(serde::Deserialize)]
    struct Holder<T> {
        #[serde(rename = "value")]
        _value: T,
    }
    let Some(value) = text.get(span).filter(|value| value.starts_with('{')) else { return false };
    toml::from_str::<Holder<T>>(&format!("value = {value}")).is_err()
}

/// Where the value at the end of `path` stands in `text`, or the last value on the way that stands there.
fn span(text: &str, path: &[Step]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut found = None;
    let mut steps = path.iter();
    let mut value = match steps.next()? {
        Step::Key(key) => get(table.get_ref(), key)?,
        Step::Index(_) => return None,
    };
    loop {
        found = Some(value.span()).filter(|s| !s.is_empty()).or(found);
        let next = match (steps.next(), value.get_ref()) {
            (Some(Step::Key(key)), DeValue::Table(t)) => get(t, key),
            (Some(Step::Index(index)), DeValue::Array(a)) => a.get(*index),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return found,
        }
    }
}

impl fmt::Display for Place {
    /// The place on lines of its own, beginning with a line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let before = " ".repeat(self.column - 1);
        let marks = "^".repeat(self.length);
        write!(f, "\n{gutter}--> {}:{}:{}", self.file, self.line, self.column)?;
        write!(f, "\n{gutter} |\n{number} | {}\n{gutter} | {before}{marks}", self.text)
    }
}

impl fmt::Display for RecipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, "{place}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RecipeError {}
