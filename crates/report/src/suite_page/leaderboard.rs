//! The entries, judged.

use std::fmt::Write as _;

use longhand_training::experiment::{Leaderboard, LeaderboardRow, Order, RowDifference};

use super::judged_on;
use crate::page::{escaped, scroller, section as page_section};
use crate::words::{mean_percent, thousands};

/// A difference with a p below this is called more than noise.
const SIGNIFICANT: f64 = 0.05;

pub(super) fn section(leaderboard: &Leaderboard) -> String {
    let on = leaderboard.data.evaluated_on.name();
    let order = match leaderboard.order {
        Order::Mean => "the best mean first",
        Order::Suite => "that of the suite",
    };
    let mut table = format!(
        "<table class=\"leaderboard\">\n<thead><tr><th scope=\"col\">entry</th>\
         <th scope=\"col\">{on} accuracy, last epoch:<br>mean ± deviation</th><th scope=\"col\">runs</th>\
         <th scope=\"col\">against the<br>row above</th><th scope=\"col\">parameters</th><th scope=\"col\">epochs</th>\
         <th scope=\"col\">multiply-<br>adds</th><th scope=\"col\">best epoch<br>(chosen)</th>\
         <th scope=\"col\">seconds<br>a run</th></tr></thead>\n<tbody>\n"
    );
    for row in &leaderboard.rows {
        table.push_str(&line(row));
    }
    table.push_str("</tbody>\n</table>");
    let mut html = format!("<p class=\"hint\">{}</p>\n", escaped(&judged_on(leaderboard)));
    html.push_str(&scroller("Leaderboard", &table));
    let _ = writeln!(
        html,
        "<p class=\"hint\">The rows are in order: {order}. Mean and standard deviation (n − 1) are over seeds. The test: {}. \
         Differences with p below {SIGNIFICANT} are called more than noise here. The best epoch is chosen on these {on} \
         images and no figure to quote.</p>",
        escaped(leaderboard.test)
    );
    page_section("leaderboard", "Leaderboard", &html)
}

fn line(row: &LeaderboardRow) -> String {
    let mut html = format!("<tr><th scope=\"row\"><strong>{}</strong>", escaped(&row.entry));
    if !row.reason.is_empty() {
        let _ = write!(html, "<span class=\"reason\">{}</span>", escaped(&row.reason));
    }
    html.push_str("</th>");
    let mut cell = |text: &str| {
        let _ = write!(html, "<td>{text}</td>");
    };
    cell(&row.accuracy.map_or("–".to_owned(), |a| match a.deviation {
        Some(deviation) => format!("<strong>{}</strong> ± {:.3}", mean_percent(a.mean), 100.0 * deviation),
        None => format!("<strong>{}</strong>", mean_percent(a.mean)),
    }));
    let mut runs = vec![thousands(row.accuracies.len())];
    if row.diverged > 0 {
        runs.push(format!("{} diverged", thousands(row.diverged)));
    }
    if row.missing > 0 {
        runs.push(format!("{} missing", thousands(row.missing)));
    }
    cell(&runs.join("<br>"));
    cell(&row.difference.as_ref().map_or(String::new(), against));
    cell(&thousands(row.parameters));
    cell(&thousands(row.epochs));
    cell(&thousands(row.multiply_adds));
    cell(&row.best_epoch_mean.map_or("–".to_owned(), mean_percent));
    cell(&row.seconds.map_or("–".to_owned(), |s| format!("{s:.0}")));
    html.push_str("</tr>\n");
    html
}

/// The difference in percentage points, and whether it is more than noise, as HTML.
fn against(difference: &RowDifference) -> String {
    let points = 100.0 * difference.difference;
    let sign = if points < 0.0 { "−" } else { "+" };
    let test = match &difference.test {
        Some(test) if test.p < SIGNIFICANT => format!("p {}<br>more than noise", p_value(test.p)),
        Some(test) => format!("p {}<br>may be noise", p_value(test.p)),
        None => "too few runs<br>to tell".to_owned(),
    };
    format!("{sign}{:.3} points<br><span class=\"reason\">{test}</span>", points.abs())
}

fn p_value(p: f64) -> String {
    if p < 0.0001 { "&lt; 0.0001".to_owned() } else { format!("= {p:.0$}", if p < 0.01 { 4 } else { 3 }) }
}

/// What a chart has to say of entries that have no finished run.
pub(super) fn left_out(leaderboard: &Leaderboard) -> String {
    let without = leaderboard.rows.iter().filter(|row| row.accuracy.is_none()).count();
    if without == 0 { String::new() } else { format!(" Not shown: {without} without a finished run.") }
}
