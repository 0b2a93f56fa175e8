//! What people look at: charts, loss curves, the worksheet as a page.
//!
//! | module | holds |
//! | --- | --- |
//! | [`plot`] | line charts as SVG and PNG, with no fonts needed where they are looked at |
//! | [`curves`] | the loss curves of a worksheet as charts |
//! | [`worksheet_page`] | a worksheet as one HTML file that recomputes itself |
//!
//! Nothing here knows how numbers are computed: they come from `longhand_derivation`, and the page evaluates the graph
//! that comes with them.
#![forbid(unsafe_code)]

pub mod curves;
mod description;
pub mod plot;
mod worksheet_page;

pub use description::of_network as describe_network;
pub use worksheet_page::worksheet_page;
