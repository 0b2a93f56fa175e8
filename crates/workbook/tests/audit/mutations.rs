//! Our own workbook is clean, and with one formula of its tables changed at random it is not: the audit names the cell,
//! or it shows that the change is none.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;
use longhand_workbook::audit::{AuditOptions, AuditReport, audit_bytes, text};
use longhand_workbook::write::worksheet_workbook;

const MUTATIONS: usize = 240;

/// A small generator with a fixed start, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }
}

pub(super) fn own_workbook(toml: &str) -> Vec<u8> {
    let spec: NetworkSpec = toml::from_str(toml).unwrap();
    worksheet_workbook(&Worksheet::work_out(spec).unwrap()).unwrap()
}

pub(super) fn audit(bytes: &[u8]) -> AuditReport {
    audit_bytes(bytes, &AuditOptions::default()).unwrap()
}

pub(super) fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut out).unwrap();
    out
}

pub(super) fn with_part(bytes: &[u8], name: &str, content: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).unwrap();
        if part.name().unwrap() == name {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        } else {
            writer.raw_copy_file(part).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// The formula cells of a sheet from a row on: where each element starts and ends, its cell, formula and value.
pub(super) fn formulas(sheet: &str, from_row: u32) -> Vec<(usize, usize, String, String, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = sheet[at..].find("<c r=\"").map(|place| at + place) {
        let end = start + sheet[start..].find("</c>").map_or(sheet.len() - start, |end| end + 4);
        let element = &sheet[start..end];
        at = start + 6;
        let between = |open: &str, close: &str| {
            let start = element.find(open)? + open.len();
            Some(element[start..start + element[start..].find(close)?].to_owned())
        };
        if element.matches("<c ").count() > 1 || element.contains("t=\"str\"") {
            continue;
        }
        let (Some(cell), Some(formula), Some(value)) =
            (between("r=\"", "\""), between("<f>", "</f>"), between("<v>", "</v>"))
        else {
            continue;
        };
        let row: u32 = cell.trim_start_matches(|next: char| next.is_ascii_alphabetic()).parse().unwrap();
        if row >= from_row {
            found.push((start, end, cell, formula, value));
        }
    }
    found
}

/// The places of references like `AB12` in a formula.
fn references(formula: &str) -> Vec<(usize, usize)> {
    let bytes = formula.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let letters = bytes[at..].iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        let digits = bytes[at + letters..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        if letters > 0 && letters <= 3 && digits > 0 && !is_name {
            found.push((at, at + letters + digits));
        }
        at += (letters + digits).max(1);
    }
    found
}

/// One change of a formula; `None` where this kind of change does not fit it.
fn mutated(formula: &str, value: &str, others: &[String], dice: &mut Dice) -> Option<String> {
    let pick = |places: Vec<usize>, dice: &mut Dice| (!places.is_empty()).then(|| places[dice.roll(places.len())]);
    match dice.roll(6) {
        0 | 1 => {
            let references = references(formula);
            let (start, end) = *references.get(dice.roll(references.len().max(1)))?;
            let other = &others[dice.roll(others.len())];
            (formula[start..end] != **other).then(|| format!("{}{other}{}", &formula[..start], &formula[end..]))
        }
        2 => {
            // The row before or behind.
            let references = references(formula);
            let (start, end) = *references.get(dice.roll(references.len().max(1)))?;
            let digits = start + formula[start..end].find(|next: char| next.is_ascii_digit())?;
            let row: u32 = formula[digits..end].parse().ok()?;
            let row = if dice.roll(2) == 0 { row - 1 } else { row + 1 };
            Some(format!("{}{row}{}", &formula[..digits], &formula[end..]))
        }
        3 => {
            let places =
                formula.char_indices().skip(1).filter(|(_, sign)| "+-*/".contains(*sign)).map(|(at, _)| at).collect();
            let at = pick(places, dice)?;
            let other = match &formula[at..=at] {
                "+" => "-",
                "-" => "+",
                "*" => "/",
                _ => "*",
            };
            // A sign behind a parenthesis or another sign is not between two operands.
            (!formula[..at].ends_with(['(', ','])).then(|| format!("{}{other}{}", &formula[..at], &formula[at + 1..]))
        }
        4 => {
            let place =
                ["0.5", "(1-", "^2", "1/"].iter().find_map(|known| formula.find(known).map(|at| (at, *known)))?;
            let other = match place.1 {
                "0.5" => "0.25",
                "(1-" => "(2-",
                "^2" => "^3",
                _ => "2/",
            };
            Some(format!("{}{other}{}", &formula[..place.0], &formula[place.0 + place.1.len()..]))
        }
        _ => Some(format!("!{}", value.parse::<f64>().ok()? * if dice.roll(2) == 0 { 1.0 } else { 1.01 })),
    }
}

#[test]
fn our_own_workbooks_are_clean() {
    let described = [
        "rows = 40",
        "layers = [3, 4, 2]\nhidden_activation = \"tanh\"\nbiases = { per_neuron = [] }\nrows = 12",
        "layers = [2, 3, 2]\nhidden_activation = \"relu\"\noutput_activation = \"identity\"\nrows = 12",
        "biases = { per_layer = [] }\nlearning_rates = [0.5]\nrows = 30",
        "layers = [2, 3, 2]\nloss = \"softmax_cross_entropy\"\nrows = 12",
        "layers = [2, 2, 1]\nrows = 10\nsamples = [{ inputs = [0, 0], targets = [0] }, { inputs = [0, 1], targets = [1] }]",
    ];
    for toml in described {
        let report = audit(&own_workbook(toml));
        assert!(report.is_clean(), "{toml}\n{}", text(&report));
        assert!(report.notes.is_empty(), "{toml}\n{}", text(&report));
        let rates = toml::from_str::<NetworkSpec>(toml).unwrap().learning_rates.len();
        assert_eq!(report.tables.len(), rates + 1, "{toml}\n{}", text(&report));
        for table in &report.tables {
            assert!(table.notes.is_empty(), "{toml}\n{}", text(&report));
        }
    }
}

#[test]
fn every_mutation_is_found_or_harmless() {
    let bytes = own_workbook("learning_rates = [0.5, 2.0]\nrows = 14");
    let whole = audit(&bytes);
    let mut dice = Dice(20_261_122);
    let (mut found, mut harmless, mut refused) = (0, 0, 0);
    let sheets: BTreeMap<usize, (String, String)> = [3, 4]
        .into_iter()
        .map(|number| {
            let name = format!("xl/worksheets/sheet{number}.xml");
            (number, (part(&bytes, &name), name))
        })
        .collect();
    while found + harmless + refused < MUTATIONS {
        let number = 3 + dice.roll(2);
        let (sheet, name) = &sheets[&number];
        let cells = formulas(sheet, 10);
        assert!(cells.len() > 300, "{}", cells.len());
        let (start, end, cell, formula, value) = &cells[dice.roll(cells.len())];
        let row = cell.trim_start_matches(|next: char| next.is_ascii_alphabetic());
        let others: Vec<String> = cells
            .iter()
            .map(|found| found.2.clone())
            .filter(|other| other.trim_start_matches(|next: char| next.is_ascii_alphabetic()) == row && other != cell)
            .collect();
        let Some(changed) = mutated(formula, value, &others, &mut dice) else { continue };
        let element = match changed.strip_prefix('!') {
            Some(value) => format!("<c r=\"{cell}\"><v>{value}</v></c>"),
            None => format!("<c r=\"{cell}\"><f>{changed}</f><v>{value}</v></c>"),
        };
        let mutant = with_part(&bytes, name, &format!("{}{element}{}", &sheet[..*start], &sheet[*end..]));
        let what = format!("{name} {cell}: {formula} became {changed}");
        let report = match audit_bytes(&mutant, &AuditOptions::default()) {
            Ok(report) => report,
            // A formula that needs itself is refused by name.
            Err(error) => {
                let told = error.to_string();
                assert!(
                    told.contains("circular") && told.contains(&format!("!{cell}")) || told.contains("circular"),
                    "{what}: {told}"
                );
                refused += 1;
                continue;
            }
        };
        let is_named = report.slips().any(|slip| slip.cells.contains(cell));
        if is_named {
            found += 1;
            continue;
        }
        // Harmless: said so by name, and nothing moves.
        let is_told =
            report.tables.iter().any(|table| table.notes.iter().any(|note| note.contains(&format!("!{cell} "))));
        assert!(report.is_clean() && is_told, "{what}\n{}", text(&report));
        for (table, before) in report.tables.iter().zip(&whole.tables) {
            let (is, was) = (table.error.last.unwrap(), before.error.last.unwrap());
            assert!((is - was).abs() <= 1e-9 * was.abs(), "{what}: {is} {was}");
        }
        harmless += 1;
    }
    println!("{MUTATIONS} mutations: {found} found, {harmless} harmless, {refused} refused as circular");
    assert!(found > MUTATIONS * 8 / 10, "{found}");
}
