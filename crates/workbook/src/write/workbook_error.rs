//! Why a workbook cannot be written.

use super::limits::{COLUMN_LIMIT, FORMULA_LIMIT, NUMBER_LIMIT};

/// A network whose workbook spreadsheet programs would not open; the message says what is too large, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// More columns than a sheet has.
    #[error(
        "a table of this network has {needed} columns and a sheet holds {COLUMN_LIMIT}: use fewer samples or smaller \
         layers"
    )]
    TooManyColumns {
        /// The columns that a table needs.
        needed: usize,
    },
    /// More cells than a spreadsheet program opens with pleasure.
    #[error(
        "all tables together have {needed} cells and a workbook is written with {NUMBER_LIMIT} at most: ask for fewer \
         rows or learning rates"
    )]
    TooManyNumbers {
        /// The cells in all tables together.
        needed: usize,
    },
    /// A formula that does not fit into a cell.
    #[error(
        "the formula of {quantity} has {length} characters and a cell holds {FORMULA_LIMIT}: use smaller layers, or \
         several of them in place of a wide one"
    )]
    FormulaTooLong {
        /// The quantity.
        quantity: String,
        /// The length of its formula.
        length: usize,
    },
    /// The library that writes the file refused.
    #[error("the workbook could not be written: {0}")]
    Writer(#[from] rust_xlsxwriter::XlsxError),
}
