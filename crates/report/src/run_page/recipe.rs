//! The recipe, whole, and what was changed of it for this run.

use std::fmt::Write as _;

use longhand_training::{Recipe, built_in};
use toml::Value;

use super::RunReport;
use crate::page::escaped;

pub(super) fn section(report: &RunReport<'_>) -> String {
    let recipe = &report.record.resolved_recipe;
    let mut html = String::new();
    if !recipe.about.is_empty() {
        let _ = writeln!(html, "<p>{}</p>", escaped(&recipe.about));
    }
    let of_that_name = built_in(&recipe.name).and_then(|text| Recipe::from_toml(&recipe.name, text, &[]).ok());
    if let Some(base) = report.base.or(of_that_name.as_ref()) {
        let changes = changes(base, recipe);
        match changes.as_slice() {
            [] => html.push_str("<p>Nothing was changed of it for this run but, it may be, the seed.</p>\n"),
            changes => {
                html.push_str("<p>Changed for this run:</p>\n<ul class=\"changes\">\n");
                for (key, before, now) in changes {
                    let (key, before, now) = (escaped(key), escaped(before), escaped(now));
                    let _ = writeln!(html, "<li><code>{key}</code>: <code>{before}</code> → <code>{now}</code></li>");
                }
                html.push_str("</ul>\n");
            }
        }
    }
    let _ = writeln!(
        html,
        "<details><summary>The recipe whole, as it was run: enough to run it again</summary>\n<pre>{}</pre></details>",
        escaped(&recipe.to_toml())
    );
    super::section("recipe", &format!("The recipe: {}", escaped(&recipe.name)), &html)
}

/// What differs between two recipes beside their seeds: key, value before, value now; `–` for what is not there.
fn changes(base: &Recipe, now: &Recipe) -> Vec<(String, String, String)> {
    let value = |recipe: &Recipe| Value::try_from(recipe).expect("a recipe is plain data");
    let mut changes = Vec::new();
    compare("", Some(&value(base)), Some(&value(now)), &mut changes);
    changes.retain(|change| change.0 != "seed" && change.0 != "about");
    changes
}

fn compare(path: &str, base: Option<&Value>, now: Option<&Value>, changes: &mut Vec<(String, String, String)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (base, now) {
        (Some(Value::Table(base)), Some(Value::Table(now))) => {
            let only_now = now.keys().filter(|key| !base.contains_key(*key));
            for key in base.keys().chain(only_now) {
                compare(&below(key), base.get(key), now.get(key), changes);
            }
        }
        (Some(Value::Array(base)), Some(Value::Array(now))) if base.len() == now.len() => {
            for (index, (base, now)) in base.iter().zip(now).enumerate() {
                compare(&below(&index.to_string()), Some(base), Some(now), changes);
            }
        }
        (base, now) if base == now => {}
        (base, now) => changes.push((path.to_owned(), shown(base), shown(now))),
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "–".to_owned(),
        Some(Value::Array(items)) => format!("{} entries", items.len()),
        Some(value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use longhand_training::Override;

    use super::*;

    #[test]
    fn only_what_differs_is_listed() {
        let text = built_in("default").unwrap();
        let base = Recipe::from_toml("default", text, &[]).unwrap();
        let set = ["seed=4", "epochs=3", "optimiser.weight_decay=0", "network.layers.0.channels=12"];
        let overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
        let now = Recipe::from_toml("default", text, &overrides).unwrap();
        assert!(changes(&base, &base).is_empty());
        let found = changes(&base, &now);
        let found: Vec<_> = found.iter().map(|(k, a, b)| (k.as_str(), a.as_str(), b.as_str())).collect();
        let expected = [
            ("epochs", "20", "3"),
            ("optimiser.weight_decay", "0.0005", "0.0"),
            ("network.layers.0.channels", "10", "12"),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for change in expected {
            assert!(found.contains(&change), "{change:?} in {found:?}");
        }
    }
}
