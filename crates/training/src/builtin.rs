//! The recipes and suites compiled into the program, by their names.

pub use longhand_recipes::{BUILT_IN, BUILT_IN_SUITES, BuiltInSuite};

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

/// Every built-in recipe: its name, those of suites as `suite/recipe`, and its text.
pub fn built_in_recipes() -> impl Iterator<Item = (String, &'static str)> {
    let of_suites = BUILT_IN_SUITES
        .iter()
        .flat_map(|suite| suite.recipes.iter().map(|(recipe, text)| (format!("{}/{recipe}", suite.name), *text)));
    BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), *text)).chain(of_suites)
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
                "seed" => (18_800..=18_800, 20),
                "seed-tuned" => (18_800..=18_800, 120),
                "default" => (0..=20_000, 20),
                "under10k" => (0..=10_000, 15),
                "under6k" => (0..=6_200, 15),
                "sprint" => (0..=20_000, 2),
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
