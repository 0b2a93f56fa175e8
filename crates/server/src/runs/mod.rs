//! The third room: what the records say.

pub(crate) mod index;
pub(crate) mod listing;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use longhand_report::comparison_fragment;
use longhand_training::experiment::{Leaderboard, Order, SuiteResult};
use longhand_training::{EvaluatedOn, StoredRun};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::frame;
use crate::house::House;
use crate::security::{PAGE_OF_ITS_OWN, closed};

/// The most runs that a page names for one leaderboard.
const MOST_JUDGED: usize = 1_000;
/// The most curves in one picture.
const MOST_COMPARED: usize = 12;
/// The largest file of a run that is handed out.
const MOST_BYTES: u64 = 512 << 20;

/// `GET /runs`.
pub(crate) async fn room() -> Html<String> {
    frame::page("runs", "Runs", &["report/report.css"], &frame::content("runs"))
}

/// `GET /api/runs`.
pub(crate) async fn list(State(house): State<House>) -> Result<Json<Value>, Failure> {
    house.clone().heavy.run(move || Json(listing::of(&house))).await
}

/// The runs that a page names, separated by commas; all of them where it names none.
#[derive(Deserialize)]
pub(crate) struct Named {
    ids: Option<String>,
}

impl Named {
    /// Those runs, none twice and not more than `most`.
    fn runs(&self, house: &House, most: usize) -> Result<Vec<Arc<StoredRun>>, Failure> {
        match self.ids.as_deref().filter(|ids| !ids.is_empty()) {
            Some(ids) => {
                let ids: BTreeSet<&str> = ids.split(',').collect();
                if ids.len() > most {
                    return Err(Failure::refused(format!("{} runs are too many; choose at most {most}", ids.len())));
                }
                ids.into_iter().map(|id| house.runs.find(id)).collect()
            }
            None => Ok(house.runs.all().into_iter().filter_map(|found| found.run.ok()).collect()),
        }
    }
}

/// `GET /api/leaderboard`: a board for each data set and each way of judging, since no mean of both means anything.
pub(crate) async fn leaderboard(
    State(house): State<House>,
    Query(named): Query<Named>,
) -> Result<Json<Value>, Failure> {
    house.clone().heavy.run(move || named.runs(&house, MOST_JUDGED).map(|runs| Json(boards(&runs)))).await?
}

fn boards(runs: &[Arc<StoredRun>]) -> Value {
    type Alike = (String, EvaluatedOn, usize, usize);
    let alike = |run: &StoredRun| -> Alike {
        let data = &run.record.data;
        (data.fingerprint.clone(), data.evaluated_on, data.train_images, data.evaluation_images())
    };
    let mut groups: Vec<(Alike, Vec<StoredRun>)> = Vec::new();
    let (mut boards, mut said) = (Vec::new(), Vec::new());
    for run in runs {
        let key = alike(run);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(StoredRun::clone(run)),
            None => groups.push((key, vec![StoredRun::clone(run)])),
        }
    }
    for (_, group) in groups {
        // Runs that have not ended are in the list of runs; the board is silent about them.
        let Ok((result, remarks)) = SuiteResult::gather("runs", group) else { continue };
        said.extend(remarks.into_iter().filter(|remark| !remark.contains("has not finished")));
        boards.push(board(&Leaderboard::of(&result, Order::Mean)));
    }
    json!({ "boards": boards, "said": said })
}

fn board(board: &Leaderboard) -> Value {
    let rows = board.rows.iter().map(|row| {
        json!({
            "entry": row.entry,
            "recipe": row.recipe,
            "reason": row.reason,
            "parameters": row.parameters,
            "multiply_adds": row.multiply_adds,
            "epochs": row.epochs,
            "n": row.accuracies.len(),
            "seeds": row.seeds,
            "accuracy": row.accuracy,
            "best_epoch_mean": row.best_epoch_mean,
            "seconds": row.seconds,
            "diverged": row.diverged,
            "missing": row.missing,
            "difference": row.difference.as_ref().map(|difference| json!({
                "from": difference.from,
                "points": 100.0 * difference.difference,
                "p": difference.test.as_ref().map(|test| test.p),
            })),
        })
    });
    json!({
        "judged_on": board.data.evaluated_on.name(),
        "data": board.data.name,
        "images": board.data.evaluation_images(),
        "test": board.test,
        "rows": rows.collect::<Vec<_>>(),
    })
}

/// `GET /api/compare`: the curves of some runs, a piece of a page.
pub(crate) async fn compare(State(house): State<House>, Query(named): Query<Named>) -> Result<Html<String>, Failure> {
    let drawn = move |house: &House| {
        let mut runs: Vec<StoredRun> =
            named.runs(house, MOST_COMPARED)?.iter().map(|run| StoredRun::clone(run)).collect();
        runs.retain(|run| !run.epochs.is_empty());
        if runs.is_empty() {
            return Err(Failure::refused("none of these runs has an epoch done: there is nothing to draw"));
        }
        // Named by nobody: all of them.
        runs.truncate(MOST_COMPARED);
        Ok(Html(comparison_fragment(&runs)))
    };
    house.clone().heavy.run(move || drawn(&house)).await?
}

/// `GET /runs/{id}/report`: the page that the run left.
pub(crate) async fn report(State(house): State<House>, Path(id): Path<String>) -> Result<Response, Failure> {
    let bytes = file(house, id, "report.html").await?;
    Ok((closed(PAGE_OF_ITS_OWN), [(CONTENT_TYPE, "text/html; charset=utf-8")], bytes).into_response())
}

/// `GET /runs/{id}/files/{name}`: a file of the run, to be kept.
pub(crate) async fn download(
    State(house): State<House>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (name, content_type) = match name.as_str() {
        "run.json" => ("run.json", "application/json"),
        "metrics.jsonl" => ("metrics.jsonl", "application/jsonl"),
        "model.safetensors" => ("model.safetensors", "application/octet-stream"),
        _ => return Err(Failure::not_found(format!("a run has no file {name} to be had here"))),
    };
    let bytes = file(house, id, name).await?;
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(CONTENT_TYPE, content_type.to_owned()), (CONTENT_DISPOSITION, disposition)], bytes).into_response())
}

/// The bytes of a file whose name is the program's own, in the folder of a run that was found.
async fn file(house: House, id: String, name: &'static str) -> Result<Vec<u8>, Failure> {
    let read = move || {
        let path = house.runs.find(&id)?.path.join(name);
        let refused = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => Failure::not_found(format!("this run has no {name}")),
            _ => Failure::internal(format!("cannot read {}: {e}", path.display())),
        };
        // A link in a run's folder could lead anywhere.
        let about = path.symlink_metadata().map_err(refused)?;
        if !about.is_file() || about.len() > MOST_BYTES {
            return Err(Failure::refused(format!("{} is no file that is handed out", path.display())));
        }
        std::fs::read(&path).map_err(refused)
    };
    tokio::task::spawn_blocking(read).await.map_err(Failure::internal)?
}
