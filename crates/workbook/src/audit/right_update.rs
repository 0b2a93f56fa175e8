//! Updates and derivatives as they should be, written in the sheet's own references.

use std::collections::BTreeMap;

use ironcalc_base::expressions::parser::Node;
use ironcalc_base::expressions::token::OpSum;

use super::address::{Address, quoted_sheet};
use super::book::Book;
use super::formula::{Expr, text_at};
use super::judge::Judge;
use super::symbolic::Symbolic;
use super::table::Table;

impl Judge<'_, '_> {
    /// `E35-$F$33*X35`: the update as it should be, with the gradient's own cell and the rate that most weights have.
    pub fn plain_update(&self, track: usize, step: i64) -> Option<String> {
        let gradient = self.table().rules[track].gradient?;
        let sheet = self.table().tracks[track].update.sheet;
        let gradient = self.reference(self.table().at(gradient, step)?, sheet);
        self.update_from(track, step, &gradient)
    }

    /// The update with another cell for that of the gradient, which has the same sign.
    pub fn update_from(&self, track: usize, step: i64, gradient: &str) -> Option<String> {
        self.update(track, step, if self.adds[track] { '+' } else { '-' }, gradient)
    }

    /// The update with another text for the gradient.
    pub fn update_with(&self, track: usize, step: i64, gradient: &str) -> Option<String> {
        self.update(track, step, '-', gradient)
    }

    fn update(&self, track: usize, step: i64, sign: char, gradient: &str) -> Option<String> {
        let weights = &self.table().tracks[track];
        let weight = self.reference(weights.weight_at(step)?, weights.update.sheet);
        let rate_of = self.rate_source(track);
        match rate_text(self.sheet.book, self.table(), rate_of, step, weights.update.sheet) {
            Some(rate) => Some(format!("{weight}{sign}{rate}*{gradient}")),
            // Where no update has a rate, this one has none either.
            None => self.table().rules[rate_of].lacks_rate.then(|| format!("{weight}{sign}{gradient}")),
        }
    }

    /// The update as it stands with the rate in front of what it takes off, where it has no rate at all.
    pub fn with_rate(&self, track: usize, step: i64) -> Option<String> {
        let (book, weights) = (self.sheet.book, &self.table().tracks[track]);
        let cell = weights.update_at(step)?;
        let rate = rate_text(book, self.table(), self.rate_source(track), step, cell.sheet)?;
        let Node::OpSumKind { kind: OpSum::Minus, left, right } = &book.formula(cell)?.node else { return None };
        let (from, taken) = (text_at(left, &book.sheets, cell), text_at(right, &book.sheets, cell));
        matches!(**left, Node::ReferenceKind { .. }).then(|| format!("{from}-{rate}*({taken})"))
    }

    pub fn reference(&self, cell: Address, from: u32) -> String {
        reference(self.sheet.book, cell, from)
    }

    /// The derivative of the sheet's error in the sheet's own cells.
    pub fn derived(&mut self, track: usize, step: i64, sheet: u32) -> Option<String> {
        let (book, table) = (self.sheet.book, &self.case.table);
        // Written for the anchor and moved, so that one graph serves all rows.
        let symbolic = self.symbolic.get_or_insert_with(|| Symbolic::of(book, table, table.anchor));
        let symbolic = symbolic.as_ref()?;
        let gradient = symbolic.gradients[track];
        let text = symbolic.formula(book, table, table.anchor, gradient, sheet, &BTreeMap::new())?;
        let home = table.rules[track].gradient.unwrap_or(table.tracks[track].update);
        let home = Address { sheet, ..home };
        let formula = self.sheet.reader.read(&text, home)?;
        Some(text_at(&formula.node, &book.sheets, home.shifted(table.shift, step - table.anchor)?))
    }
}

/// The learning rate as the updates of a track write it, on `sheet`.
pub(crate) fn rate_text(book: &Book, table: &Table, track: usize, step: i64, sheet: u32) -> Option<String> {
    let mut rate = String::new();
    for factor in &table.rules[track].rate {
        let piece = match &factor.expr {
            Expr::Number(value) => value.to_string(),
            Expr::Cell(cell) if table.moving.contains_key(cell) => reference(book, table.at(*cell, step)?, sheet),
            Expr::Cell(cell) => absolute(book, *cell, sheet),
            _ => return None,
        };
        rate = match (rate.is_empty(), factor.is_divisor) {
            (true, false) => piece,
            (true, true) => format!("1/{piece}"),
            (false, false) => format!("{rate}*{piece}"),
            (false, true) => format!("{rate}/{piece}"),
        };
    }
    (!rate.is_empty()).then_some(rate)
}

pub(crate) fn reference(book: &Book, cell: Address, from: u32) -> String {
    if cell.sheet == from { cell.a1() } else { book.spelled(cell) }
}

fn absolute(book: &Book, cell: Address, from: u32) -> String {
    // Where the sheet has a name for it, the name.
    let name = book.names.iter().find(|name| {
        let target = format!("{}!{}", book.sheets[cell.sheet as usize], cell.absolute_a1());
        name.formula.replace('\'', "") == target && name.scope.is_none_or(|scope| scope == from as usize)
    });
    match name {
        Some(name) => name.name.clone(),
        None if cell.sheet == from => cell.absolute_a1(),
        None => format!("{}!{}", quoted_sheet(&book.sheets[cell.sheet as usize]), cell.absolute_a1()),
    }
}
