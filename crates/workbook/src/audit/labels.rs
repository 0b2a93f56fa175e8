//! What a person calls a quantity: the heading of its column, or the words beside its row.

use super::address::Address;
use super::book::{Book, Value};
use super::table::Table;

/// How far a heading may be from the first row.
const REACH: i64 = 12;
/// A heading is a few words; longer texts are remarks.
pub(crate) const LONGEST: usize = 24;

/// The heading of a quantity of a table, else its cell in the first row.
pub(crate) fn label(book: &Book, table: &Table, base: Address) -> String {
    heading(book, table, base).unwrap_or_else(|| table.at(base, table.first).unwrap_or(base).a1())
}

/// The heading of a quantity: the nearest short text before its first row.
pub(crate) fn heading(book: &Book, table: &Table, base: Address) -> Option<String> {
    // A single row has no columns, but words beside it.
    if table.first == table.last
        && let Some(words) = words_beside(book, table, base)
    {
        return Some(words);
    }
    let steps = (table.first - REACH..=table.first).rev();
    for cell in steps.filter_map(|step| table.at(base, step)) {
        match book.cells.get(&cell).map(|found| &found.value) {
            Some(Value::Text(text)) if text.chars().count() <= LONGEST && !text.trim().is_empty() => {
                return Some(text.trim().to_owned());
            }
            _ => {}
        }
    }
    None
}

/// The short text right before the only cell of a quantity, across the direction of the table.
fn words_beside(book: &Book, table: &Table, base: Address) -> Option<String> {
    let first = table.at(base, table.first)?;
    let beside = match table.shift.rows {
        0 => Address { row: first.row.checked_sub(1)?, ..first },
        _ => Address { column: first.column.checked_sub(1)?, ..first },
    };
    match book.cells.get(&beside).map(|found| &found.value) {
        Some(Value::Text(text)) if text.chars().count() <= LONGEST && !text.trim().is_empty() => {
            Some(text.trim().to_owned())
        }
        _ => None,
    }
}
