//! The one error of this crate.

use std::fmt;

/// What could not be done, in a sentence that names the offending value and what to do about it.
///
/// [`Error::kind`] tells a program what was wrong; the text is for people, and may change in any release.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    cause: Box<dyn std::error::Error + Send + Sync>,
}

/// What an [`Error`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A recipe that is not there, cannot be read, or asks for what cannot be.
    Recipe,
    /// A data set that cannot be found or is not sound.
    Data,
    /// Images or labels of a wrong size, number or range.
    Images,
    /// A file that cannot be read as a model, or a model whose outputs are not numbers.
    Model,
    /// A small network for paper that cannot be worked out.
    Network,
    /// A training that could not begin or go on: recipe and data do not fit, or no threads.
    Training,
    /// A file that cannot be written.
    Output,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error { kind, cause: cause.into() }
    }

    /// What the error is about.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(formatter)
    }
}

impl std::error::Error for Error {
    /// What lies behind the cause: the cause itself is what this error says.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}
