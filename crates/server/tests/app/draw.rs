//! The fourth room.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use longhand_data::grey_png;
use serde_json::json;

use crate::running::App;

/// A seven in thick strokes on white paper.
fn seven() -> Vec<u8> {
    let side = 280;
    let mut pixels = vec![255; side * side];
    let mut dot = |x: f64, y: f64| {
        for row in 0..side {
            for column in 0..side {
                if (column as f64 - x).hypot(row as f64 - y) <= 11.0 {
                    pixels[row * side + column] = 0;
                }
            }
        }
    };
    for step in 0..40 {
        dot(80.0 + 3.0 * f64::from(step), 70.0);
        dot(200.0 - 1.5 * f64::from(step), 70.0 + 3.75 * f64::from(step));
    }
    grey_png::encode(side, side, &pixels).unwrap()
}

#[test]
fn a_drawn_digit_is_recognised_before_anything_was_trained() {
    let app = App::start();
    let models = app.get("/api/models").json();
    assert_eq!((models[0]["id"].as_str(), models[0]["built_in"].as_bool()), (Some("built-in"), Some(true)));
    let picture = seven();
    let look = app.post_bytes("/api/models/built-in/look", "image/png", &picture);
    assert_eq!(look.status, 200, "{}", look.text());
    let look = look.json();
    assert_eq!(look["class"], 7);
    let sum: f64 = look["probabilities"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    assert_eq!(BASE64.decode(look["seen"].as_str().unwrap()).unwrap().len(), 784);
    for layer in look["layers"].as_array().unwrap() {
        let shape: usize = layer["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).product();
        let values = BASE64.decode(layer["values"].as_str().unwrap()).unwrap();
        assert_eq!(values.len(), shape, "{}", layer["name"]);
        let (low, high) = (layer["low"].as_f64().unwrap(), layer["high"].as_f64().unwrap());
        let (least, most) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
        assert!(
            (least < 128) == (low < -0.01 * high.abs().max(-low)) && most >= 128,
            "{}: {low} {high}",
            layer["name"]
        );
    }
    // The floor of an answer: how long it takes is measured elsewhere, this only says that it is no matter of seconds.
    let began = Instant::now();
    app.post_bytes("/api/models/built-in/look", "image/png", &picture);
    eprintln!("a stroke is answered in {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
}

#[test]
fn nothing_drawn_is_no_digit_and_unknown_models_are_not_there() {
    let app = App::start();
    let blank = grey_png::encode(280, 280, &[255; 280 * 280]).unwrap();
    let look = app.post_bytes("/api/models/built-in/look", "image/png", &blank);
    assert_eq!(look.status, 422);
    assert_eq!(app.post_bytes("/api/models/0123/look", "image/png", &seven()).status, 404);
    assert_eq!(app.get("/api/models/built-in/images/200").status, 404);
}

#[test]
fn the_gallery_holds_what_the_model_gets_wrong_and_past_runs_can_be_drawn_for() {
    let app = App::start();
    let job = app.train(json!({ "epochs": 1 }));
    let job = app.until_status(&job["id"], "finished");
    let run = job["run"].as_str().unwrap();
    let models = app.get("/api/models").json();
    assert_eq!(models[1]["id"], run);
    for id in ["built-in", run] {
        let gallery = app.get(&format!("/api/models/{id}/mistakes")).json();
        assert_eq!(gallery["judged"], 200);
        let images = gallery["images"].as_array().unwrap();
        assert_eq!(gallery["errors"], images.len());
        for image in images.iter().take(3) {
            assert_ne!(image["label"], image["taken_for"]);
            let look = app.get(&format!("/api/models/{id}/images/{}", image["index"])).json();
            assert_eq!((&look["label"], &look["class"]), (&image["label"], &image["taken_for"]));
            assert_eq!(look["seen"], image["pixels"]);
        }
    }
}
