//! The derivation as a complete LaTeX document.

use std::collections::BTreeSet;

use super::{about, cell, given, rules_in_use, summary_rows};
use crate::derivation::{Chain, Inline, Section, Step, Topic, Work, factor_equation};
use crate::expression::{NodeId, Op};
use crate::number::{SHOWN_DIGITS, Shown};
use crate::render::equation::{Equation, Side, Written};
use crate::render::latex::Latex;
use crate::render::{definition, expression};
use crate::symbol::Symbol;
use crate::worksheet::Worksheet;

/// Formulas are broken to about this many characters as they are typeset.
const LINE_WIDTH: usize = 78;

/// A left side wider than this has a line of its own.
const LONG_LEFT_SIDE: usize = 12;

/// Columns of numbers that fit on a page beside each other.
const NUMBER_COLUMNS: usize = 6;

const PREAMBLE: &str = r"\documentclass[10pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage{microtype}
\usepackage[margin=2.4cm]{geometry}
\usepackage{amsmath}
\usepackage{booktabs}
\usepackage{array}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt plus 2pt}
\setlength{\jot}{5pt}
\allowdisplaybreaks
";

/// The derivation, rules, and the first and last rows of each table as one LaTeX document, ready for `pdflatex`.
pub fn latex(worksheet: &Worksheet) -> String {
    let mut writer = Writer { worksheet, text: PREAMBLE.to_owned(), factors_shown: BTreeSet::new() };
    let shape = worksheet.network.spec.shape().replace('-', "--");
    writer.line("\\begin{document}");
    writer.line(format!("\\begin{{center}}\\LARGE Back-propagation by hand: a {shape} network\\end{{center}}"));
    writer.opening();
    writer.rules();
    match &worksheet.derivation {
        Some(derivation) => derivation.sections.iter().for_each(|section| writer.section(section)),
        None => writer.too_long(),
    }
    writer.rows();
    writer.line("\\end{document}");
    writer.text
}

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
        self.line("");
        self.line(text);
    }

    /// Rows of an `align*`; each has its alignment mark already.
    fn align(&mut self, rows: &[String]) {
        self.line("\\begin{align*}");
        self.line(rows.join(" \\\\\n"));
        self.line("\\end{align*}");
    }

    fn write(&self, side: &Side) -> Written {
        side.write(&self.worksheet.network.graph, &self.worksheet.values, &Latex)
    }

    fn name(&self, id: NodeId) -> String {
        self.write(&Side::Name(id)).text
    }

    fn sentence(&self, sentence: &[Inline]) -> String {
        let pieces = sentence.iter().map(|inline| match inline {
            Inline::Text(text) => plain(text),
            // A fraction would tear the lines of a paragraph apart, so a partial derivative lies on its side.
            Inline::Math(Side::Partial { of, by }) => {
                format!(r"$\partial {}/\partial {}$", self.name(*of), self.name(*by))
            }
            Inline::Math(side) => format!("${}$", self.write(side).text),
        });
        pieces.collect()
    }

    fn opening(&mut self) {
        let worksheet = self.worksheet;
        self.paragraph(plain(&about(worksheet)));
        self.paragraph("What is given:");
        let cells: Vec<String> = given(worksheet)
            .iter()
            .map(|&(id, value)| format!("{} &= {}", self.name(id), Shown::new(value).latex()))
            .collect();
        let rows: Vec<String> = cells.chunks(4).map(|row| row.join(" & ")).collect();
        self.align(&rows);
        let rates = &worksheet.network.spec.learning_rates;
        let rates = rates.iter().map(|rate| Shown::new(*rate).latex()).collect::<Vec<_>>().join(",\\; ");
        self.paragraph(format!("Learning rates: $\\eta = {rates}$."));
        self.paragraph(format!(
            "Numbers are shown with {SHOWN_DIGITS} significant digits; $\\approx$ stands wherever that rounds something \
             away."
        ));
    }

    fn rules(&mut self) {
        self.line("\\section*{The rules of differentiation that are needed}");
        self.line("{\\renewcommand{\\arraystretch}{1.5}");
        self.line("\\begin{tabular}{@{}l>{$\\displaystyle}l<{$}>{$\\displaystyle}l<{$}p{6.2cm}@{}}");
        self.line("\\toprule\nrule & f & \\text{derivative} & why \\\\\n\\midrule");
        for rule in rules_in_use(self.worksheet) {
            let graph = &rule.graph;
            let derivatives: Vec<String> = rule
                .derivatives
                .iter()
                .map(|&(by, derivative)| {
                    let by = graph.symbol(by).expect("letters have names").latex();
                    format!(r"\tfrac{{\partial f}}{{\partial {by}}} = {}", expression(graph, derivative, &Latex))
                })
                .collect();
            let derivatives = format!(r"\begin{{array}}[t]{{@{{}}l@{{}}}}{}\end{{array}}", derivatives.join(r" \\ "));
            let f = definition(graph, rule.function, &Latex);
            self.line(format!("{} & {f} & {} & {} \\\\", rule.name, derivatives, with_mathematics(rule.why)));
        }
        self.line("\\bottomrule\n\\end{tabular}}\n\n\\medskip");
        if self.worksheet.network.graph.nodes().iter().any(|node| node.op == Op::Step) {
            self.paragraph("$[x > 0]$ is 1 where $x$ is above 0, and 0 where it is not.");
        }
        self.paragraph(
            "The chain rule: where a quantity reaches the error through others, the derivatives along the way are \
             multiplied, and where it reaches the error along several ways, the products are added.",
        );
    }

    fn section(&mut self, section: &Section) {
        self.line(format!("\\section*{{{}}}", self.sentence(&section.heading)));
        self.paragraph(self.sentence(&section.introduction));
        // Formulas without words between them share one alignment.
        let mut rows: Vec<String> = Vec::new();
        for step in &section.steps {
            let is_explained = !step.explanation.is_empty() && !step.explained_before;
            if !rows.is_empty() && (is_explained || matches!(step.work, Work::Chain(_))) {
                self.align(&std::mem::take(&mut rows));
            }
            match &step.work {
                Work::Formula(equation) => {
                    if is_explained {
                        self.paragraph(self.sentence(&step.explanation));
                    }
                    rows.extend(self.stages_below_each_other(equation, None));
                }
                Work::Chain(chain) => self.gradient(step, chain),
            }
        }
        if !rows.is_empty() {
            self.align(&rows);
        }
        if section.topic == Topic::Update {
            self.updates_at_every_rate();
        }
    }

    fn gradient(&mut self, step: &Step, chain: &Chain) {
        let (of, by) = (self.name(chain.rule.of), self.name(chain.rule.with_respect_to));
        self.line(format!("\\subsection*{{$\\partial {of} / \\partial {by}$}}"));
        self.paragraph(self.sentence(&step.explanation));
        let several = chain.paths.len() > 1;
        for (place, (path, equation)) in chain.rule.paths.iter().zip(&chain.paths).enumerate() {
            let route: Vec<String> = path.quantities.iter().map(|&id| self.name(id)).collect();
            let label = if several { format!("\\textbf{{Path {}:}} ", place + 1) } else { String::new() };
            self.paragraph(format!("{label}${}$", route.join(r" \to ")));
            let mut rows = Vec::new();
            for factor in &path.factors {
                let mut equation = factor_equation(factor);
                if self.factors_shown.insert((factor.upper, factor.lower)) && factor.working.is_some() {
                    let rules = format!(r"\quad\text{{(rules: {})}}", factor.rules.join(", "));
                    rows.extend(self.stages_below_each_other(&equation, Some(&rules)));
                } else {
                    equation
                        .right
                        .retain(|side| factor.working.is_none_or(|working| *side != Side::Expression(working)));
                    rows.push(self.stages_beside_each_other(&equation));
                }
            }
            self.align(&rows);
            let rows = self.stages_below_each_other(equation, None);
            self.align(&rows);
        }
        if let Some(sum) = &chain.sum {
            self.paragraph("The sum over the paths:");
            let rows = self.stages_below_each_other(sum, None);
            self.align(&rows);
        }
        if !chain.rule.paths.is_empty() {
            self.paragraph("In one line:");
            let rows = self.stages_below_each_other(&chain.in_one_line, None);
            self.align(&rows);
        }
    }

    /// An equation with each stage in a row of its own.
    fn stages_below_each_other(&self, equation: &Equation, remark: Option<&str>) -> Vec<String> {
        let left = self.write(&equation.left).text;
        let is_long = typeset_width(&left) > LONG_LEFT_SIDE;
        let mut rows = if is_long { vec![format!("& {left}")] } else { Vec::new() };
        for stage in equation.stages(&self.worksheet.network.graph, &self.worksheet.values, &Latex) {
            let mut start = match (rows.is_empty(), is_long) {
                (true, _) => format!("{left} &{}", equals(&stage)),
                (false, true) => format!("&\\qquad {}", equals(&stage)),
                (false, false) => format!("&{}", equals(&stage)),
            };
            for line in broken(&stage.text, LINE_WIDTH) {
                rows.push(format!("{start} {line}"));
                start = "&\\qquad\\quad".to_owned();
            }
        }
        if let (Some(first), Some(remark)) = (rows.first_mut(), remark) {
            first.push_str(remark);
        }
        rows
    }

    /// An equation in one row.
    fn stages_beside_each_other(&self, equation: &Equation) -> String {
        let stages = equation.stages(&self.worksheet.network.graph, &self.worksheet.values, &Latex);
        let stages: Vec<String> = stages.iter().map(|stage| format!("{} {}", equals(stage), stage.text)).collect();
        format!("{} &{}", self.write(&equation.left).text, stages.join(" "))
    }

    /// The parameters after one step, for each learning rate.
    fn updates_at_every_rate(&mut self) {
        let network = &self.worksheet.network;
        self.paragraph("After one step, at each learning rate:");
        let initial = network.initial_parameters();
        let rates: Vec<f64> = network.spec.learning_rates.clone();
        for rates in rates.chunks(NUMBER_COLUMNS) {
            let values: Vec<_> = rates.iter().map(|&rate| network.values(&initial, rate)).collect();
            let rows: Vec<String> = network
                .parameters
                .iter()
                .map(|parameter| {
                    let cells = values.iter().map(|values| Shown::new(values.get(parameter.updated)).latex());
                    format!("{} & {}", self.name(parameter.updated), cells.collect::<Vec<_>>().join(" & "))
                })
                .collect();
            self.number_table("", rates, &rows);
        }
    }

    /// A table with a column for each learning rate.
    fn number_table(&mut self, corner: &str, rates: &[f64], rows: &[String]) {
        let head = rates.iter().map(|rate| format!(r"\eta = {}", Shown::new(*rate).latex()));
        let head = head.collect::<Vec<_>>().join(" & ");
        self.line("\\begin{center}\\small");
        self.line(format!("\\begin{{tabular}}{{@{{}}>{{$}}r<{{$}}*{{{}}}{{>{{$}}r<{{$}}}}@{{}}}}", rates.len()));
        self.line(format!("\\toprule\n{corner} & {head} \\\\\n\\midrule"));
        for row in rows {
            self.line(format!("{row} \\\\"));
        }
        self.line("\\bottomrule\n\\end{tabular}\n\\end{center}");
    }

    fn too_long(&mut self) {
        self.line("\\section*{The derivation}");
        self.paragraph(format!(
            "This network has {} weights: worked out path by path its derivation would be too long to be read (the \
             limit is {} weights and {} paths to each). The table below is complete.",
            self.worksheet.network.spec.weights.len(),
            crate::spec::READABLE_WEIGHTS,
            crate::spec::READABLE_PATHS,
        ));
    }

    fn rows(&mut self) {
        let table = &self.worksheet.table;
        let error = Symbol::new(crate::symbol::TOTAL_ERROR).latex();
        self.line("\\section*{Row after row}");
        self.paragraph(format!(
            "Each row starts from the updated weights of the row before it. ${error}$ at each learning rate:"
        ));
        for rates in table.rates.chunks(NUMBER_COLUMNS) {
            let rows: Vec<String> = summary_rows(self.worksheet.network.spec.rows)
                .into_iter()
                .map(|row| {
                    let cells = rates.iter().map(|rate| match table.errors(rate).nth(row - 1) {
                        Some(None) => r"\text{overflow}".to_owned(),
                        Some(error) => cell(error, |shown| shown.latex()),
                        None => r"\text{--}".to_owned(),
                    });
                    format!("{row} & {}", cells.collect::<Vec<_>>().join(" & "))
                })
                .collect();
            let learning_rates: Vec<f64> = rates.iter().map(|rate| rate.learning_rate).collect();
            self.number_table(r"\text{row}", &learning_rates, &rows);
        }
        for rate in &table.rates {
            if let Some(overflow) = rate.overflow {
                let name = self.name(table.columns[overflow.column].node);
                let (shown, row) = (Shown::new(rate.learning_rate).latex(), overflow.row);
                self.paragraph(format!(
                    "At $\\eta = {shown}$ the table ends with row {row}: ${name}$ is too large for a double."
                ));
            }
        }
    }
}

/// = or ≈.
fn equals(stage: &Written) -> &'static str {
    if stage.exact { "=" } else { r"\approx" }
}

/// Plain words for LaTeX.
fn plain(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => safe.extend(['\\', letter]),
            '−' => safe.push_str("$-$"),
            'δ' => safe.push_str(r"$\delta$"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Words with mathematics between backticks, in Unicode.
fn with_mathematics(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    pieces
        .map(|(place, piece)| if place % 2 == 0 { plain(piece) } else { format!("${}$", mathematics(piece)) })
        .collect()
}

/// A line of Unicode mathematics as LaTeX.
fn mathematics(text: &str) -> String {
    let mut latex = String::new();
    let mut raised = String::new();
    for letter in text.chars().chain([' ']) {
        let above = match letter {
            '⁻' => '-',
            '¹' => '1',
            '²' => '2',
            'ˣ' => 'x',
            'ⁿ' => 'n',
            'ᶠ' => 'f',
            _ => {
                if !raised.is_empty() {
                    latex.push_str(&format!("^{{{raised}}}"));
                    raised.clear();
                }
                match letter {
                    '·' => latex.push_str(r"\cdot"),
                    '−' => latex.push('-'),
                    '′' => latex.push('\''),
                    'δ' => latex.push_str(r"\delta"),
                    letter => latex.push(letter),
                }
                continue;
            }
        };
        raised.push(above);
    }
    latex.trim_end().replace("sinh", r"\sinh").replace("cosh", r"\cosh")
}

/// About how many characters wide a formula is when typeset.
fn typeset_width(latex: &str) -> usize {
    let mut width = 0;
    let mut rest = latex;
    while let Some(letter) = rest.chars().next() {
        if letter == '\\' {
            let name = rest[1..].find(|next: char| !next.is_ascii_alphabetic()).map_or(rest.len(), |end| end + 1);
            width += match &rest[1..name] {
                "cdot" | "approx" => 2,
                "eta" | "partial" | "bigl" | "bigr" => 1,
                _ => 0,
            };
            rest = &rest[name.max(2).min(rest.len())..];
        } else {
            width += usize::from(!matches!(letter, '{' | '}' | '^' | '_' | ' '));
            rest = &rest[letter.len_utf8()..];
        }
    }
    width
}

/// Breaks a formula before a plus, minus or times sign that stands in no braces so that no line is typeset wider than
/// `width`, as far as there are such places; inside as few parentheses as possible.
fn broken(latex: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = latex;
    while typeset_width(rest) > width {
        let (mut braces, mut depth): (usize, usize) = (0, 0);
        let mut best: Option<(usize, usize)> = None;
        for (byte, letter) in rest.char_indices() {
            match letter {
                '{' => braces += 1,
                '}' => braces = braces.saturating_sub(1),
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                ' ' if braces == 0 => {
                    let is_sign = ["+ ", "- ", r"\cdot "].iter().any(|sign| rest[byte + 1..].starts_with(sign));
                    let so_far = if is_sign { typeset_width(&rest[..byte]) } else { 0 };
                    if so_far > width {
                        break;
                    }
                    if so_far > width / 3 && best.is_none_or(|(shallowest, _)| depth <= shallowest) {
                        best = Some((depth, byte));
                    }
                }
                _ => {}
            }
        }
        let Some((_, byte)) = best else { break };
        lines.push(rest[..byte].to_owned());
        rest = &rest[byte + 1..];
    }
    lines.push(rest.to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mathematics_in_words_becomes_latex() {
        assert_eq!(with_mathematics("so `f′ = e⁻ˣ / (1 + e⁻ˣ)²`."), "so $f' = e^{-x} / (1 + e^{-x})^{2}$.");
        assert_eq!(with_mathematics("leaves `xⁿ⁻¹`"), "leaves $x^{n-1}$");
    }

    #[test]
    fn long_formulas_break_outside_parentheses_and_braces() {
        let lines = broken(r"(a + b) \cdot \frac{c + d}{e} + (f + g)", 11);
        assert_eq!(lines, [r"(a + b) \cdot \frac{c + d}{e}", "+ (f + g)"]);
    }
}
