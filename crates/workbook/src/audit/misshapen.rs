//! Terms of an error that are nearly squared differences: the square forgotten, a plus for the minus, another power, a
//! parenthesis left out.
//!
//! An error is recognised by its squared differences, so that such a term counts for nothing, and every gradient is held
//! against what is left of the error, if anything is. So a book that looks wrong and has such terms is audited once more with
//! squared differences in their places; they are to blame where fewer slips remain.

use std::collections::{BTreeMap, BTreeSet};

use ironcalc_base::expressions::parser::Node;

use super::address::{Address, quoted_sheet};
use super::book::Book;
use super::dependencies::Dependencies;
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Examined, Judged, final_error_in, number_in};
use super::finding::{Finding, SlipKind};
use super::formula::{Expr, FormulaReader, Reference, references, text_at};
use super::labels::label;
use super::loss;
use super::table::Part;
use super::tracks::candidates;
use super::update_rule::{Product, factors, sum_terms};

/// The most terms of an error written in one formula that are looked at.
const TERM_LIMIT: usize = 64;

/// The terms of a book that are nearly squared differences.
#[derive(Default)]
pub(crate) struct Misshapen {
    /// What is wrong with each, by its cell.
    terms: BTreeMap<Address, Fault>,
    /// The same cells with squared differences.
    pub corrections: BTreeMap<Address, Content>,
}

/// What keeps a term from being a squared difference.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    NoSquare,
    Plus,
    Power(f64),
    NoParentheses,
}

/// A part of a sum that is nearly a squared difference.
struct Nearly {
    fault: Fault,
    factor: f64,
    /// What the squared difference is of, in the order of the formula.
    of: [Address; 2],
}

/// Looks for such terms among the formulas that depend on weights and that no update is made of.
pub(crate) fn misshapen(book: &Book, dependencies: &Dependencies) -> Misshapen {
    let mut found = Misshapen::default();
    let updates = candidates(book, dependencies);
    if updates.is_empty() {
        return found;
    }
    let weights: BTreeSet<Address> = updates.iter().flat_map(|(&cell, update)| [cell, update.previous]).collect();
    let roots: Vec<Address> = weights.iter().copied().collect();
    let varies = dependencies.dependents(&roots, &BTreeSet::new());
    let of_updates: Vec<Address> = updates.keys().flat_map(|&cell| dependencies.needs(cell)).copied().collect();
    let backward = dependencies.closure(&of_updates, &weights);
    let mut search = Search { book, varies: &varies, reader: FormulaReader::new(&book.sheets, &book.names) };
    let mut unsquared: Vec<(Address, Content)> = Vec::new();
    for &cell in varies.difference(&backward).filter(|cell| !weights.contains(cell)) {
        let Some(formula) = book.formula(cell) else { continue };
        let Some(fault) = search.first_fault(&formula.expr) else { continue };
        let Some(node) = search.mended(&formula.node, cell) else { continue };
        let text = Content::Formula(text_at(&node, &book.sheets, cell));
        if fault == Fault::NoSquare && search.nearly(&formula.expr).is_some() {
            unsquared.push((cell, text));
        } else {
            found.terms.insert(cell, fault);
            found.corrections.insert(cell, text);
        }
    }
    // A difference alone may be meant as one; one that is summed up with others of them, or with squares, is not.
    let mut is_sum: BTreeMap<Address, bool> = BTreeMap::new();
    let of_unsquared: BTreeSet<Address> = unsquared.iter().map(|term| term.0).collect();
    let is_term = |cell: &&Address| {
        of_unsquared.contains(cell) || found.terms.contains_key(cell) || loss::terms(book, &varies, **cell) > 0
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
            found.terms.insert(cell, Fault::NoSquare);
            found.corrections.insert(cell, text);
        }
    }
    found
}

struct Search<'a> {
    book: &'a Book,
    varies: &'a BTreeSet<Address>,
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
                None if loss::terms_of(self.book, self.varies, part) > 0 => {}
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
            self.written(reference.copied(), of, cell)
        });
        let factor = if nearly.factor == 1.0 { String::new() } else { format!("{}*", nearly.factor) };
        format!("{factor}({first}-{second})^2")
    }

    /// A reference with the dollar signs and the sheet that it has.
    fn written(&self, reference: Option<Reference>, to: Address, cell: Address) -> String {
        let sheet = match self.book.sheets.get(to.sheet as usize) {
            Some(name) if to.sheet != cell.sheet => format!("{}!", quoted_sheet(name)),
            _ => String::new(),
        };
        let (row, column) =
            reference.map_or((false, false), |reference| (reference.has_fixed_row, reference.has_fixed_column));
        let a1 = to.a1();
        let digits = a1.find(|c: char| c.is_ascii_digit()).unwrap_or(a1.len());
        let dollar = |is_fixed: bool| if is_fixed { "$" } else { "" };
        format!("{sheet}{}{}{}{}", dollar(column), &a1[..digits], dollar(row), &a1[digits..])
    }

    /// A constant times something made of one cell that varies and one that does not, added or subtracted, to a power
    /// or none; not a squared difference itself.
    fn nearly(&self, expr: &Expr) -> Option<Nearly> {
        if loss::terms_of(self.book, self.varies, expr) > 0 {
            return None;
        }
        let mut parts = Vec::new();
        sum_terms(expr, false, &mut parts)?;
        if parts.len() == 2 {
            return self.sides(&parts, None, 1.0);
        }
        let [(is_negative, part)] = parts.as_slice() else { return None };
        let mut product = Product { is_negative: *is_negative, factors: Vec::new(), helpers: Vec::new() };
        factors(part, false, &mut product);
        let (mut factor, mut core) = (1.0, None);
        for part in product.factors {
            match (part.expr, part.is_divisor) {
                (Expr::Number(value), false) => factor *= value,
                (Expr::Number(value), true) => factor /= value,
                (expr, false) if core.is_none() => core = Some(expr),
                _ => return None,
            }
        }
        if product.is_negative {
            return None;
        }
        let (core, power) = match core? {
            Expr::Power(x, exponent) => match *exponent {
                Expr::Number(exponent) => (*x, Some(exponent)),
                _ => return None,
            },
            core => (core, None),
        };
        let mut parts = Vec::new();
        sum_terms(&core, false, &mut parts)?;
        self.sides(&parts, power, factor)
    }

    fn sides(&self, parts: &[(bool, &Expr)], power: Option<f64>, factor: f64) -> Option<Nearly> {
        let [(first_is_negative, first), (second_is_negative, second)] = parts else { return None };
        let [(first, of_first), (second, of_second)] = [side(first)?, side(second)?];
        if self.varies.contains(&first) == self.varies.contains(&second) {
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

/// A cell with what it is multiplied by and the power it is raised to.
fn side(expr: &Expr) -> Option<(Address, (f64, f64))> {
    let mut product = Product { is_negative: false, factors: Vec::new(), helpers: Vec::new() };
    factors(expr, false, &mut product);
    let (mut factor, mut cell) = (1.0, None);
    for part in product.factors {
        match (part.expr, part.is_divisor) {
            (Expr::Number(value), false) => factor *= value,
            (Expr::Number(value), true) => factor /= value,
            (Expr::Cell(address), false) if cell.is_none() => cell = Some((address, 1.0)),
            (Expr::Power(x, exponent), false) if cell.is_none() => match (*x, *exponent) {
                (Expr::Cell(address), Expr::Number(exponent)) => cell = Some((address, exponent)),
                _ => return None,
            },
            _ => return None,
        }
    }
    let (cell, power) = cell?;
    Some((cell, (factor, power)))
}

impl Misshapen {
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the tables of the mended book have fewer slips than those of the book as it is, where at least half of their
    /// gradients are right.
    pub fn explains(&self, as_it_is: &Examined, mended: &Examined) -> bool {
        let slips = |examined: &Examined| examined.judged.iter().map(slips).sum::<usize>();
        let is_concerned = |judged: &&Judged| !self.concerned(judged).is_empty();
        let mut concerned = mended.judged.iter().filter(is_concerned).peekable();
        concerned.peek().is_some()
            && concerned.all(|judged| 2 * slips_of_gradients(judged) <= judged.case.table.tracks.len())
            && (as_it_is.judged.is_empty() || slips(mended) < slips(as_it_is))
    }

    /// Adds to the tables of the mended book what is wrong with the terms in `book`.
    pub fn tell(&self, book: &Book, dependencies: &Dependencies, examined: &mut Examined) -> Result<(), AuditError> {
        for judged in &mut examined.judged {
            let mut slips: Vec<Finding> = Vec::new();
            for (base, cells) in self.concerned(judged) {
                let value = number_in(book, dependencies, cells[0].1)?;
                slips.push(Finding { value, ..self.finding(book, judged, base, &cells) });
            }
            if slips.is_empty() {
                continue;
            }
            let squared = judged.final_error;
            judged.mended_error = judged.mended_error.or(squared);
            judged.final_error = final_error_in(book, dependencies, judged)?;
            // What another slip moves was measured with squared differences, and so is no distance from the book's error.
            let alone = if slips.len() == 1 { squared } else { None };
            judged.effects = slips.iter().map(|_| alone).chain(judged.effects.iter().map(|_| None)).collect();
            judged.findings.splice(0..0, slips);
        }
        Ok(())
    }

    /// The terms of one table, as they stand at the anchor, with their steps and cells.
    fn concerned(&self, judged: &Judged) -> BTreeMap<Address, Vec<(i64, Address)>> {
        let table = &judged.case.table;
        let mut concerned: BTreeMap<Address, Vec<(i64, Address)>> = BTreeMap::new();
        let of_error = table.moving.iter().filter(|(_, part)| **part == Part::Forward);
        for (&base, _) in of_error {
            let steps = (table.first..=table.sheet_last).filter_map(|step| Some((step, table.at(base, step)?)));
            let cells: Vec<(i64, Address)> = steps.filter(|(_, cell)| self.terms.contains_key(cell)).collect();
            if !cells.is_empty() {
                concerned.insert(base, cells);
            }
        }
        if concerned.is_empty() && self.terms.contains_key(&table.error) {
            // Of a single step nothing moves.
            concerned.insert(table.error, vec![(table.first, table.error)]);
        }
        concerned
    }

    fn finding(&self, book: &Book, judged: &Judged, base: Address, cells: &[(i64, Address)]) -> Finding {
        let table = &judged.case.table;
        let first = cells[0].1;
        let name = label(book, table, base);
        let what = match self.terms[&first] {
            Fault::NoSquare => "its square is missing".to_owned(),
            Fault::Plus => "it adds where it should subtract".to_owned(),
            Fault::Power(exponent) => format!("its power is {exponent} and not 2"),
            Fault::NoParentheses => "the parentheses around the difference are missing".to_owned(),
        };
        let then = if slips_of_gradients(judged) == 0 { "every gradient is" } else { "more gradients are" };
        // Where something else is wrong with the formula, its correction holds the squared difference as well.
        let corrections = cells.iter().filter_map(|&(_, cell)| {
            let others = judged.findings.iter().find_map(|finding| finding.corrections.get(&cell));
            Some((cell, others.or_else(|| self.corrections.get(&cell))?.clone()))
        });
        Finding {
            kind: SlipKind::WrongError,
            track: None,
            cells: cells.iter().map(|entry| entry.1).collect(),
            steps: cells.iter().map(|entry| entry.0).collect(),
            value: None,
            expected: judged.case.values.get(&first).copied(),
            tolerance: None,
            explanation: format!(
                "{name} is not made of squared differences: {what}. With that mended, {then} the derivative of the error"
            ),
            corrections: corrections.collect(),
        }
    }
}

fn slips_of_gradients(judged: &Judged) -> usize {
    let is_of_gradient = |finding: &&Finding| {
        matches!(finding.kind, SlipKind::WrongDerivative | SlipKind::WrongWeight | SlipKind::WrongSign)
    };
    judged.findings.iter().filter(is_of_gradient).count()
}

fn slips(judged: &Judged) -> usize {
    let of_forward = |finding: &&Finding| matches!(finding.kind, SlipKind::WrongForward | SlipKind::WrongError);
    slips_of_gradients(judged) + judged.findings.iter().filter(of_forward).count()
}
