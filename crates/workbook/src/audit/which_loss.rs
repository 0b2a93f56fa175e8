//! Which error the gradients of a table belong to: the sheet's, a multiple of it, or a sum that the sheet does not have.

use std::collections::BTreeMap;

use super::address::Address;
use super::engine::Content;
use super::finding::{Finding, SlipKind};
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
    pub fn choose_loss(&mut self, result: &mut Found) -> f64 {
        let terms = self.table().term_count as f64;
        let mut factors = vec![1.0, 2.0, 0.5, terms, 1.0 / terms, 2.0 * terms, 2.0 / terms, terms / 2.0, 0.5 / terms];
        factors.dedup();
        let own = vec![0];
        let sum: Vec<usize> = (1..self.case.derivatives.len()).collect();
        // Where the error is one of the terms, the sum is it and the others.
        let is_term = self.error_is_term();
        let sum = if is_term { (0..self.case.derivatives.len()).collect() } else { sum };
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
        let Some(Candidate { target, factor, rows, .. }) = best else { return 1.0 };
        let is_own = *target == *own;
        self.rows = rows;
        if !is_own {
            if is_term && self.total().is_none() {
                let (name, terms) = self.error_terms();
                result
                    .notes
                    .push(format!("No cell sums {name} and {}; the gradients are those of the sum.", terms.join(", ")));
            } else {
                result.found.push(self.wrong_error(factor));
            }
            return 1.0;
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
        factor
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

    /// The cell that should hold the sum of the terms: the error, or where that is one of them, the one that repeats it.
    fn total(&self) -> Option<Address> {
        let (book, table) = (self.sheet.book, self.table());
        if !self.error_is_term() {
            return Some(table.error);
        }
        let mut others = table.moving.keys().filter(|&&cell| cell != table.error && !table.error_terms.contains(&cell));
        others.find(|&&cell| repeated_cell(book, cell) == Some(table.error)).copied()
    }

    /// An error formula that leaves out a part of the sum.
    fn wrong_error(&self, factor: f64) -> Finding {
        let (book, table) = (self.sheet.book, self.table());
        let total = self.total().unwrap_or(table.error);
        let first = (total != table.error).then_some(table.error);
        let all: Vec<Address> = first.into_iter().chain(table.error_terms.iter().copied()).collect();
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
