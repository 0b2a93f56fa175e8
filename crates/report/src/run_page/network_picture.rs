//! The network as a row of blocks: as high as its activations have rows, as deep as they have channels.

use std::fmt::Write as _;

use longhand_nn::{Shape, Summary};

use crate::page::escaped;

/// Units of the picture for a row of an activation, and the most for all.
const ROW: f64 = 2.9;
const HIGHEST: f64 = 96.0;
/// Units for a channel, and the most for all.
const CHANNEL: f64 = 0.85;
const DEEPEST: f64 = 56.0;
/// How far the depth goes to the right and up.
const SLANT: (f64, f64) = (0.8, 0.45);
/// Between two blocks.
const GAP: f64 = 20.0;
/// About the width of a letter.
const LETTER: f64 = 6.3;
const TOP: f64 = 12.0;

/// A block of the picture: what comes out of a layer that changes the shape, or has weights that mix channels.
struct Block {
    /// The layer in a word or two.
    name: String,
    shape: Shape,
    class: &'static str,
}

/// The picture as an element.
pub(super) fn picture(summary: &Summary) -> String {
    let blocks = blocks(summary);
    let middle = TOP + 0.5 * blocks.iter().map(Block::height).fold(0.0, f64::max);
    let mut shapes = String::new();
    let mut left = 4.0;
    for (place, block) in blocks.iter().enumerate() {
        let (width, height, (right, up)) = (block.width(), block.height(), block.depth());
        let words = [block.name.clone(), block.shape.to_string()];
        let text = words.iter().map(|w| w.chars().count() as f64 * LETTER).fold(0.0, f64::max);
        let column = text.max(width + right);
        let centre = left + column / 2.0;
        if place > 0 {
            let _ = writeln!(
                shapes,
                "<path class=\"arrow\" d=\"M{:.1} {middle:.1}h{:.1}m-4 -3l4 3l-4 3\"/>",
                left - GAP + 3.0,
                GAP - 6.0
            );
        }
        let x = centre - (width + right) / 2.0;
        let y = middle - (height - up) / 2.0;
        let _ = writeln!(
            shapes,
            "<g class=\"{}\"><path class=\"top\" d=\"M{x:.1} {y:.1}l{right:.1} {:.1}h{width:.1}l{:.1} {up:.1}z\"/>\
             <path class=\"side\" d=\"M{:.1} {y:.1}l{right:.1} {:.1}v{height:.1}l{:.1} {up:.1}z\"/>\
             <path class=\"front\" d=\"M{x:.1} {y:.1}h{width:.1}v{height:.1}h{:.1}z\"/></g>",
            block.class,
            -up,
            -right,
            x + width,
            -up,
            -right,
            -width
        );
        let below = middle + 0.5 * blocks.iter().map(|b| b.height() + b.depth().1).fold(0.0, f64::max) + 20.0;
        for (line, word) in words.iter().enumerate() {
            let class = if line == 0 { "name" } else { "shape" };
            let y = below + 17.0 * line as f64;
            let _ = writeln!(
                shapes,
                "<text class=\"{class}\" x=\"{centre:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
                escaped(word)
            );
        }
        left += column + GAP;
    }
    let width = left - GAP + 4.0;
    let highest = blocks.iter().map(|b| b.height() + b.depth().1).fold(0.0, f64::max);
    let height = middle + 0.5 * highest + 46.0;
    let words = blocks.iter().map(|b| format!("{} {}", b.name, b.shape)).collect::<Vec<_>>().join(", then ");
    format!(
        "<div class=\"scroller\" tabindex=\"0\" role=\"region\" aria-label=\"Picture of the network\">\
         <svg class=\"blocks\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" \
         aria-label=\"{}\">\n{shapes}</svg></div>\n",
        escaped(&words)
    )
}

/// The image and what follows it; ReLU, batch norm, dropout and log-softmax belong to the block before them.
fn blocks(summary: &Summary) -> Vec<Block> {
    let mut blocks = vec![Block { name: "image".into(), shape: summary.input, class: "input" }];
    for layer in &summary.layers {
        let name = layer.description.split(',').next().unwrap_or_default().to_owned();
        let class = match () {
            () if layer.multiply_adds > 0 && name.starts_with("linear") => "linear",
            () if layer.multiply_adds > 0 => "convolution",
            () if layer.output != blocks[blocks.len() - 1].shape => "pool",
            () => continue,
        };
        blocks.push(Block { name, shape: layer.output, class });
    }
    blocks
}

impl Block {
    fn is_vector(&self) -> bool {
        (self.shape.height, self.shape.width) == (1, 1)
    }

    /// A vector stands upright, a unit for each feature.
    fn height(&self) -> f64 {
        let rows = if self.is_vector() { self.shape.channels } else { self.shape.height };
        (rows as f64 * ROW).clamp(5.0, HIGHEST)
    }

    fn width(&self) -> f64 {
        (self.shape.width as f64 * ROW).clamp(6.0, HIGHEST)
    }

    /// To the right and up.
    fn depth(&self) -> (f64, f64) {
        let channels = if self.is_vector() { 1 } else { self.shape.channels };
        let depth = (channels as f64 * CHANNEL).clamp(3.0, DEEPEST);
        (SLANT.0 * depth, SLANT.1 * depth)
    }
}
