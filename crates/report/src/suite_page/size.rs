//! Accuracy against parameters.

use longhand_training::experiment::{Leaderboard, LeaderboardRow, Sample};

use super::leaderboard::left_out;
use crate::page::section as page_section;
use crate::plot::{Axis, Labels, LineChart, Palette, Picture, Series, plain};

/// A largest network so many times the smallest wants a logarithmic axis.
const FAR_APART: f64 = 12.0;
/// How far apart entries of one size stand, as a share of the axis.
const ASIDE: f64 = 0.013;

/// The picture for wide and for narrow screens; `None` where there is nothing to see.
pub(super) fn pictures(leaderboard: &Leaderboard) -> Option<[Picture; 2]> {
    let is_empty = leaderboard.rows.iter().all(|row| row.accuracy.is_none());
    (!is_empty).then(|| [(960.0, 560.0), (440.0, 480.0)].map(|(width, height)| picture(leaderboard, width, height)))
}

pub(super) fn section(pictures: Option<&[Picture; 2]>, leaderboard: &Leaderboard) -> String {
    let Some([wide, narrow]) = pictures else {
        return page_section("size", "Accuracy against size", "<p>No run has finished.</p>\n");
    };
    let html = format!(
        "<figure>{}{}<figcaption><p>The mean of the last epochs\u{2019} accuracies over seeds; bars are one standard deviation \
         either way, where there is more than one seed. The nearer to 100\u{a0}%, the more the axis is spread out: it shows \
         ratios of errors. Entries of one size stand beside each other.{}</p></figcaption></figure>\n",
        wide.inline_svg("plot wide"),
        narrow.inline_svg("plot narrow"),
        left_out(leaderboard)
    );
    page_section("size", "Accuracy against size", &html)
}

fn picture(leaderboard: &Leaderboard, width: f64, height: f64) -> Picture {
    let rows: Vec<_> = leaderboard.rows.iter().filter_map(|row| Some((row, row.accuracy?))).collect();
    let parameters = || rows.iter().map(|(row, _)| row.parameters as f64);
    let (least, most) = (parameters().fold(f64::INFINITY, f64::min), parameters().fold(0.0, f64::max));
    let is_wide = most > FAR_APART * least;
    let x = match is_wide {
        true => Axis::new("parameters").logarithmic_close(),
        false => Axis::new("parameters").from_zero(),
    };
    let on = leaderboard.data.evaluated_on.name();
    let mut chart = LineChart::new("", x, Axis::new(format!("{on} accuracy, %")).near_hundred());
    (chart.width, chart.height, chart.labels, chart.palette) = (width, height, Labels::BesidePoints, Palette::Distinct);
    chart.series = rows
        .iter()
        .enumerate()
        .map(|(place, (row, accuracy))| {
            let words = format!("{} (n = {})", row.entry, accuracy.n);
            // Bars of networks of one size would cover each other.
            let alike =
                |rows: &[(&LeaderboardRow, Sample)]| rows.iter().filter(|r| r.0.parameters == row.parameters).count();
            let aside = alike(&rows[..place]) as f64 - 0.5 * (alike(&rows) - 1) as f64;
            let parameters = row.parameters as f64;
            let x = match is_wide {
                true => parameters * libm::pow(most / least, ASIDE * aside),
                false => parameters + ASIDE * aside * most,
            };
            let mut point = Series::dots(plain(&words), vec![(x, 100.0 * accuracy.mean)]);
            point.errors = accuracy.deviation.map(|deviation| 100.0 * deviation).into_iter().collect();
            point.colour = Some((0, 1));
            point
        })
        .collect();
    let mut picture = chart.draw();
    picture.title = format!("{on} accuracy against parameters, one point an entry");
    picture
}
