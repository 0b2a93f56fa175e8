//! The one place that prints: what was asked for to standard output, everything else to standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
pub use longhand_report::thousands;

/// Where text for people goes: to standard output, unless that is kept for JSON.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    json: bool,
}

impl Printer {
    /// A printer that leaves standard output to JSON where `json` is set.
    pub fn new(json: bool) -> Self {
        Printer { json }
    }

    /// Prints a line for people.
    ///
    /// A reader that has gone away (`| head`) does not end a training: what cannot be printed is dropped. Where the reason is
    /// another one, such as a full disk, [`unwritten`] says so at the end.
    pub fn line(&self, text: &str) {
        if self.json {
            let _ = writeln!(io::stderr(), "{text}");
        } else {
            to_standard_output(text);
        }
    }

    /// Prints a line for programs.
    pub fn data(&self, text: &str) {
        to_standard_output(text);
    }

    /// A progress bar on standard error, hidden where that is no terminal.
    pub fn bar(&self, length: u64, template: &str) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(ProgressStyle::with_template(template).expect("a sound template").progress_chars("━╸─"));
        if !io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        bar
    }
}

/// Why something could not be written to standard output, the first time.
static UNWRITTEN: OnceLock<io::Error> = OnceLock::new();

fn to_standard_output(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = UNWRITTEN.set(error);
    }
}

/// Why something could not be written to standard output, if that was; not that its reader had gone away.
pub fn unwritten() -> Option<&'static io::Error> {
    UNWRITTEN.get()
}

/// Prints a warning that must not be missed.
pub fn warning(text: &str) {
    let _ = writeln!(io::stderr(), "warning: {text}");
}

/// What failed, then why, as far as that is known: the whole chain, without what an error has already said of its cause.
pub fn causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match &said[..] {
        "" => cause,
        _ if said.contains(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

/// Prints what went wrong.
pub fn error(text: &str) {
    let _ = writeln!(io::stderr(), "error: {text}");
}

/// A plain table: a header, a rule under it, no other lines; columns in `right` (counted from 0) aligned right.
pub fn table(header: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    for &index in right {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The table's lines without trailing blanks.
pub fn table_text(table: &Table) -> String {
    table.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A name, and what it is about where that is said.
pub fn introduction(name: &str, about: &str) -> String {
    if about.is_empty() { name.to_owned() } else { format!("{name}: {about}") }
}

/// A share of 1 in percent with two decimals.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// Seconds as a person would say them: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..120 => format!("{whole} s"),
        120..7200 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_said_once() {
        use anyhow::Context;
        let disk = || std::io::Error::other("the disk is full");
        let kept = Err::<(), _>(disk()).context("cannot write run.json").unwrap_err();
        assert_eq!(causes(&kept), "cannot write run.json: the disk is full");
        let told = Err::<(), _>(disk()).context("cannot write run.json: the disk is full; make room").unwrap_err();
        assert_eq!(causes(&told), "cannot write run.json: the disk is full; make room");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(percent(0.9928), "99.28 %");
        assert_eq!(
            [0.42, 9.96, 119.6, 200.0, 7500.0].map(duration).join(", "),
            "0.4 s, 10 s, 2 min 00 s, 3 min 20 s, 2 h 05 min"
        );
    }
}
