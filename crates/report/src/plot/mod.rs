//! Line charts as SVG and PNG, the same picture in both, with no fonts needed where they are looked at.
//!
//! A [`LineChart`] says what is to be seen; [`LineChart::draw`] makes a [`Picture`] of strokes, dots and glyphs, which
//! writes itself down as SVG or PNG. Text is drawn as outlines of the font in `web/fonts`, so a chart looks alike
//! everywhere and needs no font, neither installed nor embedded. The same chart always gives the same bytes.
//!
//! Drawn here and not by a charting crate because a chart that is read at a glance wants labels at the ends of its
//! lines, and because the crates that draw well embed three megabytes of font or bring forty dependencies.
//!
//! ```
//! use longhand_report::plot::{Axis, LineChart, Series};
//! let mut chart = LineChart::new("Loss by row", Axis::new("row").whole_numbers(), Axis::new("E_total").from_zero());
//! chart.series.push(Series::line("η = 0.5", vec![(1.0, 0.24), (2.0, 0.20), (3.0, 0.17)]));
//! let picture = chart.draw();
//! assert!(picture.svg().starts_with("<svg"));
//! assert_eq!(picture.png(2.0)[1..4], *b"PNG");
//! ```

mod axis;
mod clipping;
mod end_labels;
mod font;
mod label_places;
mod layout;
mod palette;
mod png;
mod rich_text;
mod scene;
mod stack;
mod svg;
mod thinning;

pub use axis::{Axis, Scale};
pub use palette::Palette;
pub use rich_text::plain;
pub use scene::Scene as Picture;
pub use stack::stacked;
pub use svg::outlines;

/// A picture of values against other values, one or several lines.
///
/// Text may hold `E_total` (set with a lowered index), Unicode superscripts, and `η`.
#[derive(Debug, Clone)]
pub struct LineChart {
    /// The heading.
    pub title: String,
    /// A line below the heading: what was measured, on what. May be empty.
    pub subtitle: String,
    /// What the picture shows, in words, below it. May be empty.
    pub caption: String,
    /// The axis along the bottom.
    pub x: Axis,
    /// The axis along the left.
    pub y: Axis,
    /// What is drawn, in the order of drawing.
    pub series: Vec<Series>,
    /// How the series are coloured.
    pub palette: Palette,
    /// Where the labels of the series stand.
    pub labels: Labels,
    /// The width of the picture in units; text is 15 of them high.
    pub width: f64,
    /// The height without the caption, in units.
    pub height: f64,
}

/// Where the labels of series stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// At the right, each at the end of its line.
    AtEnds,
    /// Beside the first point of each series, where they cover nothing.
    BesidePoints,
}

/// One line of a chart.
#[derive(Debug, Clone)]
pub struct Series {
    /// What stands at the end of the line.
    pub label: String,
    /// A remark behind the label, in grey: the last value, say. May be empty.
    pub remark: String,
    /// The points from left to right. A point that is not finite breaks the line.
    pub points: Vec<(f64, f64)>,
    /// Half the length of each point's error bar, in units of y; empty for none.
    pub errors: Vec<f64>,
    /// Whether the points are joined.
    pub joined: bool,
    /// Whether each point has a dot.
    pub dots: bool,
    /// A cross at the last point: the line ends because something went wrong.
    pub ends_badly: bool,
    /// Points with words beside them.
    pub notes: Vec<Note>,
    /// Its place in the palette and how many places there are; `None` where every series has its own colour.
    pub colour: Option<(usize, usize)>,
    /// Whether the line is thin: one of many that belong together.
    pub thin: bool,
}

/// A point with words beside it.
#[derive(Debug, Clone)]
pub struct Note {
    /// Where.
    pub point: (f64, f64),
    /// What it says.
    pub text: String,
}

impl LineChart {
    /// A chart without lines, 960 by 560 units.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        LineChart {
            title: title.into(),
            subtitle: String::new(),
            caption: String::new(),
            x,
            y,
            series: Vec::new(),
            palette: Palette::Distinct,
            labels: Labels::AtEnds,
            width: 960.0,
            height: 560.0,
        }
    }

    /// Draws the chart.
    pub fn draw(&self) -> Picture {
        layout::layout(self)
    }
}

impl Series {
    /// Points joined by a line.
    pub fn line(label: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Series {
            label: label.into(),
            remark: String::new(),
            points,
            errors: Vec::new(),
            joined: true,
            dots: false,
            ends_badly: false,
            notes: Vec::new(),
            colour: None,
            thin: false,
        }
    }

    /// Points with dots, not joined.
    pub fn dots(label: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Series { joined: false, dots: true, ..Series::line(label, points) }
    }
}
