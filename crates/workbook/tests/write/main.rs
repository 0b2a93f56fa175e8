//! Workbooks as they are written: read back with an independent reader, and recalculated by LibreOffice.

mod fixed_bytes;
mod limits;
mod networks;
mod opened;
mod recalculation;
mod snapshots;
mod soffice;
mod structure;
mod values;
mod zip_edit;
