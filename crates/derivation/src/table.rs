//! The training table: one row after another, each with the weights that the row before it produced.
//!
//! Row 1 has the initial parameters. Every later row has them after one step of gradient descent from the row before,
//! all changed at once. A learning rate at which numbers leave the range of double precision ends its table with a
//! marked row: the row's overflowing cells have no value, and no row follows.

use std::fmt::Write as _;

use crate::columns::{Column, columns};
use crate::expression::NodeId;
use crate::network::Network;
use crate::tape::Tape;

/// The tables of a network, one for each learning rate.
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns behind `learning_rate` and `row`.
    pub columns: Vec<Column>,
    /// A table for each learning rate, in the order given.
    pub rates: Vec<RateTable>,
    error_column: usize,
}

/// The rows of one learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct RateTable {
    /// The learning rate.
    pub learning_rate: f64,
    /// Row after row, each as wide as there are columns; overflowing cells are infinite or NaN.
    cells: Vec<f64>,
    width: usize,
    /// Set where the last row holds a number that double precision cannot.
    pub overflow: Option<Overflow>,
}

/// Where a table had to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow {
    /// The row, from 1: the last one of its table.
    pub row: usize,
    /// The first column of that row without a value.
    pub column: usize,
}

impl Table {
    /// Computes the tables of all learning rates of the network's description.
    pub fn compute(network: &Network) -> Self {
        let columns = columns(network);
        let trainer = Trainer::new(network, &columns);
        let rates = network.spec.learning_rates.iter().map(|&rate| trainer.run(rate, network.spec.rows)).collect();
        let error_column = column_of(&columns, network.total_error).expect("E_total has a column");
        Table { columns, rates, error_column }
    }

    /// The place of a quantity's column, where it has one.
    pub fn column(&self, node: NodeId) -> Option<usize> {
        column_of(&self.columns, node)
    }

    /// `E_total` row by row, for a learning rate of this table.
    pub fn errors<'a>(&self, rate: &'a RateTable) -> impl Iterator<Item = Option<f64>> + use<'a> {
        let column = self.error_column;
        (1..=rate.rows()).map(move |row| rate.cell(row, column))
    }

    /// The headings, `learning_rate` and `row` first.
    pub fn headings(&self) -> Vec<&str> {
        ["learning_rate", "row"].into_iter().chain(self.columns.iter().map(|column| column.name.as_str())).collect()
    }

    /// All rates as one CSV text, a line for each rate and row, in full precision (the shortest decimal that reads
    /// back as the same double). A cell that overflowed says `overflow`.
    pub fn csv(&self) -> String {
        let mut text = self.headings().join(",");
        text.push('\n');
        for rate in &self.rates {
            for row in 1..=rate.rows() {
                write!(text, "{},{row}", rate.learning_rate).expect("writing to a string");
                for column in 0..self.columns.len() {
                    match rate.cell(row, column) {
                        Some(value) => write!(text, ",{value}").expect("writing to a string"),
                        None => text.push_str(",overflow"),
                    }
                }
                text.push('\n');
            }
        }
        text
    }
}

impl RateTable {
    /// The number of rows, the marked one included.
    pub fn rows(&self) -> usize {
        self.cells.len() / self.width
    }

    /// The cell in a row (from 1) and column (from 0), `None` where it overflowed. Panics outside the table.
    pub fn cell(&self, row: usize, column: usize) -> Option<f64> {
        assert!(column < self.width, "column {column} of {}", self.width);
        Some(self.cells[(row - 1) * self.width + column]).filter(|value| value.is_finite())
    }

    /// A row (from 1) as computed: overflowing cells are infinite or NaN. Panics outside the table.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.cells[(row - 1) * self.width..row * self.width]
    }
}

/// The graph of a network made ready to run one row after another.
pub(crate) struct Trainer {
    tape: Tape,
    width: usize,
    given: Vec<f64>,
    initial: Vec<f64>,
}

impl Trainer {
    /// Makes a trainer whose rows have these columns.
    pub fn new(network: &Network, columns: &[Column]) -> Self {
        let (given, values): (Vec<NodeId>, Vec<f64>) = network.given().into_iter().unzip();
        let parameters = network.parameters.iter().map(|parameter| parameter.node);
        let inputs: Vec<NodeId> = given.into_iter().chain(parameters).chain([network.learning_rate]).collect();
        let updated = network.parameters.iter().map(|parameter| parameter.updated);
        let outputs: Vec<NodeId> = columns.iter().map(|column| column.node).chain(updated).collect();
        Trainer {
            tape: Tape::compile(&network.graph, &inputs, &outputs),
            width: columns.len(),
            given: values,
            initial: network.initial_parameters(),
        }
    }

    /// The number of operations that one row takes.
    pub fn operations(&self) -> usize {
        self.tape.operations()
    }

    /// Runs up to `rows` rows at one learning rate.
    pub fn run(&self, learning_rate: f64, rows: usize) -> RateTable {
        let mut inputs = self.given.clone();
        let first_parameter = inputs.len();
        inputs.extend(&self.initial);
        let behind_parameters = inputs.len();
        inputs.push(learning_rate);
        let mut outputs = vec![0.0; self.tape.output_count()];
        let mut memory = Vec::new();
        let mut table = RateTable {
            learning_rate,
            cells: Vec::with_capacity(rows * self.width),
            width: self.width,
            overflow: None,
        };
        for row in 1..=rows {
            self.tape.evaluate(&inputs, &mut memory, &mut outputs);
            let (cells, updated) = outputs.split_at(self.width);
            table.cells.extend_from_slice(cells);
            if let Some(column) = cells.iter().position(|value| !value.is_finite()) {
                table.overflow = Some(Overflow { row, column });
                break;
            }
            inputs[first_parameter..behind_parameters].copy_from_slice(updated);
        }
        table
    }
}

fn column_of(columns: &[Column], node: NodeId) -> Option<usize> {
    columns.iter().position(|column| column.node == node)
}
