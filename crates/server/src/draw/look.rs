//! What a network makes of one image, as pages take it.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use longhand_kernels::Isa;
use longhand_nn::LayerActivation;
use serde_json::{Value, json};

use super::models::LoadedModel;
use crate::failure::Failure;

/// The most values of one layer that are sent.
const MOST_VALUES: usize = 64 * 28 * 28;

/// Class, probabilities and what each layer makes of `pixels`, `[row][column]`, 0 paper to 255 ink.
pub(super) fn at(model: &LoadedModel, isa: Isa, pixels: &[u8]) -> Result<Value, Failure> {
    let began = Instant::now();
    let prediction = model.classify(pixels).map_err(Failure::refused)?;
    let table = model.normalisation.table();
    let image: Vec<f32> = pixels.iter().map(|&pixel| table[pixel as usize]).collect();
    let activations = model.network.activations(isa, &image);
    // The last one is the probabilities.
    let (_, layers) = activations.split_last().expect("a network has layers");
    Ok(json!({
        "seen": BASE64.encode(pixels),
        "class": prediction.class,
        "runner_up": prediction.runner_up,
        "probabilities": prediction.probabilities,
        "layers": layers.iter().map(|activation| layer(activation, model)).collect::<Vec<_>>(),
        "milliseconds": began.elapsed().as_secs_f64() * 1e3,
    }))
}

fn layer(activation: &LayerActivation, model: &LoadedModel) -> Value {
    let LayerActivation { layers, shape, values, .. } = activation;
    let spec = &model.network.spec().layers[layers.clone()];
    let name = spec.iter().map(|layer| layer.describe()).collect::<Vec<_>>().join(", then ");
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(x), high.max(x)));
    let largest = low.abs().max(high.abs());
    let map = shape.height * shape.width;
    let shown = (MOST_VALUES / map).clamp(1, shape.channels);
    let byte = |&x: &f32| {
        let share = if largest > 0.0 && x.is_finite() { (x / largest).clamp(-1.0, 1.0) } else { 0.0 };
        (128.0 + 127.0 * share).round() as u8
    };
    json!({
        "name": name,
        "shape": [shown, shape.height, shape.width],
        "channels": shape.channels,
        "low": low,
        "high": high,
        "values": BASE64.encode(values[..shown * map].iter().map(byte).collect::<Vec<u8>>()),
    })
}
