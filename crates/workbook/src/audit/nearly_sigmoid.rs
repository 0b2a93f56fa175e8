//! Outputs that are nearly sigmoids: made of 1 and e^x or e^(−x) alone, and no sigmoid.

use ironcalc_base::expressions::parser::Node;
use ironcalc_base::expressions::token::OpUnary;

use super::address::Address;
use super::book::Book;
use super::dependencies::Dependencies;
use super::engine::Content;
use super::formula::{Expr, FormulaReader, text_at};
use super::loss;
use super::misshapen::{Fault, Misshapen, Trained};

/// Where a formula is held against the sigmoid.
const TRIED: [f64; 3] = [-1.25, 0.375, 2.5];

/// Looks for such outputs among the formulas that an error is made of; `errors` are cells that are to count as terms of one
/// too.
pub(crate) fn nearly_sigmoid(
    book: &Book,
    dependencies: &Dependencies,
    trained: &Trained,
    errors: &Misshapen,
) -> Misshapen {
    let mut found = Misshapen::default();
    let Trained { weights, varies, .. } = trained;
    let is_error =
        |cell: &&Address| errors.faults.contains_key(cell) || loss::terms(book, trained.varying(), **cell) > 0;
    let errors: Vec<Address> = varies.iter().filter(is_error).copied().collect();
    let mut reader = FormulaReader::new(&book.sheets, &book.names);
    for cell in dependencies.closure(&errors, weights).intersection(varies).copied() {
        let Some(formula) = book.formula(cell) else { continue };
        let Some(fault) = fault(&formula.expr) else { continue };
        let Some(exponent) = exponent(&formula.node) else { continue };
        let text = text_at(exponent, &book.sheets, cell);
        let text = match exponent {
            Node::ReferenceKind { .. } => format!("1/(1+EXP(-{text}))"),
            _ => format!("1/(1+EXP(-({text})))"),
        };
        let Some(proper) = reader.read(&text, cell) else { continue };
        found.faults.insert(cell, fault);
        found.corrections.insert(cell, Content::Formula(text_at(&proper.node, &book.sheets, cell)));
    }
    found
}

/// What is wrong with a formula that is made of 1 and e to one power and its opposite, if it is no sigmoid of it.
fn fault(expr: &Expr) -> Option<Fault> {
    let mut powers = Vec::new();
    value(expr, 0.0, &mut powers)?;
    let first = powers.first()?;
    if powers.iter().any(|power| power != first) || !contains_cell(first) {
        return None;
    }
    let is = |function: &dyn Fn(f64) -> f64| {
        TRIED.iter().all(|&x| {
            let found = value(expr, x, &mut Vec::new()).unwrap_or(f64::NAN);
            (found - function(x)).abs() <= 1e-12
        })
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    if is(&sigmoid) {
        None
    } else if is(&|x| sigmoid(-x)) {
        Some(Fault::SigmoidWithoutMinus)
    } else if is(&|x| 1.0 + (-x).exp()) && matches!(expr, Expr::Add(..)) {
        Some(Fault::SigmoidWithoutParentheses)
    } else {
        Some(Fault::SigmoidOtherwise)
    }
}

/// The value of a formula where what e is raised to, or its opposite, is `x`; `None` where it is made of anything else
/// than ones and such powers, which are noted without their signs.
fn value(expr: &Expr, x: f64, powers: &mut Vec<Expr>) -> Option<f64> {
    match expr {
        Expr::Number(one) if one.abs() == 1.0 => Some(*one),
        Expr::Negate(operand) => Some(-value(operand, x, powers)?),
        Expr::Add(left, right) => Some(value(left, x, powers)? + value(right, x, powers)?),
        Expr::Subtract(left, right) => Some(value(left, x, powers)? - value(right, x, powers)?),
        Expr::Multiply(left, right) => Some(value(left, x, powers)? * value(right, x, powers)?),
        Expr::Divide(left, right) => Some(value(left, x, powers)? / value(right, x, powers)?),
        Expr::Call(name, operands) if name == "EXP" => {
            let [operand] = operands.as_slice() else { return None };
            let (power, sign) = match operand {
                Expr::Negate(power) => (&**power, -1.0),
                power => (power, 1.0),
            };
            powers.push(power.clone());
            Some((sign * x).exp())
        }
        _ => None,
    }
}

fn contains_cell(expr: &Expr) -> bool {
    let mut found = false;
    expr.references(&mut |_, _| found = true);
    found
}

/// What the first EXP of a formula is of, without its sign.
fn exponent(node: &Node) -> Option<&Node> {
    match node {
        Node::FunctionKind { kind, args } if format!("{kind:?}").eq_ignore_ascii_case("EXP") => match args.first()? {
            Node::UnaryKind { kind: OpUnary::Minus, right } => Some(right),
            power => Some(power),
        },
        Node::OpSumKind { left, right, .. } | Node::OpProductKind { left, right, .. } => {
            exponent(left).or_else(|| exponent(right))
        }
        Node::UnaryKind { right, .. } => exponent(right),
        _ => None,
    }
}
