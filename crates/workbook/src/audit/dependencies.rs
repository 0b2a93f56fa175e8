//! Which cells a formula needs, and which formulas need a cell.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::book::Book;
use super::error::AuditError;

/// The most references of all formulas together, ranges counted cell by cell.
const REFERENCE_LIMIT: usize = 8_000_000;
/// A rectangle of up to this many cells is listed whole; of a larger one only the cells that hold something.
const SMALL_RANGE: u64 = 256;

/// Who needs whom.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    needs: BTreeMap<Address, Vec<Address>>,
    needed_by: BTreeMap<Address, Vec<Address>>,
}

impl Dependencies {
    /// The dependencies between the cells of a workbook.
    pub fn of(book: &Book) -> Result<Self, AuditError> {
        let mut found = Dependencies::default();
        let mut total = 0;
        for (&cell, content) in &book.cells {
            let Some(formula) = &content.formula else { continue };
            let mut needs = Vec::new();
            formula.expr.references(&mut |first, last| {
                let rows = u64::from(last.row - first.row) + 1;
                let columns = u64::from(last.column - first.column) + 1;
                if rows * columns <= SMALL_RANGE {
                    for row in first.row..=last.row {
                        needs.extend((first.column..=last.column).map(|column| Address { row, column, ..first }));
                    }
                } else {
                    let inside = book.cells.range(first..=last).map(|(&cell, _)| cell);
                    needs.extend(inside.filter(|cell| (first.column..=last.column).contains(&cell.column)));
                }
            });
            needs.sort_unstable();
            needs.dedup();
            total += needs.len();
            if total > REFERENCE_LIMIT {
                let what = format!("its formulas refer to more than {REFERENCE_LIMIT} cells");
                return Err(AuditError::TooLarge { what, limit: REFERENCE_LIMIT.to_string() });
            }
            for &needed in &needs {
                found.needed_by.entry(needed).or_default().push(cell);
            }
            found.needs.insert(cell, needs);
        }
        Ok(found)
    }

    /// The cells that a cell's own formula speaks of, in order.
    pub fn needs(&self, cell: Address) -> &[Address] {
        self.needs.get(&cell).map_or(&[], Vec::as_slice)
    }

    /// The cells whose formulas speak of a cell.
    pub fn users(&self, cell: Address) -> &[Address] {
        self.needed_by.get(&cell).map_or(&[], Vec::as_slice)
    }

    /// Everything that `roots` need, themselves included; what `stop` holds is listed but not looked behind.
    pub fn closure(&self, roots: &[Address], stop: &BTreeSet<Address>) -> BTreeSet<Address> {
        walk(roots, |cell| if stop.contains(&cell) { &[] } else { self.needs(cell) })
    }

    /// Every formula that needs one of `roots`, themselves included; what `stop` holds is listed but not passed.
    pub fn dependents(&self, roots: &[Address], stop: &BTreeSet<Address>) -> BTreeSet<Address> {
        walk(roots, |cell| {
            let is_passed = roots.contains(&cell) || !stop.contains(&cell);
            if is_passed { self.users(cell) } else { &[] }
        })
    }

    /// The cells of a circle, if a formula depends on itself.
    pub fn circle(&self) -> Option<Vec<Address>> {
        // Cells of which everything they need is settled are settled; what remains holds a circle.
        let mut waiting: BTreeMap<Address, usize> = BTreeMap::new();
        let mut settled: Vec<Address> = Vec::new();
        for (&cell, needs) in &self.needs {
            let open = needs.iter().filter(|needed| self.needs.contains_key(needed)).count();
            if open == 0 {
                settled.push(cell);
            } else {
                waiting.insert(cell, open);
            }
        }
        while let Some(cell) = settled.pop() {
            for user in self.needed_by.get(&cell).map_or(&[][..], Vec::as_slice) {
                if let Some(open) = waiting.get_mut(user) {
                    *open -= 1;
                    if *open == 0 {
                        waiting.remove(user);
                        settled.push(*user);
                    }
                }
            }
        }
        let (&start, _) = waiting.first_key_value()?;
        let mut path = vec![start];
        loop {
            let here = *path.last().expect("the path is never empty");
            let next = *self.needs(here).iter().find(|needed| waiting.contains_key(needed))?;
            if let Some(place) = path.iter().position(|&cell| cell == next) {
                return Some(path.split_off(place));
            }
            path.push(next);
        }
    }
}

fn walk<'a>(roots: &[Address], next: impl Fn(Address) -> &'a [Address]) -> BTreeSet<Address> {
    let mut found: BTreeSet<Address> = roots.iter().copied().collect();
    let mut pending: Vec<Address> = roots.to_vec();
    while let Some(cell) = pending.pop() {
        for &other in next(cell) {
            if found.insert(other) {
                pending.push(other);
            }
        }
    }
    found
}
