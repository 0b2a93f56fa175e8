//! The value of a learning rate: a number, a cell, or arithmetic with them.

use super::address::Address;
use super::formula::Expr;

/// The value of an expression of numbers and cells; `None` where it is more than that.
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
        Expr::Power(x, y) => pair(x, y).map(|(x, y)| x.powf(y)),
        Expr::Call(name, operands) => match (name.as_str(), operands.as_slice()) {
            ("SQRT", [x]) => value(x, lookup).map(f64::sqrt),
            ("EXP", [x]) => value(x, lookup).map(f64::exp),
            ("LN", [x]) => value(x, lookup).map(f64::ln),
            ("ABS", [x]) => value(x, lookup).map(f64::abs),
            _ => None,
        },
        _ => None,
    }
}
