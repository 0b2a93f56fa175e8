//! Spreadsheets with live formulas.
#![forbid(unsafe_code)]
