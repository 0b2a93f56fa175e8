//! The derivative of the sheet's own error, written in the sheet's own cells.
//!
//! The formulas between the weights and the error become a graph of the derivation crate, every cell a quantity of it;
//! the crate's rules differentiate it and its spreadsheet notation writes the result.

use std::collections::{BTreeMap, BTreeSet};

use longhand_derivation::derivative::{derivative, gradients, local_derivative};
use longhand_derivation::expression::{Graph, NodeId, Op};
use longhand_derivation::render::spreadsheet;
use longhand_derivation::symbol::Symbol;

use super::address::{Address, quoted_sheet};
use super::book::Book;
use super::formula::Expr;
use super::table::Table;

/// The most cells of one step.
const CELL_LIMIT: usize = 4000;
/// The most factors of the chain rule that are worked out for one step.
const PART_LIMIT: usize = 2000;

/// One step of a table as a graph.
pub(crate) struct Symbolic {
    pub graph: Graph,
    /// The node of each cell.
    pub nodes: BTreeMap<Address, NodeId>,
    /// The gradient of the error with respect to each track, and to each further cell.
    pub gradients: Vec<NodeId>,
}

/// What else there is to be in the graph of a step.
#[derive(Default)]
pub(crate) struct Extra<'a> {
    /// Cells to differentiate by like weights.
    pub weights: &'a [Address],
    /// Cells whose formulas are not looked into, such as the weights of other tables.
    pub given: &'a [Address],
    /// Cells that are to have a node though the error does not need them.
    pub cells: &'a [Address],
    /// A cell with another formula than it has.
    pub replaced: Option<(Address, &'a Expr)>,
}

impl Symbolic {
    /// The forward formulas of a step; `None` where they use a function that has no derivative rule here.
    pub fn of(book: &Book, table: &Table, step: i64) -> Option<Symbolic> {
        Symbolic::with(book, table, step, &Extra::default())
    }

    /// The formulas of a step with something else than the sheet's own.
    pub fn with(book: &Book, table: &Table, step: i64, extra: &Extra<'_>) -> Option<Symbolic> {
        let mut weights: Vec<Address> =
            table.tracks.iter().map(|track| track.weight_at(step)).collect::<Option<_>>()?;
        weights.extend(extra.weights);
        let error = table.at(table.error, step)?;
        let given: BTreeSet<Address> = weights.iter().chain(extra.given).copied().collect();
        let replaced = extra.replaced;
        let mut builder = Builder { book, given: &given, replaced, graph: Graph::new(), nodes: BTreeMap::new() };
        for &weight in &weights {
            builder.variable(weight);
        }
        let error = builder.cell(error)?;
        for &cell in extra.cells {
            builder.cell(cell)?;
        }
        let Builder { mut graph, nodes, .. } = builder;
        let weights: Vec<NodeId> = weights.iter().map(|weight| nodes[weight]).collect();
        let gradients = gradients(&mut graph, error, &weights);
        Some(Symbolic { graph, nodes, gradients })
    }

    /// The factors of the chain rule: the derivatives of each quantity by those that its own formula takes, and of each of
    /// these terms of the error by every quantity. Not those that are plain numbers; at most [`PART_LIMIT`].
    pub fn parts(&mut self, terms: &[Address]) -> Vec<NodeId> {
        let graph = &mut self.graph;
        let quantities: Vec<NodeId> =
            self.nodes.values().copied().filter(|node| graph.node(*node).op != Op::Variable).collect();
        let mut pairs = Vec::new();
        for &upper in &quantities {
            pairs.extend(graph.named_operands(upper).into_iter().map(|lower| (upper, lower)));
        }
        let terms = terms.iter().filter_map(|term| self.nodes.get(term));
        let of_terms = terms.flat_map(|&term| quantities.iter().map(move |&quantity| (term, quantity)));
        let limit = PART_LIMIT.saturating_sub(pairs.len());
        let of_terms: Vec<(NodeId, NodeId)> =
            of_terms.filter(|(term, quantity)| term != quantity).take(limit).collect();
        pairs.truncate(PART_LIMIT);
        let mut parts: Vec<NodeId> =
            pairs.into_iter().map(|(upper, lower)| local_derivative(graph, upper, lower)).collect();
        parts.extend(of_terms.into_iter().map(|(term, quantity)| derivative(graph, term, quantity)));
        parts.retain(|part| graph.constant_value(*part).is_none());
        parts
    }

    /// The derivative with respect to the quantity in a cell between the weights and the error.
    pub fn gradient_of(&self, cell: Address) -> Option<NodeId> {
        let symbol = self.graph.symbol(*self.nodes.get(&cell)?)?;
        self.graph.find(Symbol::gradient_of(symbol).name())
    }

    /// A node, such as a derivative, as a formula for a cell on `sheet` in terms of cells, where `held` says which further
    /// nodes stand in which. Cells that do not move with the step are written with dollar signs.
    pub fn formula(
        &self,
        book: &Book,
        table: &Table,
        step: i64,
        node: NodeId,
        sheet: u32,
        held: &BTreeMap<NodeId, Address>,
    ) -> Option<String> {
        let held = held.iter().map(|(node, cell)| (cell, node));
        let names: BTreeMap<NodeId, String> = held
            .chain(&self.nodes)
            .map(|(&cell, &node)| {
                let moves =
                    cell.shifted(table.shift, table.anchor - step).is_some_and(|cell| table.moving.contains_key(&cell));
                let name = if moves { cell.a1() } else { cell.absolute_a1() };
                let prefix = if cell.sheet == sheet {
                    String::new()
                } else {
                    format!("{}!", quoted_sheet(book.sheets.get(cell.sheet as usize).map_or("", String::as_str)))
                };
                (node, format!("{prefix}{name}"))
            })
            .collect();
        spreadsheet::formula(&self.graph, node, &|node| names.get(&node).cloned()).ok()
    }
}

struct Builder<'a> {
    book: &'a Book,
    given: &'a BTreeSet<Address>,
    replaced: Option<(Address, &'a Expr)>,
    graph: Graph,
    nodes: BTreeMap<Address, NodeId>,
}

impl Builder<'_> {
    fn name(cell: Address) -> String {
        format!("cell_{}_{}", cell.sheet, cell.a1().to_ascii_lowercase())
    }

    fn variable(&mut self, cell: Address) -> NodeId {
        if let Some(&known) = self.nodes.get(&cell) {
            return known;
        }
        let node = self.graph.variable(Self::name(cell));
        self.nodes.insert(cell, node);
        node
    }

    fn cell(&mut self, cell: Address) -> Option<NodeId> {
        if let Some(&known) = self.nodes.get(&cell) {
            return Some(known);
        }
        if self.nodes.len() > CELL_LIMIT {
            return None;
        }
        if self.given.contains(&cell) {
            return Some(self.variable(cell));
        }
        let Some(expr) = self.formula(cell).cloned() else { return Some(self.variable(cell)) };
        let node = self.expr(&expr)?;
        // A formula of numbers alone is a number.
        let node = self.graph.quantity(Self::name(cell), node);
        self.nodes.insert(cell, node);
        Some(node)
    }

    fn pair(&mut self, x: &Expr, y: &Expr) -> Option<(NodeId, NodeId)> {
        Some((self.expr(x)?, self.expr(y)?))
    }

    fn expr(&mut self, expr: &Expr) -> Option<NodeId> {
        if let Some(operand) = self.sigmoid_operand(expr).cloned() {
            let operand = self.expr(&operand)?;
            return Some(self.graph.sigmoid(operand));
        }
        Some(match expr {
            Expr::Number(value) => self.graph.constant(*value),
            Expr::Cell(cell) => self.cell(*cell)?,
            Expr::Negate(x) => {
                let x = self.expr(x)?;
                self.graph.negate(x)
            }
            Expr::Percent(x) => {
                let x = self.expr(x)?;
                let hundred = self.graph.constant(100.0);
                self.graph.divide(x, hundred)
            }
            Expr::Add(x, y) => {
                let (x, y) = self.pair(x, y)?;
                self.graph.add(x, y)
            }
            Expr::Subtract(x, y) => {
                let (x, y) = self.pair(x, y)?;
                self.graph.subtract(x, y)
            }
            Expr::Multiply(x, y) => {
                let (x, y) = self.pair(x, y)?;
                self.graph.multiply(x, y)
            }
            Expr::Divide(x, y) => {
                let (x, y) = self.pair(x, y)?;
                self.graph.divide(x, y)
            }
            Expr::Power(x, y) => match **y {
                Expr::Number(exponent) if exponent.fract() == 0.0 && exponent.abs() <= 16.0 => {
                    let x = self.expr(x)?;
                    self.graph.power(x, exponent as i32)
                }
                Expr::Number(0.5) => {
                    let x = self.expr(x)?;
                    self.graph.square_root(x)
                }
                _ => return None,
            },
            Expr::Call(name, operands) => self.call(name, operands)?,
            _ => return None,
        })
    }

    fn call(&mut self, name: &str, operands: &[Expr]) -> Option<NodeId> {
        if let ("IF", [Expr::Operator(sign, x, zero), then, Expr::Number(0.0)]) = (name, operands)
            && sign == ">"
            && **zero == Expr::Number(0.0)
        {
            // ReLU and its derivative.
            let is_step = *then == Expr::Number(1.0);
            let is_relu = *then == **x;
            let x = self.expr(x)?;
            return match (is_step, is_relu) {
                (true, _) => Some(self.graph.step(x)),
                (_, true) => Some(self.graph.relu(x)),
                _ => None,
            };
        }
        if let ("MAX", [Expr::Number(0.0), x] | [x, Expr::Number(0.0)]) = (name, operands) {
            let x = self.expr(x)?;
            return Some(self.graph.relu(x));
        }
        let mut lists = Vec::new();
        for operand in operands {
            lists.push(self.list(operand)?);
        }
        let all: Vec<NodeId> = lists.concat();
        let pairs = |lists: &[Vec<NodeId>]| match lists {
            [x, y] if x.len() == y.len() => Some(x.iter().copied().zip(y.iter().copied()).collect::<Vec<_>>()),
            _ => None,
        };
        Some(match (name, all.as_slice()) {
            ("EXP", [x]) => self.graph.exp(*x),
            ("LN", [x]) => self.graph.ln(*x),
            ("SQRT", [x]) => self.graph.square_root(*x),
            ("TANH", [x]) => self.graph.tanh(*x),
            ("MAX", [first, rest @ ..]) => rest.iter().fold(*first, |most, &x| self.graph.maximum(most, x)),
            ("SUM", [_, ..]) => self.graph.sum(&all),
            ("AVERAGE", [_, ..]) => {
                let sum = self.graph.sum(&all);
                let count = self.graph.constant(all.len() as f64);
                self.graph.divide(sum, count)
            }
            ("PRODUCT", [first, rest @ ..]) => rest.iter().fold(*first, |product, &x| self.graph.multiply(product, x)),
            ("SUMSQ", [_, ..]) => {
                let squares: Vec<NodeId> = all.iter().map(|&x| self.graph.power(x, 2)).collect();
                self.graph.sum(&squares)
            }
            ("SUMPRODUCT", [_, ..]) => {
                let products: Vec<NodeId> =
                    pairs(&lists)?.into_iter().map(|(x, y)| self.graph.multiply(x, y)).collect();
                self.graph.sum(&products)
            }
            ("SUMXMY2", [_, ..]) => {
                let mut squares = Vec::new();
                for (x, y) in pairs(&lists)? {
                    let difference = self.graph.subtract(x, y);
                    squares.push(self.graph.power(difference, 2));
                }
                self.graph.sum(&squares)
            }
            _ => return None,
        })
    }

    /// An operand of a function as its single values, row by row.
    fn list(&mut self, operand: &Expr) -> Option<Vec<NodeId>> {
        match operand {
            Expr::Range(first, last) => {
                let count = u64::from(last.row - first.row + 1) * u64::from(last.column - first.column + 1);
                if count > CELL_LIMIT as u64 {
                    return None;
                }
                let mut nodes = Vec::new();
                for row in first.row..=last.row {
                    for column in first.column..=last.column {
                        nodes.push(self.cell(Address { row, column, ..*first })?);
                    }
                }
                Some(nodes)
            }
            operand => Some(vec![self.expr(operand)?]),
        }
    }

    /// The x of `1/(1+EXP(-x))`, parts of which may stand in cells of their own.
    fn sigmoid_operand<'b>(&'b self, expr: &'b Expr) -> Option<&'b Expr> {
        let Expr::Divide(one, below) = expr else { return None };
        let Expr::Add(x, y) = self.opened(below) else { return None };
        let is_one = |expr: &Expr| *expr == Expr::Number(1.0);
        let exponential = match (is_one(x), is_one(y)) {
            (true, _) => y,
            (_, true) => x,
            _ => return None,
        };
        match self.opened(exponential) {
            Expr::Call(name, operands) if name == "EXP" && is_one(one) => match operands.as_slice() {
                [exponent] => match self.opened(exponent) {
                    Expr::Negate(x) => Some(x),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The formula of a cell, where an expression is a cell that has one.
    fn opened<'b>(&'b self, expr: &'b Expr) -> &'b Expr {
        match expr {
            Expr::Cell(cell) if !self.given.contains(cell) => self.formula(*cell).unwrap_or(expr),
            expr => expr,
        }
    }

    fn formula(&self, cell: Address) -> Option<&Expr> {
        match self.replaced {
            Some((replaced, expr)) if replaced == cell => Some(expr),
            _ => self.book.formula(cell).map(|formula| &formula.expr),
        }
    }
}
