//! The recipes and suites compiled into the program.

/// Name and TOML text of every built-in recipe that belongs to no suite.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("default", include_str!("../../../recipes/default.toml")),
    ("seed", include_str!("../../../recipes/seed.toml")),
    ("seed-tuned", include_str!("../../../recipes/seed-tuned.toml")),
    ("under10k", include_str!("../../../recipes/under10k.toml")),
    ("under6k", include_str!("../../../recipes/under6k.toml")),
    ("sprint", include_str!("../../../recipes/sprint.toml")),
];

/// A built-in suite and the recipes of its own.
#[derive(Clone, Copy, Debug)]
pub struct BuiltInSuite {
    /// What it is called.
    pub name: &'static str,
    /// Its TOML text.
    pub text: &'static str,
    /// Name and TOML text of its recipes; `plain` of the suite `example` is the built-in recipe `example/plain`.
    pub recipes: &'static [(&'static str, &'static str)],
}

/// A suite from its folder below `recipes/suites/`: `suite.toml` and the named recipes.
macro_rules! suite {
    ($name:literal: $($recipe:literal),* $(,)?) => {
        BuiltInSuite {
            name: $name,
            text: include_str!(concat!("../../../recipes/suites/", $name, "/suite.toml")),
            recipes: &[$((
                $recipe,
                include_str!(concat!("../../../recipes/suites/", $name, "/", $recipe, ".toml")),
            )),*],
        }
    };
}

/// Every built-in suite.
pub const BUILT_IN_SUITES: &[BuiltInSuite] = &[
    suite!("example": "plain", "batch-norm"),
    suite!("claims":),
    suite!("twelve":
        "01-naive", "02-global-average", "03-batch-norm", "04-dropout", "05-one-cycle", "06-nesterov", "07-weight-decay",
        "08-augmentation", "09-no-dropout", "10-label-smoothing", "11-six-convolutions", "12-averaged-weights",
    ),
];

/// The TOML text of the built-in recipe of that name: `default`, or `example/plain` for a suite's own.
pub fn built_in(name: &str) -> Option<&'static str> {
    let find = |recipes: &[(&str, &'static str)], name| recipes.iter().find(|(n, _)| *n == name).map(|(_, text)| *text);
    find(BUILT_IN, name).or_else(|| {
        let (suite, recipe) = name.split_once('/')?;
        find(BUILT_IN_SUITES.iter().find(|s| s.name == suite)?.recipes, recipe)
    })
}

/// The names of the built-in recipes, for messages: `default, seed, …, twelve/01-naive and 11 more of that suite`.
pub fn built_in_names() -> String {
    let of_suites = BUILT_IN_SUITES.iter().filter_map(|suite| {
        let (first, more) = (suite.recipes.first()?.0, suite.recipes.len() - 1);
        Some(format!("{}/{first} and {more} more of that suite", suite.name))
    });
    BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).chain(of_suites).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use longhand_nn::Summary;

    use super::*;
    use crate::Recipe;

    #[test]
    fn every_built_in_recipe_is_sound_and_named_as_its_file() {
        for (name, text) in BUILT_IN {
            let recipe = Recipe::from_toml(name, text, &[]).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(recipe.name, *name);
            assert_eq!(Recipe::from_toml(name, &recipe.to_toml(), &[]).unwrap(), recipe, "written and read back");
            let (parameters, epochs) = match *name {
                "seed" | "seed-tuned" => (18_800..=18_800, 20),
                "default" => (0..=20_000, 20),
                "under10k" => (0..=10_000, 15),
                "under6k" => (0..=6_200, 15),
                "sprint" => (0..=20_000, 3),
                other => panic!("{other} has no budget here"),
            };
            let found = Summary::of(&recipe.network).unwrap().parameters();
            assert!(parameters.contains(&found) && recipe.epochs <= epochs, "{name}: {found} parameters");
        }
    }

    #[test]
    fn every_built_in_suite_is_sound_and_its_own_recipes_are_named_as_their_files_and_used() {
        use crate::experiment::{Suite, SuiteChanges};
        for built_in_suite in BUILT_IN_SUITES {
            let name = built_in_suite.name;
            let suite = Suite::built_in(built_in_suite, &SuiteChanges::default()).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(suite.name, name);
            for (recipe_name, text) in built_in_suite.recipes {
                let recipe = Recipe::from_toml(recipe_name, text, &[]).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(recipe.name, *recipe_name, "of suite {name}");
                assert!(built_in(&format!("{name}/{recipe_name}")).is_some());
                assert!(suite.entries.iter().any(|e| e.recipe.name == recipe.name), "{name} uses {recipe_name}");
            }
        }
    }
}
