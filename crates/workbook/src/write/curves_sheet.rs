//! All curves on one chart, and `E_total` row by row at every learning rate, by reference.

use longhand_derivation::worksheet::Worksheet;
use rust_xlsxwriter as xlsx;
use xlsx::utility::{quote_sheet_name, row_col_to_cell, row_col_to_cell_absolute};

use super::line_chart::{Curve, LineChart};
use super::live_text::quoted;
use super::rate_sheet::{FIRST_ROW as RATE_FIRST_ROW, RATE_CELL, error_column, largest, last_sound_row, sheet_column};
use super::styles::{Styles, curve_colour};
use super::workbook_error::WorkbookError;
use super::{CURVES_SHEET, live_cell, rate_sheet};

/// The sheet's row (from 0) of row 1.
const FIRST_ROW: u32 = 3;
const HEADING_ROW: u32 = FIRST_ROW - 1;
/// The columns below the chart, and how wide each is.
const CHART_COLUMNS: u16 = 10;
const CHART_COLUMN_WIDTH: u32 = 94;
/// The column with the numbers of the rows; one column for each learning rate follows.
const ROW_COLUMN: u16 = CHART_COLUMNS;

/// Writes the sheet.
pub fn write(worksheet: &Worksheet, styles: &Styles) -> Result<xlsx::Worksheet, WorkbookError> {
    let mut sheet = xlsx::Worksheet::new();
    sheet.set_name(CURVES_SHEET)?.set_screen_gridlines(false);
    sheet.write_with_format(0, 0, "The error at every learning rate", &styles.title)?;
    sheet.set_row_height_pixels(0, 32)?;
    let mut remark = "Each curve follows the table on its own sheet. Change a learning rate there, or a weight on the \
                      first sheet, and the curves move."
        .to_owned();
    let ceiling = ceiling(worksheet);
    if ceiling.is_some() {
        remark.push_str(" What rises above the picture is cut off.");
    }
    sheet.write_with_format(1, 0, remark, &styles.remark)?;
    for column in 0..CHART_COLUMNS {
        sheet.set_column_width_pixels(column, CHART_COLUMN_WIDTH)?;
    }
    table(&mut sheet, worksheet, styles)?;

    let rates = &worksheet.table.rates;
    let curves: Vec<Curve> = rates
        .iter()
        .enumerate()
        .map(|(place, rate)| Curve {
            sheet: CURVES_SHEET,
            first_row: FIRST_ROW,
            last_row: FIRST_ROW + last_sound_row(rate, error_column(worksheet)) as u32 - 1,
            row_column: ROW_COLUMN,
            error_column: rate_column(place),
            name: (HEADING_ROW, rate_column(place)),
            colour: curve_colour(place, rates.len()),
        })
        .collect();
    let chart = LineChart {
        title: Some("E_total, row by row"),
        alternative_text: "Curves of E_total against the row, one for each learning rate",
        width: u32::from(CHART_COLUMNS) * CHART_COLUMN_WIDTH - 24,
        height: 540,
        font_size: 10,
        has_legend: true,
        ceiling,
    };
    sheet.insert_chart_with_offset(FIRST_ROW, 0, &chart.draw(&curves), 4, 4)?;
    sheet.set_freeze_panes(FIRST_ROW, 0)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_footer("&L&A&RPage &P of &N");
    sheet.set_repeat_rows(HEADING_ROW, HEADING_ROW)?;
    Ok(sheet)
}

/// Where the picture ends, if some error grows so large that nothing else could be seen beside it.
fn ceiling(worksheet: &Worksheet) -> Option<f64> {
    const GROWTH: f64 = 10.0;
    let column = error_column(worksheet);
    let rates = &worksheet.table.rates;
    let first = rates.first()?.cell(1, column)?;
    let grows = rates.iter().any(|rate| largest(rate, column) > GROWTH * first);
    // One digit: the axis should end at a round number.
    grows.then(|| format!("{:.0e}", 2.0 * first).parse().expect("a number that was just written"))
}

fn rate_column(place: usize) -> u16 {
    ROW_COLUMN + 1 + place as u16
}

/// A column of errors for each learning rate.
fn table(sheet: &mut xlsx::Worksheet, worksheet: &Worksheet, styles: &Styles) -> Result<(), WorkbookError> {
    sheet.set_column_width_pixels(ROW_COLUMN, 44)?;
    sheet.write_with_format(HEADING_ROW, ROW_COLUMN, "row", &styles.row_heading)?;
    let rates = &worksheet.table.rates;
    let longest = rates.iter().map(|rate| rate.rows()).max().unwrap_or(0);
    for row in 1..=longest as u32 {
        sheet.write_with_format(FIRST_ROW + row - 1, ROW_COLUMN, row, &styles.row_number)?;
    }
    let error_column = error_column(worksheet);
    for (place, rate) in rates.iter().enumerate() {
        let column = rate_column(place);
        let source = quote_sheet_name(&rate_sheet(rate.learning_rate));
        sheet.set_column_width_pixels(column, 92)?;
        let rate_cell = row_col_to_cell_absolute(RATE_CELL.0, RATE_CELL.1);
        let heading = format!("{}&{source}!{rate_cell}", quoted("η = "));
        let text = format!("η = {}", rate.learning_rate);
        live_cell::write_text(sheet, (HEADING_ROW, column), &heading, &text, &styles.rate_heading)?;
        let numbers = styles.cell(largest(rate, error_column));
        for row in 1..=rate.rows() {
            let cell = row_col_to_cell(RATE_FIRST_ROW + row as u32 - 1, sheet_column(error_column));
            let value = rate.row(row)[error_column];
            let format = if value.is_finite() { &numbers } else { &styles.overflow };
            let at = (FIRST_ROW + row as u32 - 1, column);
            live_cell::write_number(sheet, at, &format!("{source}!{cell}"), value, format)?;
        }
    }
    Ok(())
}
