//! Charts one below another over one horizontal axis.

use super::LineChart;
use super::font::Fonts;
use super::layout::{layout_between, sides};
use super::scene::{Scene, Shape};

/// Draws charts of one width below one another so that the same x lies at the same place in each.
///
/// They must say the same range of x; only the last needs a title for it.
///
/// # Panics
/// When there is no chart.
pub fn stacked(charts: &[LineChart]) -> Scene {
    let fonts = Fonts::load();
    let all = charts.iter().map(|chart| sides(chart, &fonts)).reduce(|a, b| a.widest(b)).expect("at least one chart");
    let mut pictures = charts.iter().map(|chart| layout_between(chart, Fonts::load(), &all));
    let mut whole = pictures.next().expect("at least one chart");
    for picture in pictures {
        let down = whole.height;
        whole.shapes.extend(picture.shapes.into_iter().map(|shape| shape.moved_down(down)));
        whole.height += picture.height;
        whole.description = format!("{} {}", whole.description, picture.description);
    }
    whole
}

impl Shape {
    fn moved_down(self, by: f64) -> Shape {
        let moved = |(x, y): (f64, f64)| (x, y + by);
        match self {
            Shape::Stroke { points, width, colour, dash } => {
                Shape::Stroke { points: points.into_iter().map(moved).collect(), width, colour, dash }
            }
            Shape::Dot { centre, radius, colour } => Shape::Dot { centre: moved(centre), radius, colour },
            Shape::Text { mut glyphs, colour } => {
                glyphs.iter_mut().for_each(|glyph| glyph.y += by);
                Shape::Text { glyphs, colour }
            }
        }
    }
}
