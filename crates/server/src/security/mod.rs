//! Who may ask for what: the checks that every request passes before anything else sees it.
//!
//! The app is for the person at this computer. What it must be kept from is the rest of the internet reaching it through
//! that person's browser: pages elsewhere that post to it ([`origin`]), names elsewhere that are made to resolve to this
//! computer ([`host`]), and, where it listens to more than this computer, anybody without the token ([`token`]).
//! [`headers`] keeps the pages closed to everything outside.

mod headers;
mod host;
mod origin;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::failure::Failure;

pub(crate) use headers::{PAGE_OF_ITS_OWN, closed};
pub use host::Hosts;
pub use token::Token;

/// What is checked.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Names that the app may be called by.
    pub hosts: Hosts,
    /// What whoever asks must show; `None` where only this computer can ask.
    pub token: Option<Token>,
}

/// Puts the checks in front of every route of `router`.
pub(crate) fn guarded(router: Router, guard: Guard) -> Router {
    router.layer(from_fn_with_state(Arc::new(guard), check)).layer(from_fn(headers::add))
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    if let Err(refusal) = guard.hosts.check(&request).and_then(|()| origin::check(&request)) {
        return refusal.into_response();
    }
    match &guard.token {
        None => next.run(request).await,
        Some(token) => match token.check(&request) {
            token::Shown::Yes => next.run(request).await,
            token::Shown::InAddress(answer) => *answer,
            token::Shown::No => Failure::forbidden(
                "this app asks for its token: open the address that `longhand serve` printed, token included",
            )
            .into_response(),
        },
    }
}
