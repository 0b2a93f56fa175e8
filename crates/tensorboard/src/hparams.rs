//! A run's settings for TensorBoard's table of hyperparameters.

use std::collections::BTreeMap;

use longhand_training::{RunRecord, RunStatus};
use prost::Message;

use crate::proto::{
    Hparams, HparamsData, Kind, Metadata, Plugin, SessionEnd, SessionStart, Setting, SettingValue, Tensor, TensorShape,
    Value,
};

/// Fields of a recipe that say nothing about how it trains.
const PROSE: [&str; 2] = ["about", "reason"];

/// Tells that the run of `record` begins at `wall_time`, and with which settings.
pub fn start(record: &RunRecord, wall_time: f64) -> Value {
    let recipe = serde_json::to_value(&record.resolved_recipe).expect("plain data");
    let mut hparams = BTreeMap::new();
    flatten("", &recipe, &mut hparams);
    hparams.insert("parameters".to_owned(), setting(SettingValue::Number(record.parameters as f64)));
    if let (Some(suite), Some(entry)) = (&record.suite, &record.entry) {
        hparams.insert("suite".to_owned(), setting(SettingValue::Text(format!("{suite}/{entry}"))));
    }
    // Without a group every run has a row of its own. Runs of one group would share a row, and its settings.
    let start = SessionStart { hparams, group_name: String::new(), start_time_secs: wall_time };
    value("_hparams_/session_start_info", HparamsData::Start(start))
}

/// Tells that a run has ended so at `wall_time`.
pub fn end(status: RunStatus, wall_time: f64) -> Value {
    let status = if status == RunStatus::Finished { SessionEnd::SUCCESS } else { SessionEnd::FAILURE };
    value("_hparams_/session_end_info", HparamsData::End(SessionEnd { status, end_time_secs: wall_time }))
}

/// Every number, word and yes or no of `value`, under the keys that lead there joined by dots; lists are left out.
fn flatten(path: &str, value: &serde_json::Value, into: &mut BTreeMap<String, Setting>) {
    let found = match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| !PROSE.contains(&key.as_str())) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, into);
            }
            return;
        }
        serde_json::Value::Number(number) => number.as_f64().map(SettingValue::Number),
        serde_json::Value::String(text) => Some(SettingValue::Text(text.clone())),
        serde_json::Value::Bool(truth) => Some(SettingValue::Truth(*truth)),
        serde_json::Value::Array(_) | serde_json::Value::Null => None,
    };
    if let Some(found) = found {
        into.insert(path.to_owned(), setting(found));
    }
}

fn setting(value: SettingValue) -> Setting {
    Setting { value: Some(value) }
}

/// The table is told through the metadata of a value that is itself empty.
fn value(tag: &str, data: HparamsData) -> Value {
    let content = Hparams { data: Some(data) }.encode_to_vec();
    Value {
        tag: tag.to_owned(),
        metadata: Some(Metadata { plugin: Some(Plugin { name: "hparams".to_owned(), content }) }),
        kind: Some(Kind::Tensor(Tensor {
            dtype: Tensor::FLOAT,
            shape: Some(TensorShape::default()),
            string_val: Vec::new(),
        })),
    }
}
