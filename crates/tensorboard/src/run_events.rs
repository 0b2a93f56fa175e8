//! What of a run is written, and under which names: values ready for [`EventFile::summary`](crate::EventFile::summary).

use longhand_nn::Network;
use longhand_training::{EpochMetrics, Examination, RunRecord, RunStatus};

use crate::histogram::Histogram;
use crate::proto::{Dimension, Kind, Metadata, Plugin, Tensor, TensorShape, Value};
use crate::{hparams, mistake_image};

/// The most mistakes that are written as pictures.
pub const MOST_IMAGES: usize = 24;

/// Of step 0: the settings of the run of `record`, which begins at `wall_time` (seconds since 1970), as a table and,
/// whole, as text.
pub fn beginning(record: &RunRecord, wall_time: f64) -> Vec<Value> {
    let facts = [
        ("recipe", record.recipe.clone()),
        ("about", record.resolved_recipe.about.replace('|', "\\|")),
        ("seed", record.seed.to_string()),
        ("parameters", record.parameters.to_string()),
        ("data", format!("{}, {} images trained on", record.data.name, record.data.train_images)),
        ("judged on", format!("{} {} images", record.data.evaluation_images(), record.data.evaluated_on.name())),
        ("threads", record.threads.to_string()),
        ("ISA", record.isa.clone()),
        ("version", record.version.clone()),
        ("started", record.started.clone()),
    ];
    let table: String = facts.iter().map(|(what, value)| format!("| {what} | {value} |\n")).collect();
    let run = format!("| | |\n| --- | --- |\n{table}");
    let recipe = format!("```toml\n{}```\n", record.resolved_recipe.to_toml());
    vec![text("run", run), text("recipe", recipe), hparams::start(record, wall_time)]
}

/// Of an epoch: its line of `metrics.jsonl` as scalars.
pub fn scalars(metrics: &EpochMetrics) -> Vec<Value> {
    let judged = metrics.scores.evaluated_on().name();
    [
        ("loss/train".to_owned(), metrics.train_loss),
        (format!("loss/{judged}"), metrics.scores.loss()),
        ("accuracy/train".to_owned(), metrics.train_accuracy),
        (format!("accuracy/{judged}"), metrics.scores.accuracy()),
        (format!("errors/{judged}"), metrics.scores.errors() as f64),
        ("learning_rate".to_owned(), metrics.learning_rate),
        ("seconds/train".to_owned(), metrics.train_seconds),
        ("seconds/evaluation".to_owned(), metrics.evaluation_seconds),
    ]
    .into_iter()
    .map(|(tag, value)| Value { tag, metadata: None, kind: Some(Kind::Scalar(value as f32)) })
    .collect()
}

/// Of an epoch: a histogram of every tensor of `network` that a model file holds, parameters and running statistics.
pub fn histograms(network: &Network) -> Vec<Value> {
    let histogram = |(name, _, values): (String, Vec<usize>, &[f32])| Value {
        tag: format!("weights/{name}"),
        metadata: None,
        kind: Some(Kind::Histogram(Histogram::of(values).to_proto())),
    };
    network.state().into_iter().map(histogram).collect()
}

/// Of the last epoch: the surest mistakes as pictures, [`MOST_IMAGES`] at most, each named by what it was taken for.
pub fn mistakes(examination: &Examination) -> Vec<Value> {
    let (_, width) = examination.image_size;
    let shown = examination.mistakes.iter().take(MOST_IMAGES).enumerate();
    shown.map(|(place, mistake)| mistake_image::value(place + 1, mistake, width)).collect()
}

/// Of the last epoch: how the run ended at `wall_time`, in seconds since 1970.
pub fn end(status: RunStatus, wall_time: f64) -> Vec<Value> {
    vec![hparams::end(status, wall_time)]
}

/// Markdown for TensorBoard's page of texts.
fn text(tag: &str, markdown: String) -> Value {
    Value {
        tag: tag.to_owned(),
        metadata: Some(Metadata { plugin: Some(Plugin { name: "text".to_owned(), content: Vec::new() }) }),
        kind: Some(Kind::Tensor(Tensor {
            dtype: Tensor::STRING,
            shape: Some(TensorShape { dim: vec![Dimension { size: 1 }] }),
            string_val: vec![markdown.into_bytes()],
        })),
    }
}
