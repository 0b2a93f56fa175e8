//! The derivation as a piece of HTML with MathML, to stand in somebody else's page, such as a notebook.
//!
//! It brings no script and no font, takes the colours of the page it stands in, and all its style is below one class.

use super::format::{Cell, Format, PathFactor, PathWork};
use super::page::{Page, equals};
use super::walk::walk;
use crate::expression::NodeId;
use crate::number::Shown;
use crate::render::equation::{Equation, Side, Written};
use crate::render::mathml::{MathMl, math};
use crate::render::{definition, expression};
use crate::rules::Rule;
use crate::worksheet::Worksheet;

/// Everything below one class, so that the page around it is left alone.
const STYLE: &str = "\
.longhand { max-width: 60em; line-height: 1.45; }
.longhand details { border-top: 1px solid #8886; padding: 0.35em 0; }
.longhand summary { cursor: pointer; font-weight: 600; }
.longhand h3, .longhand h4 { margin: 0.9em 0 0.3em; }
.longhand p { margin: 0.5em 0; }
.longhand .wide { overflow-x: auto; overflow-y: hidden; }
.longhand table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0.5em 0 0.5em 1.2em; }
.longhand table th, .longhand table td { padding: 0.15em 0.7em; border-bottom: 1px solid #8884; text-align: right; }
.longhand table.words tbody td, .longhand table.words thead th { text-align: left; }
.longhand table.work { border: none; font-size: inherit; }
.longhand table.work tbody tr { background: none; }
.longhand table.work tbody td { padding: 0.12em 0.15em; border: none; text-align: left; vertical-align: baseline; }
.longhand table.work tbody td { white-space: nowrap; max-width: none; }
.longhand table.work tbody td:first-child { text-align: right; }
.longhand table.work tbody td.remark { padding-left: 2em; opacity: 0.7; }
";

/// The derivation, the rules, and the first and last rows of each table as one `<div>`; sections open and close.
pub fn html(worksheet: &Worksheet) -> String {
    let text = format!("<div class=\"longhand\">\n<style>\n{STYLE}</style>\n");
    let mut html = Html { page: Page { worksheet, notation: &MathMl, text }, is_in_details: false };
    walk(worksheet, &mut html);
    html.close();
    html.page.line("</div>");
    html.page.text
}

struct Html<'a> {
    page: Page<'a>,
    is_in_details: bool,
}

impl Html<'_> {
    /// Ends the section before.
    fn close(&mut self) {
        if std::mem::take(&mut self.is_in_details) {
            self.page.line("</details>");
        }
    }

    /// Rows of a formula: what stands left of the sign, the sign, what stands right of it, and a remark.
    fn work(&mut self, rows: Vec<WorkRow>) {
        // A table of HTML, each cell a formula: browsers align its columns, and those of MathML not all.
        self.page.line("<div class=\"wide\"><table class=\"work\"><tbody>");
        for WorkRow { left, sign, right, remark } in rows {
            let left = if left.is_empty() { String::new() } else { display(&left) };
            let remark = match remark {
                Some(remark) => format!("<td class=\"remark\">{}</td>", escaped(&remark)),
                None => String::new(),
            };
            self.page.line(format!("<tr><td>{left}</td><td>{sign}</td><td>{}</td>{remark}</tr>", display(&right)));
        }
        self.page.line("</tbody></table></div>");
    }

    /// A table whose first row is its head.
    fn columns(&mut self, class: &str, rows: &[Vec<String>]) {
        let cells = |tag: &str, cells: &[String]| {
            let cells: String = cells.iter().map(|cell| format!("<{tag}>{cell}</{tag}>")).collect();
            format!("<tr>{cells}</tr>")
        };
        self.page.line(format!("<div class=\"wide\"><table{class}><thead>{}</thead><tbody>", cells("th", &rows[0])));
        for row in &rows[1..] {
            self.page.line(cells("td", row));
        }
        self.page.line("</tbody></table></div>");
    }

    /// An equation with each stage in a row of its own.
    fn stages_below_each_other(&self, equation: &Equation, mut remark: Option<String>) -> Vec<WorkRow> {
        let mut left = self.page.write(&equation.left).text;
        let row = |stage: Written| WorkRow {
            left: std::mem::take(&mut left),
            sign: equals(&stage),
            right: stage.text,
            remark: remark.take(),
        };
        self.page.stages(equation).into_iter().map(row).collect()
    }

    /// An equation in one row.
    fn stages_beside_each_other(&self, equation: &Equation) -> Option<WorkRow> {
        let mut stages = self.page.stages(equation).into_iter();
        let first = stages.next()?;
        let mut right = first.text.clone();
        for stage in stages {
            right.push_str(&format!("<mo>{}</mo>{}", equals(&stage), stage.text));
        }
        Some(WorkRow { left: self.page.write(&equation.left).text, sign: equals(&first), right, remark: None })
    }
}

impl Format for Html<'_> {
    fn words(&self, words: &str) -> String {
        escaped(&words.replace('`', ""))
    }

    fn formula(&self, side: &Side) -> String {
        math(&self.page.write(side).text)
    }

    fn title(&mut self, title: &str) {
        self.page.line(format!("<h3>{title}</h3>"));
    }

    fn section(&mut self, heading: &str, is_open: bool) {
        self.close();
        let open = if is_open { " open" } else { "" };
        self.page.line(format!("<details{open}><summary>{heading}</summary>"));
        self.is_in_details = true;
    }

    fn gradient(&mut self, of: NodeId, by: NodeId) {
        let partial = self.page.write(&Side::Partial { of, by }).text;
        self.page.line(format!("<h4>{}</h4>", display(&partial)));
    }

    fn paragraph(&mut self, text: &str) {
        self.page.line(format!("<p>{text}</p>"));
    }

    fn notes(&mut self, notes: &[String]) {
        self.paragraph(&notes.join(" "));
    }

    fn given(&mut self, lead: &str, values: &[(NodeId, f64)]) {
        let number = |value| Shown::new(value).unicode();
        let equation = |id, value| math(&format!("{}<mo>=</mo><mn>{}</mn>", self.page.name(id), number(value)));
        let equations: Vec<String> = values.iter().map(|&(id, value)| equation(id, value)).collect();
        self.paragraph(&format!("{lead}: {}.", equations.join(", ")));
    }

    fn rules(&mut self, rules: &[Rule]) {
        let row = |rule: &Rule| {
            let derivative = |&(by, derivative): &(NodeId, NodeId)| {
                let by = rule.graph.symbol(by).expect("letters have names").mathml();
                let fraction = format!("<mfrac><mrow><mo>∂</mo><mi>f</mi></mrow><mrow><mo>∂</mo>{by}</mrow></mfrac>");
                math(&format!("{fraction}<mo>=</mo>{}", expression(&rule.graph, derivative, &MathMl)))
            };
            let derivatives: Vec<String> = rule.derivatives.iter().map(derivative).collect();
            let f = math(&definition(&rule.graph, rule.function, &MathMl));
            vec![rule.name.to_owned(), f, derivatives.join("<br>"), self.words(rule.why)]
        };
        let mut rows = vec![["rule", "f", "derivative", "why"].map(str::to_owned).to_vec()];
        rows.extend(rules.iter().map(row));
        self.columns(" class=\"words\"", &rows);
    }

    fn equations(&mut self, equations: &[&Equation]) {
        let rows = equations.iter().flat_map(|equation| self.stages_below_each_other(equation, None)).collect();
        self.work(rows);
    }

    fn path(&mut self, path: &PathWork) {
        self.paragraph(&format!("{}{}", path.label, math(&self.page.route(path.quantities, "<mo>→</mo>"))));
        let mut rows = Vec::new();
        for PathFactor { equation, remark } in &path.factors {
            match remark {
                Some(_) => rows.extend(self.stages_below_each_other(equation, remark.clone())),
                None => rows.extend(self.stages_beside_each_other(equation)),
            }
        }
        self.work(rows);
        // Its left side is so long that it would push the others aside.
        self.equations(&[path.product]);
    }

    fn table(&mut self, rows: &[Vec<Cell>]) {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|&cell| self.cell(cell)).collect()).collect();
        self.columns("", &rows);
    }
}

/// A formula at the size that it has on a line of its own.
fn display(formula: &str) -> String {
    format!("<math displaystyle=\"true\">{formula}</math>")
}

/// A row of a formula.
struct WorkRow {
    left: String,
    sign: &'static str,
    right: String,
    remark: Option<String>,
}

/// Words that HTML cannot take for anything else.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
