//! Every run, with the way to its own report.

use std::fmt::Write as _;
use std::path::{Component, Path};

use longhand_training::RunStatus;
use longhand_training::experiment::{Leaderboard, SuiteResult};

use super::place_of;
use crate::page::{escaped, scroller, section as page_section};
use crate::words::percent;

pub(super) fn section(result: &SuiteResult, leaderboard: &Leaderboard, folder: &Path) -> String {
    let on = leaderboard.data.evaluated_on.name();
    let mut table = format!(
        "<table>\n<thead><tr><th scope=\"col\">run</th><th scope=\"col\">seed</th><th scope=\"col\">epochs</th>\
         <th scope=\"col\">{on} accuracy, last epoch</th><th scope=\"col\">errors</th><th scope=\"col\">seconds</th>\
         <th scope=\"col\">how it ended</th></tr></thead>\n<tbody>\n"
    );
    let entries = leaderboard.rows.iter().filter_map(|row| result.entries.get(place_of(result, &row.entry)));
    for run in entries.flat_map(|entry| &entry.runs) {
        let name = run.path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        let linked = match link(&run.path, folder) {
            Some(link) => format!("<a href=\"{link}\">{}</a>", escaped(&name)),
            None => escaped(&name),
        };
        let (accuracy, errors) = run.record.result.as_ref().map_or((String::new(), String::new()), |result| {
            (percent(result.accuracy.last()), result.accuracy.last_errors().to_string())
        });
        let ended = match run.record.status {
            RunStatus::Finished => "finished",
            RunStatus::Diverged => "diverged",
            RunStatus::Interrupted => "stopped",
            RunStatus::Running => "not ended",
        };
        let _ = writeln!(
            table,
            "<tr><th scope=\"row\">{linked}</th><td>{}</td><td>{}</td><td>{accuracy}</td><td>{errors}</td><td>{:.0}</td>\
             <td>{ended}</td></tr>",
            run.record.seed,
            run.epochs.len(),
            run.seconds()
        );
    }
    table.push_str("</tbody>\n</table>");
    let html = format!(
        "<details><summary>The runs one by one, each with its report</summary>\n{}</details>\n",
        scroller("Table of runs", &table)
    );
    page_section("runs", "Every run", &html)
}

/// The way from the page to a run's report, where the run lies below the page's folder.
fn link(run: &Path, folder: &Path) -> Option<String> {
    let below = run.strip_prefix(folder).ok()?;
    let mut way = String::new();
    for part in below.components() {
        let Component::Normal(name) = part else { return None };
        for byte in name.to_str()?.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => way.push(byte as char),
                _ => {
                    let _ = write!(way, "%{byte:02X}");
                }
            }
        }
        way.push('/');
    }
    Some(format!("{way}report.html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_down_only_and_hold_no_mark_of_html() {
        let link = |run: &str, folder: &str| link(Path::new(run), Path::new(folder));
        assert_eq!(link("runs/twelve/a b\"-s0", "runs/twelve").as_deref(), Some("a%20b%22-s0/report.html"));
        assert_eq!(link("elsewhere/a-s0", "runs/twelve"), None);
    }
}
