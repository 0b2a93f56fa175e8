//! A corrected copy of a workbook.
//!
//! Only cells are rewritten, in the XML of their own sheet; styles, charts, pictures and everything else of the file
//! stay as they are, byte for byte. All values are worked out anew, because not every program does so on opening. The
//! list of formulas in order of calculation goes, which programs rebuild.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::address::{Address, read_a1};
use super::book::Book;
use super::dependencies::Dependencies;
use super::engine::{Content, Engine};
use super::error::AuditError;
use super::examine::circle_in_words;
use super::package::{self, damaged, read_part};
use super::report::AuditReport;
use super::sheet_xml::{self, NewCell};

/// Writes the corrections of a report into a copy of the workbook that it was made from.
///
/// # Errors
/// Where the bytes are not that workbook, a part of it cannot be rewritten, its corrected formulas would depend on
/// themselves, or the corrected copy would not be clean.
pub fn fix(bytes: &[u8], report: &AuditReport) -> Result<Vec<u8>, AuditError> {
    super::apart(|| {
        let package = package::open(bytes)?;
        let book = Book::read(bytes, &package)?;
        let mut corrections: BTreeMap<Address, Content> = BTreeMap::new();
        for correction in &report.corrections {
            let sheet = book.sheets.iter().position(|name| *name == correction.sheet);
            let place = sheet.zip(read_a1(&correction.cell));
            let Some((sheet, (row, column))) = place else {
                let what = format!("there is no cell {} on a sheet {:?}", correction.cell, correction.sheet);
                return Err(AuditError::Damaged { what });
            };
            let content = match correction.content.strip_prefix('=') {
                Some(formula) => Content::Formula(formula.to_owned()),
                None => Content::Number(correction.content.parse().map_err(|error| damaged(&correction.cell, &error))?),
            };
            corrections.insert(Address::new(sheet as u32, row, column), content);
        }
        let mut engine = Engine::new(&book, None, &corrections)?;
        engine.recalculate();

        let mut archive = package::archive(bytes)?;
        let mut rewritten: BTreeMap<String, String> = BTreeMap::new();
        for (sheet, path) in book.paths.iter().enumerate() {
            let text = read_part(&mut archive, path)?;
            let changed = changed_cells(&book, &engine, &corrections, sheet as u32);
            if !changed.is_empty() {
                rewritten.insert(
                    path.clone(),
                    sheet_xml::rewrite(&text, &changed)
                        .map_err(|what| AuditError::Damaged { what: format!("{path} ({what})") })?,
                );
            }
        }
        drop_calculation_order(&mut archive, &package.workbook_path, &mut rewritten)?;

        let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(bytes.len())));
        let failed = |error: &dyn std::fmt::Display| AuditError::Damaged { what: format!("the copy ({error})") };
        for index in 0..archive.len() {
            let part = archive.by_index_raw(index).map_err(|error| damaged("the archive", &error))?;
            let name = part.name().map_err(|error| damaged("the archive", &error))?.into_owned();
            if name.ends_with("calcChain.xml") {
                continue;
            }
            match rewritten.get(&name) {
                Some(text) => {
                    let modified = part.last_modified().unwrap_or_default();
                    let options = SimpleFileOptions::default()
                        .compression_method(CompressionMethod::Deflated)
                        .last_modified_time(modified);
                    writer.start_file(name.as_str(), options).map_err(|error| failed(&error))?;
                    writer.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
                }
                None => writer.raw_copy_file(part).map_err(|error| failed(&error))?,
            }
        }
        let copy = writer.finish().map_err(|error| failed(&error))?.into_inner();
        // Corrections of several broken formulas may close a circle that none of them closes alone.
        let corrected = Book::read(&copy, &package::open(&copy)?)?;
        if let Some(cells) = circle_in_words(&corrected, &Dependencies::of(&corrected)?) {
            return Err(AuditError::CircularCopy { cells });
        }
        // A correction is worked out for what stands around it, and that may be wrong too.
        match super::audit_book(&corrected) {
            Ok(again) => match (again.slips().count(), again.slips().next()) {
                (count, Some(slip)) => {
                    Err(AuditError::UncleanCopy { what: left(count, &slip.cell, &slip.explanation) })
                }
                (_, None) => Ok(copy),
            },
            Err(error) => Err(AuditError::UncleanCopy { what: error.to_string() }),
        }
    })
}

/// The slips that are left, in words.
fn left(count: usize, cell: &str, explanation: &str) -> String {
    let count = if count == 1 { "1 slip".to_owned() } else { format!("{count} slips") };
    format!("it would have {count}, {cell} first: {explanation}")
}

/// What has to be written into a sheet: corrected cells, and formulas whose values are other ones now.
fn changed_cells(
    book: &Book,
    engine: &Engine,
    corrections: &BTreeMap<Address, Content>,
    sheet: u32,
) -> BTreeMap<(u32, u32), NewCell> {
    let first = Address::new(sheet, 0, 0);
    let last = Address::new(sheet, u32::MAX, u32::MAX);
    let mut changed = BTreeMap::new();
    for (&cell, content) in corrections.range(first..=last) {
        let new = match content {
            Content::Number(value) => NewCell::Value(*value),
            Content::Formula(text) => NewCell::Formula { text: text.clone(), value: engine.number(cell) },
        };
        changed.insert((cell.row, cell.column), new);
    }
    let formulas =
        book.cells.range(first..=last).filter_map(|(&cell, found)| Some((cell, found, found.formula.as_ref()?)));
    for (cell, found, formula) in formulas {
        let text = formula.text.clone();
        let value = engine.number(cell);
        let place = (cell.row, cell.column);
        let is_stale = found.value.number().is_some() && value.is_some() && found.value.number() != value;
        let new = NewCell::Recalculated { text, value, is_stale };
        changed.entry(place).or_insert(new);
    }
    let is_idle = |new: &NewCell| matches!(new, NewCell::Recalculated { is_stale: false, .. });
    if changed.values().all(is_idle) { BTreeMap::new() } else { changed }
}

/// Takes the order of calculation out of the lists of parts and asks for a recalculation on opening.
fn drop_calculation_order(
    archive: &mut zip::ZipArchive<Cursor<&[u8]>>,
    workbook_path: &str,
    rewritten: &mut BTreeMap<String, String>,
) -> Result<(), AuditError> {
    let (folder, file) = workbook_path.rsplit_once('/').unwrap_or(("", workbook_path));
    let relations =
        if folder.is_empty() { format!("_rels/{file}.rels") } else { format!("{folder}/_rels/{file}.rels") };
    for part in ["[Content_Types].xml", &relations] {
        let text = read_part(archive, part)?;
        if text.contains("calcChain.xml") {
            rewritten.insert(part.to_owned(), sheet_xml::without_elements_naming(&text, "calcChain.xml"));
        }
    }
    let workbook = read_part(archive, workbook_path)?;
    if let Some(place) = workbook.find("<calcPr").filter(|_| !workbook.contains("fullCalcOnLoad=")) {
        let (before, after) = workbook.split_at(place + "<calcPr".len());
        rewritten.insert(workbook_path.to_owned(), format!("{before} fullCalcOnLoad=\"1\"{after}"));
    }
    Ok(())
}
