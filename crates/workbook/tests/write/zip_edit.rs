//! The parts of a workbook file, to be looked at and changed.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Every part by its path.
pub fn entries(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a zip archive");
    (0..archive.len())
        .map(|place| {
            let mut entry = archive.by_index(place).expect("an entry");
            let path = entry.name().expect("a path").into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("its content");
            (path, content)
        })
        .collect()
}

/// A file of these parts.
pub fn packed(entries: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in entries {
        writer.start_file(path.as_str(), SimpleFileOptions::default()).expect("a new entry");
        writer.write_all(content).expect("its content");
    }
    writer.finish().expect("the archive").into_inner()
}

/// The same workbook with every stored result of a formula overwritten by `result`; also how many there were.
pub fn with_stored_results(bytes: &[u8], result: &str) -> (Vec<u8>, usize) {
    let mut parts = entries(bytes);
    let mut count = 0;
    for (path, content) in &mut parts {
        if !path.starts_with("xl/worksheets/sheet") {
            continue;
        }
        let text = std::str::from_utf8(content).expect("XML is text");
        let mut changed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("</f><v>") {
            let (_, after) = after.split_once("</v>").expect("a value ends");
            changed.push_str(before);
            changed.push_str("</f><v>");
            changed.push_str(result);
            changed.push_str("</v>");
            rest = after;
            count += 1;
        }
        changed.push_str(rest);
        *content = changed.into_bytes();
    }
    (packed(&parts), count)
}

/// The same workbook with another number in one cell that holds a plain number; `sheet` counts from 1.
pub fn with_number(bytes: &[u8], sheet: usize, cell: &str, number: f64) -> Vec<u8> {
    let mut parts = entries(bytes);
    let content = parts.get_mut(&format!("xl/worksheets/sheet{sheet}.xml")).expect("the sheet");
    let text = String::from_utf8(std::mem::take(content)).expect("XML is text");
    let start = text.find(&format!("<c r=\"{cell}\"")).expect("the cell");
    let (before, after) = text.split_at(start);
    let (head, tail) = after.split_once("<v>").expect("a number");
    assert!(!head.contains("</c>") && !head.contains("<f>"), "{cell} holds no plain number");
    let (_, tail) = tail.split_once("</v>").expect("a value ends");
    *content = format!("{before}{head}<v>{number}</v>{tail}").into_bytes();
    packed(&parts)
}
