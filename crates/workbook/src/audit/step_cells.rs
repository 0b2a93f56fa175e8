//! Updates that take their step from a cell of its own, `w + Δw` with Δw = −η·g: where all of them are written alike, what is
//! wrong is in that cell.

use super::address::Address;
use super::book::Book;
use super::engine::Content;
use super::finding::Finding;
use super::formula::{Expr, text_at};
use super::judge::Judge;

/// An update that adds a cell to its weight, or takes one off.
struct ByCell {
    step: Address,
    is_taken_off: bool,
}

impl Judge<'_, '_> {
    /// The finding in the cells of the steps, where its updates are no other than those of most weights.
    pub fn blame_step_cells(&mut self, track: usize, finding: &mut Finding) {
        let table = self.table();
        let anchor = |track: usize| by_cell(self.sheet.book, table.tracks[track].weight, table.tracks[track].update);
        let Some(own) = anchor(track) else { return };
        let alike = |other: usize| anchor(other).is_some_and(|other| other.is_taken_off == own.is_taken_off);
        if 2 * (0..table.tracks.len()).filter(|&other| alike(other)).count() <= table.tracks.len() {
            return;
        }
        let moved: Option<Vec<(Address, Content)>> = finding
            .cells
            .iter()
            .zip(&finding.steps)
            .map(|(update, &step)| self.in_step_cell(track, step, *update, finding.corrections.get(update)?))
            .collect();
        if let Some(mut moved) = moved {
            // The last row has no update behind it, and a step all the same.
            if let Some((next, content)) = moved.last().and_then(|(cell, content)| self.filled_on(*cell, content)) {
                moved.push((next, content));
                finding.steps.extend(finding.steps.last().map(|step| step + 1));
            }
            finding.cells = moved.iter().map(|(cell, _)| *cell).collect();
            finding.corrections = moved.into_iter().collect();
        }
    }

    /// The cell of the next row with what belongs there, where both rows have the same formula.
    fn filled_on(&mut self, cell: Address, content: &Content) -> Option<(Address, Content)> {
        let (book, shift) = (self.sheet.book, self.table().shift);
        let next = cell.shifted(shift, 1)?;
        let Content::Formula(text) = content else { return None };
        let is_alike = book.formula(next)?.node == book.formula(cell)?.node;
        let right = self.sheet.reader.read(text, cell)?;
        is_alike.then(|| (next, Content::Formula(text_at(&right.node, &book.sheets, next))))
    }

    /// The cell of the step that an update takes, and what belongs there where `right` belongs into the update.
    fn in_step_cell(&self, track: usize, step: i64, update: Address, right: &Content) -> Option<(Address, Content)> {
        let weight = self.table().tracks[track].weight_at(step)?;
        let by = by_cell(self.sheet.book, weight, update)?;
        let [_] = self.sheet.dependencies.users(by.step) else { return None };
        self.sheet.book.formula(by.step)?;
        let Content::Formula(text) = right else { return None };
        let rest = text.strip_prefix(&self.reference(weight, update.sheet))?;
        let (is_negative, product) = match rest.split_at_checked(1)? {
            ("-", product) => (!by.is_taken_off, product),
            ("+", product) => (by.is_taken_off, product),
            _ => return None,
        };
        // What stands on another sheet would be spelled otherwise there.
        (by.step.sheet == update.sheet)
            .then(|| (by.step, Content::Formula(format!("{}{product}", if is_negative { "-" } else { "" }))))
    }
}

/// The cell from which an update takes its step, whole.
pub(crate) fn step_cell(book: &Book, weight: Address, update: Address) -> Option<Address> {
    by_cell(book, weight, update).map(|by| by.step)
}

fn by_cell(book: &Book, weight: Address, update: Address) -> Option<ByCell> {
    let (step, is_taken_off) = match &book.formula(update)?.expr {
        Expr::Add(x, y) if **x == Expr::Cell(weight) => (y, false),
        Expr::Add(x, y) if **y == Expr::Cell(weight) => (x, false),
        Expr::Subtract(x, y) if **x == Expr::Cell(weight) => (y, true),
        _ => return None,
    };
    match **step {
        Expr::Cell(step) => Some(ByCell { step, is_taken_off }),
        _ => None,
    }
}
