//! The training table at one learning rate, each row out of the row above.
//!
//! A parameter's cell is *the cell above − learning_rate × the gradient's cell in the row above*, the gradient standing
//! in a column of its own; everything else in a row is computed from the cells of that row.

use longhand_derivation::columns::{Column, Group};
use longhand_derivation::expression::NodeId;
use longhand_derivation::render::unicode::Unicode;
use longhand_derivation::render::{Leaf, definition, written};
use longhand_derivation::symbol::{LEARNING_RATE, Symbol};
use longhand_derivation::table::RateTable;
use longhand_derivation::worksheet::Worksheet;
use rust_xlsxwriter as xlsx;
use xlsx::utility::{quote_sheet_name, row_col_to_cell, row_col_to_cell_absolute};

use super::cell_name::cell_name;
use super::formulas::Formulas;
use super::line_chart::{Curve, LineChart};
use super::live_cell;
use super::live_text::quoted;
use super::row_formula::{InRow, RowFormula, reference};
use super::styles::{Styles, curve_colour};
use super::workbook_error::WorkbookError;
use super::{DefinedName, NamedSheet, READING_SHEET, rate_sheet};

/// The sheet's row (from 0) of the table's row 1.
pub const FIRST_ROW: u32 = 9;
/// The sheet's row with the headings.
const HEADING_ROW: u32 = FIRST_ROW - 1;
/// The sheet's column with the numbers of the rows; the table's columns follow.
pub const ROW_COLUMN: u16 = 0;
/// The cell with the learning rate.
pub const RATE_CELL: (u32, u16) = (1, 3);
/// Labels stand in this column.
const LABEL_COLUMN: u16 = 1;
/// The chart's first column.
const CHART_COLUMN: u16 = 5;
/// No remarks on the headings of a table wider than this: nobody reads so many.
const MOST_HEADINGS_WITH_NOTES: usize = 256;
const COLUMN_WIDTH: u32 = 92;

/// The sheet's column of a column of the table.
pub fn sheet_column(column: usize) -> u16 {
    u16::try_from(column + 1).expect("no more columns than a sheet holds")
}

/// The formulas of a column.
pub struct ColumnFormulas {
    first_row: RowFormula,
    later_rows: RowFormula,
}

/// The formulas of all columns: the same on every sheet, since each has its own `learning_rate`.
pub fn row_formulas(worksheet: &Worksheet, formulas: &Formulas) -> Result<Vec<ColumnFormulas>, WorkbookError> {
    let network = &worksheet.network;
    let columns = &worksheet.table.columns;
    let name = |id: NodeId| cell_name(network.graph.symbol(id).expect("a quantity has a name"));
    let mut place: Vec<Option<u16>> = vec![None; network.graph.nodes().len()];
    for (column, Column { node, .. }) in columns.iter().enumerate() {
        place[node.index()] = Some(sheet_column(column));
    }
    let cell = |id: NodeId, row: InRow| match place[id.index()] {
        Some(column) => Some(reference(column, row)),
        None => (id == network.learning_rate).then(|| name(id)),
    };
    columns
        .iter()
        .map(|Column { node, group, .. }| {
            let given = RowFormula::parse(&name(*node));
            Ok(match group {
                Group::Input | Group::Target | Group::FixedBias => {
                    ColumnFormulas { first_row: given.clone(), later_rows: given }
                }
                Group::Parameter => {
                    let parameter = network.parameters.iter().find(|parameter| parameter.node == *node);
                    let updated = parameter.expect("a parameter's column").updated;
                    let next = formulas.formula(updated, &|id| cell(id, InRow::Above))?;
                    ColumnFormulas { first_row: given, later_rows: RowFormula::parse(&next) }
                }
                Group::Net | Group::Out | Group::Error | Group::Delta | Group::Gradient => {
                    let text = formulas.formula(*node, &|id| cell(id, InRow::Same))?;
                    let formula = RowFormula::parse(&text);
                    ColumnFormulas { first_row: formula.clone(), later_rows: formula }
                }
            })
        })
        .collect()
}

/// Writes the sheet of the learning rate at this place.
pub fn write(
    worksheet: &Worksheet,
    place: usize,
    formulas: &[ColumnFormulas],
    styles: &Styles,
) -> Result<NamedSheet, WorkbookError> {
    let rate = &worksheet.table.rates[place];
    let name = rate_sheet(rate.learning_rate);
    let mut sheet = xlsx::Worksheet::new();
    sheet.set_name(&name)?.set_screen_gridlines(false);
    let colour = curve_colour(place, worksheet.table.rates.len());
    sheet.set_tab_color(colour);

    headings(&mut sheet, worksheet, styles)?;
    rows(&mut sheet, worksheet, rate, formulas, styles)?;
    head(&mut sheet, worksheet, rate, styles)?;
    let chart = LineChart {
        title: None,
        alternative_text: "A curve: E_total against the row",
        width: 620,
        height: 166,
        font_size: 8,
        has_legend: false,
        ceiling: None,
    };
    let last = last_sound_row(rate, error_column(worksheet));
    let curve = Curve {
        sheet: &name,
        first_row: FIRST_ROW,
        last_row: FIRST_ROW + last.saturating_sub(1) as u32,
        row_column: ROW_COLUMN,
        error_column: sheet_column(error_column(worksheet)),
        name: (HEADING_ROW, sheet_column(error_column(worksheet))),
        colour,
    };
    sheet.insert_chart_with_offset(0, CHART_COLUMN, &chart.draw(&[curve]), 8, 4)?;
    // Row 1 differs from the rows below it by design; elsewhere the mark for a formula that differs is welcome.
    let last_column = sheet_column(formulas.len() - 1);
    sheet.ignore_error_range(FIRST_ROW, 0, FIRST_ROW, last_column, xlsx::IgnoreError::FormulaDiffers)?;
    print_setup(&mut sheet, formulas.len())?;

    let quoted_name = quote_sheet_name(&name);
    let rate_cell = row_col_to_cell_absolute(RATE_CELL.0, RATE_CELL.1);
    let names = vec![DefinedName {
        name: format!("{quoted_name}!{LEARNING_RATE}"),
        reference: format!("={quoted_name}!{rate_cell}"),
    }];
    Ok(NamedSheet { sheet, names })
}

/// The column of `E_total` in the table.
pub fn error_column(worksheet: &Worksheet) -> usize {
    worksheet.table.column(worksheet.network.total_error).expect("E_total has a column")
}

/// The last row (from 1) whose error is a number.
pub fn last_sound_row(rate: &RateTable, error_column: usize) -> usize {
    (1..=rate.rows()).rev().find(|&row| rate.cell(row, error_column).is_some()).unwrap_or(1)
}

/// The size of the largest number of a column.
pub fn largest(rate: &RateTable, column: usize) -> f64 {
    (1..=rate.rows()).filter_map(|row| rate.cell(row, column)).fold(0.0, |largest, value| value.abs().max(largest))
}

/// Title, learning rate, first and last error, what the rows are.
fn head(
    sheet: &mut xlsx::Worksheet,
    worksheet: &Worksheet,
    rate: &RateTable,
    styles: &Styles,
) -> Result<(), WorkbookError> {
    let title = "Training at learning rate η = ";
    let formula = format!("{}&{LEARNING_RATE}", quoted(title));
    live_cell::write_text(
        sheet,
        (0, LABEL_COLUMN),
        &formula,
        &format!("{title}{}", rate.learning_rate),
        &styles.title,
    )?;
    sheet.set_row_height_pixels(0, 32)?;
    for row in 1..HEADING_ROW - 1 {
        sheet.set_row_height_pixels(row, 24)?;
    }
    sheet.write_with_format(RATE_CELL.0, LABEL_COLUMN, "learning rate η", &styles.label)?;
    sheet.write_with_format(RATE_CELL.0, RATE_CELL.1, rate.learning_rate, &styles.input)?;
    let error_column = error_column(worksheet);
    for (at, row) in [(2, 1), (3, rate.rows())] {
        sheet.write_with_format(at, LABEL_COLUMN, format!("E_total in row {row}"), &styles.label)?;
        let cell = row_col_to_cell(FIRST_ROW + row as u32 - 1, sheet_column(error_column));
        let value = rate.row(row)[error_column];
        let format = styles.cell(value.abs()).set_align(xlsx::FormatAlign::Top);
        live_cell::write_number(sheet, (at, RATE_CELL.1), &cell, value, &format)?;
    }
    let mut words = format!(
        "Row 1 has the weights of the sheet {READING_SHEET}. Every later row has them after one step from the row \
         above, all changed at once."
    );
    let mut style = &styles.remark_block;
    if let Some(overflow) = rate.overflow {
        let column = &worksheet.table.columns[overflow.column].name;
        words = format!("The table ends with row {}: {column} is too large for a number there.", overflow.row);
        style = &styles.warning_block;
    }
    sheet.merge_range(4, LABEL_COLUMN, HEADING_ROW - 2, CHART_COLUMN - 1, &words, style)?;
    Ok(())
}

/// The bands, the headings and the remarks on them.
fn headings(sheet: &mut xlsx::Worksheet, worksheet: &Worksheet, styles: &Styles) -> Result<(), WorkbookError> {
    let columns = &worksheet.table.columns;
    sheet.set_column_width_pixels(ROW_COLUMN, 44)?;
    sheet.write_with_format(HEADING_ROW, ROW_COLUMN, "row", &styles.row_heading)?;
    let mut start = 0;
    for band in columns.chunk_by(|a, b| band_words(worksheet, a.group) == band_words(worksheet, b.group)) {
        let (first, last) = (sheet_column(start), sheet_column(start + band.len() - 1));
        let words = band_words(worksheet, band[0].group);
        let format = styles.band(band[0].group);
        match first == last {
            true => sheet.write_with_format(HEADING_ROW - 1, first, words, &format)?,
            false => sheet.merge_range(HEADING_ROW - 1, first, HEADING_ROW - 1, last, words, &format)?,
        };
        start += band.len();
    }
    for (column, heading) in columns.iter().enumerate() {
        let at = sheet_column(column);
        sheet.set_column_width_pixels(at, COLUMN_WIDTH)?;
        sheet.write_with_format(HEADING_ROW, at, &heading.name, &styles.heading(heading.group))?;
        if columns.len() <= MOST_HEADINGS_WITH_NOTES {
            let text = note(worksheet, heading);
            let lines = text.chars().count().div_ceil(44) as u32 + 1;
            let note = xlsx::Note::new(text).add_author_prefix(false).set_width(280).set_height(18 + 15 * lines);
            sheet.insert_note(HEADING_ROW, at, &note)?;
        }
    }
    sheet.set_freeze_panes(FIRST_ROW, ROW_COLUMN + 1)?;
    Ok(())
}

/// What stands above the columns of a group.
fn band_words(worksheet: &Worksheet, group: Group) -> &'static str {
    let has_biases = worksheet.network.parameters.len() > worksheet.network.spec.weights.len();
    match group {
        Group::Input | Group::Target | Group::FixedBias => "given",
        Group::Parameter if has_biases => "weights and biases",
        Group::Parameter => "weights",
        Group::Net | Group::Out => "neurons: sum, output",
        Group::Error => "errors",
        Group::Delta => "gradients by neurons",
        Group::Gradient => "gradients",
    }
}

/// The remark on a heading: the formula of the column.
fn note(worksheet: &Worksheet, column: &Column) -> String {
    let network = &worksheet.network;
    let graph = &network.graph;
    let symbol = graph.symbol(column.node).expect("a column has a name");
    let name = cell_name(symbol);
    match column.group {
        Group::Input | Group::Target | Group::FixedBias => {
            format!("Given on the sheet {READING_SHEET}, where it is called {name}; the same in every row.")
        }
        Group::Parameter => {
            let parameter = network.parameters.iter().find(|parameter| parameter.node == column.node);
            let updated = parameter.expect("a parameter's column").updated;
            format!(
                "Row 1: {name} on the sheet {READING_SHEET}. Every later row: {}, with the numbers of the row above.",
                definition(graph, updated, &Unicode)
            )
        }
        _ => {
            let has_column = |id: NodeId| worksheet.table.column(id).is_some();
            let formula = written(graph, column.node, &Unicode, &|id| match id != column.node && has_column(id) {
                true => Leaf::Name,
                false => Leaf::Formula,
            });
            format!("{} = {formula}", Symbol::unicode(symbol))
        }
    }
}

/// The rows with their formulas and values.
fn rows(
    sheet: &mut xlsx::Worksheet,
    worksheet: &Worksheet,
    rate: &RateTable,
    formulas: &[ColumnFormulas],
    styles: &Styles,
) -> Result<(), WorkbookError> {
    let formats: Vec<xlsx::Format> = worksheet
        .table
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| match column.group {
            Group::Input | Group::Target | Group::FixedBias => styles.given(),
            _ => {
                let format = styles.cell(largest(rate, place));
                if column.node == worksheet.network.total_error { format.set_bold() } else { format }
            }
        })
        .collect();
    for row in 1..=rate.rows() {
        let at = FIRST_ROW + row as u32 - 1;
        sheet.write_with_format(at, ROW_COLUMN, row as u32, &styles.row_number)?;
        let failed = match rate.overflow {
            Some(overflow) if overflow.row == row => failed_columns(rate.row(row), formulas),
            _ => Vec::new(),
        };
        for (column, (formula, &value)) in formulas.iter().zip(rate.row(row)).enumerate() {
            let formula = if row == 1 { &formula.first_row } else { &formula.later_rows };
            let has_failed = failed.get(column).copied().unwrap_or(false);
            let value = if has_failed { f64::NAN } else { value };
            let format = if has_failed { &styles.overflow } else { &formats[column] };
            live_cell::write_number(sheet, (at, sheet_column(column)), &formula.in_row(at), value, format)?;
        }
    }
    Ok(())
}

/// The columns of an overflowing row that are errors in a spreadsheet: those without a value, and those that are
/// computed from them, even where double precision would carry an infinity on to a number (1 / ∞ = 0).
fn failed_columns(row: &[f64], formulas: &[ColumnFormulas]) -> Vec<bool> {
    let mut failed: Vec<bool> = row.iter().map(|value| !value.is_finite()).collect();
    loop {
        let before = failed.clone();
        for (column, formula) in formulas.iter().enumerate() {
            let mut sources = formula.later_rows.columns(InRow::Same);
            failed[column] |= sources.any(|source| before[usize::from(source) - 1]);
        }
        if failed == before {
            return failed;
        }
    }
}

/// On paper: headings on every page, about as many columns to a page as can be read.
fn print_setup(sheet: &mut xlsx::Worksheet, columns: usize) -> Result<(), WorkbookError> {
    const COLUMNS_OF_A_PAGE: usize = 15;
    let pages = u16::try_from(columns.div_ceil(COLUMNS_OF_A_PAGE)).unwrap_or(u16::MAX);
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(pages, 0).set_footer("&L&A&RPage &P of &N");
    sheet.set_repeat_rows(HEADING_ROW - 1, HEADING_ROW)?.set_repeat_columns(ROW_COLUMN, ROW_COLUMN)?;
    Ok(())
}
