//! The report as a page of its own: nothing to load, light or dark as the reader has it.

use std::fmt::Write;

use super::report::{AuditReport, Slip, TableReport, short};
use super::text::{also, different_in_words, listed};

const STYLE: &str = include_str!("report.css");

/// The report as a self-contained HTML page, with the cells of the sheets marked.
pub fn html(report: &AuditReport) -> String {
    let name = report.file.as_deref().unwrap_or("workbook");
    let slips = report.slips().count();
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Audit of {0}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<main>\n<h1>{0}</h1>\n",
        escaped(name)
    );
    let (class, verdict) = match slips {
        0 if !report.refused.is_empty() => ("slips", "Not all of it could be audited.".to_owned()),
        0 => (
            "clean",
            format!("Clean: every gradient is the derivative of {}.", report.of_which_error().replace('\'', "’")),
        ),
        1 => ("slips", "One slip found.".to_owned()),
        _ if report.different_slips().count() < slips => {
            ("slips", format!("{}.", different_in_words(report.different_slips().count(), slips)))
        }
        _ => ("slips", format!("{slips} slips found.")),
    };
    let _ = writeln!(page, "<p class=\"verdict {class}\">{verdict}</p>");
    if report.values_only {
        page.push_str(
            "<p class=\"note\">The sheet has no formulas, so its values were checked: consecutive rows tell the \
             gradient that was applied.</p>\n",
        );
    }
    report.refused.iter().chain(&report.notes).for_each(|note| {
        let _ = writeln!(page, "<p class=\"note\">{}</p>", escaped(note));
    });
    if report.tables.len() > 1 && slips > 0 {
        contents(&mut page, report);
    }
    for (place, table) in report.tables.iter().enumerate() {
        section(&mut page, place, table);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// Where the slips are, so that nobody looks for them among clean tables.
fn contents(page: &mut String, report: &AuditReport) {
    page.push_str("<ul class=\"contents\">\n");
    for (place, table) in report.tables.iter().enumerate() {
        for (count, slip) in table.slips.iter().enumerate().filter(|(_, slip)| slip.told_on.is_none()) {
            let _ = writeln!(
                page,
                "<li><a href=\"#{}\">{}: {}</a></li>",
                slip_id(place, count),
                escaped(&slip.cell),
                escaped(slip.kind.words())
            );
        }
    }
    page.push_str("</ul>\n");
}

/// What a slip's place on the page is called.
fn slip_id(table: usize, slip: usize) -> String {
    format!("slip-{}-{}", table + 1, slip + 1)
}

fn section(page: &mut String, place: usize, table: &TableReport) {
    let rows = match (table.direction, table.rows) {
        ("down", 1) => "row",
        ("down", _) => "rows",
        (_, 1) => "column",
        _ => "columns",
    };
    let _ = writeln!(page, "<section>\n<h2>{}</h2>\n<dl class=\"facts\">", escaped(&table.sheet));
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    };
    fact("Table", format!("<code>{}</code>, {} {rows}", escaped(&table.range), table.rows));
    if let Some(network) = &table.network {
        fact("Network", escaped(network));
    }
    if let Some(rate) = &table.learning_rate {
        let value = rate.value.map(|value| format!(" = {}", short(value))).unwrap_or_default();
        fact("Learning rate", format!("<code>{}</code>{value}", escaped(&rate.cell)));
    }
    let error = &table.error;
    fact(
        "Error",
        format!(
            "{} <code>{}</code> <code>{}</code>",
            escaped(&error.name),
            escaped(&error.cell),
            escaped(&error.formula)
        ),
    );
    if let Some(last) = error.last {
        let mended = table.effect(error.last_mended);
        let mended = mended.map(|(_, mended)| format!(", mended {}", short(mended))).unwrap_or_default();
        fact(if table.rows == 1 { "Its value" } else { "Last error" }, format!("{}{mended}", short(last)));
    }
    if table.rows_checked < table.rows {
        fact("Differentiated", format!("{} {rows}; the others have the same formulas", table.rows_checked));
    }
    page.push_str("</dl>\n");
    for (count, slip) in table.slips.iter().enumerate() {
        slip_card(page, &slip_id(place, count), slip, table);
    }
    table.notes.iter().for_each(|note| {
        let _ = writeln!(page, "<p class=\"note\">{}</p>", escaped(note));
    });
    weights(page, table);
    excerpt(page, table);
    page.push_str("</section>\n");
}

fn slip_card(page: &mut String, id: &str, slip: &Slip, table: &TableReport) {
    let weight = slip.weight.as_ref().map(|weight| format!(" ({})", escaped(weight))).unwrap_or_default();
    if let Some(sheet) = &slip.told_on {
        let what = capital(&escaped(slip.kind.words()));
        let _ = writeln!(
            page,
            "<article class=\"slip\" id=\"{id}\">\n<h3>{what}{weight}</h3>\n<p>As on sheet {}.</p>\n</article>",
            escaped(sheet)
        );
        return;
    }
    let _ = writeln!(
        page,
        "<article class=\"slip\" id=\"{id}\">\n<h3>{}{weight}</h3>\n<p>{}.</p>\n<dl>",
        capital(&escaped(slip.kind.words())),
        capital(&escaped(&slip.explanation))
    );
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    };
    let place = match slip.cells.as_slice() {
        [] => escaped(&slip.cell),
        cells if cells.len() > slip.rows => format!("<code>{}</code>, {} rows", listed(&slip.ranges), slip.rows),
        [only] => format!("<code>{only}</code>"),
        [first, .., last] if slip.every_row => format!("<code>{first}</code> to <code>{last}</code>, every row"),
        [first, .., last] => format!("<code>{first}</code> to <code>{last}</code>, {} rows", slip.rows),
    };
    fact("Where", place);
    if !slip.also.is_empty() {
        fact("Also on", escaped(&also(slip)));
    }
    fact("Found", format!("<code class=\"found\">{}</code>", escaped(&slip.found)));
    if let Some(corrected) = &slip.corrected {
        fact("Write", format!("<code class=\"right\">{}</code>", escaped(corrected)));
    }
    if let Some(value) = slip.value {
        match slip.is_of_gradient {
            true => fact("Applies", format!("{} as gradient", number(value))),
            false => fact("Gives", number(value)),
        }
    }
    if let Some(expected) = slip.expected {
        let sure = slip.tolerance.map(|tolerance| format!(" ± {tolerance:.1e}")).unwrap_or_default();
        fact(if slip.is_of_gradient { "Should be" } else { "Should give" }, format!("{}{sure}", number(expected)));
    }
    if let Some(derivation) = &slip.derivation {
        fact("Because", escaped(derivation));
    }
    if let Some((last, mended)) = table.effect(slip.last_error_mended) {
        let which = if table.rows == 1 { "the error" } else { "the last error" };
        fact("Effect", format!("{which} {} becomes {} ({:+.2e})", short(last), short(mended), mended - last));
    }
    page.push_str("</dl>\n</article>\n");
}

fn weights(page: &mut String, table: &TableReport) {
    page.push_str(
        "<div class=\"scroll\"><table class=\"weights\">\n<thead><tr><th>Weight</th><th>Cell</th><th>Gradient</th>\
         <th>For</th><th>Off by</th><th>Allowed</th><th>Verdict</th></tr></thead>\n<tbody>\n",
    );
    for weight in &table.weights {
        let size = |value: Option<f64>| value.map(|value| format!("{value:.1e}")).unwrap_or_default();
        let _ = writeln!(
            page,
            "<tr><th>{}</th><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"{}\">{}</td></tr>",
            escaped(&weight.name),
            escaped(&weight.cell),
            escaped(weight.gradient.as_deref().unwrap_or("")),
            escaped(weight.role.as_deref().unwrap_or("")),
            size(weight.distance),
            size(weight.tolerance),
            if weight.ok { "ok" } else { "wrong" },
            match (weight.ok, weight.is_too_rounded) {
                (true, _) => "OK",
                (false, true) => "too rounded to tell",
                (false, false) if weight.is_unjudged => "not judged",
                (false, false) => "slip",
            },
        );
    }
    page.push_str("</tbody>\n</table></div>\n");
}

/// A piece of the sheet, one quantity a line so that it can be read on a narrow screen.
fn excerpt(page: &mut String, table: &TableReport) {
    if table.excerpt.is_empty() {
        return;
    }
    page.push_str("<h3>The sheet’s cells</h3>\n<div class=\"scroll\"><table class=\"cells\">\n<tbody>\n");
    for row in &table.excerpt {
        let _ = write!(page, "<tr><th>{}</th>", escaped(&row.name));
        for cell in &row.cells {
            let class = if cell.is_wrong { "wrong" } else { cell.part };
            let _ = write!(
                page,
                "<td class=\"{class}\" title=\"{}\"><small>{}</small>{}</td>",
                escaped(&cell.formula),
                escaped(&cell.cell),
                escaped(&cell.value)
            );
        }
        page.push_str("</tr>\n");
    }
    page.push_str(
        "</tbody>\n</table></div>\n<p class=\"legend\"><span class=\"weight\">weight</span> \
         <span class=\"forward\">forward</span> <span class=\"backward\">gradient</span> \
         <span class=\"wrong\">to be mended</span></p>\n",
    );
}

fn number(value: f64) -> String {
    if value == 0.0 || (1e-4..1e9).contains(&value.abs()) { format!("{value:.12}") } else { format!("{value:.9e}") }
}

fn capital(text: &str) -> String {
    super::text::capital(text)
}

/// Text that stands in HTML as itself, in attributes too.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
