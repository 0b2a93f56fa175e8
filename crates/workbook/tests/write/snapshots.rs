//! The texts and formulas that a reader sees, kept to be compared.

use std::fmt::Write as _;

use longhand_workbook::write::{CURVES_SHEET, READING_SHEET, rate_sheet};

use crate::networks::{EXERCISE, SOFTMAX, work_out, written};
use crate::opened::{FIRST_ROW, Opened, Sheet, name};

/// The filled cells of some rows, one to a line: address, what is seen, and the formula behind it.
fn cells(sheet: &Sheet, rows: impl Fn(u32) -> bool) -> String {
    let mut text = String::new();
    for (at, value) in sheet.cells() {
        if rows(at.0) && !matches!(value, calamine::Data::Empty) {
            write!(text, "{:6} {value}", name(at)).unwrap();
            match sheet.formula(at) {
                "" => text.push('\n'),
                formula => writeln!(text, "   ={formula}").unwrap(),
            }
        }
    }
    text
}

#[test]
fn the_sheet_for_reading() {
    let opened = Opened::read(&written(&work_out(EXERCISE)));
    insta::assert_snapshot!(cells(opened.sheet(READING_SHEET), |_| true));
}

#[test]
fn the_first_rows_of_a_table_and_the_last() {
    let opened = Opened::read(&written(&work_out(EXERCISE)));
    let rows = |row| row <= FIRST_ROW + 1 || row == FIRST_ROW + 180;
    insta::assert_snapshot!(cells(opened.sheet(&rate_sheet(0.5)), rows));
}

#[test]
fn the_first_rows_of_the_curves() {
    let opened = Opened::read(&written(&work_out(EXERCISE)));
    insta::assert_snapshot!(cells(opened.sheet(CURVES_SHEET), |row| row < 5));
}

#[test]
fn the_second_row_of_a_softmax_table() {
    let opened = Opened::read(&written(&work_out(SOFTMAX)));
    let rows = |row| row == FIRST_ROW - 1 || row == FIRST_ROW + 1;
    insta::assert_snapshot!(cells(opened.sheet(&rate_sheet(0.5)), rows));
}
