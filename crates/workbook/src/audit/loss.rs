//! What an error looks like: a sum of squared differences between what came out and what should have; and what may be added
//! to it, a penalty on the weights.

use std::collections::BTreeSet;

use super::address::Address;
use super::book::Book;
use super::formula::Expr;
use super::update_rule::{Factor, Product, factors, sum_terms};

/// How deep an error may be spread over cells.
const DEPTH_LIMIT: usize = 12;
/// The most terms that are counted.
const TERM_LIMIT: usize = 4096;

/// What depends on the weights of some steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Varying<'a> {
    /// The weights included.
    pub cells: &'a BTreeSet<Address>,
    pub weights: &'a BTreeSet<Address>,
}

/// The number of loss terms that the formula of `cell` sums up, each a constant times a squared difference (or a target
/// times a logarithm, or an absolute difference); 0 where it is anything else. A penalty, which depends on nothing but weights,
/// counts as no term and spoils none.
pub(crate) fn terms(book: &Book, varying: Varying<'_>, cell: Address) -> usize {
    let Some(formula) = book.formula(cell) else { return 0 };
    terms_of(book, varying, &formula.expr)
}

/// The same of a part of a formula.
pub(crate) fn terms_of(book: &Book, Varying { cells: varies, weights }: Varying<'_>, expr: &Expr) -> usize {
    Search { book, varies, weights }.sum(expr, 0).unwrap_or(0)
}

/// Whether a penalty on weights is a part of the sum in `cell`.
pub(crate) fn has_penalty(book: &Book, Varying { cells: varies, weights }: Varying<'_>, cell: Address) -> bool {
    let search = Search { book, varies, weights };
    book.formula(cell).is_some_and(|formula| search.has_penalty(&formula.expr, 0))
}

struct Search<'a> {
    book: &'a Book,
    varies: &'a BTreeSet<Address>,
    weights: &'a BTreeSet<Address>,
}

impl Search<'_> {
    fn is_varying(&self, expr: &Expr) -> bool {
        let mut found = false;
        expr.references(&mut |first, last| {
            found = found
                || if first == last {
                    self.varies.contains(&first)
                } else {
                    self.varies.range(first..=last).any(|cell| (first.column..=last.column).contains(&cell.column))
                };
        });
        found
    }

    /// The loss terms of a sum; `None` where part of it is not a loss.
    fn sum(&self, expr: &Expr, depth: usize) -> Option<usize> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        let mut parts = Vec::new();
        if sum_terms(expr, false, &mut parts).is_none() {
            return self.call(expr, depth);
        }
        let mut count = 0;
        for (_, part) in parts {
            if self.is_varying(part) && !self.is_penalty(part, depth) {
                count += self.term(part, depth)?;
            }
            if count > TERM_LIMIT {
                return None;
            }
        }
        Some(count)
    }

    /// Whether an expression has even powers or distances from 0 of weights in it, such as λ/2·Σw², and nothing else that
    /// varies.
    fn is_penalty(&self, expr: &Expr, depth: usize) -> bool {
        if depth > DEPTH_LIMIT || !self.is_varying(expr) {
            return false;
        }
        let is_of_weights = |operand: &Expr| {
            let mut is_all = true;
            operand.references(&mut |first, last| {
                let cells =
                    self.varies.range(first..=last).filter(|cell| (first.column..=last.column).contains(&cell.column));
                cells.for_each(|cell| is_all &= self.weights.contains(cell));
            });
            is_all
        };
        match expr {
            Expr::Cell(cell) if !self.weights.contains(cell) => {
                self.book.formula(*cell).is_some_and(|formula| self.is_penalty(&formula.expr, depth + 1))
            }
            Expr::Power(x, exponent) => **exponent == Expr::Number(2.0) && is_of_weights(x),
            Expr::Call(name, operands) => match (name.as_str(), operands.as_slice()) {
                ("SUMSQ", operands) => operands.iter().all(is_of_weights),
                ("ABS", [x]) => is_of_weights(x),
                ("SUMPRODUCT", [x, y]) => x == y && is_of_weights(x),
                ("SUM", operands) => operands.iter().all(|operand| self.is_penalty(operand, depth)),
                _ => false,
            },
            Expr::Add(x, y) | Expr::Subtract(x, y) => {
                [x, y].into_iter().all(|side| !self.is_varying(side) || self.is_penalty(side, depth))
            }
            Expr::Multiply(x, y) if x == y => is_of_weights(x),
            Expr::Multiply(x, y) => match (self.is_varying(x), self.is_varying(y)) {
                (true, false) => self.is_penalty(x, depth),
                (false, true) => self.is_penalty(y, depth),
                _ => false,
            },
            Expr::Divide(x, y) => !self.is_varying(y) && self.is_penalty(x, depth),
            _ => false,
        }
    }

    fn has_penalty(&self, expr: &Expr, depth: usize) -> bool {
        let mut parts = Vec::new();
        let _ = sum_terms(expr, false, &mut parts);
        depth <= DEPTH_LIMIT
            && parts.into_iter().any(|(_, part)| {
                self.is_penalty(part, depth)
                    || matches!(part, Expr::Cell(cell) if !self.weights.contains(cell)
                        && self.book.formula(*cell).is_some_and(|formula| self.has_penalty(&formula.expr, depth + 1)))
            })
    }

    fn term(&self, expr: &Expr, depth: usize) -> Option<usize> {
        let mut product = Product::new(false);
        factors(expr, false, &mut product);
        let varying: Vec<&Factor> = product.factors.iter().filter(|factor| self.is_varying(&factor.expr)).collect();
        match varying.as_slice() {
            [only] if !only.is_divisor => self.single(&only.expr, depth),
            // A difference times itself.
            [x, y] if x == y && !x.is_divisor && self.is_difference(&x.expr, depth) => Some(1),
            _ => None,
        }
    }

    fn single(&self, expr: &Expr, depth: usize) -> Option<usize> {
        match expr {
            Expr::Power(x, exponent) if **exponent == Expr::Number(2.0) => self.is_difference(x, depth).then_some(1),
            Expr::Cell(cell) => self.sum(&self.book.formula(*cell)?.expr, depth + 1),
            // A product in parentheses was opened already; this is a sum in parentheses.
            Expr::Add(..) | Expr::Subtract(..) | Expr::Negate(_) => self.sum(expr, depth + 1),
            _ => self.call(expr, depth),
        }
    }

    fn call(&self, expr: &Expr, depth: usize) -> Option<usize> {
        let Expr::Call(name, operands) = expr else { return None };
        let cells_of = |operand: &Expr| -> Option<Vec<Address>> {
            match operand {
                Expr::Cell(cell) => Some(vec![*cell]),
                Expr::Range(first, last) => {
                    let inside = self.book.cells.range(*first..=*last).map(|(&cell, _)| cell);
                    Some(inside.filter(|cell| (first.column..=last.column).contains(&cell.column)).collect())
                }
                _ => None,
            }
        };
        match (name.as_str(), operands.as_slice()) {
            ("SUM" | "AVERAGE", operands) => {
                let mut count = 0;
                for operand in operands {
                    match cells_of(operand) {
                        Some(cells) => {
                            for cell in cells.into_iter().filter(|cell| self.varies.contains(cell)) {
                                count += self.sum(&self.book.formula(cell)?.expr, depth + 1)?;
                            }
                        }
                        None => count += self.sum(operand, depth + 1)?,
                    }
                }
                Some(count)
            }
            ("SUMXMY2", [x, y]) if self.is_varying(x) != self.is_varying(y) => Some(cells_of(x)?.len()),
            ("SUMSQ", operands) => {
                let cells: Vec<Address> = operands.iter().map(cells_of).collect::<Option<Vec<_>>>()?.concat();
                cells.iter().all(|cell| self.is_difference(&Expr::Cell(*cell), depth)).then_some(cells.len())
            }
            ("LN" | "LOG" | "LOG10", [_]) => Some(1),
            ("ABS", [x]) => self.is_difference(x, depth).then_some(1),
            _ => None,
        }
    }

    /// Whether an expression is something that varies minus something that does not, or the other way round.
    fn is_difference(&self, expr: &Expr, depth: usize) -> bool {
        if depth > DEPTH_LIMIT {
            return false;
        }
        if let Expr::Cell(cell) = expr {
            return self.book.formula(*cell).is_some_and(|formula| self.is_difference(&formula.expr, depth + 1));
        }
        let mut parts = Vec::new();
        let is_sum = sum_terms(expr, false, &mut parts).is_some();
        let varying = parts.iter().filter(|(_, part)| self.is_varying(part)).count();
        is_sum && parts.len() == 2 && varying == 1 && parts[0].0 != parts[1].0
    }
}
