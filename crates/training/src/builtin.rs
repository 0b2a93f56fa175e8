//! The recipes compiled into the program.

/// Name and TOML text of every built-in recipe.
pub const BUILT_IN: [(&str, &str); 2] =
    [("default", include_str!("../../../recipes/default.toml")), ("seed", include_str!("../../../recipes/seed.toml"))];

/// The TOML text of the built-in recipe of that name.
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
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
            assert_eq!(recipe.name, name);
            assert_eq!(Recipe::from_toml(name, &recipe.to_toml(), &[]).unwrap(), recipe, "written and read back");
            assert_eq!(Summary::of(&recipe.network).unwrap().parameters(), 18_800);
        }
    }
}
