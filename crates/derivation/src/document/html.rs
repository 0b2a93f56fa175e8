//! The derivation as a piece of HTML with MathML, to stand in somebody else's page, such as a notebook.
//!
//! It brings no script and no font, takes the colours of the page it stands in, and all its style is below one class.

use std::collections::BTreeSet;

use super::{about, cell, given, rules_in_use, summary_rows};
use crate::derivation::{Chain, Inline, Section, Step, Topic, Work, factor_equation};
use crate::expression::{NodeId, Op};
use crate::number::{SHOWN_DIGITS, Shown};
use crate::render::equation::{Equation, Side, Written};
use crate::render::mathml::{MathMl, math};
use crate::render::{definition, expression};
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
    let mut writer = Writer { worksheet, text: String::new(), factors_shown: BTreeSet::new() };
    writer.line("<div class=\"longhand\">");
    writer.line(format!("<style>\n{STYLE}</style>"));
    writer.opening();
    writer.rules();
    match &worksheet.derivation {
        Some(derivation) => derivation.sections.iter().for_each(|section| writer.section(section)),
        None => writer.too_long(),
    }
    writer.rows();
    writer.line("</div>");
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

    fn paragraph(&mut self, html: impl AsRef<str>) {
        self.line(format!("<p>{}</p>", html.as_ref()));
    }

    fn open(&mut self, heading: &str, open: bool) {
        let open = if open { " open" } else { "" };
        self.line(format!("<details{open}><summary>{heading}</summary>"));
    }

    fn close(&mut self) {
        self.line("</details>");
    }

    /// Rows of a formula: what stands left of the sign, the sign, what stands right of it, and a remark.
    fn work(&mut self, rows: &[Row]) {
        // A table of HTML, each cell a formula: browsers align its columns, and those of MathML not all.
        self.line("<div class=\"wide\"><table class=\"work\"><tbody>");
        for Row { left, sign, right, remark } in rows {
            let left = if left.is_empty() { String::new() } else { display(left) };
            let remark = match remark {
                Some(remark) => format!("<td class=\"remark\">{}</td>", escaped(remark)),
                None => String::new(),
            };
            self.line(format!("<tr><td>{left}</td><td>{sign}</td><td>{}</td>{remark}</tr>", display(right)));
        }
        self.line("</tbody></table></div>");
    }

    fn table(&mut self, class: &str, head: &[String], rows: &[Vec<String>]) {
        let cells = |tag: &str, cells: &[String]| {
            let cells: String = cells.iter().map(|cell| format!("<{tag}>{cell}</{tag}>")).collect();
            format!("<tr>{cells}</tr>")
        };
        self.line(format!("<div class=\"wide\"><table{class}><thead>{}</thead><tbody>", cells("th", head)));
        for row in rows {
            self.line(cells("td", row));
        }
        self.line("</tbody></table></div>");
    }

    fn write(&self, side: &Side) -> Written {
        side.write(&self.worksheet.network.graph, &self.worksheet.values, &MathMl)
    }

    fn name(&self, id: NodeId) -> String {
        self.write(&Side::Name(id)).text
    }

    fn sentence(&self, sentence: &[Inline]) -> String {
        let pieces = sentence.iter().map(|inline| match inline {
            Inline::Text(text) => escaped(text),
            Inline::Math(side) => math(&self.write(side).text),
        });
        pieces.collect()
    }

    fn opening(&mut self) {
        let worksheet = self.worksheet;
        let spec = &worksheet.network.spec;
        self.line(format!("<h3>Back-propagation by hand: a {} network</h3>", spec.shape()));
        self.paragraph(escaped(&about(worksheet)));
        let cells: Vec<String> = given(worksheet)
            .iter()
            .map(|&(id, value)| math(&format!("{}<mo>=</mo><mn>{}</mn>", self.name(id), Shown::new(value).unicode())))
            .collect();
        self.paragraph(format!("What is given: {}.", cells.join(", ")));
        let rates = spec.learning_rates.iter().map(|rate| Shown::new(*rate).unicode()).collect::<Vec<_>>().join(", ");
        self.paragraph(format!(
            "Learning rates: η = {rates}. Numbers are shown with {SHOWN_DIGITS} significant digits; ≈ stands wherever \
             that rounds something away."
        ));
    }

    fn rules(&mut self) {
        self.open("The rules of differentiation that are needed", false);
        let rows: Vec<Vec<String>> = rules_in_use(self.worksheet)
            .iter()
            .map(|rule| {
                let graph = &rule.graph;
                let derivatives: Vec<String> = rule
                    .derivatives
                    .iter()
                    .map(|&(by, derivative)| {
                        let by = graph.symbol(by).expect("letters have names").mathml();
                        let fraction =
                            format!("<mfrac><mrow><mo>∂</mo><mi>f</mi></mrow><mrow><mo>∂</mo>{by}</mrow></mfrac>");
                        math(&format!("{fraction}<mo>=</mo>{}", expression(graph, derivative, &MathMl)))
                    })
                    .collect();
                let f = math(&definition(graph, rule.function, &MathMl));
                vec![rule.name.to_owned(), f, derivatives.join("<br>"), escaped(&rule.why_plain())]
            })
            .collect();
        let head = ["rule", "f", "derivative", "why"].map(str::to_owned);
        self.table(" class=\"words\"", &head, &rows);
        if self.worksheet.network.graph.nodes().iter().any(|node| node.op == Op::Step) {
            self.paragraph("[x &gt; 0] is 1 where x is above 0, and 0 where it is not.");
        }
        self.paragraph(
            "The chain rule: where a quantity reaches the error through others, the derivatives along the way are \
             multiplied, and where it reaches the error along several ways, the products are added.",
        );
        self.close();
    }

    fn section(&mut self, section: &Section) {
        let heading = self.sentence(&section.heading);
        self.open(&heading, matches!(section.topic, Topic::Forward(0)));
        self.paragraph(self.sentence(&section.introduction));
        // Formulas without words between them stand in one table, their equals signs below each other.
        let mut rows = Vec::new();
        for step in &section.steps {
            let is_explained = !step.explanation.is_empty() && !step.explained_before;
            if !rows.is_empty() && (is_explained || matches!(step.work, Work::Chain(_))) {
                self.work(&std::mem::take(&mut rows));
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
            self.work(&rows);
        }
        if section.topic == Topic::Update {
            self.updates_at_every_rate();
        }
        self.close();
    }

    fn gradient(&mut self, step: &Step, chain: &Chain) {
        let of = Side::Partial { of: chain.rule.of, by: chain.rule.with_respect_to };
        self.line(format!("<h4>{}</h4>", display(&self.write(&of).text)));
        self.paragraph(self.sentence(&step.explanation));
        let several = chain.paths.len() > 1;
        for (place, (path, equation)) in chain.rule.paths.iter().zip(&chain.paths).enumerate() {
            let route: Vec<String> = path.quantities.iter().map(|&id| self.name(id)).collect();
            let label = if several { format!("Path {}: ", place + 1) } else { String::new() };
            self.paragraph(format!("{label}{}", math(&route.join("<mo>→</mo>"))));
            let mut rows = Vec::new();
            for factor in &path.factors {
                let mut equation = factor_equation(factor);
                if self.factors_shown.insert((factor.upper, factor.lower)) && factor.working.is_some() {
                    let rules = format!("rules: {}", factor.rules.join(", "));
                    rows.extend(self.stages_below_each_other(&equation, Some(rules)));
                } else {
                    equation
                        .right
                        .retain(|side| factor.working.is_none_or(|working| *side != Side::Expression(working)));
                    rows.extend(self.stages_beside_each_other(&equation));
                }
            }
            self.work(&rows);
            // Its left side is so long that it would push the others aside.
            let rows = self.stages_below_each_other(equation, None);
            self.work(&rows);
        }
        if let Some(sum) = &chain.sum {
            self.paragraph("The sum over the paths:");
            let rows = self.stages_below_each_other(sum, None);
            self.work(&rows);
        }
        if !chain.rule.paths.is_empty() {
            self.paragraph("In one line:");
            let rows = self.stages_below_each_other(&chain.in_one_line, None);
            self.work(&rows);
        }
    }

    fn stages(&self, equation: &Equation) -> Vec<Written> {
        equation.stages(&self.worksheet.network.graph, &self.worksheet.values, &MathMl)
    }

    /// An equation with each stage in a row of its own.
    fn stages_below_each_other(&self, equation: &Equation, mut remark: Option<String>) -> Vec<Row> {
        let mut left = self.write(&equation.left).text;
        let row = |stage: Written| Row {
            left: std::mem::take(&mut left),
            sign: equals(&stage),
            right: stage.text,
            remark: remark.take(),
        };
        self.stages(equation).into_iter().map(row).collect()
    }

    /// An equation in one row.
    fn stages_beside_each_other(&self, equation: &Equation) -> Option<Row> {
        let mut stages = self.stages(equation).into_iter();
        let first = stages.next()?;
        let mut right = first.text.clone();
        for stage in stages {
            right.push_str(&format!("<mo>{}</mo>{}", equals(&stage), stage.text));
        }
        Some(Row { left: self.write(&equation.left).text, sign: equals(&first), right, remark: None })
    }

    /// The parameters after one step, for each learning rate.
    fn updates_at_every_rate(&mut self) {
        let network = &self.worksheet.network;
        let initial = network.initial_parameters();
        let rates = &network.spec.learning_rates;
        let values: Vec<_> = rates.iter().map(|&rate| network.values(&initial, rate)).collect();
        let rows: Vec<Vec<String>> = network
            .parameters
            .iter()
            .map(|parameter| {
                let cells = values.iter().map(|values| Shown::new(values.get(parameter.updated)).unicode());
                [math(&self.name(parameter.updated))].into_iter().chain(cells).collect()
            })
            .collect();
        let head = self.rates_head("");
        self.paragraph("After one step, at each learning rate:");
        self.table("", &head, &rows);
    }

    /// The headings of a table with a column for each learning rate.
    fn rates_head(&self, corner: &str) -> Vec<String> {
        let rates = self.worksheet.network.spec.learning_rates.iter();
        let rates = rates.map(|rate| format!("η = {}", Shown::new(*rate).unicode()));
        [corner.to_owned()].into_iter().chain(rates).collect()
    }

    fn too_long(&mut self) {
        self.paragraph(format!(
            "This network has {} weights: worked out path by path its derivation would be too long to be read (the \
             limit is {} weights and {} paths to each). The table below is complete.",
            self.worksheet.network.spec.weights.len(),
            crate::spec::READABLE_WEIGHTS,
            crate::spec::READABLE_PATHS,
        ));
    }

    fn rows(&mut self) {
        let (table, network) = (&self.worksheet.table, &self.worksheet.network);
        let rows: Vec<Vec<String>> = summary_rows(network.spec.rows)
            .into_iter()
            .map(|row| {
                let cells = table.rates.iter().map(|rate| match table.errors(rate).nth(row - 1) {
                    Some(error) => cell(error, |shown| shown.unicode()),
                    None => "—".to_owned(),
                });
                [row.to_string()].into_iter().chain(cells).collect()
            })
            .collect();
        let error = math(&self.name(network.total_error));
        self.open("Row after row", true);
        self.paragraph(format!(
            "Each row starts from the updated weights of the row before it. {error} at each learning rate η:"
        ));
        let head = self.rates_head("row");
        self.table("", &head, &rows);
        for rate in &self.worksheet.table.rates {
            if let Some(overflow) = rate.overflow {
                let name = math(&self.name(self.worksheet.table.columns[overflow.column].node));
                let (shown, row) = (Shown::new(rate.learning_rate).unicode(), overflow.row);
                self.paragraph(format!(
                    "At η = {shown} the table ends with row {row}: {name} is too large for a double."
                ));
            }
        }
        self.close();
    }
}

/// A formula at the size that it has on a line of its own.
fn display(formula: &str) -> String {
    format!("<math displaystyle=\"true\">{formula}</math>")
}

/// A row of a formula.
struct Row {
    left: String,
    sign: &'static str,
    right: String,
    remark: Option<String>,
}

/// Words that HTML cannot take for anything else.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// = or ≈.
fn equals(stage: &Written) -> &'static str {
    if stage.exact { "=" } else { "≈" }
}
