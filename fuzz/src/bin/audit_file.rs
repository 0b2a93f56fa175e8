//! A workbook as bytes: the archive and its parts. A panic inside a library that reads them ends the audit, as it is meant
//! to; a panic of the audit itself is a finding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_fuzz::panics;
use longhand_workbook::audit::{AuditOptions, audit_bytes};

fuzz_target!(init: panics::of_the_workbook_crate_only(), |data: &[u8]| {
    match audit_bytes(data, &AuditOptions::default()) {
        Ok(report) => assert!(!longhand_workbook::audit::text(&report).is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
