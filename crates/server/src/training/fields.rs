//! What can be changed in a recipe, with help: one line of this file is one field of the page.

use longhand_nn::LayerSpec;
use longhand_training::Recipe;
use serde_json::{Value, json};

/// A group of fields: its name in [`Field::group`], its title, and a sentence.
struct Group(&'static str, &'static str, &'static str);

const GROUPS: [Group; 8] = [
    Group("training", "The training", "How long, in what steps, from what beginning."),
    Group("schedule", "Learning rate", "How far each step goes, and how that changes over the run."),
    Group("optimiser", "Optimiser", "What is made of the gradient before the weights move."),
    Group("augmentation", "Changed digits", "Each training image is changed a little at random, anew in each epoch."),
    Group("loss", "Loss", "What is made as small as can be."),
    Group(
        "averaging",
        "Averaged weights",
        "An average over the last steps can be judged and kept instead of the last weights.",
    ),
    Group("normalisation", "Pixels", "What becomes of a pixel before the network sees it."),
    Group("network", "Network", "The layers, from the image to the ten probabilities."),
];

/// What a field holds.
#[derive(Clone, Copy)]
enum Kind {
    Integer(f64, f64),
    Number(f64, f64),
    Choice(&'static [(&'static str, &'static str)]),
    /// With what stands for it, on and off, where the group is folded.
    Switch(&'static str, &'static str),
    Layers,
}

struct Field {
    key: &'static str,
    label: &'static str,
    help: &'static str,
    kind: Kind,
    unit: &'static str,
}

const fn field(key: &'static str, label: &'static str, kind: Kind, unit: &'static str, help: &'static str) -> Field {
    Field { key, label, help, kind, unit }
}

use Kind::{Choice, Integer, Layers, Number, Switch};

const FIELDS: [Field; 32] = [
    field(
        "epochs",
        "Epochs",
        Integer(1.0, 10_000.0),
        "",
        "How many times every training image is seen. More take longer and help less and less.",
    ),
    field(
        "batch_size",
        "Batch size",
        Integer(1.0, 8192.0),
        "images",
        "Images a step: the gradient is their mean. Small batches are noisier and take more steps an epoch.",
    ),
    field(
        "seed",
        "Seed",
        Integer(0.0, 9e15),
        "",
        "What weights, order, changes and dropout are drawn from. The same seed gives the same run, to the bit; another one shows what was luck.",
    ),
    field(
        "initialisation",
        "First weights",
        Choice(&[("pytorch", "uniform, ±1/√fan-in (PyTorch's)"), ("he", "normal, variance 2/fan-in (He)")]),
        "",
        "How weights begin, before anything is learned.",
    ),
    field(
        "precise_batch_norm",
        "Precise batch norm",
        Switch("precise batch norm", "running batch norm"),
        "",
        "Whether batch norm's means and variances are taken anew behind the last step, over all training images as they are.",
    ),
    field(
        "schedule.type",
        "Schedule",
        Choice(&[
            ("constant", "constant"),
            ("step", "steps down"),
            ("cosine", "half a cosine down"),
            ("one_cycle", "one cycle: up, then down"),
        ]),
        "",
        "How the learning rate moves over the run. One cycle, up over the first steps and down to nearly nothing, does best here.",
    ),
    field(
        "schedule.learning_rate",
        "Learning rate",
        Number(0.0, 1000.0),
        "",
        "η, the base or highest rate: a step moves each weight by η times what the optimiser makes of its gradient. Too high and the loss leaves the range of numbers; too low and nothing is learned in time.",
    ),
    field("schedule.start", "First rate", Number(0.0, 1000.0), "", "The rate of the first step."),
    field("schedule.end", "Last rate", Number(0.0, 1000.0), "", "The rate that the schedule comes down to."),
    field(
        "schedule.warm_up",
        "Way up",
        Number(0.0, 1.0),
        "of the steps",
        "The share of the steps that the rate rises for.",
    ),
    field(
        "schedule.anneal",
        "Way down",
        Choice(&[("linear", "a straight line"), ("cosine", "half a cosine")]),
        "",
        "The shape of the way down.",
    ),
    field(
        "schedule.every",
        "Step every",
        Integer(1.0, 10_000.0),
        "epochs",
        "How many epochs the rate stays before it steps down.",
    ),
    field("schedule.factor", "Step to", Number(0.0, 1000.0), "of the rate", "What each step multiplies the rate by."),
    field(
        "optimiser.type",
        "Optimiser",
        Choice(&[("sgd", "gradient descent with momentum"), ("adamw", "AdamW")]),
        "",
        "Gradient descent follows the gradient, with momentum; AdamW divides each weight's step by the size of its own past gradients, and wants a lower rate.",
    ),
    field(
        "optimiser.momentum",
        "Momentum",
        Number(0.0, 1.0),
        "",
        "μ, the share of the last step's direction that is kept.",
    ),
    field(
        "optimiser.nesterov",
        "Nesterov",
        Switch("Nesterov’s", "not Nesterov’s"),
        "",
        "Whether the step looks ahead along the momentum.",
    ),
    field(
        "optimiser.eps",
        "ε",
        Number(0.0, 1.0),
        "",
        "Added to the size of past gradients, so that nothing is divided by zero.",
    ),
    field(
        "optimiser.weight_decay",
        "Weight decay",
        Number(0.0, 10.0),
        "",
        "λ pulls weights towards zero a little in every step, which keeps the network from learning images by heart.",
    ),
    field(
        "optimiser.decay_all",
        "Decay everything",
        Switch("on everything", "on weights only"),
        "",
        "Whether biases and the scales of batch norm decay too, not only weights.",
    ),
    field(
        "augmentation.rotation",
        "Turn",
        Number(0.0, 180.0),
        "°",
        "Each image is turned by up to so many degrees, either way.",
    ),
    field(
        "augmentation.scale",
        "Stretch",
        Number(0.0, 0.9),
        "of the size",
        "Each axis is stretched or shrunk by up to this share of it.",
    ),
    field(
        "augmentation.shear",
        "Slant",
        Number(0.0, 2.0),
        "",
        "How far a row moves sideways for each row above the centre, at most.",
    ),
    field(
        "augmentation.shift",
        "Shift",
        Number(0.0, 64.0),
        "pixels",
        "How far the image moves along each axis, at most.",
    ),
    field(
        "augmentation.elastic",
        "Bend",
        Number(0.0, 16.0),
        "pixels",
        "How far pixels wander from their places, smoothly, as ink under a trembling hand.",
    ),
    field(
        "augmentation.elastic_smoothness",
        "Smoothness of the bend",
        Number(1.0, 64.0),
        "pixels",
        "How far apart places must be to wander on their own.",
    ),
    field(
        "augmentation.cutout",
        "Cut out",
        Integer(0.0, 64.0),
        "pixels",
        "The side of a black square put somewhere on the image.",
    ),
    field(
        "loss.label_smoothing",
        "Label smoothing",
        Number(0.0, 0.999),
        "",
        "The share of certainty given to all classes alike, so that the network does not learn to be too sure.",
    ),
    field(
        "averaging.decay",
        "Decay of the average",
        Number(0.0, 0.999_999),
        "",
        "The share of the average that each step keeps: .999 averages over about the last 1,000 steps. 0 is off.",
    ),
    field(
        "averaging.warm_up",
        "Shorter at first",
        Switch("shorter at first", "as long from the first step"),
        "",
        "Whether the average begins over few steps and grows, so that the first weights do not linger.",
    ),
    field(
        "normalisation.mean",
        "Mean",
        Number(-1000.0, 1000.0),
        "",
        "Taken away from each pixel, which is 0 for paper to 1 for ink.",
    ),
    field("normalisation.std", "Deviation", Number(1e-9, 1000.0), "", "What the rest is divided by."),
    field(
        "network.layers",
        "Layers",
        Layers,
        "",
        "One layer a line, in TOML. Types: conv (channels, kernel 1, 3 or 5, padding, bias), depthwise_conv (the same without channels), relu, batch_norm, max_pool (2×2), dropout (rate), global_average_pool, linear (features), log_softmax, which comes last.",
    ),
];

/// The fields that `recipe` has, with its values and those of `original`.
pub(super) fn shown(recipe: &Recipe, original: &Recipe) -> Value {
    let (present, before) = (value_of(recipe), value_of(original));
    FIELDS.iter().filter_map(|field| field.shown(&present, &before)).collect()
}

/// The groups of fields, for pages.
pub(super) fn groups() -> Value {
    GROUPS.iter().map(|Group(name, title, help)| json!({ "name": name, "title": title, "help": help })).collect()
}

/// The numbers that a field may hold.
#[derive(Clone, Copy)]
pub(super) enum Range {
    Whole { least: i64, most: i64 },
    Any,
}

/// The numbers that the field of that name may hold; `None` where it holds none, or there is no such field.
pub(super) fn range(key: &str) -> Option<Range> {
    match FIELDS.iter().find(|field| field.key == key)?.kind {
        Integer(least, most) => Some(Range::Whole { least: least as i64, most: most as i64 }),
        Number(..) => Some(Range::Any),
        Choice(_) | Switch(..) | Layers => None,
    }
}

/// Whether there is a field of that name.
pub(super) fn is_known(key: &str) -> bool {
    FIELDS.iter().any(|field| field.key == key)
}

/// The recipe as plain data; its numbers as they are written in TOML, where 0.1 in single precision is 0.1.
fn value_of(recipe: &Recipe) -> Value {
    let plain: toml::Table = toml::from_str(&recipe.to_toml()).expect("a recipe is plain data");
    let mut value = serde_json::to_value(plain).expect("plain data");
    value["network"]["layers"] = layers_as_text(recipe).into();
    value
}

/// The layers as a person would write them into a recipe, one a line; what is as usual is left out.
pub(super) fn layers_as_text(recipe: &Recipe) -> String {
    let line = |layer: &LayerSpec| {
        let settings = match *layer {
            LayerSpec::Conv { channels, kernel, padding, bias } => {
                format!(", channels = {channels}, kernel = {kernel}, padding = {padding}{}", unless(bias, "bias"))
            }
            LayerSpec::DepthwiseConv { kernel, padding, bias } => {
                format!(", kernel = {kernel}, padding = {padding}{}", unless(bias, "bias"))
            }
            LayerSpec::Linear { features, bias } => format!(", features = {features}{}", unless(bias, "bias")),
            LayerSpec::Dropout { rate } => format!(", rate = {rate:?}"),
            LayerSpec::BatchNorm { momentum, eps } if (momentum, eps) != (0.1, 1e-5) => {
                format!(", momentum = {momentum:?}, eps = {eps:?}")
            }
            LayerSpec::BatchNorm { .. }
            | LayerSpec::Relu {}
            | LayerSpec::MaxPool {}
            | LayerSpec::GlobalAveragePool {}
            | LayerSpec::LogSoftmax {} => String::new(),
        };
        format!("{{ type = \"{}\"{settings} }},", layer.type_name())
    };
    recipe.network.layers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn unless(on: bool, key: &str) -> String {
    if on { String::new() } else { format!(", {key} = false") }
}

impl Field {
    fn shown(&self, present: &Value, before: &Value) -> Option<Value> {
        let at = |recipe: &Value| self.key.split('.').try_fold(recipe, |value, key| value.get(key)).cloned();
        let value = at(present)?;
        let group = self.key.split_once('.').map_or("training", |(group, _)| group);
        let mut field = json!({
            "key": self.key,
            "group": group,
            "label": self.label,
            "help": self.help,
            "value": value,
            "original": at(before),
        });
        match self.kind {
            Integer(least, most) => {
                merge(&mut field, json!({ "kind": "integer", "min": least, "max": most, "step": 1 }))
            }
            Number(least, most) => merge(&mut field, json!({ "kind": "number", "min": least, "max": most })),
            Switch(on, off) => merge(&mut field, json!({ "kind": "switch", "on": on, "off": off })),
            Layers => merge(&mut field, json!({ "kind": "layers" })),
            Choice(choices) => {
                let choices: Vec<Value> =
                    choices.iter().map(|(value, label)| json!({ "value": value, "label": label })).collect();
                merge(&mut field, json!({ "kind": "choice", "choices": choices }));
            }
        }
        if !self.unit.is_empty() {
            field["unit"] = self.unit.into();
        }
        Some(field)
    }
}

fn merge(into: &mut Value, more: Value) {
    let (Value::Object(into), Value::Object(more)) = (into, more) else { unreachable!("both are objects") };
    into.extend(more);
}

#[cfg(test)]
mod tests {
    use longhand_training::BUILT_IN;

    use super::*;

    /// What a recipe holds and no field of the page changes.
    const NOT_CHANGED: [&str; 6] = ["name", "about", "reason", "network.input", "optimiser.betas", "network.layers"];

    fn leaves(value: &Value, path: String, found: &mut Vec<String>) {
        match value {
            Value::Object(table) => table.iter().for_each(|(key, value)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, path, found);
            }),
            _ => found.push(path),
        }
    }

    #[test]
    fn every_setting_of_every_recipe_has_its_field_with_help() {
        for (name, text) in BUILT_IN {
            let recipe = Recipe::from_toml(name, text, &[]).unwrap();
            let mut found = Vec::new();
            leaves(&value_of(&recipe), String::new(), &mut found);
            for key in found.iter().filter(|key| !NOT_CHANGED.contains(&key.as_str())) {
                assert!(is_known(key), "{name}: {key} has no field");
            }
            let shown = shown(&recipe, &recipe);
            for field in shown.as_array().unwrap() {
                assert!(!field["help"].as_str().unwrap().is_empty() && !field["label"].as_str().unwrap().is_empty());
                assert_eq!(field["value"], field["original"]);
                assert!(groups().as_array().unwrap().iter().any(|group| group["name"] == field["group"]), "{field}");
            }
        }
    }

    #[test]
    fn layers_written_out_are_the_layers() {
        for (name, text) in BUILT_IN {
            let recipe = Recipe::from_toml(name, text, &[]).unwrap();
            let written = layers_as_text(&recipe);
            let layers = super::super::changes::layers(&written).unwrap();
            let change = longhand_training::Override::new("network.layers", layers);
            assert_eq!(Recipe::from_toml(name, text, &[change]).unwrap(), recipe, "{written}");
        }
    }
}
