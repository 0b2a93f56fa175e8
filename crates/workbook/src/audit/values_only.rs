//! Tables that have values and no formulas.
//!
//! Consecutive rows still tell the gradient that was applied: (w − next w) / rate. What the columns are is told by their
//! headings (i1, t1, w1, …, E or E_total); that they are that network is believed only where the derivation's error is
//! the sheet's, row by row. Then the derivation says what the gradients should have been.

use std::collections::BTreeMap;

use super::address::Address;
use super::book::{Book, Value};
use super::finding::SlipKind;
use super::network::description;
use super::report::{AuditReport, ErrorReport, RateReport, Slip, TableReport, Verdict, WeightReport};
use super::values_network::{self, Derived, Numbers};

/// The fewest rows that tell anything.
const FEWEST_ROWS: usize = 3;
/// How far a gradient read off two rounded weights may be from the derivation's, relative to the largest of its row.
const GRADIENT_SAME: f64 = 1e-4;

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
    Table(Box<TableReport>),
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
            Some(Seen::Table(table)) => tables.push(*table),
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
        tables,
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
    let Some(Derived { spec, gradients: right }) =
        shapes.iter().find_map(|shape| values_network::derived(shape, &numbers))
    else {
        let sizes = |shape: &Vec<usize>| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        let tried: Vec<String> = shapes.iter().map(sizes).collect();
        return Seen::Refused(format!(
            "{on_sheet}, and no network of these shapes has the error in its column {error_name}: {} (sigmoid, no biases, \
             squared error); save the workbook with its formulas",
            tried.join(", ")
        ));
    };
    let taken = |k: usize, place: usize| numbers.weights[place][k] - numbers.weights[place + 1][k];
    let stated = stated_rate(book, sheet, heading);
    let rate = stated.map(|(_, rate)| rate).or_else(|| implied_rate(&right, weights, rows.len(), &taken));
    let Some(rate) = rate else {
        return Seen::Refused(format!(
            "{on_sheet}, and its rows agree on no learning rate; write it beside the words \"Learning rate\" above the table"
        ));
    };
    let names: Vec<String> = columns.weights.keys().map(|number| format!("w{number}")).collect();
    let cell = |row: u32, k: usize| Address::new(sheet, row, *columns.weights.values().nth(k).unwrap_or(&1)).a1();
    let mut slips = Vec::new();
    let mut reports = Vec::new();
    for k in 0..weights {
        let mut wrong: Vec<usize> = Vec::new();
        let mut worst: Option<(f64, f64)> = None;
        for (place, right) in right.iter().enumerate().take(rows.len() - 1) {
            let applied = taken(k, place) / rate;
            let largest = right.iter().fold(0.0f64, |most, gradient| most.max(gradient.abs()));
            let rounding = 1e-9 / rate.abs();
            let (distance, allowed) =
                ((applied - right[k]).abs(), (GRADIENT_SAME * right[k].abs()).max(1e-7 * largest) + rounding);
            if worst.is_none_or(|worst| distance / allowed > worst.0 / worst.1) {
                worst = Some((distance, allowed));
            }
            if distance > allowed {
                wrong.push(place);
            }
        }
        if let Some(&first) = wrong.first() {
            let applied = taken(k, first) / rate;
            let other = (0..weights).filter(|&other| other != k).find(|&other| {
                wrong.iter().all(|&place| {
                    let near = |x: f64, y: f64| (x - y).abs() <= GRADIENT_SAME * y.abs() + 1e-9 / rate.abs();
                    near(taken(k, place) / rate, right[place][other])
                })
            });
            let (kind, explanation) = match other {
                Some(other) => {
                    (SlipKind::WrongWeight, format!("{} was updated with the gradient of {}", names[k], names[other]))
                }
                None if (applied + right[first][k]).abs() <= GRADIENT_SAME * applied.abs() => {
                    (SlipKind::WrongSign, format!("{} climbed the error instead of descending it", names[k]))
                }
                None => (
                    SlipKind::WrongDerivative,
                    format!("what was taken off {} from row to row is not its gradient times the rate", names[k]),
                ),
            };
            let cells: Vec<String> = wrong.iter().map(|&place| cell(rows[place + 1], k)).collect();
            slips.push(Slip {
                kind,
                weight: Some(names[k].clone()),
                cell: format!("{}!{}", super::address::quoted_sheet(&book.sheets[sheet as usize]), cells[0]),
                rows: cells.len(),
                every_row: cells.len() + 1 == rows.len(),
                cells,
                found: "a value".to_owned(),
                value: Some(applied),
                expected: Some(right[first][k]),
                tolerance: None,
                explanation,
                corrected: None,
                derivation: None,
                last_error_mended: None,
            });
        }
        reports.push(WeightReport {
            name: names[k].clone(),
            cell: cell(rows[0], k),
            gradient: None,
            role: None,
            ok: wrong.is_empty(),
            distance: worst.map(|worst| worst.0),
            tolerance: worst.map(|worst| worst.1),
        });
    }
    let last = rows[rows.len() - 1];
    Seen::Table(Box::new(TableReport {
        sheet: book.sheets[sheet as usize].clone(),
        range: format!("{}:{}", cell(rows[0], 0), cell(last, weights - 1)),
        direction: "down",
        rows: rows.len(),
        rows_checked: rows.len(),
        network: Some(description(&spec)),
        learning_rate: Some(RateReport {
            cell: stated.map_or_else(|| "told by the rows".to_owned(), |(cell, _)| cell.a1()),
            value: Some(rate),
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
        notes: vec!["Save the workbook with its formulas to learn which one is wrong.".to_owned()],
        excerpt: Vec::new(),
    }))
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

/// The rate that most weights agree on.
fn implied_rate(right: &[Vec<f64>], weights: usize, rows: usize, taken: &dyn Fn(usize, usize) -> f64) -> Option<f64> {
    let mut ratios: Vec<f64> = Vec::new();
    for (place, right) in right.iter().enumerate().take(rows - 1) {
        for (k, gradient) in right.iter().enumerate().take(weights) {
            let ratio = taken(k, place) / gradient;
            if ratio.is_finite() && ratio != 0.0 {
                ratios.push(ratio);
            }
        }
    }
    ratios.sort_by(f64::total_cmp);
    // The value that has the most others close to it.
    let near =
        |at: usize| ratios[at..].iter().take_while(|ratio| **ratio <= ratios[at] + 2e-4 * ratios[at].abs()).count();
    let best = (0..ratios.len()).max_by_key(|&at| near(at))?;
    let count = near(best);
    (2 * count > ratios.len()).then(|| ratios[best + count / 2])
}
