//! `longhand summary`: what a network costs and sees, before any training.

use longhand_nn::Summary;
use serde_json::json;

use super::Exit;
use crate::arguments::SummaryArguments;
use crate::printer::{Printer, introduction, table, table_text, thousands};
use crate::recipe_source;

/// Prints the summary of the recipe asked for.
pub fn run(arguments: &SummaryArguments) -> anyhow::Result<Exit> {
    let recipe = recipe_source::recipe(&arguments.recipe)?;
    let printer = Printer::new(arguments.json);
    let summary = Summary::of(&recipe.network)?;
    if arguments.as_recipe {
        printer.data(recipe.to_toml().trim_end());
    } else if arguments.json {
        let layers: Vec<_> = summary
            .layers
            .iter()
            .map(|l| {
                json!({
                    "layer": l.description,
                    "output": [l.output.channels, l.output.height, l.output.width],
                    "parameters": l.parameters,
                    "receptive_field": l.receptive_field,
                    "jump": l.jump,
                    "multiply_adds": l.multiply_adds,
                })
            })
            .collect();
        let whole = json!({
            "recipe": recipe.name,
            "input": recipe.network.input,
            "parameters": summary.parameters(),
            "multiply_adds": summary.multiply_adds(),
            "layers": layers,
        });
        printer.data(&serde_json::to_string_pretty(&whole)?);
    } else {
        printer.line(&format!("{}\n", introduction(&recipe.name, &recipe.about)));
        printer.line(&text(&summary));
    }
    Ok(Exit::Done)
}

/// The summary as a table with its totals.
pub fn text(summary: &Summary) -> String {
    let mut table =
        table(&["", "layer", "output", "parameters", "receptive field", "jump", "multiply-adds"], &[0, 3, 4, 5, 6]);
    let blank_if_zero = |n: usize| if n == 0 { String::new() } else { thousands(n) };
    table.add_row(["", "input", &summary.input.to_string(), "", "", "", ""]);
    for (i, layer) in summary.layers.iter().enumerate() {
        let field = layer.receptive_field.map_or("all".to_owned(), |r| format!("{r}×{r}"));
        let jump = if layer.receptive_field.is_some() { layer.jump.to_string() } else { String::new() };
        table.add_row([
            (i + 1).to_string(),
            layer.description.clone(),
            layer.output.to_string(),
            blank_if_zero(layer.parameters),
            field,
            jump,
            blank_if_zero(layer.multiply_adds),
        ]);
    }
    table.add_row([
        String::new(),
        "total".to_owned(),
        String::new(),
        thousands(summary.parameters()),
        String::new(),
        String::new(),
        thousands(summary.multiply_adds()),
    ]);
    format!(
        "{}\nreceptive field: rows and columns of the image that one output element depends on; jump: pixels from one \
         element to the next",
        table_text(&table)
    )
}
