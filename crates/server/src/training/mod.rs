//! The second room: recipes chosen and changed, a queue of runs, and how the present one goes.

mod changes;
mod events;
mod fields;
mod job;
mod plan;
pub(crate) mod queue;
pub(crate) mod time;
pub(crate) mod worker;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Html;
use longhand_nn::Summary;
use longhand_training::{BUILT_IN, Recipe};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use events::stream;

use self::job::{Job, Order};
use crate::failure::Failure;
use crate::frame;
use crate::house::House;

/// `GET /train`.
pub(crate) async fn room() -> Html<String> {
    frame::page("train", "Train", &["report/report.css"], &frame::content("train"))
}

/// `GET /api/state`.
pub(crate) async fn state(State(house): State<House>) -> Json<Value> {
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "isa": house.isa.name(),
        "threads": house.threads,
        "data": house.data.shown(),
        "queue": house.queue.shown(),
    }))
}

/// `GET /api/recipes`: the built-in ones, `default` first.
pub(crate) async fn recipes() -> Json<Value> {
    let mut recipes: Vec<Recipe> = BUILT_IN
        .iter()
        .map(|(name, text)| Recipe::from_toml(name, text, &[]).expect("built-in recipes are sound"))
        .collect();
    recipes.sort_by_key(|recipe| recipe.name != "default");
    let shown = |recipe: &Recipe| {
        let summary = Summary::of(&recipe.network).expect("a recipe's network is checked");
        json!({
            "name": recipe.name,
            "about": recipe.about,
            "parameters": summary.parameters(),
            "epochs": recipe.epochs,
        })
    };
    Json(recipes.iter().map(shown).collect())
}

/// `POST /api/plan`.
pub(crate) async fn plan(State(house): State<House>, Json(asked): Json<plan::Asked>) -> Result<Json<Value>, Failure> {
    house.clone().heavy.run(move || plan::of(&house, &asked).map(Json)).await?
}

/// `POST /api/queue`: another run.
pub(crate) async fn enqueue(
    State(house): State<House>,
    Json(asked): Json<plan::Asked>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let recipe = plan::recipe(&asked)?;
    plan::ensure_bounded(&recipe)?;
    let job = house.queue.add(&recipe, asked.judged_on, Order::New(Box::new(recipe.clone())))?;
    Ok((StatusCode::CREATED, Json(job.shown())))
}

/// Which run is to go on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resumed {
    run: String,
}

/// `POST /api/queue/resume`: a run that was stopped goes on.
pub(crate) async fn resume(
    State(house): State<House>,
    Json(resumed): Json<Resumed>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let found = house.clone();
    let run = tokio::task::spawn_blocking(move || found.runs.find(&resumed.run)).await.map_err(Failure::internal)??;
    let status = crate::runs::listing::status(&run);
    if !matches!(status, "interrupted" | "lost") {
        let why = format!("this run is {status}: only one that was stopped goes on");
        return Err(Failure::not_yet(why));
    }
    let record = &run.record;
    let judged_on = record.data.evaluated_on;
    let job = house.queue.add(&record.resolved_recipe, judged_on, Order::Resume(run.path.clone()))?;
    Ok((StatusCode::CREATED, Json(job.shown())))
}

/// `POST /api/jobs/{id}/stop`.
pub(crate) async fn stop(State(house): State<House>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    house.queue.stop(&id).map(|job| Json(job.shown()))
}

/// `GET /api/jobs/{id}/curves`, `/classes` and `/mistakes`: pieces of a page, made as the reports are.
pub(crate) async fn piece(
    State(house): State<House>,
    Path((id, piece)): Path<(String, String)>,
) -> Result<Html<String>, Failure> {
    let make: fn(&Job) -> Result<Arc<str>, Failure> = match piece.as_str() {
        "curves" => Job::curves,
        "classes" => Job::classes,
        "mistakes" => Job::mistakes,
        _ => return Err(Failure::not_found(format!("there is no {piece} of a run that goes on"))),
    };
    let job = house.queue.find(&id)?;
    let made = tokio::task::spawn_blocking(move || make(&job)).await.map_err(Failure::internal)??;
    Ok(Html(made.to_string()))
}
