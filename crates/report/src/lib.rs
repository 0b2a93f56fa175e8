//! Plots and worksheet pages.
#![forbid(unsafe_code)]

pub mod curves;
mod description;
pub mod plot;
mod worksheet_page;

pub use worksheet_page::worksheet_page;
