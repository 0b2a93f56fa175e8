//! In what two recipes differ.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::Value;

use crate::recipe::Recipe;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipeDifference {
    /// The keys that lead to it, joined by dots, as `--set` takes them.
    pub key: String,
    /// Its value in the first recipe; `None` where it is not there.
    pub first: Option<String>,
    /// Its value in the second.
    pub second: Option<String>,
}

impl std::fmt::Display for RecipeDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{} {} → {}", self.key, shown(&self.first), shown(&self.second))
    }
}

/// Every field that decides a training and differs, in alphabetical order; the seed and what is only said do not count.
///
/// Empty for two recipes that, on the same data and from the same seed, give the same bits.
///
/// # Panics
/// When a number of a recipe, but for the seed, is none that TOML can say, which no recipe has that was checked.
pub fn differences(first: &Recipe, second: &Recipe) -> Vec<RecipeDifference> {
    let (first, second) = (fields(first), fields(second));
    let keys: std::collections::BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    keys.into_iter()
        .filter(|&key| first.get(key) != second.get(key))
        .map(|key| RecipeDifference {
            key: key.clone(),
            first: first.get(key).cloned(),
            second: second.get(key).cloned(),
        })
        .collect()
}

fn fields(recipe: &Recipe) -> BTreeMap<String, String> {
    // The seed is not compared, and one may be larger than TOML can say.
    let mut value = Value::try_from(Recipe { seed: 0, ..recipe.clone() }).expect("a recipe is plain data");
    if let Value::Table(table) = &mut value {
        for words in ["name", "about", "reason", "seed"] {
            table.remove(words);
        }
    }
    let mut found = BTreeMap::new();
    flatten(String::new(), &value, &mut found);
    found
}

fn flatten(path: String, value: &Value, found: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Table(table) => table.iter().for_each(|(key, v)| flatten(below(key), v, found)),
        // Layers are compared whole: one more of them shifts all that follow, which reads better as lines than as keys.
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| {
                found.insert(below(&format!("{i:02}")), v.to_string());
            });
        }
        value => {
            found.insert(path, value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in;

    #[test]
    fn what_is_only_said_and_the_seed_are_no_difference_and_a_value_is() {
        let read = |set: &[&str]| {
            let overrides: Vec<_> = set.iter().map(|s| s.parse().unwrap()).collect();
            Recipe::from_toml("seed", built_in("seed").unwrap(), &overrides).unwrap()
        };
        let seed = read(&[]);
        assert_eq!(differences(&seed, &read(&["name=other", "about=x", "reason=y", "seed=7"])), []);
        let changed: Vec<String> = differences(&seed, &read(&["epochs=3", "optimiser.nesterov=true"]))
            .iter()
            .map(RecipeDifference::to_string)
            .collect();
        assert_eq!(changed, ["epochs 20 → 3", "optimiser.nesterov false → true"]);
        assert_eq!(differences(&seed, &read(&["network.layers.0.channels=12"])).len(), 1);
    }
}
