//! What a network saw, drawn in letters, beside the probabilities.

use longhand_data::MNIST_SIDE;

use crate::printer::{percent, table, table_text};

/// Columns of the longest bar.
const BAR: usize = 20;
/// Eighths of a block, from none to seven.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The picture on the left, a table with a bar for each class on the right.
pub fn beside_probabilities(pixels: &[u8], probabilities: &[f64]) -> String {
    let mut bars = table(&["class", "probability", ""], &[0, 1]);
    for (class, &probability) in probabilities.iter().enumerate() {
        bars.add_row([class.to_string(), percent(probability), bar(probability)]);
    }
    let bars = table_text(&bars);
    let (mut left, mut right) = (picture(pixels).into_iter(), bars.lines());
    let mut lines = Vec::new();
    loop {
        match (left.next(), right.next()) {
            (None, None) => return lines.join("\n"),
            (picture, bar) => {
                let line = format!("{:MNIST_SIDE$}   {}", picture.unwrap_or_default(), bar.unwrap_or_default());
                lines.push(line.trim_end().to_owned());
            }
        }
    }
}

/// A bar whose length is `share` of [`BAR`] columns, to an eighth of a column.
fn bar(share: f64) -> String {
    let eighths = (share * (8 * BAR) as f64).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// An image of rows of [`MNIST_SIDE`] pixels, two rows a line. Ink is the terminal's letter colour, so it reads on dark and
/// light ones and needs no colour: two like pixels are a shade of grey, two unlike ones a half block.
pub fn picture(pixels: &[u8]) -> Vec<String> {
    /// Pixels that differ by more than this are drawn as halves.
    const UNLIKE: u8 = 110;
    let letter = |(&above, &below): (&u8, &u8)| match (above, below) {
        _ if above.abs_diff(below) > UNLIKE && above > below => '▀',
        _ if above.abs_diff(below) > UNLIKE => '▄',
        _ => ['\u{20}', '░', '▒', '▓', '█'][(usize::from(above) + usize::from(below) + 51) / 115],
    };
    pixels
        .chunks_exact(2 * MNIST_SIDE)
        .map(|rows| rows[..MNIST_SIDE].iter().zip(&rows[MNIST_SIDE..]).map(letter).collect())
        .collect()
}
