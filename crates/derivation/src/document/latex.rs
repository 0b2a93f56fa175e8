//! The derivation as a complete LaTeX document.

use super::format::{Cell, Format, PathFactor, PathWork};
use super::page::Page;
use super::walk::walk;
use crate::expression::NodeId;
use crate::number::Shown;
use crate::render::equation::{Equation, Side, Written};
use crate::render::latex::Latex;
use crate::render::{definition, expression};
use crate::rules::Rule;
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
    let text = format!("{PREAMBLE}\\begin{{document}}\n");
    let mut document = LatexDocument { page: Page { worksheet, notation: &Latex, text } };
    walk(worksheet, &mut document);
    document.page.line("\\end{document}");
    document.page.text
}

struct LatexDocument<'a> {
    page: Page<'a>,
}

impl LatexDocument<'_> {
    /// Rows of an `align*`; each has its alignment mark already.
    fn align(&mut self, rows: &[String]) {
        self.page.line("\\begin{align*}");
        self.page.line(rows.join(" \\\\\n"));
        self.page.line("\\end{align*}");
    }

    /// An equation with each stage in a row of its own.
    fn stages_below_each_other(&self, equation: &Equation) -> Vec<String> {
        let left = self.page.write(&equation.left).text;
        let is_long = typeset_width(&left) > LONG_LEFT_SIDE;
        let mut rows = if is_long { vec![format!("& {left}")] } else { Vec::new() };
        for stage in self.page.stages(equation) {
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
        rows
    }

    /// An equation in one row.
    fn stages_beside_each_other(&self, equation: &Equation) -> String {
        let stages = self.page.stages(equation);
        let stages: Vec<String> = stages.iter().map(|stage| format!("{} {}", equals(stage), stage.text)).collect();
        format!("{} &{}", self.page.write(&equation.left).text, stages.join(" "))
    }
}

impl Format for LatexDocument<'_> {
    fn words(&self, words: &str) -> String {
        with_mathematics(words)
    }

    fn formula(&self, side: &Side) -> String {
        match side {
            // A fraction would tear the lines of a paragraph apart, so a partial derivative lies on its side.
            Side::Partial { of, by } => {
                format!(r"$\partial {}/\partial {}$", self.page.name(*of), self.page.name(*by))
            }
            side => format!("${}$", self.page.write(side).text),
        }
    }

    fn rates(&self, rates: &[f64]) -> String {
        let rates: Vec<String> = rates.iter().map(|rate| Shown::new(*rate).latex()).collect();
        format!("$\\eta = {}$", rates.join(",\\; "))
    }

    fn shape(&self, shape: String) -> String {
        shape.replace('-', "--")
    }

    fn strong(&self, words: &str) -> String {
        format!("\\textbf{{{words}}}")
    }

    /// For a column of mathematics.
    fn cell(&self, cell: Cell) -> String {
        match cell {
            Cell::Words("") => String::new(),
            Cell::Words(words) => format!(r"\text{{{words}}}"),
            Cell::Name(id) => self.page.name(id),
            Cell::Rate(rate) => format!(r"\eta = {}", Shown::new(rate).latex()),
            Cell::Row(row) => row.to_string(),
            Cell::Number(value) => Shown::new(value).latex(),
            Cell::Missing => r"\text{--}".to_owned(),
        }
    }

    fn title(&mut self, title: &str) {
        self.page.line(format!("\\begin{{center}}\\LARGE {title}\\end{{center}}"));
    }

    fn section(&mut self, heading: &str, _: bool) {
        self.page.line(format!("\\section*{{{heading}}}"));
    }

    fn gradient(&mut self, of: NodeId, by: NodeId) {
        let (of, by) = (self.page.name(of), self.page.name(by));
        self.page.line(format!("\\subsection*{{$\\partial {of} / \\partial {by}$}}"));
    }

    fn paragraph(&mut self, text: &str) {
        self.page.line("");
        self.page.line(text);
    }

    fn given(&mut self, lead: &str, values: &[(NodeId, f64)]) {
        self.paragraph(&format!("{lead}:"));
        let cell = |&(id, value): &(NodeId, f64)| format!("{} &= {}", self.page.name(id), Shown::new(value).latex());
        let cells: Vec<String> = values.iter().map(cell).collect();
        let rows: Vec<String> = cells.chunks(4).map(|row| row.join(" & ")).collect();
        self.align(&rows);
    }

    fn rules(&mut self, rules: &[Rule]) {
        self.page.line("{\\renewcommand{\\arraystretch}{1.5}");
        self.page.line("\\begin{tabular}{@{}l>{$\\displaystyle}l<{$}>{$\\displaystyle}l<{$}p{6.2cm}@{}}");
        self.page.line("\\toprule\nrule & f & \\text{derivative} & why \\\\\n\\midrule");
        for rule in rules {
            let derivative = |&(by, derivative): &(NodeId, NodeId)| {
                let by = rule.graph.symbol(by).expect("letters have names").latex();
                format!(r"\tfrac{{\partial f}}{{\partial {by}}} = {}", expression(&rule.graph, derivative, &Latex))
            };
            let derivatives = rule.derivatives.iter().map(derivative).collect::<Vec<_>>().join(r" \\ ");
            let derivatives = format!(r"\begin{{array}}[t]{{@{{}}l@{{}}}}{derivatives}\end{{array}}");
            let f = definition(&rule.graph, rule.function, &Latex);
            self.page.line(format!("{} & {f} & {derivatives} & {} \\\\", rule.name, self.words(rule.why)));
        }
        self.page.line("\\bottomrule\n\\end{tabular}}\n\n\\medskip");
    }

    fn equations(&mut self, equations: &[&Equation]) {
        let rows: Vec<String> = equations.iter().flat_map(|equation| self.stages_below_each_other(equation)).collect();
        self.align(&rows);
    }

    fn path(&mut self, path: &PathWork) {
        self.paragraph(&format!("{}${}$", path.label, self.page.route(path.quantities, r" \to ")));
        let mut rows = Vec::new();
        for PathFactor { equation, remark } in &path.factors {
            let first = rows.len();
            match remark {
                Some(remark) => {
                    rows.extend(self.stages_below_each_other(equation));
                    rows[first].push_str(&format!(r"\quad\text{{({remark})}}"));
                }
                None => rows.push(self.stages_beside_each_other(equation)),
            }
        }
        self.align(&rows);
        self.equations(&[path.product]);
    }

    /// As many columns beside each other as fit on a page, the others below.
    fn table(&mut self, rows: &[Vec<Cell>]) {
        for first in (1..rows[0].len()).step_by(NUMBER_COLUMNS) {
            let count = NUMBER_COLUMNS.min(rows[0].len() - first);
            let line = |row: &Vec<Cell>| {
                let cells = [row[0]].into_iter().chain(row[first..first + count].iter().copied());
                format!("{} \\\\", cells.map(|cell| self.cell(cell)).collect::<Vec<_>>().join(" & "))
            };
            let lines: Vec<String> = rows.iter().map(line).collect();
            self.page.line("\\begin{center}\\small");
            self.page.line(format!("\\begin{{tabular}}{{@{{}}>{{$}}r<{{$}}*{{{count}}}{{>{{$}}r<{{$}}}}@{{}}}}"));
            self.page.line(format!("\\toprule\n{}\n\\midrule\n{}", lines[0], lines[1..].join("\n")));
            self.page.line("\\bottomrule\n\\end{tabular}\n\\end{center}");
        }
    }
}

/// = or ≈.
pub(super) fn equals(stage: &Written) -> &'static str {
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
                    '≈' => latex.push_str(r"\approx"),
                    '′' => latex.push('\''),
                    'δ' => latex.push_str(r"\delta"),
                    'η' => latex.push_str(r"\eta"),
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
