//! Terms of an error that are nearly squared differences: the square forgotten, a plus for the minus, another power, a
//! parenthesis left out.

use std::collections::{BTreeMap, BTreeSet};

use ironcalc_base::expressions::parser::Node;

use super::address::Address;
use super::book::Book;
use super::dependencies::Dependencies;
use super::engine::Content;
use super::formula::{Expr, FormulaReader, references, text_at};
use super::loss::{self, Varying};
use super::misshapen::{Fault, Misshapen, Trained, written};
use super::update_rule::{Product, factors, sum_terms};

/// The most terms of an error written in one formula that are looked at.
const TERM_LIMIT: usize = 64;

/// A part of a sum that is nearly a squared difference.
struct Nearly {
    fault: Fault,
    factor: f64,
    /// What the squared difference is of, in the order of the formula.
    of: [Address; 2],
}

/// Looks for such terms among the formulas that depend on weights and that no update is made of.
pub(crate) fn nearly_squared(book: &Book, dependencies: &Dependencies, trained: &Trained) -> Misshapen {
    let mut found = Misshapen::default();
    let Trained { updates, weights, varies } = trained;
    let of_updates: Vec<Address> = updates.keys().flat_map(|&cell| dependencies.needs(cell)).copied().collect();
    let backward = dependencies.closure(&of_updates, weights);
    let varying = trained.varying();
    let mut search = Search { book, varying, reader: FormulaReader::new(&book.sheets, &book.names) };
    let mut unsquared: Vec<(Address, Content)> = Vec::new();
    for &cell in varies.difference(&backward).filter(|cell| !weights.contains(cell)) {
        let Some(formula) = book.formula(cell) else { continue };
        let Some(fault) = search.first_fault(&formula.expr) else { continue };
        let Some(node) = search.mended(&formula.node, cell) else { continue };
        let text = Content::Formula(text_at(&node, &book.sheets, cell));
        if fault == Fault::NoSquare && search.nearly(&formula.expr).is_some() {
            unsquared.push((cell, text));
        } else {
            found.faults.insert(cell, fault);
            found.corrections.insert(cell, text);
        }
    }
    // A difference alone may be meant as one; one that is summed up with others of them, or with squares, is not.
    let mut is_sum: BTreeMap<Address, bool> = BTreeMap::new();
    let of_unsquared: BTreeSet<Address> = unsquared.iter().map(|term| term.0).collect();
    let is_term = |cell: &&Address| {
        of_unsquared.contains(cell) || found.faults.contains_key(cell) || loss::terms(book, varying, **cell) > 0
    };
    for (cell, _) in &unsquared {
        for &user in dependencies.users(*cell) {
            is_sum.entry(user).or_insert_with(|| {
                search.is_sum(user) && dependencies.needs(user).iter().filter(is_term).take(2).count() == 2
            });
        }
    }
    for (cell, text) in unsquared {
        if dependencies.users(cell).iter().any(|user| is_sum[user]) {
            found.faults.insert(cell, Fault::NoSquare);
            found.corrections.insert(cell, text);
        }
    }
    found
}

struct Search<'a> {
    book: &'a Book,
    varying: Varying<'a>,
    reader: FormulaReader,
}

impl Search<'_> {
    /// What is wrong with the first part of a sum that is nearly a squared difference, where each of the others is one too
    /// or a term of an error.
    fn first_fault(&self, expr: &Expr) -> Option<Fault> {
        if let Some(nearly) = self.nearly(expr) {
            return Some(nearly.fault);
        }
        let mut parts = Vec::new();
        sum_terms(expr, false, &mut parts)?;
        if !(2..=TERM_LIMIT).contains(&parts.len()) {
            return None;
        }
        let mut fault = None;
        for (_, part) in parts {
            match self.nearly(part) {
                Some(nearly) => fault = fault.or(Some(nearly.fault)),
                None if loss::terms_of(self.book, self.varying, part) > 0 => {}
                None => return None,
            }
        }
        fault
    }

    /// The formula with squared differences for the parts of its sum that nearly are.
    fn mended(&mut self, node: &Node, cell: Address) -> Option<Node> {
        let formula = self.reader.read(&text_at(node, &self.book.sheets, cell), cell)?;
        if let Some(nearly) = self.nearly(&formula.expr) {
            let text = self.text(&nearly, node, cell);
            return Some(self.reader.read(&text, cell)?.node);
        }
        let Node::OpSumKind { kind, left, right } = node else { return None };
        let (of_left, of_right) = (self.mended(left, cell), self.mended(right, cell));
        if of_left.is_none() && of_right.is_none() {
            return None;
        }
        let or_own = |mended: Option<Node>, own: &Node| Box::new(mended.unwrap_or_else(|| own.clone()));
        Some(Node::OpSumKind { kind: kind.clone(), left: or_own(of_left, left), right: or_own(of_right, right) })
    }

    fn text(&self, nearly: &Nearly, node: &Node, cell: Address) -> String {
        let own = references(node, cell);
        let [first, second] = nearly.of.map(|of| {
            let reference = own.iter().find(|reference| reference.to == of);
            written(self.book, reference.copied(), of, cell)
        });
        let factor = if nearly.factor == 1.0 { String::new() } else { format!("{}*", nearly.factor) };
        format!("{factor}({first}-{second})^2")
    }

    /// A constant times something made of one cell that varies and one that does not, added or subtracted, to a power
    /// or none; not a squared difference itself.
    fn nearly(&self, expr: &Expr) -> Option<Nearly> {
        let is_term = loss::terms_of(self.book, self.varying, expr) > 0;
        let mut parts = Vec::new();
        sum_terms(expr, false, &mut parts)?;
        if parts.len() == 2 && !is_term {
            return self.sides(&parts, None, 1.0);
        }
        let [(is_negative, part)] = parts.as_slice() else { return None };
        let Split { is_negative, factor, cores } = split(part, *is_negative)?;
        match (cores.as_slice(), is_negative, is_term) {
            ([Expr::Call(name, operands)], false, true) if name == "ABS" => {
                let nearly = self.of_core(operands.first()?, None, factor)?;
                Some(Nearly { fault: Fault::Absolute, ..nearly })
            }
            ([Expr::Power(x, _)], true, true) => Some(Nearly { fault: Fault::Minus, ..self.of_core(x, None, factor)? }),
            ([Expr::Power(x, exponent)], false, false) => match **exponent {
                Expr::Number(exponent) => self.of_core(x, Some(exponent), factor),
                _ => None,
            },
            ([core], false, false) => self.of_core(core, None, factor),
            ([one, other], false, false) => {
                let [one, other] = [self.of_core(one, None, factor)?, self.of_core(other, None, factor)?];
                let is_turned = one.fault == Fault::NoSquare && one.of[0] == other.of[1] && one.of[1] == other.of[0];
                is_turned.then_some(Nearly { fault: Fault::Turned, ..one })
            }
            _ => None,
        }
    }

    /// What is raised to a power, or is not: the difference, or a constant times it.
    fn of_core(&self, core: &Expr, power: Option<f64>, factor: f64) -> Option<Nearly> {
        let mut parts = Vec::new();
        sum_terms(core, false, &mut parts)?;
        if parts.len() == 2 {
            return self.sides(&parts, power, factor);
        }
        let Split { factor: inner, cores, .. } = split(core, false)?;
        let [core] = cores.as_slice() else { return None };
        let mut parts = Vec::new();
        sum_terms(core, false, &mut parts)?;
        let nearly = self.sides(&parts, power, factor * inner)?;
        (nearly.fault == Fault::Power(2.0)).then_some(Nearly { fault: Fault::HalfSquared, ..nearly })
    }

    fn sides(&self, parts: &[(bool, &Expr)], power: Option<f64>, factor: f64) -> Option<Nearly> {
        let [(first_is_negative, first), (second_is_negative, second)] = parts else { return None };
        let [(first, of_first), (second, of_second)] = [side(first)?, side(second)?];
        if self.varying.cells.contains(&first) == self.varying.cells.contains(&second) {
            return None;
        }
        let are_bare = [of_first, of_second].iter().all(|side| *side == (1.0, 1.0));
        let fault = match power {
            // Each of the two has a factor or a power of its own: ½t − out² for ½(t − out)².
            None if !are_bare => Fault::NoParentheses,
            _ if !are_bare => return None,
            _ if first_is_negative == second_is_negative => Fault::Plus,
            None => Fault::NoSquare,
            Some(exponent) => Fault::Power(exponent),
        };
        let own = if fault == Fault::NoParentheses { of_first.0 } else { 1.0 };
        Some(Nearly { fault, factor: factor * own, of: [first, second] })
    }

    /// Whether a formula adds cells and nothing else.
    fn is_sum(&self, cell: Address) -> bool {
        let Some(formula) = self.book.formula(cell) else { return false };
        match &formula.expr {
            Expr::Call(name, operands) if matches!(name.as_str(), "SUM" | "AVERAGE") => {
                operands.iter().all(|operand| matches!(operand, Expr::Range(..) | Expr::Cell(_)))
            }
            expr => {
                let mut parts = Vec::new();
                let is_cell = |(is_negative, part): &(bool, &Expr)| !is_negative && matches!(part, Expr::Cell(_));
                sum_terms(expr, false, &mut parts).is_some() && parts.iter().all(is_cell)
            }
        }
    }
}

/// A product: its sign, its constant, and its other factors.
struct Split {
    is_negative: bool,
    factor: f64,
    cores: Vec<Expr>,
}

fn split(expr: &Expr, is_negative: bool) -> Option<Split> {
    let mut product = Product::new(is_negative);
    factors(expr, false, &mut product);
    let mut split = Split { is_negative: product.is_negative, factor: 1.0, cores: Vec::new() };
    for part in product.factors {
        match (part.expr, part.is_divisor) {
            (Expr::Number(value), false) => split.factor *= value,
            (Expr::Number(value), true) => split.factor /= value,
            (expr, false) => split.cores.push(expr),
            _ => return None,
        }
    }
    Some(split)
}

/// A cell with what it is multiplied by and the power it is raised to.
fn side(expr: &Expr) -> Option<(Address, (f64, f64))> {
    let Split { factor, cores, .. } = split(expr, false)?;
    match cores.as_slice() {
        [Expr::Cell(cell)] => Some((*cell, (factor, 1.0))),
        [Expr::Power(x, exponent)] => match (&**x, &**exponent) {
            (Expr::Cell(cell), Expr::Number(exponent)) => Some((*cell, (factor, *exponent))),
            _ => None,
        },
        _ => None,
    }
}
