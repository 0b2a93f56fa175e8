//! How far rounding can move what a formula gives.
//!
//! A value and the bound of its error go through a formula side by side: each operation passes on the errors of its
//! operands and adds its own, the last bit of its result. Where terms cancel, 1 − out with out close to 1, the result
//! keeps the error of the terms, and so the bound says what no look at the result alone can.

use std::collections::BTreeMap;

use longhand_derivation::evaluation::apply;
use longhand_derivation::expression::Op;

use super::address::Address;
use super::book::Book;
use super::formula::Expr;

/// How deep formulas are followed from cell to cell.
const DEPTH_LIMIT: usize = 400;
/// The most values of one range that are looked through.
const RANGE_LIMIT: u64 = 4096;

/// A value with the most that rounding can have moved it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rounded {
    value: f64,
    error: f64,
}

/// The bounds of the cells of a book, each worked out once.
pub(crate) struct Rounding<'a> {
    book: &'a Book,
    /// The number in a cell.
    value: &'a dyn Fn(Address) -> Option<f64>,
    /// The cells that are taken as given, the weights.
    given: &'a dyn Fn(Address) -> bool,
    known: BTreeMap<Address, f64>,
}

impl<'a> Rounding<'a> {
    pub fn new(
        book: &'a Book,
        value: &'a dyn Fn(Address) -> Option<f64>,
        given: &'a dyn Fn(Address) -> bool,
    ) -> Rounding<'a> {
        Rounding { book, value, given, known: BTreeMap::new() }
    }

    /// The most that rounding moves the number in a cell; 0 where no formula works it out.
    pub fn of(&mut self, cell: Address) -> f64 {
        self.cell(cell, 0).map_or(0.0, |found| found.error)
    }

    /// The most that rounding moves what the formula in a cell gives, be it a weight's or not.
    pub fn of_formula(&mut self, cell: Address) -> f64 {
        let book = self.book;
        let found = book.formula(cell).and_then(|formula| self.expr(&formula.expr, 0));
        found.map(|found| found.error).filter(|error| error.is_finite()).unwrap_or(0.0)
    }

    fn cell(&mut self, cell: Address, depth: usize) -> Option<Rounded> {
        let value = (self.value)(cell)?;
        let exact = Rounded { value, error: 0.0 };
        if (self.given)(cell) {
            return Some(exact);
        }
        if let Some(&error) = self.known.get(&cell) {
            return Some(Rounded { value, error });
        }
        let book = self.book;
        let Some(formula) = book.formula(cell) else { return Some(exact) };
        let error = if depth > DEPTH_LIMIT {
            ulp(value)
        } else {
            match self.expr(&formula.expr, depth) {
                Some(found) if found.error.is_finite() => found.error,
                // A function that is not known here: as exact as functions are.
                _ => 4.0 * ulp(value),
            }
        };
        self.known.insert(cell, error);
        Some(Rounded { value, error })
    }

    fn pair(&mut self, x: &Expr, y: &Expr, depth: usize) -> Option<(Rounded, Rounded)> {
        Some((self.expr(x, depth)?, self.expr(y, depth)?))
    }

    fn expr(&mut self, expr: &Expr, depth: usize) -> Option<Rounded> {
        Some(match expr {
            Expr::Number(value) => Rounded { value: *value, error: 0.0 },
            Expr::Truth(value) => Rounded { value: f64::from(u8::from(*value)), error: 0.0 },
            Expr::Cell(cell) => self.cell(*cell, depth + 1)?,
            Expr::Negate(x) => {
                let x = self.expr(x, depth)?;
                Rounded { value: -x.value, ..x }
            }
            Expr::Percent(x) => {
                let x = self.expr(x, depth)?;
                quotient(x, Rounded { value: 100.0, error: 0.0 })
            }
            Expr::Add(x, y) => {
                let (x, y) = self.pair(x, y, depth)?;
                sum(x, y)
            }
            Expr::Subtract(x, y) => {
                let (x, y) = self.pair(x, y, depth)?;
                sum(x, Rounded { value: -y.value, ..y })
            }
            Expr::Multiply(x, y) => {
                let (x, y) = self.pair(x, y, depth)?;
                product(x, y)
            }
            Expr::Divide(x, y) => {
                let (x, y) = self.pair(x, y, depth)?;
                quotient(x, y)
            }
            Expr::Power(x, y) => {
                let (x, y) = self.pair(x, y, depth)?;
                power(x, y)?
            }
            Expr::Call(name, operands) => self.call(name, operands, depth)?,
            _ => return None,
        })
    }

    fn call(&mut self, name: &str, operands: &[Expr], depth: usize) -> Option<Rounded> {
        if let ("IF", [condition, rest @ ..]) = (name, operands) {
            let chosen = if self.holds(condition, depth)? { rest.first()? } else { rest.get(1)? };
            return self.expr(chosen, depth);
        }
        let lists: Vec<Vec<Rounded>> =
            operands.iter().map(|operand| self.list(operand, depth)).collect::<Option<_>>()?;
        let all = lists.concat();
        let nothing = Rounded { value: 0.0, error: 0.0 };
        let through = |op: Op, x: Rounded, slope: &dyn Fn(f64) -> f64| {
            let value = apply(op, &[x.value]);
            Rounded { value, error: x.error * slope(value).abs() + 2.0 * ulp(value) }
        };
        Some(match (name, all.as_slice()) {
            ("EXP", &[x]) => through(Op::Exp, x, &|value| value),
            ("LN", &[x]) => through(Op::Ln, x, &|_| 1.0 / x.value),
            ("SQRT", &[x]) => through(Op::SquareRoot, x, &|value| 0.5 / value),
            ("TANH", &[x]) => through(Op::Tanh, x, &|value| 1.0 - value * value),
            ("ABS", &[x]) => Rounded { value: x.value.abs(), ..x },
            ("MAX" | "MIN", &[first, ref rest @ ..]) => {
                let is_better = |x: f64, best: f64| if name == "MAX" { x > best } else { x < best };
                let best =
                    rest.iter().fold(first.value, |best, x| if is_better(x.value, best) { x.value } else { best });
                // What is not chosen could have been, by its own error alone.
                let error = all.iter().fold(0.0f64, |error, x| error.max(x.error - (x.value - best).abs()));
                let own = all.iter().filter(|x| x.value == best).fold(0.0f64, |error, x| error.max(x.error));
                Rounded { value: best, error: error.max(own) }
            }
            ("SUM", all) => all.iter().copied().fold(nothing, sum),
            ("AVERAGE", all @ [_, ..]) => {
                let total = all.iter().copied().fold(nothing, sum);
                quotient(total, Rounded { value: all.len() as f64, error: 0.0 })
            }
            ("PRODUCT", &[first, ref rest @ ..]) => rest.iter().copied().fold(first, product),
            ("SUMSQ", all) => all.iter().map(|&x| product(x, x)).fold(nothing, sum),
            ("SUMPRODUCT" | "SUMXMY2", _) => {
                let [x, y] = lists.as_slice() else { return None };
                let pairs = x.iter().zip(y).map(|(&x, &y)| match name {
                    "SUMPRODUCT" => product(x, y),
                    _ => {
                        let difference = sum(x, Rounded { value: -y.value, ..y });
                        product(difference, difference)
                    }
                });
                pairs.fold(nothing, sum)
            }
            _ => return None,
        })
    }

    /// Whether a condition holds; `None` where it is none of two numbers.
    fn holds(&mut self, condition: &Expr, depth: usize) -> Option<bool> {
        let Expr::Operator(sign, x, y) = condition else { return Some(self.expr(condition, depth)?.value != 0.0) };
        let (x, y) = self.pair(x, y, depth)?;
        Some(match sign.as_str() {
            "<" => x.value < y.value,
            ">" => x.value > y.value,
            "<=" => x.value <= y.value,
            ">=" => x.value >= y.value,
            "=" => x.value == y.value,
            "<>" => x.value != y.value,
            _ => return None,
        })
    }

    fn list(&mut self, operand: &Expr, depth: usize) -> Option<Vec<Rounded>> {
        let Expr::Range(first, last) = operand else { return Some(vec![self.expr(operand, depth)?]) };
        if u64::from(last.row - first.row + 1) * u64::from(last.column - first.column + 1) > RANGE_LIMIT {
            return None;
        }
        let mut found = Vec::new();
        for row in first.row..=last.row {
            for column in first.column..=last.column {
                found.extend(self.cell(Address { row, column, ..*first }, depth + 1));
            }
        }
        Some(found)
    }
}

/// The most that rounding one result moves it.
fn ulp(value: f64) -> f64 {
    f64::EPSILON * value.abs()
}

fn sum(x: Rounded, y: Rounded) -> Rounded {
    let value = x.value + y.value;
    Rounded { value, error: x.error + y.error + ulp(value) }
}

fn product(x: Rounded, y: Rounded) -> Rounded {
    let value = x.value * y.value;
    Rounded { value, error: x.error * y.value.abs() + y.error * x.value.abs() + ulp(value) }
}

fn quotient(x: Rounded, y: Rounded) -> Rounded {
    let value = x.value / y.value;
    Rounded { value, error: (x.error + y.error * value.abs()) / y.value.abs() + ulp(value) }
}

/// Powers of a whole exponent; of ½ as well.
fn power(x: Rounded, exponent: Rounded) -> Option<Rounded> {
    if exponent.value == 0.5 {
        let value = apply(Op::SquareRoot, &[x.value]);
        return Some(Rounded { value, error: x.error * 0.5 / value + ulp(value) });
    }
    let whole = exponent.value as i32;
    if f64::from(whole) != exponent.value || whole.unsigned_abs() > 64 {
        return None;
    }
    let value = apply(Op::Power(whole), &[x.value]);
    let slope = exponent.value * apply(Op::Power(whole - 1), &[x.value]);
    Some(Rounded { value, error: x.error * slope.abs() + 2.0 * ulp(value) })
}
