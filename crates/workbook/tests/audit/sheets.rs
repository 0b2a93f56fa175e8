//! The same slip on several sheets, one for each learning rate: told once.

use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;
use longhand_workbook::audit::{AuditOptions, audit_bytes, fix, html, text};
use longhand_workbook::write::worksheet_workbook;

use super::bad_input::with_part;

/// Our own workbook with a gradient of the wrong input on some of its sheets, with a rate of each in the formula.
fn doctored(sheets: &[usize]) -> Vec<u8> {
    let spec: NetworkSpec = toml::from_str("learning_rates = [0.1, 0.5, 2.0]\nrows = 12").unwrap();
    let bytes = worksheet_workbook(&Worksheet::work_out(spec).unwrap()).unwrap();
    sheets.iter().fold(bytes, |bytes, sheet| {
        // The sheets By hand and Curves come first.
        with_part(&bytes, &format!("xl/worksheets/sheet{}.xml", sheet + 3), |text| {
            (10..22).fold(text, |text, row| {
                let (right, wrong) = (format!("Q{row}*(1-Q{row})*B{row}"), format!("O{row}*(1-O{row})*B{row}"));
                assert!(text.contains(&right));
                text.replace(&right, &wrong)
            })
        })
    })
}

#[test]
fn a_slip_on_several_sheets_is_told_once_with_all_of_them() {
    let bytes = doctored(&[0, 1, 2]);
    let report = audit_bytes(&bytes, &AuditOptions::default()).unwrap();
    let told = text(&report);
    assert_eq!((report.slips().count(), report.different_slips().count()), (3, 1), "{told}");
    assert!(told.starts_with("workbook: 1 slip, made 3 times in 4 training tables."), "{told}");
    assert_eq!(told.matches("     write ").count(), 1, "{told}");
    assert!(told.contains("     also on sheets \"Rate 0.5\", \"Rate 2\", in the same cells\n"), "{told}");
    assert_eq!(told.matches("Wrong derivative (w3): as on sheet \"Rate 0.1\"").count(), 2, "{told}");
    let page = html(&report);
    assert_eq!((page.matches("<dt>Write</dt>").count(), page.matches("As on sheet Rate 0.1.").count()), (1, 2));
    let again = audit_bytes(&fix(&bytes, &report).unwrap(), &AuditOptions::default()).unwrap();
    assert!(again.is_clean(), "{}", text(&again));
}

#[test]
fn a_slip_on_one_sheet_of_several_is_told_there() {
    let report = audit_bytes(&doctored(&[1]), &AuditOptions::default()).unwrap();
    let told = text(&report);
    assert!(told.starts_with("workbook: 1 slip in 4 training tables."), "{told}");
    assert!(!told.contains("also on") && !told.contains("as on sheet"), "{told}");
}
