//! The second room: recipes chosen and changed, a queue of runs, and how the present one goes.

mod changes;
pub(crate) mod command_line;
mod events;
mod fields;
mod job;
pub(crate) mod kept_queue;
mod plan;
pub(crate) mod queue;
pub(crate) mod time;
pub(crate) mod worker;

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Html;
use longhand_nn::Summary;
use longhand_training::{BUILT_IN, Recipe};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use events::stream;

use self::job::{Job, Order};
use self::kept_queue::{KeptRun, Request};
use crate::failure::Failure;
use crate::frame;
use crate::house::House;
use crate::runs::listing;

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
    static RECIPES: LazyLock<Vec<Recipe>> = LazyLock::new(|| {
        let read =
            |(name, text): &(&str, &str)| Recipe::from_toml(name, text, &[]).expect("built-in recipes are sound");
        let mut recipes: Vec<Recipe> = BUILT_IN.iter().map(read).collect();
        recipes.sort_by_key(|recipe| recipe.name != "default");
        recipes
    });
    let shown = |recipe: &Recipe| {
        let summary = Summary::of(&recipe.network).expect("a recipe's network is checked");
        json!({
            "name": recipe.name,
            "about": recipe.about,
            "parameters": summary.parameters(),
            "epochs": recipe.epochs,
        })
    };
    Json(RECIPES.iter().map(shown).collect())
}

/// `POST /api/plan`.
pub(crate) async fn plan(State(house): State<House>, Json(asked): Json<plan::Asked>) -> Result<Json<Value>, Failure> {
    house.clone().plans.run(move || plan::of(&house, &asked).map(Json)).await?
}

/// `POST /api/queue`: another run.
pub(crate) async fn enqueue(
    State(house): State<House>,
    Json(asked): Json<plan::Asked>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let queued = |house: &House| Ok((StatusCode::CREATED, Json(new_run(house, asked, None)?.shown())));
    house.clone().heavy.run(move || queued(&house)).await?
}

/// A new run; `left` is what an earlier app left of it, if it is queued again.
fn new_run(house: &House, asked: plan::Asked, left: Option<&KeptRun>) -> Result<Arc<Job>, Failure> {
    let (recipe, command) = plan::recipe_and_command(&house.command_line, &asked)?;
    plan::ensure_bounded(&recipe)?;
    let order = Order::New(Box::new(recipe.clone()));
    house.queue.add(&recipe, asked.judged_on, order, command, Request::New(asked), left)
}

/// Which run is to go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resumed {
    run: String,
}

/// `POST /api/queue/resume`: a run that was stopped goes on.
pub(crate) async fn resume(
    State(house): State<House>,
    Json(resumed): Json<Resumed>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let queued = |house: &House| Ok((StatusCode::CREATED, Json(run_that_goes_on(house, resumed, None)?.shown())));
    house.clone().heavy.run(move || queued(&house)).await?
}

/// A run that goes on; `left` is what an earlier app left of it, if it is queued again.
fn run_that_goes_on(house: &House, resumed: Resumed, left: Option<&KeptRun>) -> Result<Arc<Job>, Failure> {
    let run = house.runs.find(&resumed.run)?;
    let record = &run.record;
    if let Some(suite) = &record.suite {
        let why = format!("this run is of the suite {suite}: `longhand experiment` goes on with it");
        return Err(Failure::not_yet(why));
    }
    if !run.can_go_on() {
        let why = format!("this run is {}: only one that was stopped goes on", listing::status(&run));
        return Err(Failure::not_yet(why));
    }
    plan::ensure_bounded(&record.resolved_recipe)?;
    let (recipe, judged_on) = (&record.resolved_recipe, record.data.evaluated_on);
    let command = house.command_line.resumed(&run.path);
    house.queue.add(recipe, judged_on, Order::Resume(run.path.clone()), command, Request::Resume(resumed), left)
}

/// `POST /api/queue/left/add`: what an earlier app left goes into the queue again; what is refused stays left.
pub(crate) async fn add_left(State(house): State<House>) -> Result<Json<Value>, Failure> {
    let add = |house: &House| {
        let _alone = house.queue.settle_left();
        let (mut added, mut refused) = (0, Vec::new());
        for run in house.queue.left() {
            let outcome = match run.request.clone() {
                Request::New(asked) => new_run(house, asked, Some(&run)),
                Request::Resume(resumed) => run_that_goes_on(house, resumed, Some(&run)),
            };
            match outcome {
                Ok(_) => added += 1,
                Err(failure) => {
                    refused.push(json!({ "recipe": run.recipe, "seed": run.seed, "message": failure.message }));
                }
            }
        }
        Json(json!({ "added": added, "refused": refused }))
    };
    house.clone().heavy.run(move || add(&house)).await
}

/// `POST /api/queue/left/forget`: what an earlier app left is not wanted any more.
pub(crate) async fn forget_left(State(house): State<House>) -> Result<Json<Value>, Failure> {
    house.clone().heavy.run(move || house.queue.forget_left()).await?;
    Ok(Json(json!({})))
}

/// `POST /api/jobs/{id}/stop`.
pub(crate) async fn stop(State(house): State<House>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    // The queue is kept on disk, but no one who wants to stop a run waits behind worksheets.
    let stopped = tokio::task::spawn_blocking(move || house.queue.stop(&id)).await.map_err(Failure::internal)?;
    stopped.map(|job| Json(job.shown()))
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
