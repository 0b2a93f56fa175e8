//! The file itself: a zip archive of XML parts, weighed before anything of it is read.
//!
//! Sizes written in an archive can lie, so every part is unpacked once against the limits and thrown away before any
//! other library sees the file.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;

use super::error::AuditError;
use super::foreign;
use super::structured::{NamedTable, read_table};

/// The most bytes that a file may have.
pub(crate) const FILE_LIMIT: usize = 64 << 20;
/// The most bytes that one part may have, unpacked.
const PART_LIMIT: u64 = 128 << 20;
/// The most bytes that all parts together may have, unpacked.
const TOTAL_LIMIT: u64 = 512 << 20;
/// Counts up to here are believed.
const COUNT_LIMIT: u64 = 100_000;
/// The most parts.
const PARTS_LIMIT: usize = 10_000;
/// The most tables whose columns formulas may name.
const TABLE_LIMIT: usize = 256;
/// How many times larger than the file its parts may be, beyond [`FREE_TOTAL`].
const RATIO_LIMIT: u64 = 200;
/// Unpacked bytes for which no ratio is asked.
const FREE_TOTAL: u64 = 32 << 20;

/// A worksheet of the workbook.
#[derive(Debug, Clone)]
pub(crate) struct SheetPart {
    pub name: String,
    /// Its part in the archive, `xl/worksheets/sheet1.xml`.
    pub path: String,
}

/// A name that stands for a cell or a formula.
#[derive(Debug, Clone)]
pub(crate) struct DefinedName {
    pub name: String,
    /// The place of the sheet that it belongs to, counted among all sheets of the workbook; `None` for all of them.
    pub scope: Option<usize>,
    pub formula: String,
}

/// What the archive says about the workbook.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// All sheets in order, chart sheets too.
    pub sheets: Vec<SheetPart>,
    pub names: Vec<DefinedName>,
    /// The tables whose columns formulas may name.
    pub tables: Vec<NamedTable>,
    /// The part that lists the sheets, `xl/workbook.xml`.
    pub workbook_path: String,
    pub has_macros: bool,
}

/// An xlsx file, weighed.
pub(crate) fn open(bytes: &[u8]) -> Result<Package, AuditError> {
    if bytes.len() > FILE_LIMIT {
        let what = format!("the file has {} MB", bytes.len() >> 20);
        return Err(AuditError::TooLarge { what, limit: format!("{} MB", FILE_LIMIT >> 20) });
    }
    if let Some(other) = foreign::without_archive(bytes) {
        return Err(other.refusal());
    }
    let mut archive = archive(bytes)?;
    weigh(&mut archive, bytes.len() as u64)?;
    let names: Vec<String> = archive.file_names().flatten().map(|name| name.to_string()).collect();
    let kind = read_part(&mut archive, "mimetype").ok();
    if let Some(other) = foreign::in_archive(&names, kind.as_deref()) {
        return Err(other.refusal());
    }
    let root = read_part(&mut archive, "_rels/.rels")?;
    let workbook_path = relationships(&root, "")?
        .into_values()
        .find(|relation| relation.kind.ends_with("/officeDocument"))
        .map(|relation| relation.target)
        .ok_or_else(|| foreign::OFFICE_FILE.refusal())?;
    if !workbook_path.ends_with(".xml") || !names.contains(&workbook_path) {
        return Err(foreign::OFFICE_FILE.refusal());
    }
    let workbook = read_part(&mut archive, &workbook_path)?;
    let (folder, file) = workbook_path.rsplit_once('/').unwrap_or(("", &workbook_path));
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let relations = read_part(&mut archive, &format!("{prefix}_rels/{file}.rels"))?;
    let relations = relationships(&relations, folder)?;
    let has_macros = archive.file_names().flatten().any(|name| name.ends_with("vbaProject.bin"));
    let (sheets, names) = read_workbook(&workbook, &relations)?;
    let tables = named_tables(&mut archive, &sheets);
    Ok(Package { sheets, names, tables, workbook_path, has_macros })
}

/// The tables of all sheets. A sheet without any has no relationships, or none that says so.
fn named_tables(archive: &mut ZipArchive<Cursor<&[u8]>>, sheets: &[SheetPart]) -> Vec<NamedTable> {
    let mut found = Vec::new();
    for sheet in sheets {
        let Some((folder, file)) = sheet.path.rsplit_once('/') else { continue };
        let Ok(text) = read_part(archive, &format!("{folder}/_rels/{file}.rels")) else { continue };
        let Ok(relations) = relationships(&text, folder) else { continue };
        for relation in relations.values().filter(|relation| relation.kind.ends_with("/table")) {
            let table = read_part(archive, &relation.target).ok();
            found.extend(table.and_then(|text| read_table(&text, &sheet.name)));
            if found.len() == TABLE_LIMIT {
                return found;
            }
        }
    }
    found
}

/// The archive of a file that [`open`] has let through.
pub(crate) fn archive(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, AuditError> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged("the archive", &error))
}

/// A part as text.
pub(crate) fn read_part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<String, AuditError> {
    let part = archive.by_name(name).map_err(|error| damaged(name, &error))?;
    let mut text = String::new();
    part.take(PART_LIMIT).read_to_string(&mut text).map_err(|error| damaged(name, &error))?;
    Ok(text)
}

/// What a broken part is called.
pub(crate) fn damaged(part: &str, error: &dyn std::fmt::Display) -> AuditError {
    AuditError::Damaged { what: format!("{part} ({error})") }
}

/// An attribute of an element, entities resolved.
pub(crate) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Explicit1_0).ok().map(|value| value.into_owned())
}

/// Unpacks every part once, counting bytes and keeping none.
fn weigh(archive: &mut ZipArchive<Cursor<&[u8]>>, packed: u64) -> Result<(), AuditError> {
    if archive.len() > PARTS_LIMIT {
        let what = format!("the archive has {} parts", archive.len());
        return Err(AuditError::TooLarge { what, limit: PARTS_LIMIT.to_string() });
    }
    let limit = TOTAL_LIMIT.min(FREE_TOTAL.max(packed.saturating_mul(RATIO_LIMIT)));
    let mut total = 0;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| damaged("the archive", &error))?;
        if part.encrypted() {
            return Err(foreign::LOCKED_ARCHIVE.refusal());
        }
        let name = part.name().map(|name| name.into_owned()).unwrap_or_default();
        let room = PART_LIMIT.min(limit - total) + 1;
        let mut unpacked = Vec::new();
        let size = part.take(room).read_to_end(&mut unpacked).map_err(|error| damaged(&name, &error))? as u64;
        if let Some(count) = absurd_count(&unpacked) {
            return Err(AuditError::Damaged { what: format!("{name} claims {count} entries") });
        }
        if size == room {
            let what = format!("its part {name} unpacks to more than {} MB from a file of {packed} bytes", room >> 20);
            return Err(AuditError::TooLarge { what, limit: format!("{} MB in all", limit >> 20) });
        }
        total += size;
    }
    Ok(())
}

/// A number in an XML part for which the reading library would set memory aside at once: the index of a shared formula
/// (`si`) or the number of shared strings (`uniqueCount`), where it is far beyond what the file can hold.
fn absurd_count(part: &[u8]) -> Option<String> {
    let digits_after = |name: &[u8], at: usize| {
        let rest = part[at + name.len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'"))?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'+').count();
        let number = String::from_utf8_lossy(&rest[..digits.min(24)]).into_owned();
        let value: u64 =
            number.trim_start_matches(['+', '0']).parse().unwrap_or(if digits > 18 { u64::MAX } else { 0 });
        (value > COUNT_LIMIT.max(part.len() as u64)).then_some(number)
    };
    let is_place = |at: usize| at > 0 && part[at - 1].is_ascii_whitespace();
    (0..part.len()).filter(|&at| is_place(at)).find_map(|at| match &part[at..] {
        [b's', b'i', ..] => digits_after(b"si", at),
        rest if rest.starts_with(b"uniqueCount") => digits_after(b"uniqueCount", at),
        _ => None,
    })
}

/// A relationship: what kind of part, and where.
#[derive(Debug)]
struct Relation {
    kind: String,
    target: String,
}

/// The relationships in a `.rels` part by identifier, targets as paths in the archive.
fn relationships(text: &str, folder: &str) -> Result<BTreeMap<String, Relation>, AuditError> {
    let mut reader = Reader::from_str(text);
    let mut found = BTreeMap::new();
    loop {
        match reader.read_event().map_err(|error| damaged("relationships", &error))? {
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == "Relationship" => {
                let (Some(id), Some(kind), Some(target)) =
                    (attribute(&element, "Id"), attribute(&element, "Type"), attribute(&element, "Target"))
                else {
                    continue;
                };
                let target = match target.strip_prefix('/') {
                    Some(absolute) => absolute.to_owned(),
                    None => joined(folder, &target),
                };
                found.insert(id, Relation { kind, target });
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// A relative path from a folder of the archive.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The sheets and the names in `workbook.xml`.
fn read_workbook(
    text: &str,
    relations: &BTreeMap<String, Relation>,
) -> Result<(Vec<SheetPart>, Vec<DefinedName>), AuditError> {
    let mut reader = Reader::from_str(text);
    let (mut sheets, mut names) = (Vec::new(), Vec::new());
    let mut name: Option<DefinedName> = None;
    loop {
        match reader.read_event().map_err(|error| damaged("workbook.xml", &error))? {
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == "sheet" => {
                let id = element
                    .attributes()
                    .flatten()
                    .find(|attribute| attribute.key.as_ref() != "id" && attribute.key.local_name().as_ref() == "id")
                    .map(|attribute| attribute.value.into_owned())
                    .unwrap_or_default();
                let path = relations.get(&id).map(|relation| relation.target.clone()).unwrap_or_default();
                sheets.push(SheetPart { name: attribute(&element, "name").unwrap_or_default(), path });
            }
            Event::Start(element) if element.local_name().as_ref() == "definedName" => {
                let scope = attribute(&element, "localSheetId").and_then(|scope| scope.parse().ok());
                let formula = String::new();
                name = attribute(&element, "name").map(|name| DefinedName { name, scope, formula });
            }
            Event::Text(piece) => {
                if let Some(name) = &mut name {
                    name.formula.push_str(&piece);
                }
            }
            Event::GeneralRef(entity) => {
                if let Some(name) = &mut name {
                    let written = format!("&{};", &*entity);
                    name.formula.push_str(&quick_xml::escape::unescape(&written).unwrap_or_default());
                }
            }
            Event::End(element) if element.local_name().as_ref() == "definedName" => names.extend(name.take()),
            Event::Eof => return Ok((sheets, names)),
            _ => {}
        }
    }
}
