//! What a document says about a worksheet, and in which order; the same in every format.

use std::collections::BTreeSet;

use super::about::about;
use super::format::{Cell, Format, PathFactor, PathWork};
use crate::chain::Factor;
use crate::derivation::{Chain, Section, Step, Topic, Work, factor_equation};
use crate::expression::{NodeId, Op};
use crate::number::SHOWN_DIGITS;
use crate::render::equation::Side;
use crate::rules::{Rule, rule_name};
use crate::spec::{READABLE_PATHS, READABLE_WEIGHTS};
use crate::worksheet::Worksheet;

/// Rows of a table that a document shows: the first few and the last.
const FIRST_ROWS: usize = 3;

/// Writes the derivation, the rules, and the first and last rows of each table.
pub(super) fn walk(worksheet: &Worksheet, format: &mut impl Format) {
    let mut walk = Walk { worksheet, format, factors_shown: BTreeSet::new() };
    walk.opening();
    walk.rules();
    match &worksheet.derivation {
        Some(derivation) => derivation.sections.iter().for_each(|section| walk.section(section)),
        None => walk.too_long(),
    }
    walk.rows();
}

struct Walk<'a, F> {
    worksheet: &'a Worksheet,
    format: &'a mut F,
    /// The factors that were worked out already: later they are only named with their values.
    factors_shown: BTreeSet<(NodeId, NodeId)>,
}

impl<F: Format> Walk<'_, F> {
    fn say(&mut self, words: &str) {
        self.format.paragraph(&self.format.words(words));
    }

    fn opening(&mut self) {
        let spec = &self.worksheet.network.spec;
        let shape = self.format.shape(spec.shape());
        self.format.title(&format!("Back-propagation by hand: a {shape} network"));
        self.say(&about(spec));
        self.format.given("What is given", &given(self.worksheet));
        let rates = format!("Learning rates: {}.", self.format.rates(&spec.learning_rates));
        let digits = self.format.words(&format!(
            "Numbers are shown with {SHOWN_DIGITS} significant digits; `≈` stands wherever that rounds something away."
        ));
        self.format.notes(&[rates, digits]);
    }

    fn rules(&mut self) {
        self.format.section("The rules of differentiation that are needed", false);
        self.format.rules(&rules_in_use(self.worksheet));
        if self.worksheet.network.graph.nodes().iter().any(|node| node.op == Op::Step) {
            self.say("`[x > 0]` is 1 where `x` is above 0, and 0 where it is not.");
        }
        self.say(
            "The chain rule: where a quantity reaches the error through others, the derivatives along the way are \
             multiplied, and where it reaches the error along several ways, the products are added.",
        );
    }

    fn section(&mut self, section: &Section) {
        let is_open = section.topic == Topic::Forward(0);
        self.format.section(&self.format.sentence(&section.heading), is_open);
        self.format.paragraph(&self.format.sentence(&section.introduction));
        // Formulas without words between them belong together.
        let is_explained = |step: &Step| !step.explanation.is_empty() && !step.explained_before;
        let is_formula = |step: &Step| matches!(step.work, Work::Formula(_));
        let go_together = |step: &Step, next: &Step| is_formula(step) && is_formula(next) && !is_explained(next);
        for steps in section.steps.chunk_by(go_together) {
            if is_formula(&steps[0]) && is_explained(&steps[0]) {
                self.format.paragraph(&self.format.sentence(&steps[0].explanation));
            }
            let mut equations = Vec::new();
            for step in steps {
                match &step.work {
                    Work::Formula(equation) => equations.push(equation),
                    Work::Chain(chain) => self.gradient(step, chain),
                }
            }
            if !equations.is_empty() {
                self.format.equations(&equations);
            }
        }
        if section.topic == Topic::Update {
            self.updates_at_every_rate();
        }
    }

    fn gradient(&mut self, step: &Step, chain: &Chain) {
        self.format.gradient(chain.rule.of, chain.rule.with_respect_to);
        self.format.paragraph(&self.format.sentence(&step.explanation));
        let several = chain.paths.len() > 1;
        for (place, (path, product)) in chain.rule.paths.iter().zip(&chain.paths).enumerate() {
            let label = match several {
                true => format!("{} ", self.format.strong(&format!("Path {}:", place + 1))),
                false => String::new(),
            };
            let factors = path.factors.iter().map(|factor| self.factor(factor)).collect();
            self.format.path(&PathWork { label, quantities: &path.quantities, factors, product });
        }
        if let Some(sum) = &chain.sum {
            self.say("The sum over the paths:");
            self.format.equations(&[sum]);
        }
        if !chain.rule.paths.is_empty() {
            self.say("In one line:");
            self.format.equations(&[&chain.in_one_line]);
        }
    }

    fn factor(&mut self, factor: &Factor) -> PathFactor {
        let mut equation = factor_equation(factor);
        let is_new = self.factors_shown.insert((factor.upper, factor.lower));
        let remark = match factor.working {
            Some(_) if is_new => Some(format!("rules: {}", factor.rules.join(", "))),
            Some(working) => {
                equation.right.retain(|side| *side != Side::Expression(working));
                None
            }
            None => None,
        };
        PathFactor { equation, remark }
    }

    /// The parameters after one step, for each learning rate.
    fn updates_at_every_rate(&mut self) {
        let network = &self.worksheet.network;
        let initial = network.initial_parameters();
        let rates = &network.spec.learning_rates;
        let values: Vec<_> = rates.iter().map(|&rate| network.values(&initial, rate)).collect();
        let row = |updated: NodeId| {
            let cells = values.iter().map(|values| match values.get(updated) {
                value if value.is_finite() => Cell::Number(value),
                _ => Cell::Words("overflow"),
            });
            [Cell::Name(updated)].into_iter().chain(cells).collect()
        };
        let mut rows = vec![self.head("")];
        rows.extend(network.parameters.iter().map(|parameter| row(parameter.updated)));
        self.say("After one step, at each learning rate:");
        self.format.updates(&rows);
    }

    /// The head of a table with a column for each learning rate.
    fn head(&self, corner: &'static str) -> Vec<Cell> {
        let rates = self.worksheet.network.spec.learning_rates.iter().map(|&rate| Cell::Rate(rate));
        [Cell::Words(corner)].into_iter().chain(rates).collect()
    }

    fn too_long(&mut self) {
        self.format.section("The derivation", true);
        self.say(&format!(
            "This network has {} weights: worked out path by path its derivation would be too long to be read (the \
             limit is {READABLE_WEIGHTS} weights and {READABLE_PATHS} paths to each). The table below is complete.",
            self.worksheet.network.spec.weights.len(),
        ));
    }

    fn rows(&mut self) {
        let (network, table) = (&self.worksheet.network, &self.worksheet.table);
        self.format.section("Row after row", true);
        let error = self.format.formula(&Side::Name(network.total_error));
        let each_rate = self.format.words("each learning rate `η`");
        self.format.paragraph(&format!(
            "Each row starts from the updated weights of the row before it. {error} at {each_rate}:"
        ));
        let row = |row: usize| {
            let cells = table.rates.iter().map(|rate| match table.errors(rate).nth(row - 1) {
                Some(Some(error)) => Cell::Number(error),
                Some(None) => Cell::Words("overflow"),
                None => Cell::Missing,
            });
            [Cell::Row(row)].into_iter().chain(cells).collect()
        };
        let mut rows = vec![self.head("row")];
        rows.extend(summary_rows(network.spec.rows).map(row));
        self.format.table(&rows);
        for rate in &table.rates {
            if let Some(overflow) = rate.overflow {
                let at = self.format.rates(&[rate.learning_rate]);
                let column = self.format.formula(&Side::Name(table.columns[overflow.column].node));
                self.format.paragraph(&format!(
                    "At {at} the table ends with row {}: {column} is too large for a double.",
                    overflow.row
                ));
            }
        }
    }
}

/// The rules that the forward formulas of a worksheet need, in the order of the table of rules.
fn rules_in_use(worksheet: &Worksheet) -> Vec<Rule> {
    let network = &worksheet.network;
    let needed = network.graph.needed_by(&[network.total_error]);
    let in_use: Vec<&'static str> = network
        .graph
        .ids()
        .filter(|id| needed[id.index()])
        .filter_map(|id| rule_name(network.graph.node(id).op))
        .collect();
    crate::rules::table().into_iter().filter(|rule| in_use.contains(&rule.name)).collect()
}

/// The rows that a summary shows: the first few, and the last.
fn summary_rows(rows: usize) -> impl Iterator<Item = usize> {
    (1..=rows).filter(move |row| *row <= FIRST_ROWS || *row == rows)
}

/// The names and values of quantities that are given, in order.
fn given(worksheet: &Worksheet) -> Vec<(NodeId, f64)> {
    let network = &worksheet.network;
    let parameters = network.parameters.iter().map(|parameter| (parameter.node, parameter.initial));
    network.given().into_iter().chain(parameters).collect()
}
