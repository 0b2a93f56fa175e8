//! The formulas of a network alone, for what typesets a formula and not a document.

use super::latex::equals;
use crate::derivation::Work;
use crate::render::equation::Side;
use crate::render::latex::Latex;
use crate::worksheet::Worksheet;

/// Every forward formula and every gradient in one line, each with its value, as one LaTeX formula between `$$`; short
/// enough for a notebook, and MathJax takes it as LaTeX does.
///
/// Where the derivation is too long to be read, the error alone.
pub fn latex_formulas(worksheet: &Worksheet) -> String {
    let network = &worksheet.network;
    let write = |side: &Side| side.write(&network.graph, &worksheet.values, &Latex);
    let mut rows = Vec::new();
    for step in worksheet.derivation.iter().flat_map(|derivation| &derivation.sections).flat_map(|s| &s.steps) {
        let equation = match &step.work {
            Work::Formula(equation) => equation,
            Work::Chain(chain) => &chain.in_one_line,
        };
        let is_formula = |side: &&Side| matches!(side, Side::Definition(_) | Side::Gradient(_) | Side::Expression(_));
        // The shortest, where there are several.
        let formula = equation.right.iter().rfind(is_formula);
        let value = equation.right.iter().find(|side| matches!(side, Side::Value(_)));
        let mut row = format!("{} &", write(&equation.left).text);
        if let Some(formula) = formula {
            row.push_str(&format!("= {} ", write(formula).text));
        }
        if let Some(value) = value.map(write) {
            row.push_str(&format!("{} {}", equals(&value), value.text));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        let value = write(&Side::Value(network.total_error));
        let name = write(&Side::Name(network.total_error)).text;
        rows.push(format!("{name} &{} {}", equals(&value), value.text));
    }
    format!("$$\n\\begin{{aligned}}\n{}\n\\end{{aligned}}\n$$", rows.join(" \\\\\n"))
}
