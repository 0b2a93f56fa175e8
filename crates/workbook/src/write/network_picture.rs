//! The picture of the network: neurons, edges and live values on both, drawn as a chart.
//!
//! A chart of dots and lines is the one kind of drawing that every spreadsheet program shows and that follows the
//! cells. Each text is the name of a series of one dot, taken from a cell of the hidden sheet; edges are lines between
//! the dots.

use longhand_derivation::columns::Group;
use longhand_derivation::expression::NodeId;
use longhand_derivation::network::{Network, Role};
use longhand_derivation::worksheet::Worksheet;
use rust_xlsxwriter as xlsx;
use xlsx::{
    Chart, ChartDataLabel, ChartDataLabelPosition, ChartFont, ChartFormat, ChartLine, ChartMarker, ChartMarkerType,
    ChartSolidFill, ChartType, Color,
};

use super::cell_name::cell_name;
use super::live_text::quoted;
use super::rounded::rounded_size;
use super::styles::{Styles, group_colour};
use super::workbook_error::WorkbookError;
use super::{PICTURE_SHEET, live_cell};

/// A layer with more neurons than this is not drawn.
const MOST_NEURONS: usize = 8;
/// With more layers than this nothing is drawn.
const MOST_LAYERS: usize = 6;
/// With more edges than this between two layers their weights are not written on them.
const MOST_LABELLED_EDGES: usize = 16;
/// Decimals shown in the picture.
const DECIMALS: usize = 4;

/// The picture's sizes in pixels.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// How large the picture of this network is, or `None` where the network is too large to be drawn.
pub fn size(network: &Network) -> Option<Size> {
    let layers = &network.spec.layers;
    let largest = *layers.iter().max()?;
    let is_small = largest <= MOST_NEURONS && layers.len() <= MOST_LAYERS && network.is_readable();
    // The errors stand to the right of the outputs.
    let most_edges = layers.windows(2).map(|pair| pair[0] * pair[1]).max()?;
    let step = if most_edges > 4 { 240 } else { 190 };
    is_small.then(|| Size { width: step * layers.len() as u32 + 60, height: (90 * largest as u32 + 110).max(290) })
}

/// A point of the picture: x counts layers, y counts neurons, upwards from the middle.
type Point = (f64, f64);

/// A text that follows the cells, and where it stands.
struct Label {
    at: Point,
    formula: String,
    text: String,
    kind: Kind,
}

/// What a text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Neuron(Group),
    Edge,
    Bias,
    Error,
}

/// Draws the picture; returns the sheet that holds its places and texts, and the chart.
pub fn draw(worksheet: &Worksheet, styles: &Styles) -> Result<Option<(xlsx::Worksheet, Chart)>, WorkbookError> {
    let network = &worksheet.network;
    let Some(size) = size(network) else { return Ok(None) };
    let mut sheet = xlsx::Worksheet::new();
    sheet.set_name(PICTURE_SHEET)?.set_hidden(true);
    sheet.write_with_format(0, 0, "What the picture of the network is drawn from", &styles.remark)?;

    let mut chart = Chart::new(ChartType::ScatterStraight);
    edges(&mut sheet, &mut chart, network, size)?;
    for (row, label) in labels(worksheet, size).iter().enumerate() {
        let row = row as u32 + 1;
        live_cell::write_text(&mut sheet, (row, 0), &label.formula, &label.text, &styles.label)?;
        sheet.write(row, 1, label.at.0)?.write(row, 2, label.at.1)?;
        add_label(&mut chart, row, label.kind, network);
    }
    frame(&mut chart, network, size);
    Ok(Some((sheet, chart)))
}

/// Where neuron `k` of a layer stands (0 is the inputs).
fn place(network: &Network, layer: usize, k: usize) -> Point {
    let count = network.spec.layers[layer] as f64;
    (layer as f64, (count - 1.0) / 2.0 - k as f64)
}

/// A line for each edge between two layers, from the rim of one neuron to the rim of the other, with an empty row
/// between one line and the next.
fn edges(sheet: &mut xlsx::Worksheet, chart: &mut Chart, network: &Network, size: Size) -> Result<(), WorkbookError> {
    let layers = &network.spec.layers;
    for layer in 1..layers.len() {
        let column = 2 + 2 * layer as u16;
        let mut row = 1;
        for from in 0..layers[layer - 1] {
            for to in 0..layers[layer] {
                let (start, end) = edge(network, size, layer - 1, from, to);
                for point in [start, end] {
                    sheet.write(row, column, point.0)?.write(row, column + 1, point.1)?;
                    row += 1;
                }
                row += 1;
            }
        }
        let grey = ChartLine::new().set_color(Color::RGB(0xA9B4C0)).set_width(1.25).clone();
        chart
            .add_series()
            .set_categories((PICTURE_SHEET, 1, column, row - 2, column))
            .set_values((PICTURE_SHEET, 1, column + 1, row - 2, column + 1))
            .set_marker(ChartMarker::new().set_none())
            .set_format(ChartFormat::new().set_line(&grey));
    }
    Ok(())
}

/// The two ends of an edge, on the rims of neuron `from` of a layer and neuron `to` of the next.
fn edge(network: &Network, size: Size, layer: usize, from: usize, to: usize) -> (Point, Point) {
    let (step_x, step_y) = pixels(size, network);
    // A point is 4/3 pixels; a little air between the rim and the line.
    let radius = f64::from(diameter(network)) * 4.0 / 3.0 / 2.0 + 2.0;
    let (start, end) = (place(network, layer, from), place(network, layer + 1, to));
    let across = (end.0 - start.0, end.1 - start.1);
    let rim = radius / f64::hypot(across.0 * step_x, across.1 * step_y);
    let at = |share: f64| (start.0 + share * across.0, start.1 + share * across.1);
    (at(rim), at(1.0 - rim))
}

/// The size of a neuron, in points.
fn diameter(network: &Network) -> u8 {
    if network.spec.layers.iter().all(|&neurons| neurons <= 5) { 48 } else { 40 }
}

/// Every text of the picture; of several samples the first is shown.
fn labels(worksheet: &Worksheet, size: Size) -> Vec<Label> {
    let network = &worksheet.network;
    let graph = &network.graph;
    let name = |id: NodeId| cell_name(graph.symbol(id).expect("a quantity has a name"));
    let symbol = |id: NodeId| graph.symbol(id).expect("a quantity has a name").unicode();
    let number = |id: NodeId| {
        let value = worksheet.values.get(id);
        format!("{}{}", if value < 0.0 { "-" } else { "" }, rounded_size(value, DECIMALS))
    };
    let rounded = |id: NodeId| format!("ROUND({},{DECIMALS})", name(id));
    // The symbol above its value, and the two side by side.
    let stacked = |id: NodeId| {
        let formula = format!("{}&CHAR(10)&{}", quoted(&symbol(id)), rounded(id));
        (formula, format!("{}\n{}", symbol(id), number(id)))
    };
    let equation = |id: NodeId| {
        let left = format!("{} = ", symbol(id));
        (format!("{}&{}", quoted(&left), rounded(id)), format!("{left}{}", number(id)))
    };
    let mut labels = Vec::new();
    let mut push = |at: Point, kind: Kind, (formula, text): (String, String)| {
        labels.push(Label { at, formula, text, kind });
    };
    let sample = &network.samples[0];
    for (k, &input) in sample.inputs.iter().enumerate() {
        push(place(network, 0, k), Kind::Neuron(Group::Input), stacked(input));
    }
    let last = sample.layers.len();
    for (layer, neurons) in sample.layers.iter().enumerate() {
        for (k, neuron) in neurons.iter().enumerate() {
            let at = place(network, layer + 1, k);
            push(at, Kind::Neuron(Group::Out), stacked(neuron.out));
            let bias = bias_of(network, layer, k);
            if let Some(bias) = bias {
                push((at.0, at.1 - bias_drop(size, network)), Kind::Bias, equation(bias));
            }
        }
    }
    for (k, (&error, &target)) in sample.errors.iter().zip(&sample.targets).enumerate() {
        let at = place(network, last, k);
        let (target, error) = (equation(target), equation(error));
        let formula = format!("{}&CHAR(10)&{}", target.0, error.0);
        push((at.0 + 0.62, at.1), Kind::Error, (formula, format!("{}\n{}", target.1, error.1)));
    }
    let mut taken = Vec::new();
    for parameter in &network.parameters {
        if let Role::Weight { layer, from, to } = parameter.role {
            let (start, end) = edge(network, size, layer, from, to);
            if network.spec.layers[layer] * network.spec.layers[layer + 1] <= MOST_LABELLED_EDGES {
                let at = free_place(start, end, &taken, size, network);
                taken.push(at);
                push(at, Kind::Edge, equation(parameter.node));
            }
        }
    }
    labels
}

/// The bias of a neuron, trained or not.
fn bias_of(network: &Network, layer: usize, to: usize) -> Option<NodeId> {
    let trained = network.parameters.iter().find(|parameter| parameter.role == Role::Bias { layer, to });
    let fixed = network.fixed_biases.iter().find(|bias| bias.layer == layer);
    trained.map(|parameter| parameter.node).or(fixed.map(|bias| bias.node))
}

/// Pixels for one step in x and in y.
fn pixels(size: Size, network: &Network) -> (f64, f64) {
    let ((left, right), (bottom, top)) = bounds(network);
    (f64::from(size.width) / (right - left), f64::from(size.height) * 0.88 / (top - bottom))
}

/// How far below a neuron its bias stands.
fn bias_drop(size: Size, network: &Network) -> f64 {
    34.0 / pixels(size, network).1
}

/// A place on an edge for its text, as far as possible from the texts that stand already.
fn free_place(start: Point, end: Point, taken: &[Point], size: Size, network: &Network) -> Point {
    let (step_x, step_y) = pixels(size, network);
    let along = |share: f64| (start.0 + share * (end.0 - start.0), start.1 + share * (end.1 - start.1));
    // A text is several times as wide as it is high.
    let distance = |a: Point, b: Point| f64::hypot((a.0 - b.0) * step_x / 4.0, (a.1 - b.1) * step_y);
    let mut best = (along(0.3), f64::NEG_INFINITY);
    for share in [0.3, 0.36, 0.42, 0.5, 0.58, 0.64, 0.7] {
        let at = along(share);
        let room = taken.iter().map(|&other| distance(at, other)).fold(26.0, f64::min);
        if room > best.1 {
            best = (at, room);
        }
    }
    best.0
}

/// The picture's edges: x from left to right, y from bottom to top.
fn bounds(network: &Network) -> ((f64, f64), (f64, f64)) {
    let layers = &network.spec.layers;
    let half = (*layers.iter().max().expect("a network has layers") as f64 - 1.0) / 2.0 + 0.6;
    ((-0.4, layers.len() as f64), (-half, half))
}

/// A series of one dot with its text.
fn add_label(chart: &mut Chart, row: u32, kind: Kind, network: &Network) {
    let mut font = ChartFont::new();
    let mut marker = ChartMarker::new();
    let mut label = ChartDataLabel::new();
    label.show_series_name().set_position(ChartDataLabelPosition::Center);
    let ink = Color::RGB(0x1B2A3A);
    match kind {
        Kind::Neuron(group) => {
            font.set_size(9).set_color(ink);
            let mut format = ChartFormat::new();
            format.set_solid_fill(ChartSolidFill::new().set_color(group_colour(group)));
            format.set_border(ChartLine::new().set_color(Color::RGB(0x6B7785)).set_width(1.25));
            marker.set_type(ChartMarkerType::Circle).set_size(diameter(network)).set_format(&mut format);
        }
        Kind::Edge => {
            font.set_size(8).set_color(ink);
            label.set_format(ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(Color::White)));
            marker.set_none();
        }
        Kind::Bias => {
            font.set_size(8).set_color(Color::RGB(0x6B7785));
            marker.set_none();
        }
        Kind::Error => {
            font.set_size(9).set_color(Color::RGB(0xA4262C));
            marker.set_none();
        }
    }
    label.set_font(&font);
    chart
        .add_series()
        .set_name((PICTURE_SHEET, row, 0))
        .set_categories((PICTURE_SHEET, row, 1))
        .set_values((PICTURE_SHEET, row, 2))
        .set_marker(&marker)
        .set_format(ChartFormat::new().set_line(ChartLine::new().set_hidden(true)))
        .set_data_label(&label)
        // The label of the one dot says that it shows the name alone; the series' own would show the value too.
        .set_custom_data_labels(&[label.to_custom()]);
}

/// No axes, no grid, no legend; the drawing fills the frame.
fn frame(chart: &mut Chart, network: &Network, size: Size) {
    let ((left, right), (bottom, top)) = bounds(network);
    chart.x_axis().set_min(left).set_max(right).set_major_gridlines(false).set_hidden(true);
    chart.y_axis().set_min(bottom).set_max(top).set_major_gridlines(false).set_hidden(true);
    chart.legend().set_hidden();
    let words = match network.samples.len() {
        1 => format!("The {} network", network.spec.shape()),
        samples => format!("The {} network, with the values of sample 1 of {samples}", network.spec.shape()),
    };
    let mut font = ChartFont::new();
    font.set_size(11).set_color(Color::RGB(0x1B2A3A)).unset_bold();
    chart.title().set_name(&words).set_font(&font).set_overlay(true);
    chart.plot_area().set_layout(&xlsx::ChartLayout::new().set_offset(0.0, 0.1).set_dimensions(1.0, 0.88));
    chart
        .chart_area()
        .set_format(ChartFormat::new().set_border(ChartLine::new().set_color(Color::RGB(0xC9D1DA)).set_width(0.75)));
    chart.set_width(size.width).set_height(size.height);
    chart.set_alt_text(format!("{words}: neurons, weights and errors with their values"));
}
