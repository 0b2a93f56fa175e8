//! The values beside the formulas are this program's own, to the last bit.

use calamine::Data;
use longhand_derivation::symbol::Symbol;
use longhand_workbook::write::{CURVES_SHEET, READING_SHEET, cell_name, rate_sheet};

use crate::networks::{ALL, EXERCISE, work_out, written};
use crate::opened::{FIRST_ROW, Opened};

#[test]
fn every_table_holds_the_computed_numbers() {
    for (what, text) in ALL {
        let worksheet = work_out(text);
        let opened = Opened::read(&written(&worksheet));
        let table = &worksheet.table;
        for rate in &table.rates {
            let sheet = opened.sheet(&rate_sheet(rate.learning_rate));
            let mut failed = 0;
            for row in 1..=rate.rows() {
                let at = FIRST_ROW + row as u32 - 1;
                assert_eq!(sheet.number((at, 0)), row as f64);
                for (column, &expected) in rate.row(row).iter().enumerate() {
                    let place = (at, column as u32 + 1);
                    if matches!(sheet.value(place), Data::Error(_)) {
                        failed += 1;
                        assert_eq!(Some(row), rate.overflow.map(|overflow| overflow.row), "{what} {place:?}");
                        continue;
                    }
                    let found = sheet.number(place);
                    assert_eq!(found.to_bits(), expected.to_bits(), "{what} {place:?}: {found} and {expected}");
                }
            }
            assert_eq!(failed > 0, rate.overflow.is_some(), "{what} at {}", rate.learning_rate);
            let below = (FIRST_ROW + rate.rows() as u32, 0);
            assert_eq!(*sheet.value(below), Data::Empty, "{what}: nothing below the last row");
        }
    }
}

#[test]
fn the_curves_repeat_the_errors() {
    let worksheet = work_out(EXERCISE);
    let opened = Opened::read(&written(&worksheet));
    let sheet = opened.sheet(CURVES_SHEET);
    for (place, rate) in worksheet.table.rates.iter().enumerate() {
        let column = 11 + place as u32;
        assert_eq!(sheet.text((2, column)), format!("η = {}", rate.learning_rate));
        for (row, error) in (1..).zip(worksheet.table.errors(rate)) {
            assert_eq!(Some(sheet.number((2 + row, column))), error);
        }
    }
}

#[test]
fn every_named_cell_of_the_reading_sheet_holds_its_quantity() {
    for (what, text) in ALL {
        let worksheet = work_out(text);
        let network = &worksheet.network;
        let opened = Opened::read(&written(&worksheet));
        let sheet = opened.sheet(READING_SHEET);
        let mut found = 0;
        for node in network.graph.ids() {
            let Some(name) = network.graph.symbol(node).map(cell_name) else { continue };
            if !opened.defined.iter().any(|(known, place)| *known == name && place.starts_with("'By hand'")) {
                continue;
            }
            let value = sheet.number(opened.named_cell(&name));
            assert_eq!(value.to_bits(), worksheet.values.get(node).to_bits(), "{what} {name}");
            found += 1;
        }
        // The learning rate, what is given, the parameters; where there is a derivation, all that follows from them.
        let given = 1 + network.given().len() + network.parameters.len();
        let neurons: usize = network.samples.iter().map(|sample| sample.layers.iter().flatten().count()).sum();
        let errors: usize = network.samples.iter().map(|sample| sample.errors.len() + 1).sum();
        let several = usize::from(network.samples.len() > 1);
        let derived = 2 * neurons + errors + several + 2 * network.parameters.len();
        let expected = if worksheet.derivation.is_some() { given + derived } else { given };
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn the_known_numbers_stand_where_a_reader_looks() {
    let worksheet = work_out(EXERCISE);
    let opened = Opened::read(&written(&worksheet));
    let reading = opened.sheet(READING_SHEET);
    assert_eq!(reading.number(opened.named_cell("E_total")), 0.24251985734837728);
    assert_eq!(reading.number(opened.named_cell(&cell_name(&Symbol::new("w5")))), 0.4);
    let last_errors = [
        (0.1, 0.08716614996554185),
        (0.2, 0.042994036243703564),
        (0.5, 0.014226828485761022),
        (0.8, 0.007882811642432845),
        (1.0, 0.005945233403670568),
        (2.0, 0.0024585061229331364),
    ];
    for (rate, expected) in last_errors {
        let sheet = opened.sheet(&rate_sheet(rate));
        let column = (1..40).find(|&column| sheet.text((FIRST_ROW - 1, column)) == "E_total").expect("a heading");
        let found = sheet.number((FIRST_ROW + 180, column));
        assert!((found - expected).abs() <= 1e-12 * expected, "{rate}: {found}");
        // Once more at the head of the sheet.
        assert_eq!(sheet.number((3, 3)), found);
    }
}
