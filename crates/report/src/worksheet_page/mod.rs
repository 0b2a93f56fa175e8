//! A worksheet as one HTML file that needs nothing else: no network, no font, no program but a browser.
//!
//! The parts lie in `web/worksheet`: a page, a style sheet, ES modules; [`worksheet_page`] joins them with the fonts
//! and the data into one text. The modules hold an evaluator for the operations of the expression graph and views of
//! its quantities; the mathematics itself, formulas included, comes with the data.
//!
//! A content security policy in the page allows exactly this script and this style sheet, by their hashes, and nothing
//! from anywhere else.

mod assembly;
mod data;
mod modules;
mod shorthand;

use longhand_derivation::export::WorksheetExport;
use longhand_derivation::worksheet::Worksheet;

use crate::description::of_network;

/// The page of a worksheet, as HTML.
///
/// Inputs, targets, weights and the learning rate can be changed in it, and everything is recomputed from the exported
/// graph. Above the limits of readability it has the network's values, its table and its curves, and says that the
/// derivation is left out.
pub fn worksheet_page(worksheet: &Worksheet) -> String {
    assembly::page(&data_of(worksheet))
}

/// A worksheet for a page that has its own frame and heading and serves the style and the modules of `web/worksheet` as
/// files: what the modules fill in, and behind it the data, an element that no browser runs.
pub fn worksheet_body(worksheet: &Worksheet) -> String {
    let data = assembly::inert(&data_of(worksheet));
    format!("{}<script type=\"application/json\" id=\"worksheet-data\">{data}</script>\n", assembly::BODY)
}

fn data_of(worksheet: &Worksheet) -> String {
    let data = data::PageData::of(WorksheetExport::of(worksheet), of_network(&worksheet.network.spec));
    serde_json::to_string(&data).expect("plain data with finite numbers")
}
