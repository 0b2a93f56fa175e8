//! From what is to be seen to where it stands.

use super::axis::Ruler;
use super::clipping::between;
use super::end_labels::spread;
use super::font::Fonts;
use super::label_places::{Box as Rectangle, places};
use super::rich_text::spoken;
use super::scene::{Colour, Scene, Shape};
use super::thinning::thinned;
use super::{Labels, LineChart, Series};

const WHITE: Colour = Colour(0xff, 0xff, 0xff);
const INK: Colour = Colour(0x1f, 0x1f, 0x24);
const GREY: Colour = Colour(0x66, 0x66, 0x6e);
const GRID: Colour = Colour(0xe6, 0xe6, 0xe8);
const AXIS: Colour = Colour(0x88, 0x88, 0x90);

const MIN_HEIGHT: f64 = 200.0;
const MARGIN: f64 = 28.0;
const TITLE: f64 = 25.0;
const SUBTITLE: f64 = 17.0;
const TEXT: f64 = 16.0;
const TICK: f64 = 15.0;
const LINE_HEIGHT: f64 = 22.0;
/// Between the end of a line and its label.
const LEADER: f64 = 26.0;
/// Between the baselines of two labels.
const LABEL_GAP: f64 = 20.0;
/// Between a label and its remark.
const REMARK_GAP: f64 = 14.0;
/// The most of the picture's width that labels may take.
const WIDEST_LABELS: f64 = 0.42;

/// The place of the lines in the picture.
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Collects shapes.
struct Drawing {
    fonts: Fonts,
    shapes: Vec<Shape>,
}

/// What a chart needs at its sides: for its ticks, and for its labels.
pub(super) struct Sides {
    pub left: f64,
    pub right: f64,
    /// The column of labels, with the gap to the remarks.
    labels: f64,
}

impl Sides {
    /// Room enough for both.
    pub(super) fn widest(self, other: Sides) -> Sides {
        Sides {
            left: self.left.max(other.left),
            right: self.right.max(other.right),
            labels: self.labels.max(other.labels),
        }
    }
}

/// The width and height of a chart without its caption.
fn size(chart: &LineChart) -> (f64, f64) {
    (chart.width.max(320.0), chart.height.max(MIN_HEIGHT))
}

/// The lines above a chart: its subtitle, and where the area of its lines begins.
fn head(chart: &LineChart, fonts: &Fonts) -> (Vec<String>, f64) {
    let lines = match chart.subtitle.as_str() {
        "" => Vec::new(),
        subtitle => fonts.wrap(subtitle, SUBTITLE, size(chart).0 - 2.0 * MARGIN),
    };
    let title = if chart.title.is_empty() { 0.0 } else { MARGIN + TITLE };
    let top = title + LINE_HEIGHT * lines.len() as f64 + 48.0;
    (lines, top)
}

/// The room below the lines, for ticks and, where the axis has one, its title.
fn foot(chart: &LineChart) -> f64 {
    if chart.x.title.is_empty() { 34.0 } else { 62.0 }
}

fn y_ruler(chart: &LineChart, top: f64) -> Ruler {
    let area_height = size(chart).1 - top - foot(chart);
    chart.y.ruler(chart.series.iter().flat_map(Series::y_values), (area_height / 70.0) as usize)
}

/// What `chart` needs at its sides.
pub(super) fn sides(chart: &LineChart, fonts: &Fonts) -> Sides {
    let (_, top) = head(chart, fonts);
    let y_ruler = y_ruler(chart, top);
    let widest_tick = y_ruler.ticks.iter().map(|tick| fonts.width(&tick.label, TICK)).fold(0.0, f64::max);
    let widest = |text: fn(&Series) -> &str| {
        chart.series.iter().map(|series| fonts.width(text(series), TEXT)).fold(0.0, f64::max)
    };
    let (label_column, remark_column) = (widest(|series| &series.label), widest(|series| &series.remark));
    let gap = if remark_column > 0.0 { REMARK_GAP } else { 0.0 };
    let label_width = match chart.labels {
        Labels::AtEnds => (label_column + gap + remark_column).min(WIDEST_LABELS * size(chart).0),
        Labels::BesidePoints => 0.0,
    };
    Sides {
        left: MARGIN + widest_tick + 12.0,
        right: MARGIN + if label_width > 0.0 { label_width + LEADER } else { 8.0 },
        labels: label_column + gap,
    }
}

/// Lays out a chart.
pub(super) fn layout(chart: &LineChart) -> Scene {
    let fonts = Fonts::load();
    let sides = sides(chart, &fonts);
    layout_between(chart, fonts, &sides)
}

/// Lays out a chart with so much room at its sides.
pub(super) fn layout_between(chart: &LineChart, fonts: Fonts, sides: &Sides) -> Scene {
    let mut drawing = Drawing { fonts, shapes: Vec::new() };
    let (width, height) = size(chart);
    drawing.text(&chart.title, TITLE, MARGIN, MARGIN + TITLE - 5.0, INK);
    let (subtitle, top) = head(chart, &drawing.fonts);
    for (place, line) in subtitle.iter().enumerate() {
        drawing.text(line, SUBTITLE, MARGIN, MARGIN + TITLE + LINE_HEIGHT * (place + 1) as f64 - 3.0, GREY);
    }
    let y_ruler = y_ruler(chart, top);
    let area = Area { left: sides.left, right: width - sides.right, top, bottom: height - foot(chart) };
    let x_values = chart.series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
    let x_ruler = chart.x.ruler(x_values, ((area.right - area.left) / 75.0) as usize);

    drawing.axes(chart, &area, &x_ruler, &y_ruler);
    for (index, series) in chart.series.iter().enumerate() {
        drawing.series(series, colour(chart, index), &area, &x_ruler, &y_ruler);
    }
    match chart.labels {
        Labels::AtEnds => drawing.end_labels(chart, &area, &x_ruler, &y_ruler, sides.labels),
        Labels::BesidePoints => drawing.labels_beside_points(chart, &area, &x_ruler, &y_ruler),
    }

    let mut bottom = height;
    let text_width = width - 2.0 * MARGIN;
    for line in drawing.fonts.wrap(&chart.caption, TEXT, text_width) {
        drawing.text(&line, TEXT, MARGIN, bottom + 8.0, INK);
        bottom += LINE_HEIGHT;
    }
    if !chart.caption.is_empty() {
        bottom += 14.0;
    }
    Scene { width, height: bottom, title: chart.title.clone(), description: description(chart), shapes: drawing.shapes }
}

/// The colour of a series.
fn colour(chart: &LineChart, index: usize) -> Colour {
    let (place, count) = chart.series[index].colour.unwrap_or((index, chart.series.len()));
    chart.palette.colour(place, count)
}

impl Series {
    fn y_values(&self) -> impl Iterator<Item = f64> {
        let with_bars =
            self.points.iter().zip(&self.errors).flat_map(|(point, error)| [point.1 - error, point.1 + error]);
        self.points.iter().map(|point| point.1).chain(with_bars)
    }
}

impl Area {
    fn place(&self, x_ruler: &Ruler, y_ruler: &Ruler, point: (f64, f64)) -> Option<(f64, f64)> {
        let (across, up) = (x_ruler.share(point.0)?, y_ruler.share(point.1)?);
        Some((self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)))
    }
}

/// The parts of a series' line that are in the picture.
fn visible_parts(series: &Series, area: &Area, x_ruler: &Ruler, y_ruler: &Ruler) -> Vec<Vec<(f64, f64)>> {
    let place = |point: (f64, f64)| area.place(x_ruler, y_ruler, point);
    let pieces = series.points.split(|&point| place(point).is_none());
    pieces
        .flat_map(|piece| {
            let placed: Vec<_> = piece.iter().filter_map(|&point| place(point)).collect();
            let placed = thinned(&placed, (area.right - area.left) as usize);
            between(&placed, area.top, area.bottom)
        })
        .collect()
}

/// Where a series ends in the picture.
fn visible_end(series: &Series, area: &Area, x_ruler: &Ruler, y_ruler: &Ruler) -> Option<(f64, f64)> {
    let in_line = || visible_parts(series, area, x_ruler, y_ruler).last()?.last().copied();
    let of_points = || {
        let (x, y) = series.points.iter().rev().find_map(|&point| area.place(x_ruler, y_ruler, point))?;
        Some((x, y.clamp(area.top, area.bottom)))
    };
    Some(series).filter(|series| series.joined).and_then(|_| in_line()).or_else(of_points)
}

impl Drawing {
    fn text(&mut self, text: &str, size: f64, x: f64, y: f64, colour: Colour) {
        let (glyphs, _) = self.fonts.set(text, size, x, y);
        if !glyphs.is_empty() {
            self.shapes.push(Shape::Text { glyphs, colour });
        }
    }

    fn line(&mut self, points: Vec<(f64, f64)>, width: f64, colour: Colour) {
        self.shapes.push(Shape::Stroke { points, width, colour, dash: None });
    }

    fn axes(&mut self, chart: &LineChart, area: &Area, x_ruler: &Ruler, y_ruler: &Ruler) {
        for tick in &y_ruler.ticks {
            let Some(up) = y_ruler.share(tick.value) else { continue };
            let y = area.bottom - up * (area.bottom - area.top);
            let weight = if tick.label.is_empty() { 0.5 } else { 1.0 };
            self.line(vec![(area.left, y), (area.right, y)], weight, GRID);
            let width = self.fonts.width(&tick.label, TICK);
            self.text(&tick.label, TICK, area.left - 10.0 - width, y + 0.32 * TICK, GREY);
        }
        self.line(vec![(area.left, area.bottom), (area.right, area.bottom)], 1.2, AXIS);
        for tick in &x_ruler.ticks {
            let Some(across) = x_ruler.share(tick.value) else { continue };
            let x = area.left + across * (area.right - area.left);
            let length = if tick.label.is_empty() { 3.0 } else { 6.0 };
            self.line(vec![(x, area.bottom), (x, area.bottom + length)], 1.2, AXIS);
            let width = self.fonts.width(&tick.label, TICK);
            self.text(&tick.label, TICK, x - width / 2.0, area.bottom + 22.0, GREY);
        }
        self.text(&chart.y.title, TEXT, MARGIN, area.top - 20.0, INK);
        let width = self.fonts.width(&chart.x.title, TEXT);
        self.text(&chart.x.title, TEXT, (area.left + area.right - width) / 2.0, area.bottom + 46.0, INK);
    }

    fn series(&mut self, series: &Series, colour: Colour, area: &Area, x_ruler: &Ruler, y_ruler: &Ruler) {
        let place = |point: (f64, f64)| area.place(x_ruler, y_ruler, point);
        for (point, error) in series.points.iter().zip(&series.errors) {
            let ends = (place((point.0, point.1 - error)), place((point.0, point.1 + error)));
            if let (Some(low), Some(high)) = ends {
                self.line(vec![low, high], 1.6, colour);
                for end in [low, high] {
                    self.line(vec![(end.0 - 4.0, end.1), (end.0 + 4.0, end.1)], 1.6, colour);
                }
            }
        }
        if series.joined {
            for part in visible_parts(series, area, x_ruler, y_ruler) {
                self.line(part, if series.thin { 1.3 } else { 2.4 }, colour);
            }
        }
        if series.dots {
            for centre in series.points.iter().filter_map(|&point| place(point)) {
                self.shapes.push(Shape::Dot { centre, radius: 4.5, colour });
            }
        }
        if series.ends_badly
            && let Some((x, y)) = visible_end(series, area, x_ruler, y_ruler)
        {
            self.line(vec![(x - 6.0, y - 6.0), (x + 6.0, y + 6.0)], 2.4, colour);
            self.line(vec![(x - 6.0, y + 6.0), (x + 6.0, y - 6.0)], 2.4, colour);
        }
        for note in &series.notes {
            let Some((x, y)) = place(note.point) else { continue };
            self.shapes.push(Shape::Dot { centre: (x, y), radius: 4.5, colour });
            let width = self.fonts.width(&note.text, TEXT);
            let start = if x + 10.0 + width > area.right { x - width } else { x + 10.0 };
            // A white ground, so that the grid does not cross the words.
            let middle = y - 12.0 - 0.3 * TEXT;
            self.line(vec![(start, middle), (start + width, middle)], 1.1 * TEXT, WHITE);
            self.text(&note.text, TEXT, start, y - 12.0, INK);
        }
    }

    fn labels_beside_points(&mut self, chart: &LineChart, area: &Area, x_ruler: &Ruler, y_ruler: &Ruler) {
        let place = |point: (f64, f64)| area.place(x_ruler, y_ruler, point);
        let around = |(x, y): (f64, f64), r: f64| Rectangle { left: x - r, top: y - r, right: x + r, bottom: y + r };
        let mut taken = Vec::new();
        for series in &chart.series {
            for (k, &point) in series.points.iter().enumerate() {
                let Some(centre) = place(point) else { continue };
                let mut taken_here = around(centre, 5.0);
                if let Some(error) = series.errors.get(k) {
                    let end = |value| place((point.0, value)).map_or(centre.1, |end| end.1);
                    taken_here.top = taken_here.top.min(end(point.1 + error));
                    taken_here.bottom = taken_here.bottom.max(end(point.1 - error));
                }
                taken.push(taken_here);
            }
        }
        let labelled: Vec<(usize, (f64, f64))> = chart
            .series
            .iter()
            .enumerate()
            .filter(|(_, series)| !series.label.is_empty())
            .filter_map(|(index, series)| Some((index, place(*series.points.first()?)?)))
            .collect();
        let wanted: Vec<((f64, f64), f64)> = labelled
            .iter()
            .map(|&(index, point)| (point, self.fonts.width(&chart.series[index].label, TICK)))
            .collect();
        let inside = Rectangle { left: area.left, top: area.top - 30.0, right: area.right + 20.0, bottom: area.bottom };
        for ((index, point), at) in labelled.into_iter().zip(places(&wanted, 1.2 * TICK, &taken, &inside)) {
            // A line to labels that do not stand next to their point.
            let nearest = (point.0.clamp(at.left, at.right), point.1.clamp(at.top, at.bottom));
            let far = (nearest.0 - point.0, nearest.1 - point.1);
            if libm::hypot(far.0, far.1) > 14.0 {
                let step = 6.0 / libm::hypot(far.0, far.1);
                let start = (point.0 + step * far.0, point.1 + step * far.1);
                self.line(vec![start, nearest], 1.0, colour(chart, index));
            }
            self.text(&chart.series[index].label, TICK, at.left, at.bottom - 0.28 * TICK, INK);
        }
    }

    fn end_labels(&mut self, chart: &LineChart, area: &Area, x_ruler: &Ruler, y_ruler: &Ruler, remark_at: f64) {
        let ends: Vec<(usize, (f64, f64))> = chart
            .series
            .iter()
            .enumerate()
            .filter(|(_, series)| !series.label.is_empty())
            .filter_map(|(index, series)| Some((index, visible_end(series, area, x_ruler, y_ruler)?)))
            .collect();
        let wanted: Vec<f64> = ends.iter().map(|(_, end)| end.1).collect();
        let places = spread(&wanted, LABEL_GAP, area.top - 10.0, area.bottom - 4.0);
        for ((index, end), y) in ends.into_iter().zip(places) {
            let series = &chart.series[index];
            let colour = colour(chart, index);
            let x = area.right + LEADER;
            if area.right - end.0 > 1.0 {
                let points = vec![(end.0 + 8.0, end.1), (area.right, end.1)];
                self.shapes.push(Shape::Stroke { points, width: 1.0, colour, dash: Some((1.0, 4.0)) });
            }
            self.line(
                vec![(area.right + 3.0, end.1), (area.right + 8.0, end.1), (x - 10.0, y), (x - 6.0, y)],
                1.6,
                colour,
            );
            self.text(&series.label, TEXT, x, y + 0.32 * TEXT, INK);
            self.text(&series.remark, TEXT, x + remark_at, y + 0.32 * TEXT, GREY);
        }
    }
}

/// The chart in words: its caption, and where each line begins and ends.
fn description(chart: &LineChart) -> String {
    let mut sentences = vec![format!("{} against {}.", chart.y.title, chart.x.title)];
    for series in &chart.series {
        let mut finite = series.points.iter().filter(|point| point.1.is_finite());
        if let (Some(first), Some(last)) = (finite.next(), finite.next_back()) {
            let label = spoken(&series.label);
            sentences.push(format!("{label}: from {} at {} to {} at {}.", first.1, first.0, last.1, last.0));
        }
    }
    sentences.extend([chart.subtitle.clone(), chart.caption.clone()]);
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}
