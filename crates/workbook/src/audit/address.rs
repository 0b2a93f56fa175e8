//! Where a cell stands, and the step from one row of a table to the next.

use std::fmt;

/// The last row of a sheet.
pub(crate) const LAST_ROW: u32 = 1_048_576;
/// The last column of a sheet, XFD.
pub(crate) const LAST_COLUMN: u32 = 16_384;

/// A cell: sheet (from 0), row and column (from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    pub sheet: u32,
    pub row: u32,
    pub column: u32,
}

/// How far one step of the training leads: one row down, one column across.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shift {
    pub rows: i64,
    pub columns: i64,
}

impl Address {
    pub fn new(sheet: u32, row: u32, column: u32) -> Self {
        Address { sheet, row, column }
    }

    /// The cell `count` steps on; `None` beyond the edge of the sheet.
    pub fn shifted(self, step: Shift, count: i64) -> Option<Address> {
        let row = i64::from(self.row).checked_add(step.rows.checked_mul(count)?)?;
        let column = i64::from(self.column).checked_add(step.columns.checked_mul(count)?)?;
        let row = u32::try_from(row).ok().filter(|row| (1..=LAST_ROW).contains(row))?;
        let column = u32::try_from(column).ok().filter(|column| (1..=LAST_COLUMN).contains(column))?;
        Some(Address { row, column, ..self })
    }

    /// The step from `from` to this cell, where they stand on one sheet.
    pub fn since(self, from: Address) -> Option<Shift> {
        (self.sheet == from.sheet).then(|| Shift {
            rows: i64::from(self.row) - i64::from(from.row),
            columns: i64::from(self.column) - i64::from(from.column),
        })
    }

    /// `Z33`.
    pub fn a1(self) -> String {
        format!("{}{}", column_letters(self.column), self.row)
    }

    /// `$Z$33`.
    pub fn absolute_a1(self) -> String {
        format!("${}${}", column_letters(self.column), self.row)
    }
}

impl Shift {
    /// Whether it leads straight down (or up) or straight across, and at all.
    pub fn is_straight(self) -> bool {
        (self.rows == 0) != (self.columns == 0)
    }

    /// Whether a step takes more than a row or a column.
    pub fn is_of_blocks(self) -> bool {
        self.rows.abs().max(self.columns.abs()) > 1
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.a1())
    }
}

/// The letters of a column, from 1.
pub(crate) fn column_letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    while rest > 0 {
        rest -= 1;
        letters.push(b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    letters.iter().rev().map(|&letter| char::from(letter)).collect()
}

/// Reads `Z33` or `$Z$33`: row and column.
pub(crate) fn read_a1(text: &str) -> Option<(u32, u32)> {
    let text = text.replace('$', "");
    let digits = text.find(|next: char| next.is_ascii_digit())?;
    let (letters, row) = text.split_at(digits);
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut column = 0;
    for letter in letters.bytes() {
        let letter = letter.to_ascii_uppercase();
        column = column * 26 + u32::from(letter.is_ascii_uppercase().then(|| letter - b'A')?) + 1;
    }
    let row = row.parse().ok().filter(|row| (1..=LAST_ROW).contains(row))?;
    (column <= LAST_COLUMN).then_some((row, column))
}

/// A sheet's name as formulas write it, in quotes where it needs them.
pub(crate) fn quoted_sheet(name: &str) -> String {
    let plain = name.chars().all(|next| next.is_ascii_alphabetic() || next == '_') && !name.is_empty();
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_numbers_of_columns() {
        for (column, letters) in [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA"), (16_384, "XFD")] {
            assert_eq!(column_letters(column), letters);
            assert_eq!(read_a1(&format!("${letters}$7")), Some((7, column)));
        }
        assert_eq!(read_a1("XFE1"), None);
        assert_eq!(read_a1("A0"), None);
        assert_eq!(read_a1("12"), None);
    }
}
