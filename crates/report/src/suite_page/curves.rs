//! The error of every run, epoch by epoch.

use longhand_training::experiment::{Leaderboard, SuiteResult};

use super::place_of;
use crate::page::section as page_section;
use crate::plot::{Axis, LineChart, Palette, Picture, Series, plain};

/// The picture for wide and for narrow screens; `None` where there is nothing to see.
pub(super) fn pictures(result: &SuiteResult, leaderboard: &Leaderboard) -> Option<[Picture; 2]> {
    let is_empty = result.runs().all(|run| run.epochs.is_empty());
    (!is_empty).then(|| [960.0, 440.0].map(|width| picture(result, leaderboard, width)))
}

pub(super) fn section(pictures: Option<&[Picture; 2]>, leaderboard: &Leaderboard) -> String {
    let Some([wide, narrow]) = pictures else {
        return page_section("curves", "Every curve", "<p>There is none: no epoch was finished.</p>\n");
    };
    let html = format!(
        "<figure>{}{}<figcaption><p>The {} error rate after each epoch on a logarithmic axis: a line a seed, a colour an \
         entry, a cross where a run diverged. Behind each name is the mean of its last epochs.</p></figcaption></figure>\n",
        wide.inline_svg("plot wide"),
        narrow.inline_svg("plot narrow"),
        leaderboard.data.evaluated_on.name()
    );
    page_section("curves", "Every curve", &html)
}

fn picture(result: &SuiteResult, leaderboard: &Leaderboard, width: f64) -> Picture {
    let on = leaderboard.data.evaluated_on.name();
    let mut chart = LineChart::new(
        "",
        Axis::new("epoch").whole_numbers(),
        Axis::new(format!("{on} error rate, %")).logarithmic_close(),
    );
    let entries = result.entries.len();
    chart.width = width;
    chart.height = 480.0f64.max(150.0 + 21.0 * entries as f64);
    chart.palette = Palette::Many;
    for row in &leaderboard.rows {
        let place = place_of(result, &row.entry);
        let Some(entry) = result.entries.get(place) else { continue };
        for (nth, run) in entry.runs.iter().filter(|run| !run.epochs.is_empty()).enumerate() {
            let points = run.epochs.iter().map(|e| (e.epoch as f64, 100.0 * (1.0 - e.scores.accuracy()))).collect();
            let mut line = Series::line("", points);
            (line.thin, line.colour) = (true, Some((place, entries)));
            line.dots = run.epochs.len() == 1;
            line.ends_badly = run.record.status == longhand_training::RunStatus::Diverged;
            // One name an entry, at the end of its first line.
            if nth == 0 {
                line.label = plain(&row.entry);
                line.remark = row.accuracy.map_or(String::new(), |a| format!("{:.2} %", 100.0 * (1.0 - a.mean)));
            }
            chart.series.push(line);
        }
    }
    let mut picture = chart.draw();
    picture.title = format!("{on} error rate by epoch, a line a run");
    picture
}
