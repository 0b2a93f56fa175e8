//! Recipes: what is refused, and how the refusal points into the file.

use longhand_nn::{AdamWSpec, OptimiserSpec};
use longhand_training::experiment::SuiteChanges;
use longhand_training::{Override, Recipe, RecipeError, built_in, differences};
use proptest::prelude::*;

fn read(text: &str, set: &[&str]) -> Result<Recipe, RecipeError> {
    let overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
    Recipe::from_toml("mine.toml", text, &overrides)
}

/// The built-in seed recipe with one piece of text replaced.
fn with(from: &str, to: &str) -> String {
    let text = built_in("seed").unwrap();
    assert!(text.contains(from), "{from:?} is in the recipe");
    text.replacen(from, to, 1)
}

fn message(text: &str, set: &[&str]) -> String {
    read(text, set).unwrap_err().to_string()
}

#[test]
fn an_unknown_key_is_shown_where_it_stands() {
    let text = with("momentum = 0.9", "momentun = 0.9");
    insta::assert_snapshot!(message(&text, &[]), @r"
    unknown field `momentun`, expected one of `type`, `momentum`, `nesterov`, `betas`, `eps`, `weight_decay`, `decay_all`
      --> mine.toml:17:1
       |
    17 | momentun = 0.9
       | ^^^^^^^^
    ");
}

#[test]
fn an_unknown_key_of_a_layer_is_shown_with_its_layer() {
    let text = with("channels = 20, kernel", "chanels = 20, kernel");
    insta::assert_snapshot!(message(&text, &[]), @r#"
    unknown field `chanels`, expected one of `channels`, `kernel`, `padding`, `bias`
      --> mine.toml:33:22
       |
    33 |     { type = "conv", chanels = 20, kernel = 3, padding = 1 },
       |                      ^^^^^^^
    "#);
}

#[test]
fn a_wrong_value_or_a_missing_key_of_a_layer_is_shown_with_its_layer() {
    insta::assert_snapshot!(message(&with("channels = 20, kernel", "channels = -20, kernel"), &[]), @r#"
    invalid value: integer `-20`, expected a whole number, 0 or above
      --> mine.toml:33:5
       |
    33 |     { type = "conv", channels = -20, kernel = 3, padding = 1 },
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message(&with("features = 10", "bias = true"), &[]), @r#"
    missing field `features`
      --> mine.toml:52:5
       |
    52 |     { type = "linear", bias = true },
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message(&with("type = \"constant\"", "type = \"constant\"\nend = 3"), &[]), @r"
    unknown field `end`, expected `learning_rate`
      --> mine.toml:23:1
       |
    23 | end = 3
       | ^^^
    ");
}

#[test]
fn a_key_of_the_other_optimiser_or_a_wrong_one_is_shown_where_it_stands() {
    let adamw = |rest: &str| with("momentum = 0.9\nnesterov = false", &format!("type = \"adamw\"\n{rest}"));
    insta::assert_snapshot!(message(&adamw("momentum = 0.9"), &[]), @r#"
    unknown field `momentum` of optimiser "adamw": take it out or change type
      --> mine.toml:18:1
       |
    18 | momentum = 0.9
       | ^^^^^^^^
    "#);
    insta::assert_snapshot!(message(&with("momentum = 0.9", "betas = [0.9, 0.99]"), &[]), @r#"
    unknown field `betas` of optimiser "sgd": take it out or change type
      --> mine.toml:17:1
       |
    17 | betas = [0.9, 0.99]
       | ^^^^^
    "#);
    insta::assert_snapshot!(message(&adamw("betas = [0.9, 1.0]"), &[]), @r"
    betas = [0.9, 1.0] cannot be: both must be at least 0 and below 1
      --> mine.toml:16:1
       |
    16 | [optimiser]
       | ^^^^^^^^^^^
    ");
    insta::assert_snapshot!(message(&with("momentum = 0.9", "type = \"adam\""), &[]), @r#"
    unknown variant `adam`, expected `sgd` or `adamw`
      --> mine.toml:17:8
       |
    17 | type = "adam"
       |        ^^^^^^
    "#);
    insta::assert_snapshot!(message(&with("momentum = 0.9", "momentum = \"much\""), &[]), @r#"
    invalid type: string "much", expected a number
      --> mine.toml:17:12
       |
    17 | momentum = "much"
       |            ^^^^^^
    "#);
}

#[test]
fn recipes_without_a_type_are_sgd_and_recipes_are_written_whole() {
    let seed = read(built_in("seed").unwrap(), &[]).unwrap();
    let OptimiserSpec::Sgd(sgd) = &seed.optimiser else { panic!("{:?}", seed.optimiser) };
    assert_eq!(sgd.momentum, 0.9);
    let text = with("momentum = 0.9\nnesterov = false", "type = \"adamw\"");
    let set = ["schedule={type=\"one_cycle\", learning_rate=0.01, start=0, end=0, warm_up=0.1, anneal=\"cosine\"}"];
    let recipe = read(&text, &set).unwrap();
    let expected = AdamWSpec { weight_decay: 0.0, ..AdamWSpec::default() };
    assert_eq!(recipe.optimiser, OptimiserSpec::AdamW(expected));
    for recipe in [seed, recipe] {
        assert_eq!(read(&recipe.to_toml(), &[]).unwrap(), recipe);
        assert_eq!(serde_json::from_str::<Recipe>(&serde_json::to_string(&recipe).unwrap()).unwrap(), recipe);
    }
}

#[test]
fn an_impossible_shape_is_shown_with_its_layer() {
    let text = with(
        r#"{ type = "conv", channels = 40, kernel = 3, padding = 1 }"#,
        r#"{ type = "conv", channels = 40, kernel = 5, padding = 7 }"#,
    );
    insta::assert_snapshot!(message(&text, &[]), @r#"
    padding 7 is too much for a kernel 5 wide: it must be below 5
      --> mine.toml:45:5
       |
    45 |     { type = "conv", channels = 40, kernel = 5, padding = 7 },
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn numbers_that_cannot_be_are_shown_where_they_stand() {
    insta::assert_snapshot!(message(&with("epochs = 20", "epochs = 0"), &[]), @r"
    epochs = 0 cannot be: it must be from 1 to 10000
     --> mine.toml:4:10
      |
    4 | epochs = 0
      |          ^
    ");
    insta::assert_snapshot!(message(&with("learning_rate = 0.01", "learning_rate = nan"), &[]), @r"
    learning_rate = NaN cannot be: it must be a number from 0 to 1000
      --> mine.toml:23:17
       |
    23 | learning_rate = nan
       |                 ^^^
    ");
}

#[test]
fn what_an_override_brought_in_is_said_to_come_from_there() {
    let seed = built_in("seed").unwrap();
    insta::assert_snapshot!(
        message(seed, &["batch_size=0"]),
        @"batch_size = 0 cannot be: it must be from 1 to 8192 (overridden: batch_size)"
    );
    insta::assert_snapshot!(
        message(seed, &["schedule.learning_rate=nan"]),
        @"learning_rate = NaN cannot be: it must be a number from 0 to 1000 (overridden: schedule.learning_rate)"
    );
    insta::assert_snapshot!(
        message(seed, &["momentum=0.5"]),
        @"the recipe refuses momentum=0.5: unknown field `momentum`, expected one of `name`, `about`, `reason`, `epochs`, `batch_size`, `seed`, `initialisation`, `normalisation`, `augmentation`, `loss`, `optimiser`, `averaging`, `precise_batch_norm`, `schedule`, `network`"
    );
    insta::assert_snapshot!(
        message(seed, &["network.layers.99.channels=3"]),
        @"`network.layers.99.channels` leads nowhere: `99` is not there; `longhand summary --recipe` shows what is"
    );
    insta::assert_snapshot!(
        "epochs".parse::<Override>().unwrap_err(),
        @"`epochs` is no override: write key=value, such as epochs=5 or schedule.learning_rate=0.05"
    );
}

#[test]
fn overrides_reach_every_kind_of_field() {
    let seed = built_in("seed").unwrap();
    let recipe = read(
        seed,
        &[
            "epochs=3",
            "initialisation=he",
            "augmentation.rotation=5",
            "network.layers.0.channels=12",
            "schedule={type=\"cosine\", learning_rate=1}",
        ],
    )
    .unwrap();
    assert_eq!(recipe.epochs, 3);
    assert_eq!(recipe.augmentation.rotation, 5.0);
    assert_eq!(recipe.schedule.learning_rate(), 1.0);
    assert_ne!(recipe.network, read(seed, &[]).unwrap().network);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes changed anywhere in a recipe are read or refused, never a panic, and a refusal points inside the file.
    #[test]
    fn damaged_recipes_are_refused_politely(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(
            vec!["", "\n", "=", "[", "]", "{", "}", "\"", "-", "9", "0", "é", "nan", "#", "1e999", "\u{0}", "type = "]
        )), 1..6),
    ) {
        let mut text = built_in("default").unwrap().to_owned();
        for (index, insert) in changes {
            let mut at = index.index(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert_str(at, insert);
        }
        if let Err(error) = read(&text, &[]) {
            let shown = error.to_string();
            prop_assert!(!shown.is_empty());
            if let Some(place) = error.place {
                prop_assert!(place.line <= text.lines().count() + 1, "{shown}");
            }
        }
    }
}

#[test]
fn a_seed_that_toml_cannot_write_down_is_refused_wherever_it_comes_from() {
    let (most, beyond) = (i64::MAX as u64, i64::MAX as u64 + 1);
    assert_eq!(read(&with("seed = 0", &format!("seed = {most}")), &[]).unwrap().seed, most);
    let told = message(&with("seed = 0", &format!("seed = {beyond}")), &[]);
    assert!(told.contains("seed = 9223372036854775808 cannot be: it must be from 0 to 9223372036854775807"), "{told}");
    let told = SuiteChanges::parse_seeds(&format!("{beyond},")).unwrap_err();
    assert_eq!(told, "seed 9223372036854775808 cannot be: it must be from 0 to 9223372036854775807");
    // Of a record, whose recipe nobody has checked.
    let plain = read(built_in("seed").unwrap(), &[]).unwrap();
    assert_eq!(differences(&Recipe { seed: u64::MAX, ..plain.clone() }, &plain), []);
}
