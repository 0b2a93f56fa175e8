//! Errors that point into a suite at the lines.

use std::fmt;

use crate::overrides::OverrideError;
use crate::recipe_error::{Place, RecipeError};

/// A suite that cannot be carried out: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteError {
    /// What is wrong and what to do.
    pub message: String,
    /// Where in the files: one place, or the two that contradict each other.
    pub places: Vec<Place>,
}

impl SuiteError {
    /// A fault with no place in a file.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        SuiteError { message: message.into(), places: Vec::new() }
    }

    /// The same fault, which stands here too.
    pub(crate) fn and(mut self, place: Option<Place>) -> Self {
        self.places.extend(place);
        self
    }
}

impl From<RecipeError> for SuiteError {
    fn from(error: RecipeError) -> Self {
        SuiteError { message: error.message, places: error.place.into_iter().collect() }
    }
}

impl From<OverrideError> for SuiteError {
    fn from(error: OverrideError) -> Self {
        SuiteError::new(error.to_string())
    }
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.places.iter().try_for_each(|place| write!(f, "{place}"))
    }
}

impl std::error::Error for SuiteError {}
