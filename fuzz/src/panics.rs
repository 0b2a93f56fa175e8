//! Which panics are findings.

use std::panic;
use std::process;

/// Makes a panic a finding only where it comes from the source of `longhand-workbook`, tells of none that does not.
///
/// The audit runs on a thread of its own so that libraries may give up on a stranger's file; libFuzzer's own hook, which
/// ends the process at every panic, would call each of those a finding.
pub fn of_the_workbook_crate_only() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.location().is_some_and(|place| is_own(place.file())) {
            usual(info);
            process::abort();
        }
    }));
}

/// Whether `file` is the project's, a target's among them.
fn is_own(file: &str) -> bool {
    file.contains("crates/") || file.starts_with("src/")
}
