//! Suites: what is refused and how the refusal points into the file, and which runs they come to.

mod damage;

use std::path::Path;

use damage::write_over;
use longhand_nn::OptimiserSpec;
use longhand_training::experiment::{Plan, Shard, Suite, SuiteChanges, SuiteError};
use longhand_training::{EvaluatedOn, Recipe};
use proptest::prelude::*;

const SUITE: &str = r#"name = "mine"
seeds = [0, 1, 2]
set = ["epochs=5"]

[[entry]]
recipe = "seed"

[[entry]]
name = "nesterov"
recipe = "seed"
reason = "Looks ahead along the velocity."
set = ["optimiser.nesterov=true"]
"#;

fn read(text: &str, set: &[&str]) -> Result<Suite, SuiteError> {
    let set = set.iter().map(|s| s.parse().unwrap()).collect();
    Suite::from_toml("mine.toml", text, Path::new("suites"), &SuiteChanges { set, ..SuiteChanges::default() })
}

/// What is said of the suite with one piece of text replaced.
fn message(from: &str, to: &str) -> String {
    assert!(SUITE.contains(from), "{from:?} is in the suite");
    read(&SUITE.replacen(from, to, 1), &[]).unwrap_err().to_string()
}

#[test]
fn a_suite_is_its_entries_with_their_overrides_judged_on_held_out_images_unless_it_says_so() {
    let suite = read(SUITE, &["batch_size=64"]).unwrap();
    assert_eq!(suite.evaluated_on, EvaluatedOn::Validation);
    let [seed, nesterov] = &suite.entries[..] else { panic!("two entries") };
    assert_eq!((seed.name.as_str(), nesterov.name.as_str()), ("seed", "nesterov"));
    assert_eq!((seed.recipe.epochs, seed.recipe.batch_size, seed.base.epochs), (5, 64, 20));
    let looks_ahead = |recipe: &Recipe| matches!(&recipe.optimiser, OptimiserSpec::Sgd(sgd) if sgd.nesterov);
    assert!(!looks_ahead(&seed.recipe) && looks_ahead(&nesterov.recipe));
    assert_eq!(nesterov.recipe.reason, "Looks ahead along the velocity.");
    // The command line takes the place of what the suite sets for all.
    assert_eq!(read(SUITE, &["epochs=2"]).unwrap().entries[0].recipe.epochs, 2);
    assert_eq!(read(&SUITE.replace("[0, 1, 2]", "2"), &[]).unwrap().seeds, [0, 1]);
    let test = read(&SUITE.replacen("seeds", "validation = false\nseeds", 1), &[]).unwrap();
    assert_eq!(test.evaluated_on, EvaluatedOn::Test);
}

#[test]
fn shares_cover_the_list_once_and_every_entry_is_run_from_the_first_seed_before_any_from_the_next() {
    let names = |shard: &str| -> Vec<String> {
        let plan = Plan::new(read(SUITE, &[]).unwrap(), Path::new("x"), shard.parse::<Shard>().unwrap());
        plan.share().iter().map(|r| r.name()).collect()
    };
    assert_eq!(names("1/1"), ["seed-s0", "nesterov-s0", "seed-s1", "nesterov-s1", "seed-s2", "nesterov-s2"]);
    assert_eq!(names("1/2"), ["seed-s0", "nesterov-s1", "seed-s2"]);
    assert_eq!(names("2/2"), ["nesterov-s0", "seed-s1", "nesterov-s2"]);
}

#[test]
fn an_unknown_key_and_a_missing_one_are_shown() {
    insta::assert_snapshot!(message("reason =", "raeson ="), @r#"
    unknown field `raeson`, expected one of `name`, `recipe`, `reason`, `set`
      --> mine.toml:11:1
       |
    11 | raeson = "Looks ahead along the velocity."
       | ^^^^^^
    "#);
    insta::assert_snapshot!(message("seeds = [0, 1, 2]\n", ""), @r#"
    missing field `seeds`
     --> mine.toml:1:1
      |
    1 | name = "mine"
      | ^
    "#);
}

#[test]
fn an_unknown_recipe_is_shown_where_it_stands_with_the_built_in_ones() {
    insta::assert_snapshot!(message("recipe = \"seed\"\n\n", "recipe = \"sede.toml\"\n\n"), @r#"
    there is no recipe `sede.toml`: the built-in ones are default, seed, seed-tuned, under10k, under6k, sprint, example/plain and 1 more of that suite, twelve/01-naive and 11 more of that suite, and suites/sede.toml is no file
     --> mine.toml:6:10
      |
    6 | recipe = "sede.toml"
      |          ^^^^^^^^^^^
    "#);
}

#[test]
fn a_clash_of_overrides_is_refused_with_both_of_its_places() {
    insta::assert_snapshot!(message("set = [\"optimiser.nesterov=true\"]", "set = [\"epochs=3\"]"), @r#"
    `epochs=5` and `epochs=3` set the same field: say which is meant by leaving one out
     --> mine.toml:3:8
      |
    3 | set = ["epochs=5"]
      |        ^^^^^^^^^^
      --> mine.toml:12:8
       |
    12 | set = ["epochs=3"]
       |        ^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("[\"epochs=5\"]", "[\"epochs=5\", \"epochs = 6\"]"), @r#"
    `epochs=5` and `epochs = 6` set the same field: say which is meant by leaving one out
     --> mine.toml:3:8
      |
    3 | set = ["epochs=5", "epochs = 6"]
      |        ^^^^^^^^^^
     --> mine.toml:3:20
      |
    3 | set = ["epochs=5", "epochs = 6"]
      |                    ^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("nesterov=true\"", "nesterov=true\", \"optimiser={momentum=0.5}\""), @r#"
    `optimiser.nesterov=true` and `optimiser={momentum=0.5}` set the same field: say which is meant by leaving one out
      --> mine.toml:12:8
       |
    12 | set = ["optimiser.nesterov=true", "optimiser={momentum=0.5}"]
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^
      --> mine.toml:12:35
       |
    12 | set = ["optimiser.nesterov=true", "optimiser={momentum=0.5}"]
       |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    let typed = read(SUITE, &["optimiser.nesterov=false"]).unwrap_err().to_string();
    insta::assert_snapshot!(typed, @r#"
    `optimiser.nesterov=false` (at the command line) and `optimiser.nesterov=true` set the same field: say which is meant by leaving one out
      --> mine.toml:12:8
       |
    12 | set = ["optimiser.nesterov=true"]
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    let twice = read(SUITE, &["epochs=1", "epochs=2"]).unwrap_err().to_string();
    insta::assert_snapshot!(twice, @"`epochs=1` (at the command line) and `epochs=2` (at the command line) set the same field: say which is meant by leaving one out");
}

#[test]
fn an_override_that_fits_no_recipe_is_shown_with_the_entry_that_makes_it() {
    insta::assert_snapshot!(message("nesterov=true", "nestorev=true"), @r#"
    the recipe refuses epochs=5, optimiser.nestorev=true: unknown field `nestorev`, expected one of `type`, `momentum`, `nesterov`, `betas`, `eps`, `weight_decay`, `decay_all`
      --> mine.toml:12:7
       |
    12 | set = ["optimiser.nestorev=true"]
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("\"optimiser.nesterov=true\"", "\"seed=4\""), @r#"
    `seed=4` cannot be set in a suite: list the seeds under `seeds`, or with --seeds
      --> mine.toml:12:8
       |
    12 | set = ["seed=4"]
       |        ^^^^^^^^
    "#);
    insta::assert_snapshot!(message("\"epochs=5\"", "\"epochs\""), @r#"
    `epochs` is no override: write key=value, such as epochs=5 or schedule.learning_rate=0.05
     --> mine.toml:3:8
      |
    3 | set = ["epochs"]
      |        ^^^^^^^^
    "#);
    insta::assert_snapshot!(read(SUITE, &["seed=4"]).unwrap_err().to_string(), @"`seed=4` cannot be set in a suite: list the seeds under `seeds`, or with --seeds");
}

#[test]
fn names_and_seeds_that_cannot_be_are_refused() {
    insta::assert_snapshot!(message("name = \"nesterov\"\n", ""), @r#"
    two entries are called "seed": give one of them a name of its own
     --> mine.toml:6:10
      |
    6 | recipe = "seed"
      |          ^^^^^^
     --> mine.toml:9:10
      |
    9 | recipe = "seed"
      |          ^^^^^^
    "#);
    insta::assert_snapshot!(message("\"mine\"", "\"../mine\""), @r#"
    name "../mine" cannot be: use letters, digits, `-`, `_` and `.`, so that it can name a folder
     --> mine.toml:1:8
      |
    1 | name = "../mine"
      |        ^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("[0, 1, 2]", "[0, 1, 0]"), @r"
    seed 0 is there twice: the same run again tells nothing; give each seed once
     --> mine.toml:2:9
      |
    2 | seeds = [0, 1, 0]
      |         ^^^^^^^^^
    ");
    insta::assert_snapshot!(message("[0, 1, 2]", "-1"), @r"
    seeds must be a count such as 3, or a list of whole numbers such as [0, 1, 2]
     --> mine.toml:2:9
      |
    2 | seeds = -1
      |         ^^
    ");
    insta::assert_snapshot!(message("[0, 1, 2]", "0"), @r"
    0 seeds cannot be: a suite has from 1 to 1000
     --> mine.toml:2:9
      |
    2 | seeds = 0
      |         ^
    ");
    let none = read("name = \"mine\"\nseeds = 1\n", &[]).unwrap_err().to_string();
    insta::assert_snapshot!(none, @"a suite has from 1 to 1000 entries, each under a line [[entry]], and this has 0");
}

#[test]
fn seeds_are_typed_as_a_count_or_a_list() {
    assert_eq!(SuiteChanges::parse_seeds("3").unwrap(), [0, 1, 2]);
    assert_eq!(SuiteChanges::parse_seeds("7,8").unwrap(), [7, 8]);
    assert_eq!(SuiteChanges::parse_seeds("7,").unwrap(), [7]);
    for wrong in ["", "x", "0", "1,1", ",", "1.5", "-3", "1,,2"] {
        assert!(SuiteChanges::parse_seeds(wrong).is_err(), "{wrong:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    /// A suite with anything at all written into it is refused in a sentence, or its entries have names of their own and
    /// recipes that, written down, read the same.
    #[test]
    fn damaged_suites_are_refused_or_sound(
        writes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..3, prop::sample::select(vec![
            "", "\n", "=", "[", "]", "[[entry]]\n", "{", "}", "\"", "-", "9", "0", ",", "é", "nan", "#", "1e999", "\u{0}", "..", "/",
            "recipe = \"default\"\n", "batch_size=", "\"epochs=9\", ",
        ])), 1..5),
    ) {
        let mut text = SUITE.to_owned();
        for (index, over, with) in writes {
            write_over(&mut text, index, over, with);
        }
        match Suite::from_toml("mine.toml", &text, Path::new("no-such-folder"), &SuiteChanges::default()) {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(suite) => {
                prop_assert!(!suite.entries.is_empty() && !suite.seeds.is_empty());
                for (n, entry) in suite.entries.iter().enumerate() {
                    prop_assert!(suite.entries[..n].iter().all(|other| other.name != entry.name), "{} twice", entry.name);
                    let written = entry.recipe.to_toml();
                    let again = Recipe::from_toml("written.toml", &written, &[]);
                    prop_assert_eq!(&again.unwrap(), &entry.recipe, "written as\n{}", written);
                }
            }
        }
    }
}
