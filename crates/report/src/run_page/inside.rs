//! What the network has learned to look for, and what its layers make of one digit.

use std::fmt::Write as _;

use longhand_nn::LayerActivation;
use longhand_training::{Example, Filters};

use super::{RunReport, pixels};
use crate::page::escaped;
use crate::words::{counted, probability, with_article};

/// The most pictures of one layer.
const MOST_PICTURES: usize = 64;
/// The side, on the screen, that small pictures are brought near to.
const SIDE: usize = 56;

pub(super) fn section(report: &RunReport<'_>) -> String {
    let examination = report.examination;
    let mut html =
        "<p class=\"hint\">Blue is above zero, orange below, the ground is zero; each row is scaled to its own largest value.</p>\n"
            .to_owned();
    if let Some(filters) = &examination.filters {
        html.push_str(&weights(filters));
    }
    match &examination.example {
        Some(example) => html.push_str(&on_its_way(example, report)),
        None => html.push_str("<p>No image was recognised, so none is shown on its way through the network.</p>\n"),
    }
    super::section("inside", "Inside the network", &html)
}

fn weights(filters: &Filters) -> String {
    let shape = filters.shape;
    let area = shape.height * shape.width;
    let pictures: Vec<&[f32]> = filters.weights.chunks(area).collect();
    let mut html = format!(
        "<h3>The weights of the first layer</h3>\n<p>{}: {} of {}×{} weights{}.</p>\n",
        escaped(&filters.layer),
        counted(pictures.len(), "picture"),
        shape.height,
        shape.width,
        cut_short(pictures.len())
    );
    let words = format!("weights of {}", filters.layer);
    html.push_str(&row(&pictures, shape.height, shape.width, &words));
    html
}

fn on_its_way(example: &Example, report: &RunReport<'_>) -> String {
    let Example { index, verdict, pixels: image, activations } = example;
    let (height, width) = report.examination.image_size;
    let mut html = format!(
        "<h3>One digit on its way through</h3>\n<p>{} image {index}, {}, is the first that is recognised.</p>\n\
         <p><img class=\"digit\" src=\"{}\" width=\"{}\" height=\"{}\" alt=\"the image, {}\"></p>\n",
        if report.record.data.test_images > 0 { "Test" } else { "Held-out training" },
        with_article(verdict.label as usize),
        pixels::ink(width, image),
        2 * width,
        2 * height,
        with_article(verdict.label as usize)
    );
    let (last, before) = activations.split_last().expect("a network has layers");
    html.push_str("<ol class=\"layers\">\n");
    for activation in before {
        html.push_str(&layer(activation, report));
    }
    let _ = writeln!(html, "<li><h4>{}: the probability of each class</h4>{}</li>", last.name, probabilities(last));
    html.push_str("</ol>\n");
    html
}

fn layer(activation: &LayerActivation, report: &RunReport<'_>) -> String {
    let LayerActivation { layers, shape, values, .. } = activation;
    let spec = &report.record.resolved_recipe.network.layers[layers.clone()];
    let name = spec.iter().map(|layer| layer.describe()).collect::<Vec<_>>().join(", then ");
    let largest = values.iter().fold(f32::MIN, |a, &b| a.max(b));
    let smallest = values.iter().fold(f32::MAX, |a, &b| a.min(b));
    let is_vector = (shape.height, shape.width) == (1, 1);
    let (pictures, height, width): (Vec<&[f32]>, usize, usize) = match is_vector {
        true => (values.chunks(MOST_PICTURES).collect(), 1, shape.channels.min(MOST_PICTURES)),
        false => (values.chunks(shape.height * shape.width).collect(), shape.height, shape.width),
    };
    let shown = if is_vector { String::new() } else { cut_short(pictures.len()) };
    format!(
        "<li><h4>{} <span class=\"where\">{shape}, from {} to {}{shown}</span></h4>{}</li>\n",
        escaped(&name),
        number(smallest),
        number(largest),
        row(&pictures, height, width, &format!("activations of {shape} after {name}"))
    )
}

/// The classes with their probabilities, the most probable first.
fn probabilities(last: &LayerActivation) -> String {
    let mut classes: Vec<(usize, f32)> = last.values.iter().copied().enumerate().collect();
    classes.sort_by(|a, b| b.1.total_cmp(&a.1));
    let items: String = classes
        .iter()
        .take(10)
        .map(|(class, log)| format!("<li><strong>{class}</strong>\u{a0} {}</li>", probability(*log)))
        .collect();
    format!("<ul class=\"probabilities\">{items}</ul>")
}

/// Pictures of `height` × `width` values beside one another, on one scale.
fn row(pictures: &[&[f32]], height: usize, width: usize, words: &str) -> String {
    let largest = pictures.iter().flat_map(|p| p.iter()).filter(|x| x.is_finite()).fold(0.0f32, |a, x| a.max(x.abs()));
    let scale = if height == 1 { 12 } else { (SIDE / height.max(width)).max(1) };
    let mut html = format!("<div class=\"row\" role=\"img\" aria-label=\"{}\">", escaped(words));
    for picture in pictures.iter().take(MOST_PICTURES) {
        let width = picture.len() / height.min(picture.len()).max(1);
        let _ = write!(
            html,
            "<img class=\"signed\" src=\"{}\" width=\"{}\" height=\"{}\" alt=\"\">",
            pixels::signed(width, picture, largest),
            width * scale,
            height * scale
        );
    }
    html.push_str("</div>\n");
    html
}

fn cut_short(pictures: usize) -> String {
    if pictures > MOST_PICTURES { format!(", the first {MOST_PICTURES} shown") } else { String::new() }
}

fn number(value: f32) -> String {
    format!("{value:.2}").replace('-', "−")
}
