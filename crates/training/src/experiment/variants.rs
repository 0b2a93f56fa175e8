//! What entries are called whose runs go by one label and are of several recipes.

use std::collections::HashSet;

use super::suite_result::EntryResult;
use crate::builtin::built_in;
use crate::recipe::Recipe;
use crate::recipe_difference::{RecipeDifference, differences};

/// So many differences are said in a name; an entry with more is numbered.
const MOST_DIFFERENCES: usize = 2;
/// A name says its differences in so many characters; one that would take more is numbered.
const MOST_CHARACTERS: usize = 60;

/// Gives entries of the same label names of their own: the unchanged recipe keeps the label, the others say in what they
/// differ from it, or are numbered where that is long. Gives a sentence about each that is renamed.
pub(super) fn tell_apart(entries: &mut [EntryResult]) -> Vec<String> {
    let mut said = Vec::new();
    // A label is in a record, which anybody may have written: it may look like the name of another one's variant.
    let mut taken: HashSet<String> = entries.iter().map(|entry| entry.label.clone()).collect();
    let labels: Vec<String> = entries.iter().map(|entry| entry.label.clone()).collect();
    for (first, label) in labels.iter().enumerate() {
        let alike: Vec<usize> = (0..labels.len()).filter(|&at| labels[at] == *label).collect();
        if alike[0] != first || alike.len() == 1 {
            continue;
        }
        let original = alike.iter().find_map(|&at| original(&entries[at]));
        let plain = match &original {
            Some(recipe) => alike.iter().copied().find(|&at| is_unchanged(&entries[at], recipe)),
            // Nobody knows what they were changed from: the first stands for it.
            None => Some(first),
        };
        let (base, weights) = match (plain, original) {
            (None, Some(recipe)) => (recipe, None),
            (plain, _) => {
                let entry = &entries[plain.unwrap_or(first)];
                (entry.recipe.clone(), entry.initial_weights.clone())
            }
        };
        let base_name = if plain.is_some() { label.clone() } else { format!("the unchanged {label}") };
        // The unchanged one counts as the first.
        let first_number = if plain.is_some() { 2 } else { 1 };
        for (number, at) in (first_number..).zip(alike.into_iter().filter(|&at| Some(at) != plain)) {
            let entry = &mut entries[at];
            let changes = differences(&base, &entry.recipe);
            let other_weights = (entry.initial_weights != weights).then_some(entry.initial_weights.as_deref());
            entry.name = in_words(&changes, other_weights)
                .map(|words| format!("{label}, {words}"))
                .into_iter()
                .chain((number..).map(|number| format!("{label} ({number})")))
                .find(|name| !taken.contains(name))
                .expect("numbers do not run out");
            taken.insert(entry.name.clone());
            let name = &entry.name;
            let began = "began from other initial weights";
            said.push(if changes.is_empty() {
                format!("{name} {began} than {base_name}")
            } else {
                let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
                let and = if other_weights.is_some() { format!("; it {began}, too") } else { String::new() };
                format!("{name} is another recipe than {base_name}: {}{and}", changes.join(", "))
            });
        }
    }
    said
}

/// The recipe that the entry's runs were changed from, where that can be told: what a suite makes of a recipe is no change.
fn original(entry: &EntryResult) -> Option<Recipe> {
    let record = &entry.runs.first()?.record;
    if record.suite.is_some() {
        return None;
    }
    let name = &record.resolved_recipe.name;
    record.unchanged_recipe.clone().or_else(|| Recipe::from_toml(name, built_in(name)?, &[]).ok())
}

fn is_unchanged(entry: &EntryResult, original: &Recipe) -> bool {
    entry.initial_weights.is_none() && differences(original, &entry.recipe).is_empty()
}

/// The differences as a name says them; `weights` are those begun from, where those are others (`None`: random ones).
fn in_words(changes: &[RecipeDifference], weights: Option<Option<&str>>) -> Option<String> {
    if changes.len() > MOST_DIFFERENCES {
        return None;
    }
    let change = |change: &RecipeDifference| match &change.second {
        Some(value) => format!("{} {}", change.key, value.trim_matches('"')),
        None => format!("no {}", change.key),
    };
    let begun = weights.map(|weights| match weights {
        Some(sha256) => format!("from weights {}", sha256.get(..8).unwrap_or(sha256)),
        None => "from random weights".to_owned(),
    });
    let words = changes.iter().map(change).chain(begun).collect::<Vec<_>>().join(", ");
    (words.chars().count() <= MOST_CHARACTERS).then_some(words)
}
