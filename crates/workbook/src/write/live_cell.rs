//! Formulas with the value that this program computed for them.

use rust_xlsxwriter::{Format, Formula, Worksheet};

use super::workbook_error::WorkbookError;

/// Writes a formula and its value. Viewers that do not calculate show the value; LibreOffice does as well until a cell
/// is changed. A value that overflowed is an error there, as it is in a spreadsheet.
pub fn write_number(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    formula: &str,
    value: f64,
    format: &Format,
) -> Result<(), WorkbookError> {
    // The shortest decimal that reads back as the same double.
    let result = if value.is_finite() { value.to_string() } else { "#NUM!".to_owned() };
    sheet.write_formula_with_format(row, column, Formula::new(formula).set_result(result), format)?;
    Ok(())
}

/// Writes a formula that makes text, and the text. The text must not read as a number.
pub fn write_text(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    formula: &str,
    text: &str,
    format: &Format,
) -> Result<(), WorkbookError> {
    debug_assert!(text.parse::<f64>().is_err(), "{text:?} would be stored as a number");
    sheet.write_formula_with_format(row, column, Formula::new(formula).set_result(text), format)?;
    Ok(())
}
