//! Tables that have values and no formulas.
//!
//! Consecutive rows still tell the gradient that was applied: (w − next w) / rate. What the columns are is told by their
//! headings (i1, t1, w1, …, E or E_total); that they are that network is believed only where the derivation's error is
//! the sheet's, row by row. Then the derivation says what the gradients should have been.

use std::collections::BTreeMap;

use super::address::Address;
use super::book::{Book, Value};
use super::network::description;
use super::report::{
    AuditReport, ErrorReport, RateReport, Slip, TableReport, Verdict, WeightReport, rectangles, repeated,
};
use super::values_judge::{self, Steps};
use super::values_network::{self, Derived, Numbers};
use super::values_rate::{NoRate, Rate};
use super::values_rounding::Units;

/// The fewest rows that tell anything.
const FEWEST_ROWS: usize = 3;
/// How many weights a sentence names.
const NAMES_SHOWN: usize = 12;

/// The columns of a table, by what their headings say.
#[derive(Default)]
struct Columns {
    inputs: BTreeMap<usize, u32>,
    targets: BTreeMap<usize, u32>,
    weights: BTreeMap<usize, u32>,
    error: Option<(u32, String)>,
}

/// What became of a sheet with headings.
enum Seen {
    /// A table, and what is said of weights that are too rounded to tell their gradients.
    Table { table: Box<TableReport>, untold: Option<String> },
    /// A table that cannot be audited, and why.
    Refused(String),
    /// No table, and what it lacks.
    NoTable(String),
}

/// Audits a workbook without formulas; where it has no table that can be read, what the sheets with headings lack, or
/// why their tables cannot be audited.
pub(crate) fn audit(book: &Book) -> Result<AuditReport, Vec<String>> {
    let (mut tables, mut refused, mut lacking) = (Vec::new(), Vec::new(), Vec::new());
    for sheet in 0..book.sheets.len() as u32 {
        match headings(book, sheet).map(|(heading, columns)| table(book, sheet, heading, &columns)) {
            Some(Seen::Table { table, untold }) => {
                tables.push(*table);
                refused.extend(untold);
            }
            Some(Seen::Refused(reason)) => refused.push(reason),
            Some(Seen::NoTable(reason)) => lacking.push(reason),
            None => {}
        }
    }
    if tables.is_empty() {
        return Err(if refused.is_empty() { lacking } else { refused });
    }
    let is_clean = refused.is_empty() && tables.iter().all(|table: &TableReport| table.slips.is_empty());
    Ok(AuditReport {
        file: None,
        verdict: if is_clean { Verdict::Clean } else { Verdict::Slips },
        values_only: true,
        tables: repeated(tables),
        refused,
        notes: Vec::new(),
        corrections: Vec::new(),
    })
}

fn table(book: &Book, sheet: u32, heading: u32, columns: &Columns) -> Seen {
    let on_sheet = format!("headings were found on sheet {:?}", book.sheets[sheet as usize]);
    let number = |row: u32, column: u32| book.cells.get(&Address::new(sheet, row, column))?.value.number();
    let Some((error_column, error_name)) = columns.error.clone() else {
        return Seen::NoTable(format!("{on_sheet}, and none of them is the error's, E or E_total"));
    };
    let mut numbers = Numbers::default();
    let rows: Vec<u32> = (heading + 1..)
        .map_while(|row| {
            let values = |of: &BTreeMap<usize, u32>| -> Option<Vec<f64>> {
                of.values().map(|&column| number(row, column)).collect()
            };
            let weights = values(&columns.weights)?;
            let (inputs, targets) = (values(&columns.inputs)?, values(&columns.targets)?);
            numbers.errors.push(number(row, error_column)?);
            numbers.weights.push(weights);
            numbers.inputs.push(inputs);
            numbers.targets.push(targets);
            Some(row)
        })
        .take(100_000)
        .collect();
    if rows.len() < FEWEST_ROWS {
        return Seen::NoTable(format!(
            "{on_sheet}, and below them {} rows of numbers where {FEWEST_ROWS} are needed, each with every weight, input \
             and target and the error",
            rows.len()
        ));
    }
    let (inputs, outputs, weights) = (columns.inputs.len(), columns.targets.len(), columns.weights.len());
    let shapes = values_network::shapes(inputs, outputs, weights);
    if shapes.is_empty() {
        return Seen::Refused(format!(
            "{on_sheet}, and no network without biases has {weights} weights between as many inputs ({inputs}) and outputs \
             ({outputs}), with one hidden layer or none; save the workbook with its formulas"
        ));
    }
    let units = Units::of(&numbers);
    let fits: Vec<(&Vec<usize>, Derived)> =
        shapes.iter().filter_map(|shape| Some((shape, values_network::derived(shape, &numbers, &units)?))).collect();
    if fits.is_empty() {
        let sizes = |shape: &Vec<usize>| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        let tried: Vec<String> = shapes.iter().map(sizes).collect();
        return Seen::Refused(format!(
            "{on_sheet}, and no network of these shapes has the error in its column {error_name}: {} (sigmoid, no biases, \
             squared error); save the workbook with its formulas",
            tried.join(", ")
        ));
    }
    let sure = fits.into_iter().filter(|(_, derived)| derived.is_sure);
    let Some((shape, Derived { spec, gradients: right, .. })) = sure.min_by(|x, y| x.1.misfit.total_cmp(&y.1.misfit))
    else {
        return Seen::Refused(format!(
            "{on_sheet}, and the values below them are too rounded to tell which network has the error in its column \
             {error_name}; write them with more decimals, or save the workbook with its formulas"
        ));
    };
    let stated = stated_rate(book, sheet, heading);
    let rate = match stated {
        Some((_, value)) => Ok(Rate { value, slack: 0.0 }),
        None => values_judge::rate(&numbers, &units, &right),
    };
    let rate = match rate {
        Ok(rate) => rate,
        Err(NoRate::NoAgreement) => {
            return Seen::Refused(format!(
                "{on_sheet}, and its rows agree on no learning rate; write it beside the words \"Learning rate\" above the \
                 table"
            ));
        }
        Err(NoRate::TooRounded) => {
            return Seen::Refused(format!(
                "{on_sheet}, and its weights are too rounded to tell the learning rate; write it beside the words \
                 \"Learning rate\" above the table, and the weights with more decimals"
            ));
        }
    };
    let steps = Steps { shape, numbers: &numbers, units: &units, right: &right, rate };
    let names: Vec<String> = columns.weights.keys().map(|number| format!("w{number}")).collect();
    let address = |row: u32, k: usize| Address::new(sheet, row, *columns.weights.values().nth(k).unwrap_or(&1));
    let cell = |row: u32, k: usize| address(row, k).a1();
    let mut slips = Vec::new();
    let mut reports = Vec::new();
    for k in 0..weights {
        let judged = steps.judge(k);
        let is_right = judged.wrong.is_empty();
        if let Some(&first) = judged.wrong.first() {
            let (kind, explanation) = steps.slip(k, &judged.wrong, &names);
            let places: Vec<Address> = judged.wrong.iter().map(|&place| address(rows[place + 1], k)).collect();
            let cells: Vec<String> = places.iter().map(|place| place.a1()).collect();
            let likeness = format!("{kind:?} {} {} {explanation}", names[k], places.len());
            slips.push(Slip {
                kind,
                weight: Some(names[k].clone()),
                cell: format!("{}!{}", super::address::quoted_sheet(&book.sheets[sheet as usize]), cells[0]),
                ranges: rectangles(&places),
                rows: cells.len(),
                every_row: cells.len() + 1 == rows.len(),
                cells,
                found: "a value".to_owned(),
                value: Some(steps.applied(k, first)),
                expected: Some(right[first][k]),
                is_of_gradient: true,
                tolerance: None,
                explanation,
                corrected: None,
                derivation: None,
                last_error_mended: None,
                also: Vec::new(),
                told_on: None,
                likeness,
            });
        }
        reports.push(WeightReport {
            name: names[k].clone(),
            cell: cell(rows[0], k),
            gradient: None,
            role: None,
            ok: is_right && judged.is_told,
            is_too_rounded: is_right && !judged.is_told,
            is_unjudged: false,
            distance: judged.worst.map(|worst| worst.0),
            tolerance: judged.worst.map(|worst| worst.1),
        });
    }
    let last = rows[rows.len() - 1];
    let way_out = "Save the workbook with its formulas to learn which one is wrong.".to_owned();
    let notes = if slips.is_empty() { Vec::new() } else { vec![way_out] };
    let untold = untold(&reports, &units, &book.sheets[sheet as usize]);
    let table = TableReport {
        sheet: book.sheets[sheet as usize].clone(),
        range: format!("{}:{}", cell(rows[0], 0), cell(last, weights - 1)),
        direction: "down",
        rows: rows.len(),
        rows_checked: rows.len(),
        network: Some(description(&spec)),
        learning_rate: Some(RateReport {
            cell: stated.map_or_else(|| "told by the rows".to_owned(), |(cell, _)| cell.a1()),
            value: Some(rate.value),
        }),
        error: ErrorReport {
            name: error_name,
            cell: Address::new(sheet, rows[0], error_column).a1(),
            formula: String::new(),
            last: number(last, error_column),
            last_mended: None,
            factor: 1.0,
        },
        weights: reports,
        slips,
        notes,
        excerpt: Vec::new(),
    };
    Seen::Table { table: Box::new(table), untold }
}

/// What is said of weights of which a wrong gradient would not show.
fn untold(weights: &[WeightReport], units: &Units, sheet: &str) -> Option<String> {
    let untold: Vec<usize> = (0..weights.len()).filter(|&k| weights[k].is_too_rounded).collect();
    let decimals = untold.iter().map(|&k| units.decimals[k]).min()?;
    let mut names = untold.iter().take(NAMES_SHOWN).map(|&k| weights[k].name.as_str()).collect::<Vec<_>>().join(", ");
    if untold.len() > NAMES_SHOWN {
        names.push_str(&format!(" and {} more", untold.len() - NAMES_SHOWN));
    }
    Some(format!(
        "{names} on sheet {sheet:?}: with {decimals} decimals, too rounded to tell; what is taken off from row to row is \
         hardly more than what rounding can make of it, so half or twice the gradient would not show. Write the weights \
         with more decimals, or save the workbook with its formulas"
    ))
}

/// The row of headings with the most weights, and what its columns are.
fn headings(book: &Book, sheet: u32) -> Option<(u32, Columns)> {
    let mut rows: BTreeMap<u32, Columns> = BTreeMap::new();
    let on_sheet = book.cells.range(Address::new(sheet, 0, 0)..=Address::new(sheet, u32::MAX, u32::MAX));
    for (cell, found) in on_sheet {
        let Value::Text(text) = &found.value else { continue };
        let name: String = text.trim().to_lowercase().chars().filter(|next| next.is_alphanumeric()).collect();
        let numbered =
            |letter: char| name.strip_prefix(letter)?.parse::<usize>().ok().filter(|number| *number < 10_000);
        let columns = rows.entry(cell.row).or_default();
        if let Some(number) = numbered('w') {
            columns.weights.insert(number, cell.column);
        } else if let Some(number) = numbered('i').or_else(|| numbered('x')) {
            columns.inputs.insert(number, cell.column);
        } else if let Some(number) = numbered('t').or_else(|| numbered('y')) {
            columns.targets.insert(number, cell.column);
        } else if ["e", "etotal", "etot", "et", "error", "totalerror", "loss"].contains(&name.as_str()) {
            columns.error = Some((cell.column, text.trim().to_owned()));
        }
    }
    rows.into_iter()
        .filter(|(_, columns)| !columns.weights.is_empty() && !columns.inputs.is_empty() && !columns.targets.is_empty())
        .max_by_key(|(_, columns)| columns.weights.len())
}

/// A number beside the words for a learning rate, above the table.
fn stated_rate(book: &Book, sheet: u32, heading: u32) -> Option<(Address, f64)> {
    let above = book.cells.range(Address::new(sheet, 0, 0)..Address::new(sheet, heading, 0));
    let is_label = |text: &str| {
        let name: String = text.to_lowercase().chars().filter(|next| next.is_alphanumeric()).collect();
        ["η", "eta", "lr", "learningrate", "rate", "lernrate", "α", "alpha"].contains(&name.as_str())
    };
    above.filter(|(_, found)| matches!(&found.value, Value::Text(text) if is_label(text))).find_map(|(cell, _)| {
        let beside = Address { column: cell.column + 1, ..*cell };
        Some((beside, book.cells.get(&beside)?.value.number().filter(|rate| *rate != 0.0)?))
    })
}
