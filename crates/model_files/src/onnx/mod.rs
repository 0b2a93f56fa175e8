//! ONNX: a trained network as a graph that onnxruntime and other runtimes carry out.
//!
//! The graph takes any number of images and gives the log-probabilities of the classes, in single precision. Tensors
//! have PyTorch's names, nodes those of the layers. Dropout, which is for training, is left out.

mod graph;
mod proto;

use prost::Message;

use crate::fingerprint::weights_sha256;
use crate::inference_steps::{NotFinite, ensure_finite, fold, steps};
use crate::model::Model;
use proto::{OperatorSetId, StringStringEntry};

/// The name of the graph's input: float32, batch × channels × rows × columns.
pub const INPUT: &str = "image";
/// The name of the graph's output: float32, batch × classes, the natural logarithm of each class's probability.
pub const OUTPUT: &str = "log_probabilities";
/// The name of the dimension that counts images.
pub const BATCH: &str = "batch";
/// The version of the operator set, the oldest with every operator as it is used here that runtimes are tested with.
pub const OPSET: i64 = 17;
/// The version of the file format that came with [`OPSET`].
const IR_VERSION: i64 = 8;

/// How a network is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What becomes of batch norm.
    pub batch_norm: BatchNorm,
    /// What the graph takes.
    pub input: Input,
}

/// What becomes of batch norm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchNorm {
    /// It stays a `BatchNormalization` node with the trained tensors.
    #[default]
    Keep,
    /// It goes into the weights of the layers around it wherever it can, and so does the normalisation of pixels; what
    /// cannot becomes one factor and one summand a channel.
    Fold,
}

/// What the graph takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// Pixels of 0 (paper) to 255 (ink); the graph normalises them itself.
    #[default]
    Raw,
    /// Pixels as the network sees them: (p/255 − mean)/std.
    Normalised,
}

impl Input {
    /// What a pixel of the input is, in words.
    pub fn describe(self, model: &Model) -> String {
        match self {
            Input::Raw => "pixels from 0 (paper) to 255 (ink); the graph normalises them".into(),
            Input::Normalised => {
                let longhand_data::Normalisation { mean, std } = model.normalisation;
                format!("pixels p of 0 (paper) to 255 (ink), normalised beforehand: (p/255 - {mean})/{std}")
            }
        }
    }
}

/// The ONNX file of `model`: operator set [`OPSET`], the bytes a function of model and options alone.
///
/// # Errors
/// When a weight is not finite.
pub fn write(model: &Model, options: &Options) -> Result<Vec<u8>, NotFinite> {
    let kept = steps(model, options.input == Input::Raw);
    let (steps, batch_norm) = match options.batch_norm {
        BatchNorm::Keep => (kept, "kept"),
        BatchNorm::Fold => (fold(kept), "folded"),
    };
    ensure_finite(&steps)?;
    let input = format!("{INPUT}: {}", options.input.describe(model));
    let output = format!(
        "{OUTPUT}: the natural logarithm of each class's probability; exp gives probabilities, argmax the class"
    );
    let metadata_props = [
        ("longhand.recipe", model.recipe.clone()),
        ("longhand.network", json(model.network.spec())),
        ("longhand.normalisation", json(&model.normalisation)),
        ("longhand.weights_sha256", weights_sha256(&model.network)),
        ("longhand.batch_norm", batch_norm.into()),
        ("longhand.input", input.clone()),
        ("longhand.output", output.clone()),
    ]
    .map(|(key, value)| StringStringEntry { key: key.into(), value });
    let file = proto::Model {
        ir_version: IR_VERSION,
        producer_name: "longhand".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: format!("The network that the recipe `{}` trained.\n{input}\n{output}", model.recipe),
        // The format wants its graphs named.
        graph: Some(graph::graph(
            &steps,
            if model.recipe.is_empty() { "network" } else { &model.recipe },
            &input,
            &output,
        )),
        opset_import: vec![OperatorSetId { domain: Some(String::new()), version: OPSET }],
        metadata_props: metadata_props.into(),
    };
    Ok(file.encode_to_vec())
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}
