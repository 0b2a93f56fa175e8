//! Formulas that are nearly what a network has: judged once more as if they were, and to blame where that explains more.
//!
//! An error is recognised by its squared differences and an output by its activation, so that one that is misshapen counts for
//! nothing, or for something else, and gradients that are right are held against it. So a book that looks wrong and has such formulas
//! is audited once more with the proper ones in their places; where that leaves no more slips, these formulas counted,
//! they are the slips.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Address, quoted_sheet};
use super::book::Book;
use super::dependencies::Dependencies;
use super::engine::{Content, number_in};
use super::error::AuditError;
use super::examine::{Examined, Judged, examine_with_references_held, final_error_in};
use super::finding::{Finding, SlipKind};
use super::formula::Reference;
use super::labels::label;
use super::loss::Varying;
use super::nearly_sigmoid::nearly_sigmoid;
use super::nearly_squared::nearly_squared;
use super::table::Part;
use super::tracks::candidates;
use super::update_rule::Update;

/// What leads from what is wrong with a formula to what follows.
const THEN: &str = ". With that mended, ";

/// The tables of a book with misshapen formulas to blame, where that explains what looks wrong in them as they are.
pub(crate) fn explained(book: &Book, as_it_is: &Examined) -> Result<Option<Examined>, AuditError> {
    if !as_it_is.judged.is_empty() && as_it_is.judged.iter().all(|judged| slips(judged) == 0) {
        return Ok(None);
    }
    let dependencies = Dependencies::of(book)?;
    let trained = Trained::of(book, &dependencies);
    let squared = nearly_squared(book, &dependencies, &trained);
    let sigmoid = nearly_sigmoid(book, &dependencies, &trained, &squared);
    let both = if squared.is_empty() || sigmoid.is_empty() { Misshapen::default() } else { squared.with(&sigmoid) };
    let mut best: Option<(usize, &Misshapen, Examined)> = None;
    for misshapen in [&squared, &sigmoid, &both] {
        if !misshapen.is_empty()
            && let Ok(mended) = examine_with_references_held(&book.with(&misshapen.corrections))
            && let Some(slips) = misshapen.explains(as_it_is, &mended)
            && best.as_ref().is_none_or(|(fewest, ..)| slips < *fewest)
        {
            best = Some((slips, misshapen, mended));
        }
    }
    let Some((_, misshapen, mut mended)) = best else { return Ok(None) };
    misshapen.tell(book, &mut mended)?;
    Ok(Some(mended))
}

/// What is updated in a book, and what depends on it.
pub(crate) struct Trained {
    /// By their cells.
    pub updates: BTreeMap<Address, Update>,
    /// Those cells, and the cells that they start from.
    pub weights: BTreeSet<Address>,
    /// The cells that depend on weights, themselves included.
    pub varies: BTreeSet<Address>,
}

impl Trained {
    pub(crate) fn varying(&self) -> Varying<'_> {
        Varying { cells: &self.varies, weights: &self.weights }
    }

    pub(crate) fn of(book: &Book, dependencies: &Dependencies) -> Self {
        let updates = candidates(book, dependencies);
        let weights: BTreeSet<Address> = updates.iter().flat_map(|(&cell, update)| [cell, update.previous]).collect();
        let roots: Vec<Address> = weights.iter().copied().collect();
        let varies = dependencies.dependents(&roots, &BTreeSet::new());
        Trained { updates, weights, varies }
    }
}

/// The misshapen formulas of a book.
#[derive(Clone, Default)]
pub(crate) struct Misshapen {
    /// What is wrong with each, by its cell.
    pub faults: BTreeMap<Address, Fault>,
    /// The same cells with proper formulas.
    pub corrections: BTreeMap<Address, Content>,
}

/// What keeps a term from being a squared difference, or an output from being a sigmoid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    NoSquare,
    Plus,
    Power(f64),
    NoParentheses,
    HalfSquared,
    Minus,
    Absolute,
    /// ½(t − out)·(out − t).
    Turned,
    /// 1/1 + e^(−x) for 1/(1 + e^(−x)).
    SigmoidWithoutParentheses,
    /// e^x where e^(−x) belongs.
    SigmoidWithoutMinus,
    SigmoidOtherwise,
}

impl Fault {
    fn is_of_error(self) -> bool {
        use Fault::{SigmoidOtherwise, SigmoidWithoutMinus, SigmoidWithoutParentheses};
        !matches!(self, SigmoidWithoutParentheses | SigmoidWithoutMinus | SigmoidOtherwise)
    }

    fn words(self) -> String {
        match self {
            Fault::NoSquare => "its square is missing".to_owned(),
            Fault::Plus => "it adds where it should subtract".to_owned(),
            Fault::Power(exponent) => format!("its power is {exponent} and not 2"),
            Fault::NoParentheses => "the parentheses around the difference are missing".to_owned(),
            Fault::HalfSquared => "its factor is squared with the difference".to_owned(),
            Fault::Minus => "it has a minus".to_owned(),
            Fault::Absolute => "it takes the absolute difference".to_owned(),
            Fault::Turned => "it multiplies the difference by its opposite".to_owned(),
            Fault::SigmoidWithoutParentheses => "the parentheses around 1 + e^(−x) are missing".to_owned(),
            Fault::SigmoidWithoutMinus => "the minus in the exponent is missing".to_owned(),
            Fault::SigmoidOtherwise => "it is not 1/(1 + e^(−x))".to_owned(),
        }
    }
}

/// A reference with the dollar signs and the sheet that it has.
pub(crate) fn written(book: &Book, reference: Option<Reference>, to: Address, cell: Address) -> String {
    let sheet = match book.sheets.get(to.sheet as usize) {
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

impl Misshapen {
    fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// These and those of another search.
    fn with(&self, other: &Misshapen) -> Misshapen {
        let mut both = self.clone();
        both.faults.extend(&other.faults);
        both.corrections.extend(other.corrections.clone());
        both
    }

    /// How many slips there are with these formulas to blame, counted column by column: where that is no more than the book has as
    /// it is, and in the mended book at least half of the gradients are right.
    fn explains(&self, as_it_is: &Examined, mended: &Examined) -> Option<usize> {
        let of_all = |examined: &Examined| examined.judged.iter().map(slips).sum::<usize>();
        let lines = mended.judged.iter().map(|judged| self.concerned(judged).len()).sum::<usize>();
        let mut concerned = mended.judged.iter().filter(|judged| !self.concerned(judged).is_empty());
        let explained = lines + of_all(mended);
        let is_better = lines > 0
            && concerned.all(|judged| 2 * slips_of_gradients(judged) <= judged.case.table.tracks.len())
            && (as_it_is.judged.is_empty() || explained <= of_all(as_it_is));
        is_better.then_some(explained)
    }

    /// Adds to the tables of the mended book what is wrong with the terms in `book`.
    fn tell(&self, book: &Book, examined: &mut Examined) -> Result<(), AuditError> {
        for judged in &mut examined.judged {
            let mut told: Vec<Finding> = Vec::new();
            for (base, cells) in self.concerned(judged) {
                let value = number_in(book, cells[0].1)?;
                told.push(Finding { value, ..self.finding(book, judged, base, &cells) });
            }
            if told.is_empty() {
                continue;
            }
            // Of a term that is mended and has another factor than the others, one slip is told.
            judged.findings.retain(|finding| {
                let same = told.iter_mut().find(|slip| slip.kind == finding.kind && slip.cells == finding.cells);
                let Some(slip) = same else { return true };
                slip.expected = finding.expected;
                let (what, _) = finding.explanation.split_once(':').unwrap_or((&finding.explanation, ""));
                slip.explanation = slip.explanation.replace(THEN, &format!("; {what}{THEN}"));
                false
            });
            let all_mended = judged.mended_error.or(judged.final_error);
            // With the other slips as they are; where one of them was merged, with that mended too.
            let mended = if judged.findings.is_empty() { all_mended } else { judged.final_error };
            judged.mended_error = all_mended;
            judged.final_error = final_error_in(book, judged)?;
            // What another slip moves was measured with these formulas mended, and so is no distance from the book's error.
            let alone = if told.len() == 1 { mended } else { None };
            judged.effects = told.iter().map(|_| alone).chain(judged.findings.iter().map(|_| None)).collect();
            judged.findings.splice(0..0, told);
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
            let cells: Vec<(i64, Address)> = steps.filter(|(_, cell)| self.faults.contains_key(cell)).collect();
            if !cells.is_empty() {
                concerned.insert(base, cells);
            }
        }
        if concerned.is_empty() && self.faults.contains_key(&table.error) {
            // Of a single step nothing moves.
            concerned.insert(table.error, vec![(table.first, table.error)]);
        }
        concerned
    }

    fn finding(&self, book: &Book, judged: &Judged, base: Address, cells: &[(i64, Address)]) -> Finding {
        let table = &judged.case.table;
        let first = cells[0].1;
        let name = label(book, table, base);
        let fault = self.faults[&first];
        let what = fault.words();
        let is_right = judged.findings.iter().all(|finding| !is_of_gradient(finding));
        let then = if is_right { "every gradient is" } else { "more gradients are" };
        let (kind, proper) = match fault.is_of_error() {
            true if base == table.error => (SlipKind::WrongError, "is not made of squared differences"),
            true => (SlipKind::WrongError, "is not a squared difference"),
            false => (SlipKind::WrongForward, "is not the sigmoid that the gradients belong to"),
        };
        // Where something else is wrong with the formula, its correction holds the squared difference as well.
        let corrections = cells.iter().filter_map(|&(_, cell)| {
            let others = judged.findings.iter().find_map(|finding| finding.corrections.get(&cell));
            Some((cell, others.or_else(|| self.corrections.get(&cell))?.clone()))
        });
        Finding {
            kind,
            track: None,
            cells: cells.iter().map(|entry| entry.1).collect(),
            steps: cells.iter().map(|entry| entry.0).collect(),
            value: None,
            expected: judged.case.values.get(&first).copied(),
            tolerance: None,
            explanation: format!("{name} {proper}: {what}{THEN}{then} the derivative of the error"),
            corrections: corrections.collect(),
        }
    }
}

/// How many slips there are of gradients.
pub(crate) fn slips_of_gradients(judged: &Judged) -> usize {
    judged.findings.iter().filter(|finding| is_of_gradient(finding)).count()
}

fn is_of_gradient(finding: &Finding) -> bool {
    matches!(finding.kind, SlipKind::WrongDerivative | SlipKind::WrongWeight | SlipKind::WrongSign)
}

/// How many slips there are of gradients, of the forward pass and of the error.
fn slips(judged: &Judged) -> usize {
    let of_forward = |finding: &&Finding| matches!(finding.kind, SlipKind::WrongForward | SlipKind::WrongError);
    slips_of_gradients(judged) + judged.findings.iter().filter(of_forward).count()
}
