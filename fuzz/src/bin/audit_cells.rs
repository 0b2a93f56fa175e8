//! A workbook as cells: a line of input is a row, its parts between tabs are cells, and what begins with `=` is a formula.
//! Where the audit finds slips and writes a corrected copy, that is a sound workbook without circles. A table of nonsense,
//! mended, may look like another table or like none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_fuzz::{panics, text};
use longhand_workbook::audit::{AuditError, AuditOptions, audit_bytes, fix};
use rust_xlsxwriter::{Formula, Workbook};

fuzz_target!(init: panics::of_the_workbook_crate_only(), |data: &[u8]| {
    let Some(book) = text(data).and_then(workbook) else { return };
    let options = AuditOptions::default();
    match audit_bytes(&book, &options) {
        Ok(report) => {
            assert!(!longhand_workbook::audit::text(&report).is_empty());
            assert!(!longhand_workbook::audit::html(&report).is_empty());
            if let Ok(fixed) = fix(&book, &report) {
                match audit_bytes(&fixed, &options) {
                    Ok(_) | Err(AuditError::NoTable { .. } | AuditError::ErrorCell { .. }) => {}
                    Err(error) => panic!("a corrected copy is a sound workbook: {error}"),
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// The cells of `text` as an xlsx file; `None` where a cell is longer than the format lets it be.
fn workbook(text: &str) -> Option<Vec<u8>> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in text.lines().enumerate() {
        for (column, cell) in line.split('\t').enumerate() {
            let (row, column) = (row as u32, column as u16);
            match (cell.strip_prefix('='), cell.parse::<f64>()) {
                (Some(formula), _) => sheet.write_formula(row, column, Formula::new(formula)).ok()?,
                (_, Ok(number)) if number.is_finite() => sheet.write_number(row, column, number).ok()?,
                _ => sheet.write_string(row, column, cell).ok()?,
            };
        }
    }
    book.save_to_buffer().ok()
}
