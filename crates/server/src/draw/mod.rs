//! The fourth room: a digit that is drawn, and what a network makes of it.

mod look;
pub(crate) mod models;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Html;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use longhand_data::{Picture, mnist_form};
use longhand_training::{Split, judge, surest_mistakes};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::frame;
use crate::house::House;

/// The largest picture that is taken, in bytes.
pub(crate) const MOST_BYTES: usize = 8 << 20;
/// Mistakes in the gallery.
const MOST_MISTAKES: usize = 400;

/// `GET /draw`.
pub(crate) async fn room() -> Html<String> {
    frame::page("draw", "Draw", &[], &frame::content("draw"))
}

/// `GET /api/models`.
pub(crate) async fn list(State(house): State<House>) -> Result<Json<Value>, Failure> {
    house.clone().heavy.run(move || Json(house.models.list(&house.runs))).await
}

/// `POST /api/models/{id}/look`: what the model makes of the picture that is the body.
///
/// Drawing asks for this many times a second, so it does not wait behind audits and worksheets.
pub(crate) async fn look(
    State(house): State<House>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, Failure> {
    let looked = move |house: &House| {
        let model = house.models.find(&id, &house.runs)?;
        let picture =
            Picture::decode(&bytes).map_err(|e| Failure::refused(format!("this cannot be looked at: {e}")))?;
        let pixels = mnist_form(&picture).map_err(Failure::refused)?;
        Ok(Json(look::at(&model, house.isa, &pixels)?))
    };
    house.clone().looks.run(move || looked(&house)).await?
}

/// `GET /api/models/{id}/images/{index}`: what the model makes of a test image.
pub(crate) async fn image(
    State(house): State<House>,
    Path((id, index)): Path<(String, usize)>,
) -> Result<Json<Value>, Failure> {
    let looked = move |house: &House| {
        let model = house.models.find(&id, &house.runs)?;
        let data = house.data.get()?;
        if index >= data.test.len() {
            return Err(Failure::not_found(format!("there is no test image {index}: there are {}", data.test.len())));
        }
        let mut answer = look::at(&model, house.isa, data.test.image(index))?;
        answer["label"] = data.test.label(index).into();
        Ok(Json(answer))
    };
    house.clone().looks.run(move || looked(&house)).await?
}

/// `GET /api/models/{id}/mistakes`: the test images that the model takes for something else, the surest first.
pub(crate) async fn mistakes(State(house): State<House>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    let judged = move |house: &House| {
        let (model, data) = (house.models.find(&id, &house.runs)?, house.data.get()?);
        let answer = model.mistakes.get_or_init(|| {
            let split = Split::testing(&data);
            let verdicts = judge(&model.network, house.isa, &split.evaluation, &model.normalisation);
            let images: Vec<Value> = surest_mistakes(&verdicts, &split, MOST_MISTAKES)
                .into_iter()
                .map(|mistake| {
                    json!({
                        "index": mistake.index,
                        "label": mistake.verdict.label,
                        "taken_for": mistake.verdict.taken_for,
                        "probability": f64::from(mistake.verdict.log_probability).exp(),
                        "label_probability": f64::from(mistake.verdict.label_log_probability).exp(),
                        "pixels": BASE64.encode(&mistake.pixels),
                    })
                })
                .collect();
            let errors = verdicts.iter().filter(|verdict| !verdict.is_right()).count();
            json!({ "judged": verdicts.len(), "errors": errors, "data": data.name, "images": images })
        });
        Ok::<_, Failure>(Json(answer.clone()))
    };
    house.clone().judgements.run(move || judged(&house)).await?
}
