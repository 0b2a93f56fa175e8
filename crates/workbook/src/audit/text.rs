//! The report for a terminal: a verdict that a student can act on.

use std::fmt::Write;

use super::report::{AuditReport, Slip, TableReport, short};

/// How many weights are listed one by one before the rest is summed up.
const WEIGHTS_SHOWN: usize = 40;

/// The report as plain text.
pub fn text(report: &AuditReport) -> String {
    let mut out = String::new();
    let slips = report.slips().count();
    let name = report.file.as_deref().unwrap_or("workbook");
    let tables = report.tables.len();
    let of_tables = if tables == 1 { "one training table".to_owned() } else { format!("{tables} training tables") };
    let different = report.different_slips().count();
    let _ = match slips {
        0 if !report.refused.is_empty() => writeln!(out, "{name}: not all of it could be audited."),
        0 => {
            let (of_tables, of) = (capital(&of_tables), report.of_which_error());
            writeln!(out, "{name}: clean. {of_tables}, every gradient is the derivative of {of}.")
        }
        1 => writeln!(out, "{name}: 1 slip in {of_tables}."),
        _ if different < slips => writeln!(out, "{name}: {} in {of_tables}.", different_in_words(different, slips)),
        _ => writeln!(out, "{name}: {slips} slips in {of_tables}."),
    };
    if report.values_only {
        let _ = writeln!(
            out,
            "The sheet has no formulas, so its values were checked: consecutive rows tell the gradient that was applied."
        );
    }
    for table in &report.tables {
        out.push('\n');
        table_text(&mut out, table);
    }
    if !report.notes.is_empty() || !report.refused.is_empty() {
        out.push('\n');
    }
    for reason in &report.refused {
        let _ = writeln!(out, "Not audited: {reason}");
    }
    for note in &report.notes {
        let _ = writeln!(out, "Note: {note}");
    }
    out
}

fn table_text(out: &mut String, table: &TableReport) {
    let (row, rows) = if table.direction == "down" { ("row", "rows") } else { ("column", "columns") };
    let counted = if table.rows == 1 { row } else { rows };
    let _ = writeln!(out, "Sheet \"{}\", {} ({} {counted}, {})", table.sheet, table.range, table.rows, table.direction);
    if let Some(network) = &table.network {
        let _ = writeln!(out, "  network        {network}");
    }
    if let Some(rate) = &table.learning_rate {
        let value = rate.value.map(|value| format!(" = {}", short(value))).unwrap_or_default();
        let _ = writeln!(out, "  learning rate  {}{value}", rate.cell);
    }
    let error = &table.error;
    let row = if table.rows == 1 { "" } else { " in the last row" };
    let last = error.last.map(|last| format!(", {}{row}", short(last))).unwrap_or_default();
    let formula = if error.formula.is_empty() { String::new() } else { format!(" {}", error.formula) };
    let _ = writeln!(out, "  error          {} ({}){formula}{last}", error.name, error.cell);
    if let Some((_, mended)) = table.effect(error.last_mended) {
        let _ = writeln!(out, "                 with every slip mended: {}", short(mended));
    }
    if table.rows_checked < table.rows {
        let _ = writeln!(
            out,
            "  checked        {} of {} {rows}; the others have the same formulas",
            table.rows_checked, table.rows
        );
    }
    let width = table.weights.iter().take(WEIGHTS_SHOWN).map(|weight| weight.name.chars().count()).max().unwrap_or(0);
    for weight in table.weights.iter().take(WEIGHTS_SHOWN) {
        let gradient = weight.gradient.as_ref().map(|cell| format!(", gradient {cell}")).unwrap_or_default();
        let role = weight.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
        let sure = match (weight.distance, weight.tolerance) {
            (Some(distance), Some(tolerance)) => format!("  off by {distance:.1e}, allowed {tolerance:.1e}"),
            _ => String::new(),
        };
        let verdict = match (weight.ok, weight.is_too_rounded || weight.is_unjudged) {
            (true, _) => "OK  ",
            (false, true) => "?   ",
            (false, false) => "SLIP",
        };
        let pad = " ".repeat(width - weight.name.chars().count());
        let _ = writeln!(out, "  {verdict} {}{pad}  {}{gradient}{role}{sure}", weight.name, weight.cell);
    }
    if table.weights.len() > WEIGHTS_SHOWN {
        let rest = &table.weights[WEIGHTS_SHOWN..];
        let wrong = rest.iter().filter(|weight| !weight.ok && !weight.is_too_rounded && !weight.is_unjudged).count();
        let _ = writeln!(out, "  … and {} more weights, {wrong} of them with a slip", rest.len());
    }
    for (place, slip) in table.slips.iter().enumerate() {
        match &slip.told_on {
            None => slip_text(out, place + 1, slip, table),
            Some(sheet) => {
                let weight = slip.weight.as_ref().map(|weight| format!(" ({weight})")).unwrap_or_default();
                let what = capital(slip.kind.words());
                let _ = writeln!(out, "\n  {}. {what}{weight}: as on sheet \"{sheet}\"", place + 1);
            }
        }
    }
    for note in &table.notes {
        let _ = writeln!(out, "  Note: {note}");
    }
}

fn slip_text(out: &mut String, number: usize, slip: &Slip, table: &TableReport) {
    let weight = slip.weight.as_ref().map(|weight| format!(" ({weight})")).unwrap_or_default();
    let _ = writeln!(out, "\n  {number}. {}{weight}: {}", capital(slip.kind.words()), slip.cell);
    let _ = writeln!(out, "     {}.", capital(&slip.explanation));
    let rows = if table.direction == "down" { "rows" } else { "columns" };
    let extent = match (slip.cells.as_slice(), slip.every_row) {
        (cells, true) if cells.len() > slip.rows => {
            format!("in every {}, {}", rows.trim_end_matches('s'), listed(&slip.ranges))
        }
        (cells, false) if cells.len() > slip.rows => format!("in {} {rows}, {}", slip.rows, listed(&slip.ranges)),
        ([only], _) => format!("in {only} only"),
        ([first, .., last], true) => format!("in every {}, {first} to {last}", rows.trim_end_matches('s')),
        ([first, .., last], false) => format!("in {} {rows}, from {first} on, to {last}", slip.rows),
        ([], _) => String::new(),
    };
    let _ = writeln!(out, "     where   {extent}");
    if !slip.also.is_empty() {
        let _ = writeln!(out, "     also on {}", also(slip));
    }
    let _ = writeln!(out, "     found   {}", slip.found);
    if let Some(value) = slip.value {
        // What the cell shows is the next weight.
        let (gives, of) = if slip.is_of_gradient { ("applies", " as gradient") } else { ("gives  ", "") };
        let _ = writeln!(out, "     {gives} {}{of}", digits(value));
    }
    if let Some(expected) = slip.expected {
        let sure =
            slip.tolerance.map(|tolerance| format!(" ± {tolerance:.1e}, by finite difference of the sheet's error"));
        let _ = writeln!(out, "     should  {}{}", digits(expected), sure.unwrap_or_default());
    }
    if let Some(corrected) = &slip.corrected {
        let _ = writeln!(out, "     write   {corrected}");
    }
    if let Some(derivation) = &slip.derivation {
        let _ = writeln!(out, "     because {derivation}");
    }
    if let Some((last, mended)) = table.effect(slip.last_error_mended) {
        let moved = mended - last;
        let which = if table.rows == 1 { "the error" } else { "the last error" };
        let _ = writeln!(out, "     effect  {which} {} becomes {} ({moved:+.2e})", short(last), short(mended));
    }
}

/// The further sheets that a slip stands on, each with its cells where they are others.
pub(crate) fn also(slip: &Slip) -> String {
    let is_same_everywhere = slip.also.iter().all(|place| place.ranges == slip.ranges);
    let places: Vec<String> = slip
        .also
        .iter()
        .map(|place| match is_same_everywhere {
            true => format!("\"{}\"", place.sheet),
            false => format!("\"{}\" ({})", place.sheet, listed(&place.ranges)),
        })
        .collect();
    let cells = if is_same_everywhere { ", in the same cells" } else { "" };
    format!("{} {}{cells}", if places.len() == 1 { "sheet" } else { "sheets" }, places.join(", "))
}

/// `2 slips, made 12 times`.
pub(crate) fn different_in_words(different: usize, slips: usize) -> String {
    let count = if different == 1 { "1 slip".to_owned() } else { format!("{different} slips") };
    format!("{count}, made {slips} times")
}

/// A few rectangles of cells; of many, the first.
pub(crate) fn listed(ranges: &[String]) -> String {
    const MOST: usize = 8;
    let shown = ranges[..ranges.len().min(MOST)].join(", ");
    if ranges.len() > MOST { format!("{shown} and {} more", ranges.len() - MOST) } else { shown }
}

/// A value with the digits that tell two gradients apart.
fn digits(value: f64) -> String {
    if value == 0.0 || (1e-4..1e9).contains(&value.abs()) { format!("{value:.12}") } else { format!("{value:.9e}") }
}

pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    // A name at the start (w3, ∂E) keeps its form.
    match letters.next() {
        Some(first) if letters.clone().next().is_some_and(|next| next.is_lowercase() || next == ' ') => {
            first.to_uppercase().collect::<String>() + letters.as_str()
        }
        _ => text.to_owned(),
    }
}
