//! Workbooks made for the tests: a training table of any size, in any layout, with any formula exchanged.

use std::collections::BTreeMap;

use longhand_workbook::audit::{AuditOptions, AuditReport, SlipKind, audit_bytes, fix};
use rust_xlsxwriter::{Formula, Workbook};

/// Where the learning rate stands and how the updates refer to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    Absolute,
    OtherSheet,
    Named,
    NamedNumber,
    EveryRow,
    Literal,
}

/// How the updates are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Style {
    /// `w-rate*g`
    Plain,
    /// `w-(g*rate)`
    Swapped,
    /// `w+(-rate)*g`
    Negative,
    /// `SUM(w,-rate*g)`
    Sum,
    /// `-rate*g+w`
    Behind,
    /// The step in a cell of its own.
    StepCell,
    /// New weights in cells of their own, which the next row repeats.
    NewWeights,
    /// No cells for the gradients.
    Inline,
}

#[derive(Debug, Clone)]
pub struct Layout {
    pub sizes: Vec<usize>,
    pub steps: usize,
    /// From 0.
    pub row: u32,
    pub column: u16,
    pub across: bool,
    pub rate: Rate,
    pub style: Style,
    /// Deltas in cells of their own.
    pub helpers: bool,
    /// Inputs and targets in fixed cells.
    pub fixed_inputs: bool,
    pub headings: bool,
    /// What stands before the squared difference.
    pub half: &'static str,
}

impl Default for Layout {
    fn default() -> Self {
        Layout {
            sizes: vec![2, 2, 2],
            steps: 25,
            row: 3,
            column: 1,
            across: false,
            rate: Rate::Absolute,
            style: Style::Plain,
            helpers: false,
            fixed_inputs: false,
            headings: true,
            half: "0.5*",
        }
    }
}

/// A table as text: names in braces stand for cells of the same row, `{name<}` of the row before.
pub struct Table {
    layout: Layout,
    names: Vec<String>,
    /// By name and step; numbers without `=`.
    cells: BTreeMap<(String, usize), String>,
    /// Extra sheets' cells: sheet, cell, content.
    pub other: Vec<(String, String, f64)>,
    /// What stands in every column right below the last step: `{first}` and `{last}` are the column's cells.
    pub footer: Option<String>,
}

impl Table {
    pub fn new(layout: Layout) -> Self {
        let mut table = Table { names: Vec::new(), cells: BTreeMap::new(), other: Vec::new(), footer: None, layout };
        table.fill();
        table
    }

    fn fill(&mut self) {
        let layout = self.layout.clone();
        let sizes = &layout.sizes;
        let depth = sizes.len() - 1;
        let rate = match layout.rate {
            Rate::Absolute => "$B$2".to_owned(),
            Rate::OtherSheet => "'Rates here'!$C$3".to_owned(),
            Rate::Named => "eta".to_owned(),
            Rate::NamedNumber => "eta_number".to_owned(),
            Rate::EveryRow => "{rate}".to_owned(),
            Rate::Literal => "0.5".to_owned(),
        };
        if layout.rate == Rate::EveryRow {
            self.all("rate", |_| "0.5".into());
        }
        let input = |k: usize| if layout.fixed_inputs { format!("$F${}", k + 1) } else { format!("{{i{k}}}") };
        let target = |k: usize| if layout.fixed_inputs { format!("$G${}", k + 1) } else { format!("{{t{k}}}") };
        if !layout.fixed_inputs {
            for k in 0..sizes[0] {
                self.all(&format!("i{k}"), |_| format!("{}", 0.05 + 0.05 * k as f64));
            }
            for k in 0..sizes[depth] {
                self.all(&format!("t{k}"), |_| if k % 2 == 0 { "0.01".into() } else { "0.99".into() });
            }
        }
        let weight = |layer: usize, to: usize, from: usize| format!("w{layer}_{to}_{from}");
        let mut count = 0;
        let mut weights = Vec::new();
        for layer in 0..depth {
            for to in 0..sizes[layer + 1] {
                for from in 0..sizes[layer] {
                    let start = 0.15 + 0.05 * count as f64;
                    count += 1;
                    weights.push((layer, to, from, start));
                }
            }
        }
        for &(layer, to, from, start) in &weights {
            let name = weight(layer, to, from);
            let update = match layout.style {
                Style::Plain => format!("={{{name}<}}-{rate}*{{g{name}<}}"),
                Style::Swapped => format!("={{{name}<}}-({{g{name}<}}*{rate})"),
                Style::Negative => format!("={{{name}<}}+(-{rate})*{{g{name}<}}"),
                Style::Sum => format!("=SUM({{{name}<}},-{rate}*{{g{name}<}})"),
                Style::Behind => format!("=-{rate}*{{g{name}<}}+{{{name}<}}"),
                Style::StepCell => format!("={{{name}<}}-{{s{name}<}}"),
                Style::NewWeights => format!("={{n{name}<}}"),
                Style::Inline => {
                    format!("={{{name}<}}-{rate}*({})", self.gradient(&layout, layer, to, from).replace('}', "<}"))
                }
            };
            self.all(&name, |step| if step == 0 { start.to_string() } else { update.clone() });
        }
        let source = |layer: usize, k: usize| if layer == 0 { input(k) } else { format!("{{out{layer}_{k}}}") };
        for layer in 0..depth {
            for to in 0..sizes[layer + 1] {
                let terms: Vec<String> = (0..sizes[layer])
                    .map(|from| format!("{{{}}}*{}", weight(layer, to, from), source(layer, from)))
                    .collect();
                self.all(&format!("net{}_{to}", layer + 1), |_| format!("={}", terms.join("+")));
                self.all(&format!("out{}_{to}", layer + 1), |_| format!("=1/(1+EXP(-{{net{}_{to}}}))", layer + 1));
            }
        }
        let mut errors = Vec::new();
        for k in 0..sizes[depth] {
            self.all(&format!("E{k}"), |_| format!("={}({}-{{out{depth}_{k}}})^2", layout.half, target(k)));
            errors.push(format!("{{E{k}}}"));
        }
        self.all("E", |_| format!("={}", errors.join("+")));
        if layout.helpers {
            for layer in (1..=depth).rev() {
                for k in 0..sizes[layer] {
                    let delta = self.delta(&layout, layer, k, true);
                    self.all(&format!("d{layer}_{k}"), |_| format!("={delta}"));
                }
            }
        }
        for &(layer, to, from, _) in &weights {
            let name = weight(layer, to, from);
            let gradient = self.gradient(&layout, layer, to, from);
            if layout.style != Style::Inline {
                self.all(&format!("g{name}"), |_| format!("={gradient}"));
            }
            if layout.style == Style::StepCell {
                self.all(&format!("s{name}"), |_| format!("={rate}*{{g{name}}}"));
            }
            if layout.style == Style::NewWeights {
                self.all(&format!("n{name}"), |_| format!("={{{name}}}-{rate}*{{g{name}}}"));
            }
        }
    }

    fn delta(&self, layout: &Layout, layer: usize, k: usize, in_cells: bool) -> String {
        let depth = layout.sizes.len() - 1;
        let out = format!("{{out{layer}_{k}}}");
        if layer == depth {
            let target = if layout.fixed_inputs { format!("$G${}", k + 1) } else { format!("{{t{k}}}") };
            return format!("({out}-{target})*{out}*(1-{out})");
        }
        let terms: Vec<String> = (0..layout.sizes[layer + 1])
            .map(|above| {
                let upper = if in_cells {
                    format!("{{d{}_{above}}}", layer + 1)
                } else {
                    self.delta(layout, layer + 1, above, false)
                };
                format!("{upper}*{{w{layer}_{above}_{k}}}")
            })
            .collect();
        format!("({})*{out}*(1-{out})", terms.join("+"))
    }

    fn gradient(&self, layout: &Layout, layer: usize, to: usize, from: usize) -> String {
        let source = match (layer, layout.fixed_inputs) {
            (0, true) => format!("$F${}", from + 1),
            (0, false) => format!("{{i{from}}}"),
            (layer, _) => format!("{{out{layer}_{from}}}"),
        };
        let delta =
            if layout.helpers { format!("{{d{}_{to}}}", layer + 1) } else { self.delta(layout, layer + 1, to, false) };
        format!("{delta}*{source}")
    }

    fn all(&mut self, name: &str, content: impl Fn(usize) -> String) {
        self.names.push(name.to_owned());
        for step in 0..self.layout.steps {
            self.cells.insert((name.to_owned(), step), content(step));
        }
    }

    /// A further quantity; `content` gets the step.
    pub fn add(&mut self, name: &str, content: impl Fn(usize) -> String) {
        self.all(name, content);
    }

    /// Exchanges a quantity in some steps; `change` gets what stands there.
    pub fn change(
        &mut self,
        name: &str,
        steps: impl IntoIterator<Item = usize>,
        change: impl Fn(&str, usize) -> String,
    ) {
        for step in steps {
            let cell =
                self.cells.get_mut(&(name.to_owned(), step)).unwrap_or_else(|| panic!("no {name} in step {step}"));
            *cell = change(cell, step);
        }
    }

    pub fn steps(&self) -> std::ops::Range<usize> {
        0..self.layout.steps
    }

    /// The cell of a quantity, `C7`.
    pub fn cell(&self, name: &str, step: usize) -> String {
        let place = self.names.iter().position(|known| known == name).unwrap_or_else(|| panic!("no quantity {name}"));
        let (row, column) = self.place(place, step);
        format!("{}{}", rust_xlsxwriter::utility::column_number_to_name(column), row + 1)
    }

    fn place(&self, quantity: usize, step: usize) -> (u32, u16) {
        let layout = &self.layout;
        if layout.across {
            (layout.row + quantity as u32, layout.column + step as u16)
        } else {
            (layout.row + step as u32, layout.column + quantity as u16)
        }
    }

    fn text(&self, content: &str, step: usize) -> String {
        let mut out = String::new();
        let mut rest = content;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').map(|close| open + close).expect("a closing brace");
            out.push_str(&rest[..open]);
            let name = &rest[open + 1..close];
            let cell = match name.strip_suffix('<') {
                Some(name) => self.cell(name, step - 1),
                None => self.cell(name, step),
            };
            out.push_str(&cell);
            rest = &rest[close + 1..];
        }
        out + rest
    }

    /// The workbook as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut workbook = Workbook::new();
        workbook.define_name("eta", "='Rates here'!$C$3").unwrap();
        workbook.define_name("eta_number", "=0.5").unwrap();
        let sheet = workbook.add_worksheet();
        sheet.set_name("Übung 1").unwrap();
        sheet.write(1, 0, "Lernrate").unwrap();
        sheet.write(1, 1, 0.5).unwrap();
        if self.layout.fixed_inputs {
            for k in 0..self.layout.sizes[0] {
                sheet.write(k as u32, 5, 0.05 + 0.05 * k as f64).unwrap();
            }
            for k in 0..self.layout.sizes[self.layout.sizes.len() - 1] {
                sheet.write(k as u32, 6, if k % 2 == 0 { 0.01 } else { 0.99 }).unwrap();
            }
        }
        for (quantity, name) in self.names.iter().enumerate() {
            if self.layout.headings {
                let (row, column) = self.place(quantity, 0);
                let (row, column) = if self.layout.across { (row, column - 1) } else { (row - 1, column) };
                sheet.write(row, column, name.as_str()).unwrap();
            }
            for step in self.steps() {
                let (row, column) = self.place(quantity, step);
                let content = &self.cells[&(name.clone(), step)];
                match content.strip_prefix('=') {
                    Some(_) => {
                        sheet
                            .write_formula(row, column, Formula::new(self.text(content, step)).set_result("0"))
                            .unwrap();
                    }
                    None if content.is_empty() => {}
                    None => {
                        sheet.write(row, column, content.parse::<f64>().unwrap()).unwrap();
                    }
                }
            }
        }
        if let Some(footer) = &self.footer {
            let end = self.layout.steps;
            for (quantity, name) in self.names.iter().enumerate() {
                let (row, column) = self.place(quantity, end);
                let (first, last) = (self.cell(name, 0), self.cell(name, end - 1));
                let content = footer.replace("{first}", &first).replace("{last}", &last);
                if content.starts_with('=') {
                    sheet.write_formula(row, column, Formula::new(content).set_result("0")).unwrap();
                } else if let Ok(number) = content.parse::<f64>() {
                    sheet.write(row, column, number).unwrap();
                } else {
                    sheet.write(row, column, content).unwrap();
                }
            }
        }
        let rates = workbook.add_worksheet();
        rates.set_name("Rates here").unwrap();
        rates.write(2, 2, 0.5).unwrap();
        for (sheet, cell, value) in &self.other {
            assert_eq!(sheet, "Rates here");
            let row: u32 = cell[1..].parse().unwrap();
            rates.write(row - 1, u16::from(cell.as_bytes()[0] - b'A'), *value).unwrap();
        }
        workbook.save_to_buffer().unwrap()
    }

    pub fn audit(&self) -> AuditReport {
        audit_bytes(&self.bytes(), &AuditOptions::default()).unwrap()
    }
}

/// What the report says, for the message of a failed test.
pub fn told(report: &AuditReport) -> String {
    longhand_workbook::audit::text(report)
}

/// Asserts that the report has exactly one slip, of this kind, and that the corrected copy is clean. Gives its cells.
pub fn only_slip(table: &Table, kind: SlipKind) -> Vec<String> {
    let bytes = table.bytes();
    let report = audit_bytes(&bytes, &AuditOptions::default()).unwrap();
    let slips: Vec<_> = report.slips().collect();
    assert_eq!(slips.len(), 1, "{}", told(&report));
    assert_eq!(slips[0].kind, kind, "{}", told(&report));
    assert!(!report.is_clean());
    let fixed = fix(&bytes, &report).unwrap();
    let again = audit_bytes(&fixed, &AuditOptions::default())
        .unwrap_or_else(|error| panic!("{error} after\n{}", told(&report)));
    assert!(again.is_clean(), "before:\n{}\nafter the fix:\n{}", told(&report), told(&again));
    slips[0].cells.clone()
}
