//! How long an audit takes.

use std::time::Instant;

use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;
use longhand_workbook::audit::{AuditOptions, audit_bytes};
use longhand_workbook::write::worksheet_workbook;

/// The whole exercise: six tables of 181 rows, 20,000 formulas. The bound is generous, for machines that do other
/// things at the same time; the time is printed.
#[test]
fn the_whole_exercise_is_audited_in_seconds() {
    let bytes = worksheet_workbook(&Worksheet::work_out(NetworkSpec::default()).unwrap()).unwrap();
    let start = Instant::now();
    let report = audit_bytes(&bytes, &AuditOptions::default()).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    println!("seven tables, {} bytes: {seconds:.2} s", bytes.len());
    assert!(report.is_clean());
    assert_eq!(report.tables.iter().map(|table| table.rows).collect::<Vec<_>>(), [1, 181, 181, 181, 181, 181, 181]);
    assert!(seconds < 20.0, "{seconds}");
}
