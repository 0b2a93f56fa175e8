//! Tables that have values and no formulas (not yet).

use super::book::Book;
use super::report::AuditReport;

/// Audits a workbook without formulas.
pub(crate) fn audit(_book: &Book) -> Option<AuditReport> {
    None
}
