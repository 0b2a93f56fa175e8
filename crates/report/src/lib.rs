//! Plots and worksheet pages.
#![forbid(unsafe_code)]
