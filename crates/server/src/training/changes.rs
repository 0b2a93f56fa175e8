//! From fields that were changed on a page to overrides of a recipe.

use std::collections::BTreeMap;

use longhand_training::Override;
use serde_json::Value as Json;
use toml::{Table, Value};

use super::fields::{self, Range};
use crate::failure::Failure;

/// The fields that were changed, by their keys.
pub(super) type Changes = BTreeMap<String, Json>;

/// The most characters of a list of layers.
const MOST_TEXT: usize = 20_000;

/// The overrides that `changes` come to.
///
/// A new type of schedule or optimiser brings settings of its own, so it goes first and replaces the whole table;
/// `learning_rate` is the rate that the new schedule begins with.
///
/// # Errors
/// A key that no field has, or a value that its field cannot hold.
pub(super) fn overrides(changes: &Changes, learning_rate: f64) -> Result<Vec<Override>, Failure> {
    let mut overrides = Vec::new();
    for (key, value) in changes.iter().filter(|(key, _)| key.ends_with(".type")) {
        let name = value.as_str().ok_or_else(|| Failure::refused_at(key, "a type is one of the names listed"))?;
        let table = match key.as_str() {
            "schedule.type" => schedule(name, learning_rate),
            "optimiser.type" => optimiser(name),
            _ => return Err(unknown(key)),
        };
        let group = key.trim_end_matches(".type");
        overrides.push(Override::new(group, table));
    }
    for (key, value) in changes.iter().filter(|(key, _)| !key.ends_with(".type")) {
        if !fields::is_known(key) {
            return Err(unknown(key));
        }
        overrides.push(Override::new(key, setting(key, value)?));
    }
    Ok(overrides)
}

fn unknown(key: &str) -> Failure {
    Failure::refused(format!("a recipe has no field `{key}` that is changed here"))
}

fn setting(key: &str, value: &Json) -> Result<Value, Failure> {
    let refused = |message: String| Failure::refused_at(key, message);
    if key == "network.layers" {
        let text = value.as_str().ok_or_else(|| refused("layers are text, one a line".to_owned()))?;
        return layers(text).map_err(refused);
    }
    match (fields::range(key), value) {
        (Some(range), Json::String(text)) => number(text, range).map_err(refused),
        (Some(range), Json::Number(number_given)) => number(&number_given.to_string(), range).map_err(refused),
        (None, Json::Bool(on)) => Ok(Value::Boolean(*on)),
        (None, Json::String(name)) => Ok(Value::String(name.clone())),
        (_, other) => Err(refused(format!("{other} is nothing that this field can hold"))),
    }
}

/// A number as a person types it. What it may be at most is the recipe's to say; below `least` the recipe cannot even read
/// a whole one.
fn number(text: &str, range: Range) -> Result<Value, String> {
    let text = text.trim();
    let wanted = match range {
        Range::Whole { least, most } => format!("a whole number from {least} to {most}"),
        Range::Any => "a number".to_owned(),
    };
    if text.is_empty() {
        return Err(format!("nothing stands here: it must be {wanted}"));
    }
    let signed = text.replace('−', "-");
    let value = match range {
        Range::Whole { least, .. } => {
            // Commas stand between groups of three: `2,5` is no twenty-five.
            let is_grouped = signed.split(',').skip(1).all(|group| group.len() == 3);
            let plain: String =
                signed.chars().filter(|&c| !(matches!(c, '_' | ' ') || c == ',' && is_grouped)).collect();
            // A page may write 20.0 for 20.
            let plain = plain.strip_suffix(".0").unwrap_or(&plain);
            plain.parse().ok().filter(|&number: &i64| number >= least).map(Value::Integer)
        }
        Range::Any => signed.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float),
    };
    value.ok_or_else(|| format!("`{text}` cannot be: it must be {wanted}"))
}

/// Layers as they are written in a recipe, with or without the brackets and the commas at the ends of lines.
pub(super) fn layers(text: &str) -> Result<Value, String> {
    if text.len() > MOST_TEXT {
        return Err(format!("that is {} characters; layers may have {MOST_TEXT}", text.len()));
    }
    let text = text.trim();
    let text = text.strip_prefix("layers").map_or(text, |rest| rest.trim_start().trim_start_matches('=').trim());
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let lines = inside.lines().map(|line| {
        let line = line.trim_end();
        if line.ends_with('}') { format!("{line},\n") } else { format!("{line}\n") }
    });
    let wrapped = format!("layers = [\n{}]", lines.collect::<String>());
    let read: Result<Table, _> = toml::from_str(&wrapped);
    let mut table = read.map_err(|e| match e.span() {
        // The first line is `layers = [`, so the line breaks before a place are the number of its line.
        Some(span) => {
            let line =
                wrapped.as_bytes()[..span.start.min(wrapped.len())].iter().filter(|&&byte| byte == b'\n').count();
            format!("line {}: {}", line.clamp(1, inside.lines().count().max(1)), e.message())
        }
        None => e.message().to_owned(),
    })?;
    match table.remove("layers") {
        Some(layers @ Value::Array(_)) if table.is_empty() => Ok(layers),
        _ => Err("these are no layers: write one a line, such as { type = \"relu\" }".to_owned()),
    }
}

fn schedule(name: &str, learning_rate: f64) -> Table {
    let mut table = Table::new();
    table.insert("type".to_owned(), name.into());
    table.insert("learning_rate".to_owned(), learning_rate.into());
    let more: &[(&str, f64)] = match name {
        "one_cycle" => &[("start", 0.01), ("end", 1e-4), ("warm_up", 0.25)],
        "step" => &[("factor", 0.5)],
        _ => &[],
    };
    table.extend(more.iter().map(|&(key, value)| (key.to_owned(), value.into())));
    if name == "step" {
        table.insert("every".to_owned(), 5.into());
    }
    table
}

fn optimiser(name: &str) -> Table {
    let mut table = Table::new();
    table.insert("type".to_owned(), name.into());
    if name == "sgd" {
        table.insert("momentum".to_owned(), 0.9.into());
    }
    table
}

#[cfg(test)]
mod tests {
    use longhand_training::{Recipe, built_in};
    use serde_json::json;

    use super::*;

    fn recipe(changes: Json) -> Result<Recipe, Failure> {
        let changes: Changes = serde_json::from_value(changes).unwrap();
        let overrides = overrides(&changes, 0.1)?;
        Recipe::from_toml("default", built_in("default").unwrap(), &overrides).map_err(Failure::refused)
    }

    #[test]
    fn fields_are_changed_as_typed() {
        let changed = recipe(json!({
            "epochs": "3", "batch_size": 64, "schedule.learning_rate": "1e-2", "optimiser.nesterov": false,
            "initialisation": "he", "augmentation.rotation": " 5 ",
        }))
        .unwrap();
        assert_eq!((changed.epochs, changed.batch_size), (3, 64));
        assert_eq!(changed.schedule.learning_rate(), 0.01);
        assert_eq!(changed.augmentation.rotation, 5.0);
    }

    #[test]
    fn every_other_schedule_and_optimiser_can_be_taken() {
        for name in ["constant", "step", "cosine", "one_cycle"] {
            let changed = recipe(json!({ "schedule.type": name, "schedule.learning_rate": 0.2 })).unwrap();
            assert_eq!(changed.schedule.learning_rate(), 0.2, "{name}");
        }
        recipe(json!({ "optimiser.type": "adamw", "optimiser.weight_decay": 0.1 })).unwrap();
        recipe(json!({ "optimiser.type": "sgd" })).unwrap();
        assert!(recipe(json!({ "schedule.type": "sawtooth" })).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_said_at_its_field() {
        for (key, value, said) in [
            ("epochs", json!("three"), "`three` cannot be: it must be a whole number from 1 to 10000"),
            ("epochs", json!(" "), "nothing stands here: it must be a whole number from 1 to 10000"),
            ("batch_size", json!(-1), "`-1` cannot be: it must be a whole number from 1 to 8192"),
            ("augmentation.cutout", json!("−3"), "`−3` cannot be: it must be a whole number from 0 to 64"),
            ("epochs", json!(2.5), "`2.5` cannot be: it must be a whole number"),
            ("epochs", json!("2,5"), "`2,5` cannot be: it must be a whole number"),
            ("schedule.learning_rate", json!("fast"), "`fast` cannot be: it must be a number"),
            ("schedule.learning_rate", json!("inf"), "`inf` cannot be: it must be a number"),
            ("schedule.learning_rate", json!(""), "nothing stands here: it must be a number"),
            ("optimiser.nesterov", json!([1]), "nothing that this field can hold"),
            ("network.layers", json!("{ type = \"relu\" }\n{ type = "), "line 2"),
        ] {
            let changes = Changes::from([(key.to_owned(), value)]);
            let refused = overrides(&changes, 0.1).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(key));
            assert!(refused.message.contains(said), "{}", refused.message);
        }
        let elsewhere = Changes::from([("seed.x".to_owned(), json!(1)), ("name".to_owned(), json!("../x"))]);
        assert!(overrides(&elsewhere, 0.1).is_err());
    }
}
