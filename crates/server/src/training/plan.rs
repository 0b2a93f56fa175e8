//! What a recipe with some fields changed comes to, before anything is trained.

use longhand_nn::Summary;
use longhand_training::{EvaluatedOn, HELD_OUT, Override, Recipe, RecipeError, built_in};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::changes::{self, Changes};
use super::command_line::CommandLine;
use super::fields;
use crate::failure::Failure;
use crate::house::State;

/// The most parameters of a network that is trained here.
const MOST_PARAMETERS: usize = 2_000_000;
/// The most bytes that its activations may take.
const MOST_BYTES: usize = 4 << 30;
/// The most multiply-adds of a whole training: some days on a slow machine.
const MOST_MULTIPLY_ADDS: f64 = 4e15;
/// The most epochs: each is an event that is kept for pages.
const MOST_EPOCHS: usize = 2_000;
/// Training images of MNIST and of the stroke digits alike, for as long as the data are not there.
const USUAL_IMAGES: usize = 60_000;
const USUAL_TEST_IMAGES: usize = 10_000;
/// Bytes of an activation, and of its gradient.
const FLOAT: usize = 4;
/// The inputs and classes of the data there are.
const INPUT: [usize; 3] = [1, 28, 28];
const CLASSES: usize = 10;

/// What a page asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    recipe: String,
    #[serde(default)]
    changes: Changes,
    #[serde(default = "on_test_images")]
    pub(super) judged_on: EvaluatedOn,
}

fn on_test_images() -> EvaluatedOn {
    EvaluatedOn::Test
}

/// The recipe asked for, changes applied and checked, and what to type into a terminal for it.
///
/// # Errors
/// A recipe that is not built in, or a change that it refuses.
pub(super) fn recipe_and_command(line: &CommandLine, asked: &Asked) -> Result<(Recipe, String), Failure> {
    changed(asked).map(|(_, recipe, overrides)| (recipe, command(line, asked, &overrides)))
}

fn command(line: &CommandLine, asked: &Asked, overrides: &[Override]) -> String {
    line.new_run(Some(&asked.recipe), overrides, asked.judged_on)
}

/// The recipe as it is built in, the recipe with the changes, and the overrides that those are.
fn changed(asked: &Asked) -> Result<(Recipe, Recipe, Vec<Override>), Failure> {
    let name = &asked.recipe;
    let none = || format!("there is no recipe `{name}` here; the room Train lists those there are");
    let text = built_in(name).ok_or_else(|| Failure::refused_at("recipe", none()))?;
    let original = Recipe::from_toml(name, text, &[]).map_err(Failure::internal)?;
    let present = serde_json::to_value(&original).expect("plain data");
    let mut changes = asked.changes.clone();
    // A type that is chosen and is the recipe's own changes nothing.
    changes.retain(|key, value| match key.split_once('.') {
        Some((group, "type")) => present[group]["type"] != *value,
        _ => true,
    });
    let overrides = changes::overrides(&changes, original.schedule.learning_rate())?;
    let recipe = Recipe::from_toml(name, text, &overrides).map_err(|e| at_its_field(name, text, &e, &overrides))?;
    Ok((original, recipe, overrides))
}

/// The refusal of a recipe, at the field that brought it about where that can be told: the one change that is refused on
/// its own too, or else the one that the message speaks of.
fn at_its_field(name: &str, text: &str, error: &RecipeError, overrides: &[Override]) -> Failure {
    let key = |change: &Override| change.path.join(".");
    let (types, others): (Vec<&Override>, Vec<&Override>) =
        overrides.iter().partition(|change| change.value.is_table());
    for change in types.iter().chain(&others) {
        let alone: Vec<Override> =
            types.iter().filter(|other| *other != change).chain([change]).map(|c| (*c).clone()).collect();
        if let Err(refused) = Recipe::from_toml(name, text, &alone) {
            return Failure::refused_at(&key(change), at_a_field(&key(change), &plain(&refused.message, &alone)));
        }
    }
    let message = plain(&error.message, overrides);
    let last = |change: &Override| change.path.last().cloned().unwrap_or_default();
    match overrides.iter().filter(|change| message.contains(&last(change))).collect::<Vec<_>>()[..] {
        [change] => Failure::refused_at(&key(change), at_a_field(&key(change), &message)),
        _ => Failure::refused(message),
    }
}

/// A message without what it says of the overrides, which the page shows as fields.
fn plain(message: &str, overrides: &[Override]) -> String {
    let named = overrides.iter().map(|o| format!("{}={}", o.path.join("."), o.value)).collect::<Vec<_>>().join(", ");
    let message = message.strip_prefix(&format!("the recipe refuses {named}: ")).unwrap_or(message);
    message.split(" (overridden: ").next().unwrap_or(message).to_owned()
}

/// A message as it stands beside the field of that name, which need not be named again: as the program words it for whoever
/// writes a recipe, it begins with the field's key.
fn at_a_field(key: &str, message: &str) -> String {
    let (group, last) = key.rsplit_once('.').unwrap_or(("", key));
    let value_and_rest = |message: &str| -> Option<String> {
        let named = message.strip_prefix(&format!("{last} = "));
        if let Some((value, rest)) = named.and_then(|rest| rest.split_once(" cannot be: ")) {
            return Some(format!("`{value}` cannot be: {rest}"));
        }
        let (value, range) = message.strip_prefix(&format!("{group} {last} is "))?.split_once(", but must be ")?;
        Some(format!("`{value}` cannot be: it must be {range}"))
    };
    value_and_rest(message).unwrap_or_else(|| message.to_owned())
}

/// Refuses a recipe that the data here do not fit, or that would take more memory or time than is to be had.
pub(super) fn ensure_bounded(recipe: &Recipe) -> Result<(), Failure> {
    let summary = Summary::of(&recipe.network).map_err(|e| Failure::refused_at("network.layers", e))?;
    let at_layers = |message: String| Err(Failure::refused_at("network.layers", message));
    if recipe.network.input != INPUT {
        return at_layers(format!("the data here are images of {INPUT:?} (channels, rows, columns)"));
    }
    let classes = summary.layers.last().map_or(0, |layer| layer.output.channels);
    if classes < CLASSES {
        return at_layers(format!("the last layer tells {classes} classes apart, and there are {CLASSES} digits"));
    }
    if summary.parameters() > MOST_PARAMETERS {
        let found = summary.parameters();
        return at_layers(format!(
            "the network has {found} parameters; up to {MOST_PARAMETERS} are trained here: make it smaller, or train it by longhand train"
        ));
    }
    if memory(recipe, &summary) > MOST_BYTES {
        let found = memory(recipe, &summary) >> 20;
        return Err(Failure::refused_at(
            "batch_size",
            format!(
                "its activations would take {found} MB; up to {} are taken here: take smaller batches",
                MOST_BYTES >> 20
            ),
        ));
    }
    // Forward, and twice as much backward.
    let work = 3.0 * summary.multiply_adds() as f64 * (USUAL_IMAGES * recipe.epochs) as f64;
    if recipe.epochs > MOST_EPOCHS {
        return Err(Failure::refused_at(
            "epochs",
            format!("up to {MOST_EPOCHS} epochs are trained here; longhand train takes more"),
        ));
    }
    if work > MOST_MULTIPLY_ADDS {
        return Err(Failure::refused_at("epochs", "that would train for days; take fewer epochs or a smaller network"));
    }
    Ok(())
}

/// The most bytes that the activations of a batch and their gradients take, borders aside; much of it is shared.
fn memory(recipe: &Recipe, summary: &Summary) -> usize {
    let elements: usize = summary.layers.iter().map(|layer| layer.output.elements()).sum();
    let batch = recipe.batch_size.min(USUAL_IMAGES).next_multiple_of(16);
    elements.saturating_mul(batch).saturating_mul(2 * FLOAT).saturating_add(4 * FLOAT * summary.parameters())
}

/// `POST /api/plan`.
pub(super) fn of(house: &State, asked: &Asked) -> Result<Value, Failure> {
    let (original, recipe, overrides) = changed(asked)?;
    ensure_bounded(&recipe)?;
    let summary = Summary::of(&recipe.network).map_err(Failure::refused)?;
    let (train, test) = match house.data.get() {
        Ok(data) => (data.train.len(), data.test.len()),
        Err(_) => (USUAL_IMAGES, USUAL_TEST_IMAGES),
    };
    let (train, judged) = match asked.judged_on {
        EvaluatedOn::Test => (train, test),
        EvaluatedOn::Validation => (train.saturating_sub(HELD_OUT), HELD_OUT),
    };
    let layers: Vec<Value> = summary
        .layers
        .iter()
        .map(|layer| {
            json!({
                "description": layer.description,
                "output": layer.output.to_string(),
                "parameters": layer.parameters,
                "receptive_field": layer.receptive_field,
                "jump": layer.jump,
                "multiply_adds": layer.multiply_adds,
            })
        })
        .collect();
    Ok(json!({
        "name": recipe.name,
        "about": recipe.about,
        "fields": fields::shown(&recipe, &original),
        "groups": fields::groups(),
        "parameters": summary.parameters(),
        "multiply_adds": summary.multiply_adds(),
        "receptive_field": summary.layers.iter().map_while(|layer| layer.receptive_field).last(),
        "layers": layers,
        "steps_per_epoch": recipe.steps_per_epoch(train),
        "train_images": train,
        "judged_images": judged,
        "memory_bytes": memory(&recipe, &summary),
        "time": house.times.predicted(house, &recipe, asked.judged_on),
        "notes": notes(&recipe, &summary),
        "command": command(&house.command_line, asked, &overrides),
    }))
}

/// What is worth knowing before the training begins.
fn notes(recipe: &Recipe, summary: &Summary) -> Vec<String> {
    let mut notes = Vec::new();
    let field = summary.layers.iter().map_while(|layer| layer.receptive_field).last().unwrap_or(1);
    if field < 20 {
        notes.push(format!(
            "Before the layers that see the whole image, an output depends on {field}×{field} of its 28×28 pixels only: too \
             little to see a whole digit."
        ));
    }
    if recipe.batch_size < 16 {
        notes.push(
            "Images are trained sixteen at a time: smaller batches take as long a step as batches of 16.".to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use longhand_data::DataChoice;

    use super::*;

    fn recipe(asked: &Asked) -> Result<Recipe, Failure> {
        changed(asked).map(|(_, recipe, _)| recipe)
    }

    fn asked(changes: Value) -> Asked {
        serde_json::from_value(json!({ "recipe": "default", "changes": changes })).unwrap()
    }

    #[test]
    fn a_refusal_names_its_field() {
        for (changes, field) in [
            (json!({ "epochs": 0 }), "epochs"),
            (json!({ "batch_size": 64, "epochs": 0 }), "epochs"),
            (json!({ "epochs": 3, "augmentation.rotation": 999 }), "augmentation.rotation"),
            (json!({ "schedule.learning_rate": -1, "seed": 2 }), "schedule.learning_rate"),
            (json!({ "optimiser.momentum": 2.0 }), "optimiser.momentum"),
            (json!({ "averaging.decay": 1.5 }), "averaging.decay"),
            (json!({ "network.layers": "{ type = \"relu\" }" }), "network.layers"),
            (
                json!({ "network.layers": "{ type = \"linear\", features = 10 }\n{ type = \"log_softmax\" }\n{ type = \"relu\" }" }),
                "network.layers",
            ),
        ] {
            let refused = recipe(&asked(changes.clone())).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{changes}: {}", refused.message);
        }
        let unknown: Asked = serde_json::from_value(json!({ "recipe": "../../etc/passwd" })).unwrap();
        assert_eq!(recipe(&unknown).unwrap_err().field.as_deref(), Some("recipe"));
    }

    #[test]
    fn what_is_out_of_range_reads_alike_at_every_field() {
        for (key, value) in [
            ("epochs", json!(0)),
            ("epochs", json!(20_000)),
            ("batch_size", json!(9000)),
            ("schedule.learning_rate", json!(-3)),
            ("schedule.warm_up", json!(2)),
            ("optimiser.momentum", json!(2)),
            ("optimiser.weight_decay", json!(-1)),
            ("augmentation.rotation", json!(999)),
            ("augmentation.cutout", json!(99)),
            ("loss.label_smoothing", json!(1)),
            ("averaging.decay", json!(1)),
        ] {
            let refused = recipe(&asked(json!({ key: value.clone() }))).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(key));
            let begins = format!("`{value}` cannot be: it must be ");
            assert!(refused.message.starts_with(&begins), "{key}: {}", refused.message);
        }
    }

    #[test]
    fn what_would_take_too_much_is_refused() {
        let refused = |layers: &str, more: Value| {
            let mut changes = more;
            changes["network.layers"] =
                format!("{layers}\n{{ type = \"linear\", features = 10 }}\n{{ type = \"log_softmax\" }}").into();
            ensure_bounded(&recipe(&asked(changes)).unwrap()).unwrap_err().message
        };
        assert!(refused("{ type = \"linear\", features = 60000 }", json!({})).contains("parameters"));
        let wide = "{ type = \"conv\", channels = 200, kernel = 3, padding = 1 }\n{ type = \"max_pool\" }";
        assert!(refused(wide, json!({ "batch_size": 8192 })).contains("MB"));
        let deep = format!(
            "{wide}\n{{ type = \"conv\", channels = 500, kernel = 5, padding = 2 }}\n{{ type = \"global_average_pool\" }}"
        );
        let deep = deep.replace("channels = 500", "channels = 300");
        assert!(refused(&deep, json!({ "epochs": 1000, "batch_size": 16 })).contains("days"));
        let few = "{ type = \"global_average_pool\" }";
        ensure_bounded(&recipe(&asked(json!({ "network.layers": format!("{few}\n{{ type = \"linear\", features = 10 }}\n{{ type = \"log_softmax\" }}") }))).unwrap()).unwrap();
        let nine =
            asked(json!({ "network.layers": "{ type = \"linear\", features = 9 }\n{ type = \"log_softmax\" }" }));
        assert!(ensure_bounded(&recipe(&nine).unwrap()).unwrap_err().message.contains("9 classes"));
    }

    #[test]
    fn the_command_does_the_same() {
        let asked = asked(json!({
            "epochs": 3, "schedule.type": "cosine", "schedule.learning_rate": 0.2, "augmentation.rotation": 5,
        }));
        let (_, wanted, overrides) = changed(&asked).unwrap();
        let command = command(&CommandLine::new(DataChoice::Auto, "runs".into()), &asked, &overrides);
        assert!(command.starts_with("longhand train default --set 'schedule="), "{command}");
        assert!(command.contains(" --epochs 3") && command.contains(" --set augmentation.rotation=5"), "{command}");
        // The words of `--set` are read as the command reads them.
        let schedule = command.split('\'').nth(1).unwrap();
        assert!(command.contains(" --set schedule.learning_rate=0.2"), "{command}");
        let sets: Vec<Override> = [schedule, "augmentation.rotation=5.0", "epochs=3", "schedule.learning_rate=0.2"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert_eq!(Recipe::from_toml("default", built_in("default").unwrap(), &sets).unwrap(), wanted);
    }
}
