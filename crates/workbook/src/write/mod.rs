//! A worked-out network as a workbook with live formulas.
//!
//! | sheet | holds |
//! | --- | --- |
//! | By hand | a picture of the network, what is given as named cells, and every formula of the derivation written out beside its live cell |
//! | Curves | `E_total` row by row at every learning rate, by reference, and all curves on one chart |
//! | Rate … | the training table at one learning rate: row 1 from the named cells, each later row from the row above |
//! | Picture | hidden: the places and texts that the picture is drawn from |
//!
//! Every formula comes from the network's expression graph through
//! [`spreadsheet`](longhand_derivation::render::spreadsheet), with cells in place of symbols. Beside each formula the
//! file holds the value that this program computed, to the last bit, for viewers that do not calculate.
//!
//! The same network gives the same bytes, whenever and wherever it is written.

mod cell_name;
mod curves_sheet;
mod formulas;
mod limits;
mod line_chart;
mod live_cell;
mod live_text;
mod network_picture;
mod rate_sheet;
mod reading_sheet;
mod rounded;
mod row_formula;
mod styles;
mod workbook_error;

use longhand_derivation::worksheet::Worksheet;
use rust_xlsxwriter as xlsx;

use formulas::Formulas;
use styles::Styles;

pub use cell_name::cell_name;
pub use limits::{COLUMN_LIMIT, FORMULA_LIMIT, NUMBER_LIMIT};
pub use workbook_error::WorkbookError;

/// The name of the sheet for reading.
pub const READING_SHEET: &str = "By hand";
/// The name of the sheet with all curves.
pub const CURVES_SHEET: &str = "Curves";
/// The name of the hidden sheet with what the picture of the network is drawn from.
pub const PICTURE_SHEET: &str = "Picture";

/// The name of the sheet with the table of this learning rate, `Rate 0.5`.
pub fn rate_sheet(learning_rate: f64) -> String {
    // A sheet's name has at most 31 characters; the shortest decimal of a double has at most 24 with an exponent.
    let plain = learning_rate.to_string();
    if plain.len() <= 20 { format!("Rate {plain}") } else { format!("Rate {learning_rate:e}") }
}

/// A cell or a column that has a name in formulas.
struct DefinedName {
    /// The name, with the sheet before it where it holds on that sheet only.
    name: String,
    /// What it stands for, `='By hand'!$C$7`.
    reference: String,
}

/// A sheet and the names of its cells.
struct NamedSheet {
    sheet: xlsx::Worksheet,
    names: Vec<DefinedName>,
}

/// Writes the workbook of a worked-out network and returns the bytes of the `.xlsx` file.
///
/// # Errors
/// Where a table or a formula is larger than spreadsheet programs take, see [`WorkbookError`].
pub fn worksheet_workbook(worksheet: &Worksheet) -> Result<Vec<u8>, WorkbookError> {
    limits::check(worksheet)?;
    let formulas = Formulas::new(worksheet);
    let styles = Styles::new();

    let picture = network_picture::draw(worksheet, &styles)?;
    let (picture_sheet, picture_chart) = picture.unzip();
    let mut sheets = vec![
        reading_sheet::write(worksheet, &formulas, &styles, picture_chart)?,
        NamedSheet { sheet: curves_sheet::write(worksheet, &styles)?, names: Vec::new() },
    ];
    let rows = rate_sheet::row_formulas(worksheet, &formulas)?;
    for place in 0..worksheet.table.rates.len() {
        sheets.push(rate_sheet::write(worksheet, place, &rows, &styles)?);
    }
    sheets.extend(picture_sheet.map(|sheet| NamedSheet { sheet, names: Vec::new() }));

    let mut workbook = xlsx::Workbook::new();
    workbook.set_properties(&properties(worksheet)?);
    for NamedSheet { sheet, names } in sheets {
        workbook.push_worksheet(sheet);
        for DefinedName { name, reference } in names {
            workbook.define_name(name, &reference)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}

/// What the file says about itself. The date is fixed, so that the same network gives the same bytes.
fn properties(worksheet: &Worksheet) -> Result<xlsx::DocProperties, WorkbookError> {
    let title = format!("Back-propagation by hand: a {} network", worksheet.network.spec.shape());
    Ok(xlsx::DocProperties::new()
        .set_title(title)
        .set_author("Longhand")
        .set_creation_datetime(&xlsx::ExcelDateTime::from_ymd(2026, 1, 1)?))
}
