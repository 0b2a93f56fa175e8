//! What tells one format of a document from another: how each piece looks.

use crate::derivation::Inline;
use crate::expression::NodeId;
use crate::number::Shown;
use crate::render::equation::{Equation, Side};
use crate::rules::Rule;

/// A cell of a table of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    Words(&'static str),
    Name(NodeId),
    Rate(f64),
    /// The number of a row.
    Row(usize),
    Number(f64),
    /// Its table ended in a row before.
    Missing,
}

/// A factor of a path.
pub(super) struct PathFactor {
    pub equation: Equation,
    /// The rules it takes, where it is worked out stage below stage; otherwise it is named in one line.
    pub remark: Option<String>,
}

/// A path from the error to a parameter.
pub(super) struct PathWork<'a> {
    /// Which it is, where there are several.
    pub label: String,
    pub quantities: &'a [NodeId],
    pub factors: Vec<PathFactor>,
    pub product: &'a Equation,
}

/// How each piece of a document looks. First come pieces of a sentence, which are Unicode text unless a format says
/// otherwise, then what a page is made of, to be added to its end.
pub(super) trait Format {
    /// Words with mathematics between backticks.
    fn words(&self, words: &str) -> String {
        words.replace('`', "")
    }

    fn formula(&self, side: &Side) -> String;

    /// η = 0.1, 0.2.
    fn rates(&self, rates: &[f64]) -> String {
        let rates: Vec<String> = rates.iter().map(|rate| Shown::new(*rate).unicode()).collect();
        format!("η = {}", rates.join(", "))
    }

    /// The sizes of the layers as the title has them.
    fn shape(&self, shape: String) -> String {
        shape
    }

    /// Words that stand out.
    fn strong(&self, words: &str) -> String {
        words.to_owned()
    }

    fn cell(&self, cell: Cell) -> String {
        match cell {
            Cell::Words(words) => words.to_owned(),
            Cell::Name(id) => self.formula(&Side::Name(id)),
            Cell::Rate(rate) => self.rates(&[rate]),
            Cell::Row(row) => row.to_string(),
            Cell::Number(value) => Shown::new(value).unicode(),
            Cell::Missing => "—".to_owned(),
        }
    }

    fn sentence(&self, sentence: &[Inline]) -> String {
        let pieces = sentence.iter().map(|inline| match inline {
            Inline::Text(text) => self.words(text),
            Inline::Math(side) => self.formula(side),
        });
        pieces.collect()
    }

    fn title(&mut self, title: &str);

    /// A section begins, open or folded away at first where a format can do that.
    fn section(&mut self, heading: &str, is_open: bool);

    /// The heading of the derivative of `of` by `by`.
    fn gradient(&mut self, of: NodeId, by: NodeId);

    fn paragraph(&mut self, text: &str);

    /// Sentences about different things.
    fn notes(&mut self, notes: &[String]) {
        notes.iter().for_each(|note| self.paragraph(note));
    }

    fn given(&mut self, lead: &str, values: &[(NodeId, f64)]);

    fn rules(&mut self, rules: &[Rule]);

    /// Equations without words between them, each stage below the one before; at least one.
    fn equations(&mut self, equations: &[&Equation]);

    fn path(&mut self, path: &PathWork);

    /// A table whose first row is its head, with a column for each learning rate behind the first one.
    fn table(&mut self, rows: &[Vec<Cell>]);

    /// The table of the parameters after one step.
    fn updates(&mut self, rows: &[Vec<Cell>]) {
        self.table(rows);
    }
}
