//! `longhand audit`: is every derivative in somebody's spreadsheet right?

use std::ffi::OsStr;
use std::fs;

use anyhow::{Context, bail};
use longhand_workbook::audit::{self, AuditOptions};

use super::Exit;
use crate::arguments::AuditArguments;
use crate::printer::Printer;

/// The largest file that is read; what is inside is weighed again before it is unpacked.
const MAX_BYTES: u64 = 64 << 20;

/// Audits the workbook and says what was found.
pub fn run(arguments: &AuditArguments) -> anyhow::Result<Exit> {
    let printer = Printer::new(arguments.json);
    let path = &arguments.book;
    // The copy of a workbook with macros is one with macros.
    let is_workbook = |ending: &OsStr| ending.eq_ignore_ascii_case("xlsx") || Some(ending) == path.extension();
    if let Some(out) = arguments.fix.as_ref().filter(|out| !out.extension().is_some_and(is_workbook)) {
        bail!("{} would be a workbook under another name: end it in .xlsx", out.display());
    }
    let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    if size > MAX_BYTES {
        bail!(
            "{} has {size} bytes; a workbook of at most {MAX_BYTES} is audited: keep the training sheets only",
            path.display()
        );
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    let report = audit::audit_bytes(&bytes, &AuditOptions { name })?;
    printer.line(audit::text(&report).trim_end());
    if let Some(out) = &arguments.html {
        write(out, audit::html(&report).as_bytes(), arguments.force)?;
        printer.line(&format!("\npage with the cells marked: {}", out.display()));
    }
    if let Some(out) = &arguments.fix {
        let fixed = audit::fix(&bytes, &report)?;
        write(out, &fixed, arguments.force)?;
        let copy = if report.slips().next().is_some() { "corrected copy" } else { "copy, nothing to correct" };
        printer.line(&format!("\n{copy}: {}", out.display()));
    }
    if arguments.json {
        printer.data(&serde_json::to_string_pretty(&report)?);
    }
    Ok(if report.slips().next().is_some() {
        Exit::No
    } else if report.is_clean() {
        Exit::Done
    } else {
        // No slip in what could be audited, but a table could not be.
        Exit::CannotBeServed
    })
}

/// Writes a new file; over an old one only if told to.
fn write(path: &std::path::Path, bytes: &[u8], force: bool) -> anyhow::Result<()> {
    if path.exists() && !force {
        bail!("{} is there already; name another file, or have it overwritten with --force", path.display());
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
