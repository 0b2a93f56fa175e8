//! What could not be done, as an answer: a status and a sentence.

use std::fmt::Display;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal: the status of the answer, what is wrong and what to do, and the field at fault where one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
}

impl Failure {
    fn new(status: StatusCode, message: impl Display) -> Self {
        Failure { status, message: message.to_string(), field: None }
    }

    /// What was sent makes sense to the server and cannot be done as it is.
    pub(crate) fn refused(message: impl Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// The same, and which field is at fault.
    pub(crate) fn refused_at(field: &str, message: impl Display) -> Self {
        Failure { field: Some(field.to_owned()), ..Self::refused(message) }
    }

    /// There is nothing of that name.
    pub(crate) fn not_found(message: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Not now, but perhaps later.
    pub(crate) fn not_yet(message: impl Display) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// What it needs cannot be had, now or later.
    pub(crate) fn never(message: impl Display) -> Self {
        Self::new(StatusCode::FAILED_DEPENDENCY, message)
    }

    /// Too much is going on.
    pub(crate) fn busy(message: impl Display) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, message)
    }

    /// It should have worked.
    pub(crate) fn internal(message: impl Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// Who asks may not.
    pub(crate) fn forbidden(message: impl Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Failure { status, message, field } = self;
        let mut error = json!({ "message": message });
        if let Some(field) = field {
            error["field"] = field.into();
        }
        (status, Json(json!({ "error": error }))).into_response()
    }
}
