//! The update rule: a cell that is *previous cell − rate × another cell*, however it is written.

use super::address::Address;
use super::book::Book;
use super::formula::Expr;

/// How many helper cells a step may be spread over.
const HELPER_LIMIT: usize = 3;

/// One factor of a product.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Factor {
    pub expr: Expr,
    /// Whether the product is divided by it.
    pub is_divisor: bool,
}

impl Factor {
    /// How it is written, the same wherever the same is meant.
    pub fn spelled(&self) -> String {
        self.expr.spelled(&|cell| format!("{} {}", cell.sheet, cell.a1()))
    }
}

/// A product with its sign.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Product {
    pub is_negative: bool,
    pub factors: Vec<Factor>,
    /// The cells that were looked into to find the factors, one behind the other.
    pub helpers: Vec<Address>,
    /// Whether it is a share of the step before.
    pub is_momentum: bool,
}

impl Product {
    /// A product of nothing yet.
    pub fn new(is_negative: bool) -> Self {
        Product { is_negative, factors: Vec::new(), helpers: Vec::new(), is_momentum: false }
    }
}

/// A cell that follows the update rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Update {
    /// The cell that holds the rule.
    pub cell: Address,
    /// The cell that it starts from.
    pub previous: Address,
    /// What it adds: products, of which one or more factors are the rate.
    pub steps: Vec<Product>,
}

/// The ways in which the formula of a cell can be read as an update; mostly none or one.
pub(crate) fn readings(book: &Book, cell: Address) -> Vec<Update> {
    let Some(formula) = book.formula(cell) else { return Vec::new() };
    let mut terms = Vec::new();
    if sum_terms(&formula.expr, false, &mut terms).is_none() || terms.len() < 2 || terms.len() > 64 {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (place, (is_negative, term)) in terms.iter().enumerate() {
        let Expr::Cell(previous) = term else { continue };
        if *is_negative {
            continue;
        }
        let others = terms.iter().enumerate().filter(|(other, _)| *other != place);
        let steps: Option<Vec<Vec<Product>>> =
            others.map(|(_, (is_negative, term))| step_products(book, term, *is_negative)).collect();
        if let Some(steps) = steps {
            found.push(Update { cell, previous: *previous, steps: steps.concat() });
        }
    }
    found
}

/// The cell that a formula merely repeats.
pub(crate) fn repeated_cell(book: &Book, cell: Address) -> Option<Address> {
    match book.formula(cell)?.expr {
        Expr::Cell(other) => Some(other),
        _ => None,
    }
}

/// The terms of a sum with their signs; `None` where a sum runs over a rectangle.
pub(crate) fn sum_terms<'a>(expr: &'a Expr, is_negative: bool, terms: &mut Vec<(bool, &'a Expr)>) -> Option<()> {
    match expr {
        Expr::Add(x, y) => {
            sum_terms(x, is_negative, terms)?;
            sum_terms(y, is_negative, terms)
        }
        Expr::Subtract(x, y) => {
            sum_terms(x, is_negative, terms)?;
            sum_terms(y, !is_negative, terms)
        }
        Expr::Negate(x) => sum_terms(x, !is_negative, terms),
        Expr::Call(name, operands) if name == "SUM" => {
            operands.iter().try_for_each(|operand| sum_terms(operand, is_negative, terms))
        }
        Expr::Range(..) => None,
        term => {
            terms.push((is_negative, term));
            Some(())
        }
    }
}

/// The factors of a product. Numbers below 0 give their sign away.
pub(crate) fn factors(expr: &Expr, is_divisor: bool, product: &mut Product) {
    match expr {
        Expr::Multiply(x, y) => {
            factors(x, is_divisor, product);
            factors(y, is_divisor, product);
        }
        Expr::Divide(x, y) => {
            factors(x, is_divisor, product);
            factors(y, !is_divisor, product);
        }
        Expr::Negate(x) => {
            product.is_negative = !product.is_negative;
            factors(x, is_divisor, product);
        }
        Expr::Call(name, operands) if name == "PRODUCT" => {
            operands.iter().for_each(|operand| factors(operand, is_divisor, product));
        }
        Expr::Number(value) => {
            product.is_negative ^= *value < 0.0;
            if value.abs() != 1.0 {
                product.factors.push(Factor { expr: Expr::Number(value.abs()), is_divisor });
            }
        }
        expr => product.factors.push(Factor { expr: expr.clone(), is_divisor }),
    }
}

/// A term as *rate × gradient*; or, where it is a cell that takes a share of the same cell of the step before, that and
/// the *rate × gradient* it adds, which comes first.
fn step_products(book: &Book, term: &Expr, is_negative: bool) -> Option<Vec<Product>> {
    if let Some(product) = step_product(book, term, is_negative) {
        return Some(vec![product]);
    }
    let Expr::Cell(velocity) = term else { return None };
    let mut parts = Vec::new();
    sum_terms(&book.formula(*velocity)?.expr, is_negative, &mut parts)?;
    let [one, other] = parts.as_slice() else { return None };
    let product = |&(is_negative, part): &(bool, &Expr)| {
        let mut product = step_product(book, part, is_negative)?;
        product.helpers.insert(0, *velocity);
        product.is_momentum = product.factors.iter().any(|factor| match factor.expr {
            Expr::Cell(cell) => is_step_before(book, cell, *velocity),
            _ => false,
        });
        Some(product)
    };
    match (product(one)?, product(other)?) {
        (step, share) | (share, step) if share.is_momentum && !step.is_momentum => Some(vec![step, share]),
        _ => None,
    }
}

/// Whether a cell is another one, one step before it: typed, made alike, or as far before it as one that is made alike is
/// behind it.
fn is_step_before(book: &Book, cell: Address, now: Address) -> bool {
    let Some(back) = cell.since(now).filter(|back| back.is_straight()) else { return false };
    let node = |cell: Address| book.formula(cell).map(|formula| &formula.node);
    let next = now.shifted(back, -1);
    node(cell).is_none() || node(cell) == node(now) || next.is_some_and(|next| node(next) == node(now))
}

/// A term as *rate × gradient*, looked up in helper cells where it is only a reference.
fn step_product(book: &Book, term: &Expr, is_negative: bool) -> Option<Product> {
    let mut product = Product::new(is_negative);
    factors(term, false, &mut product);
    for _ in 0..HELPER_LIMIT {
        let [Factor { expr: Expr::Cell(helper), is_divisor: false }] = product.factors.as_slice() else { break };
        let helper = *helper;
        let formula = book.formula(helper)?;
        product.helpers.push(helper);
        product.factors.clear();
        let helped = formula.expr.clone();
        factors(&helped, false, &mut product);
    }
    let mut has_cell = false;
    product.factors.iter().for_each(|factor| factor.expr.references(&mut |_, _| has_cell = true));
    let is_simple = product.factors.iter().all(|factor| !matches!(factor.expr, Expr::Text(_) | Expr::Truth(_)));
    (has_cell && is_simple && product.factors.len() >= 2).then_some(product)
}
