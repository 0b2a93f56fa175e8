//! The recipe, whole, and what was changed of it for this run.

use std::fmt::Write as _;

use longhand_training::{Recipe, built_in, differences};

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
        let changes = differences(base, recipe);
        match changes.as_slice() {
            [] => html.push_str("<p>Nothing of it was changed for this run but, it may be, the seed.</p>\n"),
            changes => {
                html.push_str("<p>Changed for this run:</p>\n<ul class=\"changes\">\n");
                for change in changes {
                    let shown = |value: &Option<String>| match value {
                        Some(value) => format!("<code>{}</code>", escaped(value)),
                        None => "nothing".to_owned(),
                    };
                    let (key, first, second) = (escaped(&change.key), shown(&change.first), shown(&change.second));
                    let _ = writeln!(html, "<li><code>{key}</code>: {first} → {second}</li>");
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
