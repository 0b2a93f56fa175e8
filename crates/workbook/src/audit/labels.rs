//! What a person calls a quantity: the heading of its column, or the words beside its row.

use super::address::{Address, Shift};
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
    // A single row, or a block of rows, has no columns, but words beside its cells.
    if (table.first == table.last || table.shift.is_of_blocks())
        && let Some(words) = words_beside(book, table.at(base, table.first)?)
    {
        return Some(words);
    }
    let steps = (table.first - REACH..=table.first).rev();
    steps.filter_map(|step| table.at(base, step)).find_map(|cell| short_text(book, cell))
}

/// The short text right before a cell or right above it. Where there are both, the one that has another below it, or beside
/// it: a list of names, and not a title.
fn words_beside(book: &Book, cell: Address) -> Option<String> {
    let words = |rows: i64, columns: i64| {
        let there = cell.shifted(Shift { rows, columns }, 1)?;
        short_text(book, there)
    };
    let (before, above) = (words(0, -1), words(-1, 0));
    let is_list = || words(1, -1).is_some() || words(-1, -1).is_some();
    if above.is_some() && !is_list() { above } else { before.or(above) }
}

fn short_text(book: &Book, cell: Address) -> Option<String> {
    match &book.cells.get(&cell)?.value {
        Value::Text(text) if text.chars().count() <= LONGEST && !text.trim().is_empty() => Some(text.trim().to_owned()),
        _ => None,
    }
}
