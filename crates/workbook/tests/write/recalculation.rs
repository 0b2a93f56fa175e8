//! A spreadsheet program computes the same numbers from the formulas as this program did.

use calamine::{Data, DataType as _};
use longhand_derivation::worksheet::Worksheet;
use longhand_workbook::write::rate_sheet;

use crate::networks::{ALL, EXERCISE, work_out, written};
use crate::opened::{FIRST_ROW, Opened, Sheet, name};
use crate::soffice;
use crate::zip_edit::{with_number, with_stored_results};

/// Numbers agree where they differ by no more than this share.
const TOLERANCE: f64 = 1e-12;

/// Below this share of the largest number of its column a number is what is left of a subtraction of nearly equal ones
/// (an error close to zero), and is held against this share instead of itself.
const SMALL_IN_ITS_COLUMN: f64 = 1e-2;

/// The largest relative difference, and where.
struct Worst {
    difference: f64,
    at: String,
    numbers: usize,
    texts: usize,
}

/// The largest number of a column of a table.
fn largest(sheet: &Sheet, column: u32) -> f64 {
    let numbers = sheet.cells().filter(|(at, _)| at.1 == column && at.0 >= FIRST_ROW);
    numbers.filter_map(|(_, value)| value.get_float()).fold(0.0, |largest, value| largest.max(value.abs()))
}

/// Compares every cell of every sheet.
fn compare(what: &str, ours: &Opened, theirs: &Opened) -> Worst {
    let mut worst = Worst { difference: 0.0, at: String::new(), numbers: 0, texts: 0 };
    assert_eq!(ours.names, theirs.names, "{what}");
    for (sheet_name, sheet) in &ours.sheets {
        let other = theirs.sheet(sheet_name);
        let is_table = sheet_name.starts_with("Rate ");
        let width = sheet.values.end().map_or(0, |end| end.1 + 1);
        // In the exercise nothing comes near zero: there every number is held against itself.
        let floor: Vec<f64> = match is_table && what != "exercise" {
            true => (0..width).map(|column| SMALL_IN_ITS_COLUMN * largest(sheet, column)).collect(),
            false => vec![0.0; width as usize],
        };
        for (at, value) in sheet.cells() {
            let place = format!("{what}: {sheet_name}!{} = {}", name(at), sheet.formula(at));
            match value {
                Data::Float(_) | Data::Int(_) => {
                    let (a, b) = match other.value(at) {
                        Data::Float(_) | Data::Int(_) => (sheet.number(at), other.number(at)),
                        unexpected => panic!("{place} is {} here and {unexpected:?} there", sheet.number(at)),
                    };
                    let difference =
                        if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()).max(floor[at.1 as usize]) };
                    if difference > worst.difference {
                        worst.difference = difference;
                        worst.at = format!("{place}: {a} here, {b} there");
                    }
                    worst.numbers += 1;
                }
                Data::Error(_) => {
                    let is_error = matches!(other.value(at), Data::Error(_));
                    assert!(is_error, "{place} overflows here and is {:?} there", other.value(at));
                }
                Data::String(text) => {
                    assert_eq!(*text, other.text(at), "{place}");
                    worst.texts += 1;
                }
                Data::Empty => {}
                unexpected => panic!("{place} is {unexpected:?}"),
            }
        }
    }
    worst
}

/// The exercise with other numbers in it.
const CHANGED: &str = "
    weights = [0.15, 0.2, 0.25, 0.3, -0.9, 0.45, 0.5, 0.55]
    inputs = [0.7, 0.1]
    learning_rates = [0.3, 0.2, 0.5, 0.8, 1, 2]
";

/// The exercise's workbook with the same numbers typed into its cells.
fn changed_by_hand(bytes: &[u8]) -> Vec<u8> {
    let opened = Opened::read(bytes);
    let mut changed = bytes.to_vec();
    for (cell, number) in [("w_5", -0.9), ("i_1", 0.7), ("learning_rate", 0.3)] {
        changed = with_number(&changed, 1, &name(opened.named_cell(cell)), number);
    }
    // The learning rate of the first table.
    with_number(&changed, 3, "D2", 0.3)
}

#[test]
fn libreoffice_computes_the_same_numbers() {
    let Some(program) = soffice::find() else {
        println!("skipped: LibreOffice (soffice) is not installed, so no workbook was recalculated");
        return;
    };
    let worksheets: Vec<(&str, Worksheet)> = ALL.iter().map(|(what, text)| (*what, work_out(text))).collect();
    let mut books: Vec<(String, Vec<u8>)> =
        worksheets.iter().map(|(what, worksheet)| ((*what).to_owned(), written(worksheet))).collect();
    let exercise = books[0].1.clone();
    let (tampered, overwritten) = with_stored_results(&exercise, "7");
    assert!(overwritten > 30_000, "{overwritten} formulas");
    books.push(("tampered".to_owned(), tampered));
    books.push(("changed".to_owned(), changed_by_hand(&exercise)));
    let made: Vec<Opened> = soffice::recalculated(&program, &books).iter().map(|bytes| Opened::read(bytes)).collect();

    for ((what, bytes), theirs) in books.iter().zip(&made).take(worksheets.len()) {
        let worst = compare(what, &Opened::read(bytes), theirs);
        println!(
            "{what}: {} numbers, {} texts, worst {:e} at {}",
            worst.numbers, worst.texts, worst.difference, worst.at
        );
        assert!(worst.difference <= TOLERANCE, "{}", worst.at);
    }

    // That it recalculated at all: with every stored result overwritten, the right ones are back.
    let ours = Opened::read(&exercise);
    let restored = compare("tampered", &ours, &made[worksheets.len()]);
    println!("tampered: {overwritten} overwritten, worst {:e}", restored.difference);
    assert!(restored.difference <= TOLERANCE, "{}", restored.at);

    // Changing the cells that may be changed gives what the program computes for the changed network.
    let expected = work_out(CHANGED);
    let changed = &made[worksheets.len() + 1];
    let mut theirs = Opened::read(&written(&expected));
    // Tabs keep the names that they were written with.
    theirs.names.clone_from(&changed.names);
    let renamed = theirs.sheets.remove(&rate_sheet(0.3)).expect("the first table");
    theirs.sheets.insert(rate_sheet(0.1), renamed);
    let worst = compare("changed", &theirs, changed);
    println!("changed: {} numbers, {} texts, worst {:e}", worst.numbers, worst.texts, worst.difference);
    assert!(worst.difference <= TOLERANCE, "{}", worst.at);
    let last = compare_last_errors(&ours, changed);
    assert!(last > 0.01, "the change moved the last error by {last} only");
}

/// How far the last `E_total` of the first table moved.
fn compare_last_errors(before: &Opened, after: &Opened) -> f64 {
    let sheet = rate_sheet(0.1);
    (before.sheet(&sheet).number((3, 3)) - after.sheet(&sheet).number((3, 3))).abs()
}

#[test]
fn the_exercise_read_as_plain_text_has_no_stale_cache() {
    // The tampering itself works: without a recalculation every formula shows the wrong number.
    let (tampered, _) = with_stored_results(&written(&work_out(EXERCISE)), "7");
    let opened = Opened::read(&tampered);
    let sheet = opened.sheet(&rate_sheet(0.1));
    assert_eq!(sheet.number((9, 5)), 7.0);
    assert_eq!(sheet.number((3, 3)), 7.0);
}
