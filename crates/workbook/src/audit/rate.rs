//! The value of a learning rate: a number, a cell, or simple arithmetic with them.

use super::address::Address;
use super::formula::Expr;

/// The value of an expression of numbers and cells; `None` where it is more than arithmetic.
pub(crate) fn value(expr: &Expr, lookup: &dyn Fn(Address) -> Option<f64>) -> Option<f64> {
    let pair = |x: &Expr, y: &Expr| Some((value(x, lookup)?, value(y, lookup)?));
    match expr {
        Expr::Number(value) => Some(*value),
        Expr::Cell(cell) => lookup(*cell),
        Expr::Negate(x) => Some(-value(x, lookup)?),
        Expr::Percent(x) => Some(value(x, lookup)? / 100.0),
        Expr::Add(x, y) => pair(x, y).map(|(x, y)| x + y),
        Expr::Subtract(x, y) => pair(x, y).map(|(x, y)| x - y),
        Expr::Multiply(x, y) => pair(x, y).map(|(x, y)| x * y),
        Expr::Divide(x, y) => pair(x, y).map(|(x, y)| x / y),
        _ => None,
    }
}
