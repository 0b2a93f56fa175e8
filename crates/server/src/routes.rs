//! Every address of the app.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::failure::Failure;
use crate::house::House;
use crate::refusals;
use crate::security::{Guard, guarded};
use crate::{assets, by_hand, draw, runs, training};

/// The largest body of a request, where nothing else is said.
const MOST_BYTES: usize = 64 << 10;

/// The whole app behind its checks.
pub(crate) fn routes(house: House, guard: Guard) -> Router {
    let limited = |bytes| DefaultBodyLimit::max(bytes);
    let router = Router::new()
        .route("/", get(|| async { Redirect::to("/by-hand") }))
        .route("/assets/{*name}", get(assets::serve))
        .route("/by-hand", get(by_hand::room))
        .route("/by-hand/{file}", get(by_hand::document))
        .route("/by-hand/audits/{id}", get(by_hand::audits::page))
        .route("/by-hand/audits/{id}/corrected.xlsx", get(by_hand::audits::corrected))
        .route("/api/audits", post(by_hand::audits::audit).layer(limited(by_hand::audits::MOST_BYTES)))
        .route("/train", get(training::room))
        .route("/api/state", get(training::state))
        .route("/api/recipes", get(training::recipes))
        .route("/api/plan", post(training::plan))
        .route("/api/queue", post(training::enqueue))
        .route("/api/queue/resume", post(training::resume))
        .route("/api/queue/left/add", post(training::add_left))
        .route("/api/queue/left/forget", post(training::forget_left))
        .route("/api/events", get(training::stream))
        .route("/api/jobs/{id}/stop", post(training::stop))
        .route("/api/jobs/{id}/{piece}", get(training::piece))
        .route("/runs", get(runs::room))
        .route("/runs/{id}/report", get(runs::report))
        .route("/runs/{id}/files/{name}", get(runs::download))
        .route("/api/runs", get(runs::list))
        .route("/api/leaderboard", get(runs::leaderboard))
        .route("/api/compare", get(runs::compare))
        .route("/draw", get(draw::room))
        .route("/api/models", get(draw::list))
        .route("/api/models/{id}/look", post(draw::look).layer(limited(draw::MOST_BYTES)))
        .route("/api/models/{id}/images/{index}", get(draw::image))
        .route("/api/models/{id}/mistakes", get(draw::mistakes))
        .fallback(|| async { Failure::not_found("there is nothing at this address; the app begins at /") })
        .layer(limited(MOST_BYTES))
        .with_state(house);
    guarded(router, guard).layer(from_fn(refusals::in_form))
}
