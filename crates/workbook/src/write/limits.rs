//! What fits into a workbook.

use longhand_derivation::worksheet::Worksheet;

use super::workbook_error::WorkbookError;

/// The columns of a sheet.
pub const COLUMN_LIMIT: usize = 16_384;
/// The characters of a formula.
pub const FORMULA_LIMIT: usize = 8_192;
/// The most table cells that a workbook is written with: more take spreadsheet programs minutes to open.
pub const NUMBER_LIMIT: usize = 2_000_000;

/// Refuses tables that do not fit, before anything is computed for them.
pub fn check(worksheet: &Worksheet) -> Result<(), WorkbookError> {
    let table = &worksheet.table;
    let columns = table.columns.len() + 1;
    if columns > COLUMN_LIMIT {
        return Err(WorkbookError::TooManyColumns { needed: columns });
    }
    let rows: usize = table.rates.iter().map(|rate| rate.rows()).sum();
    let needed = rows * columns;
    if needed > NUMBER_LIMIT {
        return Err(WorkbookError::TooManyNumbers { needed });
    }
    Ok(())
}
