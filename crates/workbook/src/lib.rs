//! Spreadsheets with live formulas.
//!
//! [`mod@write`] makes a workbook out of a worked-out network: a sheet for reading, a sheet with the training table for each
//! learning rate, and all curves on one picture. Every number in it is a formula, down to the few that are given, so
//! that changing one cell moves everything.
//!
//! ```
//! use longhand_derivation::spec::NetworkSpec;
//! use longhand_derivation::worksheet::Worksheet;
//!
//! let worksheet = Worksheet::work_out(NetworkSpec { rows: 3, ..NetworkSpec::default() })?;
//! let bytes = longhand_workbook::write::worksheet_workbook(&worksheet)?;
//! assert!(bytes.starts_with(b"PK")); // An xlsx file is a zip archive.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`mod@audit`] goes the other way: it reads somebody else's workbook and says which of its derivatives are wrong.
#![forbid(unsafe_code)]

pub mod audit;
pub mod write;
