//! The derivation as Markdown that reads as well without a viewer.

use super::format::{Cell, Format, PathFactor, PathWork};
use super::page::{Page, equals};
use super::walk::walk;
use crate::expression::NodeId;
use crate::number::Shown;
use crate::render::equation::{Equation, Side};
use crate::render::unicode::Unicode;
use crate::render::{definition, expression};
use crate::rules::Rule;
use crate::worksheet::Worksheet;

/// The derivation, rules, and the first and last rows of each table as one Markdown text.
pub fn markdown(worksheet: &Worksheet) -> String {
    let mut markdown = Markdown { page: Page { worksheet, notation: &Unicode, text: String::new() } };
    walk(worksheet, &mut markdown);
    let mut text = markdown.page.text;
    // Every piece leaves an empty line for the next one.
    text.pop();
    text
}

/// A left side longer than this has a line of its own.
const LONG_LEFT_SIDE: usize = 20;

/// Lines in blocks are broken to about this width.
const LINE_WIDTH: usize = 110;

struct Markdown<'a> {
    page: Page<'a>,
}

impl Markdown<'_> {
    /// Lines that keep their alignment.
    fn block(&mut self, lines: &[String]) {
        self.page.line("```text");
        for line in lines {
            self.page.line(line.trim_end());
        }
        self.page.line("```");
        self.page.line("");
    }

    /// What groups the given quantities into lines: the letter, and the sample.
    fn letter(&self, id: NodeId) -> (char, Option<String>) {
        let name = self.page.worksheet.network.graph.name(id);
        let mark = name.rsplit_once("_s").map(|(_, sample)| sample.to_owned());
        (name.chars().next().expect("a name"), mark)
    }

    /// A table whose first row is its head.
    fn columns(&mut self, alignment: &str, rows: &[Vec<String>]) {
        for (place, row) in rows.iter().enumerate() {
            self.page.line(format!("| {} |", row.join(" | ")));
            if place == 0 {
                self.page.line(format!("|{}", format!(" {alignment} |").repeat(row.len())));
            }
        }
        self.page.line("");
    }

    /// An equation with each stage on a line of its own, equals signs below each other. A left side that is long has a
    /// line of its own too.
    fn stages_below_each_other(&self, equation: &Equation, width: usize) -> Vec<String> {
        let left = self.page.write(&equation.left).text;
        let is_long = left.chars().count() > LONG_LEFT_SIDE;
        let width = if is_long { 2 } else { width.max(left.chars().count()) };
        let mut lines = Vec::new();
        for stage in self.page.stages(equation) {
            let mut start = format!("{} {}", " ".repeat(width), equals(&stage));
            for line in broken(&stage.text, LINE_WIDTH - width) {
                lines.push(format!("{start} {line}"));
                start = " ".repeat(width + 4);
            }
        }
        if is_long {
            lines.insert(0, left);
        } else if let Some(first) = lines.first_mut() {
            let padding = " ".repeat(width - left.chars().count());
            first.replace_range(..width, &format!("{left}{padding}"));
        }
        lines
    }

    /// An equation on one line.
    fn stages_beside_each_other(&self, equation: &Equation, width: usize) -> String {
        let left = self.page.write(&equation.left).text;
        let padding = " ".repeat(width.saturating_sub(left.chars().count()));
        let stages = self.page.stages(equation);
        let stages: Vec<String> = stages.iter().map(|stage| format!("{} {}", equals(stage), stage.text)).collect();
        format!("{left}{padding} {}", stages.join(" "))
    }
}

impl Format for Markdown<'_> {
    fn formula(&self, side: &Side) -> String {
        self.page.write(side).text
    }

    fn title(&mut self, title: &str) {
        self.paragraph(&format!("# {title}"));
    }

    fn section(&mut self, heading: &str, _: bool) {
        self.paragraph(&format!("## {heading}"));
    }

    fn gradient(&mut self, of: NodeId, by: NodeId) {
        self.paragraph(&format!("### {}", self.formula(&Side::Partial { of, by })));
    }

    fn paragraph(&mut self, text: &str) {
        self.page.line(text);
        self.page.line("");
    }

    fn given(&mut self, lead: &str, values: &[(NodeId, f64)]) {
        self.paragraph(&format!("{lead}:"));
        let equation =
            |&(id, value): &(NodeId, f64)| format!("{} = {}", self.page.name(id), Shown::new(value).unicode());
        let groups = values.chunk_by(|a, b| self.letter(a.0) == self.letter(b.0));
        let lines: Vec<String> =
            groups.map(|group| group.iter().map(equation).collect::<Vec<_>>().join("   ")).collect();
        self.block(&lines);
    }

    fn rules(&mut self, rules: &[Rule]) {
        let row = |rule: &Rule| {
            let derivative = |&(by, derivative): &(NodeId, NodeId)| {
                format!("∂f/∂{} = {}", rule.graph.name(by), expression(&rule.graph, derivative, &Unicode))
            };
            let derivatives: Vec<String> = rule.derivatives.iter().map(derivative).collect();
            let f = format!("f = {}", definition(&rule.graph, rule.function, &Unicode));
            vec![rule.name.to_owned(), f, derivatives.join("; "), self.words(rule.why)]
        };
        let mut rows = vec![["rule", "f", "derivative", "why"].map(str::to_owned).to_vec()];
        rows.extend(rules.iter().map(row));
        self.columns("---", &rows);
    }

    fn equations(&mut self, equations: &[&Equation]) {
        for equation in equations {
            self.block(&self.stages_below_each_other(equation, 0));
        }
    }

    fn path(&mut self, path: &PathWork) {
        let mut lines = vec![format!("{}{}", path.label, self.page.route(path.quantities, " → ")), String::new()];
        let width = path.factors.iter().map(|factor| self.formula(&factor.equation.left).chars().count());
        let width = width.max().unwrap_or(0);
        for PathFactor { equation, remark } in &path.factors {
            let first = lines.len();
            match remark {
                Some(remark) => {
                    lines.extend(self.stages_below_each_other(equation, width));
                    lines[first].push_str(&format!("      ({remark})"));
                }
                None => lines.push(self.stages_beside_each_other(equation, width)),
            }
        }
        lines.push(String::new());
        lines.extend(self.stages_below_each_other(path.product, 0));
        self.block(&lines);
    }

    fn table(&mut self, rows: &[Vec<Cell>]) {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|&cell| self.cell(cell)).collect()).collect();
        self.columns("---:", &rows);
    }

    /// With a row for each learning rate.
    fn updates(&mut self, rows: &[Vec<Cell>]) {
        let turned = |cell: Cell| match cell {
            Cell::Words(_) => Cell::Words("η"),
            Cell::Rate(rate) => Cell::Number(rate),
            cell => cell,
        };
        let row = |column: usize| rows.iter().map(|row| turned(row[column])).collect();
        let rows: Vec<Vec<Cell>> = (0..rows[0].len()).map(row).collect();
        self.table(&rows);
    }
}

/// Breaks a formula before a plus, minus or times sign so that no line is longer than `width`, as far as there are
/// such places; inside as few parentheses as possible.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.chars().count() > width {
        // Every place to break at: how deep in parentheses, and the byte at which the sign stands.
        let (mut depth, mut best): (usize, Option<(usize, usize)>) = (0, None);
        for (column, (byte, letter)) in rest.char_indices().take(width).enumerate() {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                '+' | '−' | '·' if column > width / 3 && rest[..byte].ends_with(' ') => {
                    let is_spaced = rest[byte + letter.len_utf8()..].starts_with(' ');
                    if is_spaced && best.is_none_or(|(shallowest, _)| depth <= shallowest) {
                        best = Some((depth, byte));
                    }
                }
                _ => {}
            }
        }
        let Some((_, byte)) = best else { break };
        lines.push(rest[..byte].trim_end().to_owned());
        rest = &rest[byte..];
    }
    lines.push(rest.to_owned());
    lines
}
