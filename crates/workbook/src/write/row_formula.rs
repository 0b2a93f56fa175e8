//! A formula of a table with its row left open.

use std::fmt::Write as _;

use rust_xlsxwriter::utility::column_number_to_name;

/// Marks the start of a reference while a formula is being written; no formula holds this character.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// Which row of a table a reference goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InRow {
    /// The row of the formula.
    Same,
    /// The row above.
    Above,
}

/// A piece of a formula.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    /// The column by number and by letters.
    Cell {
        column: u16,
        letters: String,
        row: InRow,
    },
}

/// A formula that holds in every row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFormula(Vec<Piece>);

/// A reference to be read by [`RowFormula::parse`]: `column` is the sheet's, from 0.
pub fn reference(column: u16, row: InRow) -> String {
    let kind = if row == InRow::Above { "^" } else { "" };
    format!("{OPEN}{kind}{column}{CLOSE}")
}

impl RowFormula {
    /// Reads a formula in which cells of the table are written by [`reference`].
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, marked)) = rest.split_once(OPEN) {
            let (column, after) = marked.split_once(CLOSE).expect("a reference has an end");
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let (column, row) = match column.strip_prefix('^') {
                Some(column) => (column, InRow::Above),
                None => (column, InRow::Same),
            };
            let column = column.parse().expect("a reference holds the number of its column");
            pieces.push(Piece::Cell { column, letters: column_number_to_name(column), row });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        RowFormula(pieces)
    }

    /// The formula in a row of the sheet (from 0).
    pub fn in_row(&self, row: u32) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Cell { letters, row: in_row, .. } => {
                    let number = if *in_row == InRow::Above { row } else { row + 1 };
                    write!(text, "{letters}{number}").expect("writing to a string");
                }
            }
        }
        text
    }

    /// The columns that are read in this or in the row above.
    pub fn columns(&self, wanted: InRow) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().filter_map(move |piece| match piece {
            Piece::Cell { column, row, .. } if *row == wanted => Some(*column),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_follow_the_row() {
        let text = format!("{}-rate*{}", reference(9, InRow::Above), reference(28, InRow::Same));
        let formula = RowFormula::parse(&text);
        assert_eq!(formula.in_row(10), "J10-rate*AC11");
        assert_eq!(formula.columns(InRow::Above).collect::<Vec<_>>(), [9]);
        assert_eq!(RowFormula::parse("w_1").in_row(3), "w_1");
    }
}
