//! Which error the gradients of a table belong to: the sheet's, a multiple of it, or a sum that the sheet does not have.

use std::collections::BTreeMap;

use super::address::Address;
use super::engine::Content;
use super::finding::{Finding, SlipKind};
use super::formula::Expr;
use super::judge::{Judge, Row};
use super::labels::label;
use super::rows::Found;
use super::update_rule::repeated_cell;

/// An error that the gradients may belong to.
struct Candidate<'a> {
    /// How many tracks would be right.
    right: usize,
    /// Which targets are summed up.
    target: &'a [usize],
    factor: f64,
    rows: Vec<Vec<Row>>,
}

impl Judge<'_, '_> {
    /// Finds out whether the gradients belong to the sheet's error, to a multiple of it, or to another sum.
    /// Gives the factor between them, and the cell that should hold the sum where the table's error is only a part of it.
    pub fn choose_loss(&mut self, result: &mut Found) -> (f64, Option<Address>) {
        if let Some(finding) = self.error_upside_down() {
            result.found.push(finding);
            return (1.0, None);
        }
        let terms = self.table().term_count as f64;
        let mut factors = vec![1.0, 2.0, 0.5, terms, 1.0 / terms, 2.0 * terms, 2.0 / terms, terms / 2.0, 0.5 / terms];
        factors.dedup();
        let own = vec![0];
        // Where the error is one of the terms, the sum is it and the others; none counts twice.
        let is_term = self.error_is_term();
        let repeated = self.repeated_terms();
        let sum: Vec<usize> =
            (usize::from(!is_term)..self.case.derivatives.len()).filter(|target| !repeated.contains(target)).collect();
        let mut targets = vec![own.clone()];
        if sum.len() > 1 {
            targets.push(sum.clone());
        }
        let mut best: Option<Candidate<'_>> = None;
        for target in &targets {
            for &factor in &factors {
                let rows = self.rows_against(target, factor);
                let right = rows.iter().filter(|rows| !rows.is_empty() && rows.iter().all(Row::holds)).count();
                // A sum other than the sheet's own is believed only where nearly everything speaks for it.
                let is_believed = *target == own || 4 * right >= 3 * rows.len().max(1) && right >= 2;
                if is_believed && best.as_ref().is_none_or(|best| right > best.right) {
                    best = Some(Candidate { right, target, factor, rows });
                }
            }
        }
        let Some(Candidate { target, factor, rows, .. }) = best else { return (1.0, None) };
        let is_own = *target == *own;
        self.rows = rows;
        if !is_own {
            if is_term && self.total().is_none() {
                let (name, terms) = self.error_terms();
                result
                    .notes
                    .push(format!("No cell sums {name} and {}; the gradients are those of the sum.", terms.join(", ")));
                return (1.0, None);
            }
            result.found.push(self.wrong_error(factor));
            return (1.0, self.total().filter(|&total| total != self.table().error));
        }
        if factor != 1.0 {
            let table = self.table();
            let cell = table.at(table.error, table.first).unwrap_or(table.error);
            let name = label(self.sheet.book, table, table.error);
            let times = if factor < 1.0 { format!("{} times", 1.0 / factor) } else { format!("1/{factor} of") };
            result.notes.push(format!(
                "{name} ({cell}) is a different loss, not a slip: it is {times} the error that the gradients belong to{}. \
                 Every gradient is consistent with that.",
                if factor == 0.5 { " (the ½ is missing)" } else { "" }
            ));
        }
        (factor, None)
    }

    /// A logarithmic loss without its minus: below 0 in every row, and every gradient that of its opposite.
    fn error_upside_down(&mut self) -> Option<Finding> {
        let (book, case) = (self.sheet.book, self.case);
        let table = &case.table;
        let value = |step: &i64| table.at(table.error, *step).and_then(|cell| self.sheet.engine.number(cell));
        if !case.tested.iter().all(|step| value(step).is_some_and(|value| value < 0.0)) {
            return None;
        }
        let rows = self.rows_against(&[0], -1.0);
        if rows.iter().flatten().count() == 0 || !rows.iter().flatten().all(Row::holds) {
            return None;
        }
        let first = value(&case.tested[0]);
        let of_term = self.term_unlike_others();
        self.rows = rows;
        if of_term.is_some() {
            return of_term;
        }
        let name = label(book, table, table.error);
        let all: Vec<(i64, Address)> = (table.first..=table.sheet_last)
            .filter_map(|step| Some((step, table.at(table.error, step)?)))
            .filter(|(_, cell)| book.formula(*cell).is_some())
            .collect();
        let turned = |cell: Address| Some((cell, Content::Formula(format!("-({})", book.formula(cell)?.text.trim()))));
        Some(Finding {
            kind: SlipKind::WrongError,
            track: None,
            cells: all.iter().map(|entry| entry.1).collect(),
            steps: all.iter().map(|entry| entry.0).collect(),
            value: first,
            expected: first.map(|value| -value),
            tolerance: None,
            explanation: format!(
                "{name} lacks its minus: it is below 0, and every gradient is the derivative of −{name}"
            ),
            corrections: all.iter().filter_map(|entry| turned(entry.1)).collect(),
        })
    }

    /// The terms that have the formula of another one before them, or of the error; counted as the targets are.
    pub fn repeated_terms(&self) -> Vec<usize> {
        let (book, table) = (self.sheet.book, self.table());
        let targets: Vec<Address> = [table.error].iter().chain(&table.error_terms).copied().collect();
        let spelled = |cell: Address| {
            let formula = book.formula(cell);
            formula.map(|formula| formula.expr.spelled(&|cell| table.spelled(cell, table.anchor)))
        };
        let first = |target: usize| targets.iter().position(|&other| spelled(other) == spelled(targets[target]));
        (1..targets.len()).filter(|&target| first(target) != Some(target)).collect()
    }

    /// The error by name, and its terms, of which it may be one.
    fn error_terms(&self) -> (String, Vec<String>) {
        let (book, table) = (self.sheet.book, self.table());
        let terms = table.error_terms.iter().map(|&term| label(book, table, term)).collect();
        (label(book, table, table.error), terms)
    }

    /// Whether what the audit took for the error is one of several terms, and made of none of them.
    fn error_is_term(&self) -> bool {
        let table = self.table();
        let needs = self.sheet.dependencies.closure(&[table.error], &table.weights());
        table.term_count == 1
            && !table.error_terms.is_empty()
            && !table.error_terms.iter().any(|term| needs.contains(term))
    }

    /// The cell that should hold the sum of the terms: the error, or where that is one of them, the one that repeats it or
    /// multiplies them.
    fn total(&self) -> Option<Address> {
        let (book, table) = (self.sheet.book, self.table());
        if !self.error_is_term() {
            return Some(table.error);
        }
        let is_term = |cell: &Address| *cell == table.error || table.error_terms.contains(cell);
        let others = || table.moving.keys().filter(|cell| !is_term(cell));
        let repeats = |cell: &&Address| repeated_cell(book, **cell).is_some_and(|other| is_term(&other));
        let multiplies = |cell: &&Address| book.formula(**cell).is_some_and(|it| is_product(&it.expr, &is_term));
        let written_again = || self.repeated_terms().last().map(|&target| table.error_terms[target - 1]);
        others().find(repeats).or_else(|| others().find(multiplies)).copied().or_else(written_again)
    }

    /// An error formula that leaves out a part of the sum.
    fn wrong_error(&self, factor: f64) -> Finding {
        let (book, table) = (self.sheet.book, self.table());
        let total = self.total().unwrap_or(table.error);
        let first = (total != table.error).then_some(table.error);
        let repeated = self.repeated_terms();
        let terms =
            (1..).zip(&table.error_terms).filter(|(target, _)| !repeated.contains(target)).map(|(_, &term)| term);
        let all: Vec<Address> = first.into_iter().chain(terms).collect();
        let mut corrections = BTreeMap::new();
        let mut cells = Vec::new();
        let steps: Vec<i64> = table.steps().collect();
        for &step in &steps {
            let Some(cell) = table.at(total, step) else { continue };
            let terms: Vec<String> = all.iter().filter_map(|&term| table.at(term, step)).map(Address::a1).collect();
            let sum = terms.join("+");
            let text = if factor == 1.0 { sum } else { format!("{factor}*({sum})") };
            cells.push(cell);
            corrections.insert(cell, Content::Formula(text));
        }
        let name = label(book, table, total);
        let terms: Vec<String> = all.iter().map(|&term| label(book, table, term)).collect();
        let value = cells.first().and_then(|&cell| self.sheet.engine.number(cell));
        let expected = all
            .iter()
            .map(|&term| table.at(term, table.first).and_then(|cell| self.sheet.engine.number(cell)))
            .sum::<Option<f64>>()
            .map(|sum| sum * factor);
        Finding {
            kind: SlipKind::WrongError,
            track: None,
            cells,
            steps,
            value,
            expected,
            tolerance: None,
            explanation: format!(
                "{name} is not {}, the sum that the gradients are the derivatives of",
                terms.join(" + ")
            ),
            corrections,
        }
    }
}

/// Whether a formula is a product of such cells.
fn is_product(expr: &Expr, is_term: &dyn Fn(&Address) -> bool) -> bool {
    let is_factor = |side: &Expr| match side {
        Expr::Cell(cell) => is_term(cell),
        side => is_product(side, is_term),
    };
    matches!(expr, Expr::Multiply(left, right) if is_factor(left) && is_factor(right))
}
