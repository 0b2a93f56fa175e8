//! Why a workbook cannot be audited.

/// Why a workbook cannot be audited, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be read at all.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is something else than an xlsx workbook.
    #[error("this is not an xlsx workbook but {what}; {remedy}")]
    NotXlsx {
        /// What it looks like.
        what: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The file is larger than any training table needs, packed or unpacked.
    #[error("the workbook is too large to audit: {what} (the limit is {limit}); keep the training sheets only")]
    TooLarge {
        /// What is too large, with its size.
        what: String,
        /// What it may be.
        limit: String,
    },
    /// A part of the file is broken.
    #[error("the workbook is damaged: {what}; open it in a spreadsheet program, save it again and try again")]
    Damaged {
        /// What is broken.
        what: String,
    },
    /// A cell depends on itself.
    #[error("a circular reference: {cells}; no value can be worked out, so break the circle first")]
    Circular {
        /// The cells of the circle.
        cells: String,
    },
    /// Corrected, a cell would depend on itself.
    #[error(
        "no corrected copy can be written: with the corrections, formulas would depend on themselves ({cells}); mend \
         those that are broken by hand, and audit the workbook again"
    )]
    CircularCopy {
        /// The cells of the circle.
        cells: String,
    },
    /// Corrected, the workbook would still have slips.
    #[error(
        "no corrected copy is written, because it would not be clean: {what}; mend what the report names by hand, and \
         audit the workbook again"
    )]
    UncleanCopy {
        /// What would still be wrong.
        what: String,
    },
    /// The cells that matter hold errors.
    #[error("{cell} shows {error}: {consequence}")]
    ErrorCell {
        /// The sheet and the cell.
        cell: String,
        /// What it shows, such as `#DIV/0!`.
        error: String,
        /// What cannot be done because of it.
        consequence: String,
    },
    /// The table needs a formula for several cells.
    #[error(
        "the formula in {cell} fills several cells at once, and such formulas are not worked out here; write one for each of \
         its cells, such as SUMPRODUCT for a row of MMULT, and audit the workbook again"
    )]
    Array {
        /// The sheet and the cell.
        cell: String,
    },
    /// There is no training table in the workbook.
    #[error("no training table found: {reason}")]
    NoTable {
        /// What was looked for and what was found.
        reason: String,
    },
    /// The library that recalculates the sheet failed.
    #[error("the formulas could not be recalculated: {reason}")]
    Engine {
        /// What the library said.
        reason: String,
    },
}
