//! The derivation as Markdown that reads as well without a viewer.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{about, cell, given, rules_in_use, summary_rows};
use crate::derivation::{Chain, Inline, Section, Step, Topic, Work, factor_equation};
use crate::expression::{NodeId, Op};
use crate::number::{SHOWN_DIGITS, Shown};
use crate::render::equation::{Equation, Side, Written};
use crate::render::unicode::Unicode;
use crate::render::{definition, expression};
use crate::worksheet::Worksheet;

/// The derivation, rules, and the first and last rows of each table as one Markdown text.
pub fn markdown(worksheet: &Worksheet) -> String {
    let mut writer = Writer { worksheet, text: String::new(), factors_shown: BTreeSet::new() };
    writer.opening();
    writer.rules();
    match &worksheet.derivation {
        Some(derivation) => derivation.sections.iter().for_each(|section| writer.section(section)),
        None => writer.too_long(),
    }
    writer.rows();
    writer.text
}

/// A left side longer than this has a line of its own.
const LONG_LEFT_SIDE: usize = 20;

/// Lines in blocks are broken to about this width.
const LINE_WIDTH: usize = 110;

struct Writer<'a> {
    worksheet: &'a Worksheet,
    text: String,
    /// The factors that were worked out already: later they are only named with their values.
    factors_shown: BTreeSet<(NodeId, NodeId)>,
}

impl Writer<'_> {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn paragraph(&mut self, text: impl AsRef<str>) {
        self.line(text);
        self.line("");
    }

    /// Lines that keep their alignment.
    fn block(&mut self, lines: &[String]) {
        self.line("```text");
        for line in lines {
            self.line(line.trim_end());
        }
        self.line("```");
        self.line("");
    }

    fn write(&self, side: &Side) -> Written {
        side.write(&self.worksheet.network.graph, &self.worksheet.values, &Unicode)
    }

    fn name(&self, id: NodeId) -> String {
        self.write(&Side::Name(id)).text
    }

    fn sentence(&self, sentence: &[Inline]) -> String {
        let pieces = sentence.iter().map(|inline| match inline {
            Inline::Text(text) => text.clone(),
            Inline::Math(side) => self.write(side).text,
        });
        pieces.collect()
    }

    fn opening(&mut self) {
        let worksheet = self.worksheet;
        let spec = &worksheet.network.spec;
        self.paragraph(format!("# Back-propagation by hand: a {} network", spec.shape()));
        self.paragraph(about(worksheet));
        self.paragraph("What is given:");
        let lines: Vec<String> = given(worksheet)
            .chunk_by(|a, b| self.letter(a.0) == self.letter(b.0))
            .map(|group| {
                let cells =
                    group.iter().map(|&(id, value)| format!("{} = {}", self.name(id), Shown::new(value).unicode()));
                cells.collect::<Vec<_>>().join("   ")
            })
            .collect();
        self.block(&lines);
        let rates = spec.learning_rates.iter().map(|rate| Shown::new(*rate).unicode()).collect::<Vec<_>>().join(", ");
        self.paragraph(format!("Learning rates: η = {rates}."));
        self.paragraph(format!(
            "Numbers are shown with {SHOWN_DIGITS} significant digits; ≈ stands wherever that rounds something away."
        ));
    }

    /// What groups the given quantities into lines: the letter, and the sample.
    fn letter(&self, id: NodeId) -> (char, Option<String>) {
        let name = self.worksheet.network.graph.name(id);
        let mark = name.rsplit_once("_s").map(|(_, sample)| sample.to_owned());
        (name.chars().next().expect("a name"), mark)
    }

    fn rules(&mut self) {
        self.paragraph("## The rules of differentiation that are needed");
        self.line("| rule | f | derivative | why |");
        self.line("| --- | --- | --- | --- |");
        for rule in rules_in_use(self.worksheet) {
            let graph = &rule.graph;
            let f = definition(graph, rule.function, &Unicode);
            let derivatives: Vec<String> = rule
                .derivatives
                .iter()
                .map(|&(by, derivative)| {
                    format!("∂f/∂{} = {}", graph.name(by), expression(graph, derivative, &Unicode))
                })
                .collect();
            self.line(format!("| {} | f = {f} | {} | {} |", rule.name, derivatives.join("; "), rule.why_plain()));
        }
        self.line("");
        if self.uses_step() {
            self.paragraph("[x > 0] is 1 where x is above 0, and 0 where it is not.");
        }
        self.paragraph(
            "The chain rule: where a quantity reaches the error through others, the derivatives along the way are \
             multiplied, and where it reaches the error along several ways, the products are added.",
        );
    }

    /// Whether a derivative in this document is a step.
    fn uses_step(&self) -> bool {
        self.worksheet.network.graph.nodes().iter().any(|node| node.op == Op::Step)
    }

    fn section(&mut self, section: &Section) {
        self.paragraph(format!("## {}", self.sentence(&section.heading)));
        self.paragraph(self.sentence(&section.introduction));
        for step in &section.steps {
            self.step(step);
        }
        if section.topic == Topic::Update {
            self.updates_at_every_rate();
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.work {
            Work::Formula(equation) => {
                if !step.explanation.is_empty() && !step.explained_before {
                    self.paragraph(self.sentence(&step.explanation));
                }
                let lines = self.stages_below_each_other(equation, 0, None);
                self.block(&lines);
            }
            Work::Chain(chain) => {
                self.paragraph(format!("### {}", self.name(step.quantity)));
                self.paragraph(self.sentence(&step.explanation));
                self.chain(chain);
            }
        }
    }

    /// An equation with each stage on a line of its own, equals signs below each other. A left side that is long has a
    /// line of its own too.
    fn stages_below_each_other(&self, equation: &Equation, width: usize, remark: Option<&str>) -> Vec<String> {
        let left = self.write(&equation.left).text;
        let is_long = left.chars().count() > LONG_LEFT_SIDE;
        let width = if is_long { 2 } else { width.max(left.chars().count()) };
        let mut lines = Vec::new();
        for stage in equation.stages(&self.worksheet.network.graph, &self.worksheet.values, &Unicode) {
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
        if let (Some(first), Some(remark)) = (lines.first_mut(), remark) {
            write!(first, "      ({remark})").expect("writing to a string");
        }
        lines
    }

    /// An equation on one line.
    fn stages_beside_each_other(&self, equation: &Equation, width: usize) -> String {
        let left = self.write(&equation.left).text;
        let padding = " ".repeat(width.saturating_sub(left.chars().count()));
        let stages = equation.stages(&self.worksheet.network.graph, &self.worksheet.values, &Unicode);
        let stages: Vec<String> = stages.iter().map(|stage| format!("{} {}", equals(stage), stage.text)).collect();
        format!("{left}{padding} {}", stages.join(" "))
    }

    fn chain(&mut self, chain: &Chain) {
        let several = chain.paths.len() > 1;
        for (place, (path, equation)) in chain.rule.paths.iter().zip(&chain.paths).enumerate() {
            let route: Vec<String> = path.quantities.iter().map(|&id| self.name(id)).collect();
            let label = if several { format!("Path {}: ", place + 1) } else { String::new() };
            let mut lines = vec![format!("{label}{}", route.join(" → ")), String::new()];
            // New factors are worked out in full; those seen before need one line.
            let width = path
                .factors
                .iter()
                .map(|factor| self.write(&Side::Partial { of: factor.upper, by: factor.lower }).text.chars().count());
            let width = width.max().unwrap_or(0);
            for factor in &path.factors {
                let mut equation = factor_equation(factor);
                if self.factors_shown.insert((factor.upper, factor.lower)) && factor.working.is_some() {
                    let rules = format!("rules: {}", factor.rules.join(", "));
                    lines.extend(self.stages_below_each_other(&equation, width, Some(&rules)));
                } else {
                    equation
                        .right
                        .retain(|side| factor.working.is_none_or(|working| *side != Side::Expression(working)));
                    lines.push(self.stages_beside_each_other(&equation, width));
                }
            }
            lines.push(String::new());
            lines.extend(self.stages_below_each_other(equation, 0, None));
            self.block(&lines);
        }
        if let Some(sum) = &chain.sum {
            self.paragraph("The sum over the paths:");
            let lines = self.stages_below_each_other(sum, 0, None);
            self.block(&lines);
        }
        if !chain.rule.paths.is_empty() {
            self.paragraph("In one line:");
            let lines = self.stages_below_each_other(&chain.in_one_line, 0, None);
            self.block(&lines);
        }
    }

    /// The parameters after one step, for each learning rate.
    fn updates_at_every_rate(&mut self) {
        let network = &self.worksheet.network;
        self.paragraph("After one step, at each learning rate:");
        let names = network.parameters.iter().map(|parameter| self.name(parameter.updated)).collect::<Vec<_>>();
        let initial = network.initial_parameters();
        let rows: Vec<String> = network
            .spec
            .learning_rates
            .iter()
            .map(|&rate| {
                let values = network.values(&initial, rate);
                let cells =
                    network.parameters.iter().map(|parameter| Shown::new(values.get(parameter.updated)).unicode());
                format!("| {} | {} |", Shown::new(rate).unicode(), cells.collect::<Vec<_>>().join(" | "))
            })
            .collect();
        self.line(format!("| η | {} |", names.join(" | ")));
        self.line(format!("| ---: |{}", " ---: |".repeat(names.len())));
        rows.iter().for_each(|row| self.line(row));
        self.line("");
    }

    fn too_long(&mut self) {
        let network = &self.worksheet.network;
        self.paragraph("## The derivation");
        self.paragraph(format!(
            "This network has {} weights: worked out path by path its derivation would be too long to be read (the \
             limit is {} weights and {} paths to each). The table below is complete.",
            network.spec.weights.len(),
            crate::spec::READABLE_WEIGHTS,
            crate::spec::READABLE_PATHS,
        ));
    }

    fn rows(&mut self) {
        let table = &self.worksheet.table;
        self.paragraph("## Row after row");
        self.paragraph(
            "Each row starts from the updated weights of the row before it. E_total at each learning rate η:",
        );
        let rates: Vec<String> = table.rates.iter().map(|rate| Shown::new(rate.learning_rate).unicode()).collect();
        self.line(format!("| row | η = {} |", rates.join(" | η = ")));
        self.line(format!("| ---: |{}", " ---: |".repeat(rates.len())));
        for row in summary_rows(self.worksheet.network.spec.rows) {
            let cells: Vec<String> = table
                .rates
                .iter()
                .map(|rate| match table.errors(rate).nth(row - 1) {
                    Some(error) => cell(error, |shown| shown.unicode()),
                    None => "—".to_owned(),
                })
                .collect();
            self.line(format!("| {row} | {} |", cells.join(" | ")));
        }
        for (rate, shown) in table.rates.iter().zip(rates) {
            if let Some(overflow) = rate.overflow {
                let (row, column) = (overflow.row, &table.columns[overflow.column].name);
                self.line("");
                self.line(format!("At η = {shown} the table ends with row {row}: {column} is too large for a double."));
            }
        }
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

/// = or ≈.
fn equals(stage: &Written) -> &'static str {
    if stage.exact { "=" } else { "≈" }
}
