//! Plots and worksheet pages.
#![forbid(unsafe_code)]

pub mod curves;
mod description;
pub mod plot;
