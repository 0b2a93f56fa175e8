//! Files that cannot be audited are refused in plain words, and nothing panics.

use std::io::{Cursor, Write};
use std::time::Instant;

use longhand_workbook::audit::{AuditError, AuditOptions, AuditReport, audit_bytes, audit_file, fix};
use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;

use super::made::{Layout, Table, told};

fn audit(bytes: &[u8]) -> Result<AuditReport, AuditError> {
    audit_bytes(bytes, &AuditOptions::default())
}

fn refusal(bytes: &[u8]) -> String {
    audit(bytes).expect_err("this cannot be audited").to_string()
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The parts of a workbook with one of them exchanged.
pub fn with_part(bytes: &[u8], name: &str, mut change: impl FnMut(String) -> String) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for index in 0..from.len() {
        let mut part = from.by_index(index).unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut content).unwrap();
        let found = part.name().unwrap().into_owned();
        if found == name {
            content = change(String::from_utf8(content).unwrap()).into_bytes();
        }
        parts.push((found, content));
    }
    archive(&parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect::<Vec<_>>())
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

#[test]
fn what_is_no_workbook_is_called_what_it_is() {
    assert!(refusal(b"").contains("empty"));
    assert!(refusal(b"w1,w2\n1,2\n").contains("CSV"));
    assert!(refusal(b"<html></html>").contains("HTML"));
    assert!(refusal(b"%PDF-1.7 \x00\xff").contains("PDF"));
    assert!(refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").contains(".xls"));
    assert!(refusal(&[0, 1, 2, 3]).contains("not known"));
    assert!(refusal(b"PK\x03\x04 and then nothing").contains("damaged"));
    assert!(
        refusal(&archive(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")])).contains("OpenDocument")
    );
    assert!(refusal(&archive(&[("notes.txt", b"hello")])).contains("zip archive of other files"));
    let missing = audit_file("/no/such/file.xlsx", &AuditOptions::default()).unwrap_err();
    assert!(missing.to_string().contains("/no/such/file.xlsx"));
}

/// What somebody who has the wrong file at hand is told: what it is, and what to do.
#[test]
fn files_of_other_kinds_are_named_with_what_to_do() {
    let types = b"<Types/>".as_slice();
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let old = |stream: &str| [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &wide(stream)].concat();
    let spreadsheet = b"application/vnd.oasis.opendocument.spreadsheet".as_slice();
    let document = |part: &str| archive(&[("[Content_Types].xml", types), ("_rels/.rels", b"<R/>"), (part, b"<x/>")]);
    let (save, send) = ("save it as .xlsx", "the workbook in which the table was worked out");
    let files = [
        (document("word/document.xml"), "a Word document (.docx)", send),
        (document("ppt/presentation.xml"), "a PowerPoint presentation (.pptx)", send),
        (document("xl/workbook.bin"), "a binary Excel workbook (.xlsb)", save),
        (archive(&[("mimetype", spreadsheet), ("content.xml", b"<x/>")]), "an OpenDocument spreadsheet (.ods)", save),
        (archive(&[("mimetype", b"application/vnd.oasis.opendocument.text")]), "an OpenDocument text (.odt)", send),
        (archive(&[("Index/Document.iwa", b"x")]), "Numbers", "export it as .xlsx"),
        (old("Workbook"), "an old Excel workbook (.xls)", save),
        (old("WordDocument"), "an old Word document (.doc)", send),
        (old("EncryptedPackage"), "a workbook with a password", "take the password off"),
        (b"%PDF-1.7 \x00\xff".to_vec(), "a PDF", send),
        (b"\x89PNG\r\n\x1a\n\x00".to_vec(), "a picture", send),
        ("w1;w2;h\u{f6}he\n0,1;0,2;3\n".as_bytes().to_vec(), "plain text, such as CSV", "keeps no formulas"),
        (b"w1;w2;h\xf6he\n0,1;0,2;3\n".to_vec(), "plain text, such as CSV", "keeps no formulas"),
        ([b"\xff\xfe".to_vec(), wide("w1\tw2\r\n")].concat(), "plain text, such as CSV", "as .xlsx"),
        (
            b"\xef\xbb\xbf\n<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"/>"
                .to_vec(),
            "an XML spreadsheet of Excel 2003",
            save,
        ),
        (b"<!doctype html>".to_vec(), "an HTML or XML page", ".xlsx"),
    ];
    for (bytes, what, remedy) in files {
        let told = refusal(&bytes);
        assert!(told.starts_with("this is not an xlsx workbook but ") && told.contains(what), "{what}: {told}");
        assert!(told.contains(remedy) && !told.contains("damaged"), "{what}: {told}");
    }
}

#[test]
fn a_bomb_is_weighed_and_refused() {
    let zeros = vec![0u8; 140 << 20];
    let bomb = archive(&[("[Content_Types].xml", b"<Types/>"), ("xl/worksheets/sheet1.xml", &zeros)]);
    assert!(bomb.len() < 1 << 20);
    let start = Instant::now();
    let told = refusal(&bomb);
    assert!(told.contains("too large") && told.contains("sheet1.xml"), "{told}");
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn counts_that_would_set_memory_aside_are_not_believed() {
    let table = Table::new(Layout::default()).bytes();
    let strings = with_part(&table, "xl/sharedStrings.xml", |text| {
        let start = text.find("uniqueCount=\"").unwrap() + "uniqueCount=\"".len();
        let end = start + text[start..].find('"').unwrap();
        format!("{}99999999999999{}", &text[..start], &text[end..])
    });
    assert!(refusal(&strings).contains("claims 99999999999999 entries"));
    let shared =
        with_part(&table, SHEET, |text| text.replacen("<f>", "<f t=\"shared\" ref=\"A1\" si=\"4000000000\">", 1));
    assert!(refusal(&shared).contains("claims 4000000000 entries"));
}

#[test]
fn cells_in_far_corners_cost_nothing() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, 1.0).unwrap();
    sheet.write(1_048_575, 16_383, 1.0).unwrap();
    let start = Instant::now();
    assert!(refusal(&workbook.save_to_buffer().unwrap()).contains("no training table"));
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn damaged_parts_are_named() {
    let table = Table::new(Layout::default()).bytes();
    let cut = with_part(&table, SHEET, |text| text[..text.len() / 2].to_owned());
    assert!(refusal(&cut).contains("damaged"));
    let tangled = with_part(&table, "xl/workbook.xml", |text| text.replace("</sheets>", ""));
    assert!(audit(&tangled).is_err());
    for length in [table.len() / 3, table.len() - 10] {
        assert!(audit(&table[..length]).is_err());
    }
}

#[test]
fn any_byte_may_be_wrong_without_a_panic() {
    let table = Table::new(Layout { steps: 4, ..Layout::default() }).bytes();
    let mut seed = 7u64;
    for _ in 0..300 {
        let mut bytes = table.clone();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] ^= 1 << (seed % 8);
        }
        if let Err(error) = audit(&bytes) {
            assert!(!error.to_string().contains("gave up"), "{error}");
        }
    }
}

#[test]
fn any_character_of_a_sheet_may_be_wrong_without_a_panic() {
    let table = Table::new(Layout { steps: 4, ..Layout::default() }).bytes();
    let mut seed = 11u64;
    for _ in 0..150 {
        let broken = with_part(&table, SHEET, |text| {
            let mut text = text.into_bytes();
            for _ in 0..4 {
                seed_step(&mut seed);
                let at = (seed >> 33) as usize % text.len();
                text[at] = b"<>\"=(0AZ$:9-/ "[(seed % 14) as usize];
            }
            String::from_utf8(text).unwrap()
        });
        if let Err(error) = audit(&broken) {
            assert!(!error.to_string().contains("gave up"), "{error}");
        }
    }
}

fn seed_step(seed: &mut u64) {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
}

#[test]
fn circles_are_shown() {
    let mut table = Table::new(Layout::default());
    table.change("out1_0", [3], |_, _| "={E}".to_owned());
    let told = refusal(&table.bytes());
    assert!(told.contains("circular reference") && told.contains(&table.cell("out1_0", 3)), "{told}");
}

#[test]
fn a_table_that_shows_errors_is_named() {
    let mut table = Table::new(Layout::default());
    table.change("out1_0", 0..25, |_, _| "=1/0*{net1_0}".to_owned());
    let told = refusal(&table.bytes());
    assert!(told.contains("#DIV/0!"), "{told}");
}

#[test]
fn a_workbook_without_a_table_says_what_was_looked_for() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "Groceries").unwrap();
    for row in 1..20 {
        sheet.write(row, 0, f64::from(row)).unwrap();
        sheet.write_formula(row, 1, format!("=B{row}+A{}*1.19", row + 1).as_str()).unwrap();
    }
    let told = refusal(&workbook.save_to_buffer().unwrap());
    assert!(told.contains("no training table") && told.contains("19 formulas"), "{told}");
    assert!(refusal(&Workbook::new().save_to_buffer().unwrap()).contains("empty"));
}

#[test]
fn deep_and_long_formulas_are_left_alone() {
    let table = Table::new(Layout::default()).bytes();
    for text in ["(".repeat(100_000), "-".repeat(100_000), "SUM(".repeat(50_000), format!("1{}", "+1".repeat(4000))] {
        let deep = with_part(&table, SHEET, |sheet| sheet.replacen("<f>", &format!("<f>{text}+"), 1));
        match audit(&deep) {
            Ok(report) => assert!(!report.is_clean() || !report.notes.is_empty(), "{}", told(&report)),
            Err(error) => assert!(!error.to_string().contains("gave up"), "{error}"),
        }
    }
}

#[test]
fn a_long_chain_of_cells_is_recalculated() {
    // A thousand rows, each resting on the one before: 7,000 formulas deep.
    let table = Table::new(Layout { sizes: vec![1, 1, 1], steps: 1000, ..Layout::default() });
    let report = table.audit();
    assert!(report.is_clean(), "{}", told(&report));
    assert_eq!(report.tables[0].rows, 1000);
}

#[test]
fn markup_in_names_is_text_on_the_page() {
    let mut table = Table::new(Layout::default());
    table.change("w1_0_1", 1..25, |formula, _| formula.replace('-', "+"));
    let name = "<img src=x onerror=alert(1)>\"&'.xlsx".to_owned();
    let report = audit_bytes(&table.bytes(), &AuditOptions { name: Some(name) }).unwrap();
    let page = longhand_workbook::audit::html(&report);
    assert!(!page.contains("<img") && page.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&amp;&#39;.xlsx"));
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains("\"verdict\":\"slips\"") && json.contains("\"kind\":\"wrong_sign\""));
}

/// What the report says is right may have been changed on its way, or be right by itself alone.
#[test]
fn corrections_that_would_close_a_circle_are_not_written() {
    let mut table = Table::new(Layout::default());
    table.change("gw1_0_0", 0..25, |formula, _| formula.replace("{out1_0}", "{out1_1}"));
    let mut report = table.audit();
    // The gradient of the second row by the weight that it makes.
    let own = table.cell("gw1_0_0", 1);
    let correction = report.corrections.iter_mut().find(|correction| correction.cell == own).unwrap();
    correction.content = format!("={}", table.cell("w1_0_0", 2));
    let refused = fix(&table.bytes(), &report).unwrap_err();
    assert!(matches!(refused, AuditError::CircularCopy { .. }), "{refused}");
    assert!(refused.to_string().contains(&format!("!{own} ")), "{refused}");
}

/// Found by fuzzing: the second row is broken, and what its corrections would be closes a circle.
#[test]
fn a_row_that_has_little_in_common_with_the_one_before_is_none_of_the_table() {
    let rows = [
        ["in", "target", "w1", "out", "E", "dE/dw1", "rate"].as_slice(),
        &[
            "0.05",
            "0.01",
            "0.15",
            "=1/(1+EXP(-A2*C2))",
            "=0.5*(B2-D2)^2",
            "=(D.5*(B3-D3)^2",
            "=(D3-B3)*D2",
            "=(D2-B2)*D2*(1-D2)*A2",
            "0.5",
        ],
        &["0.05", "0.01", "=C2-G2*F2", "=*C4))", "=0.5*(B4-D4)^3", "=(D4-B4)*D4*(1-D4)*A4", "0.5"],
    ];
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let (row, column) = (row as u32, column as u16);
            match (cell.strip_prefix('='), cell.parse::<f64>()) {
                (Some(formula), _) => sheet.write_formula(row, column, formula).unwrap(),
                (None, Ok(number)) => sheet.write_number(row, column, number).unwrap(),
                (None, Err(_)) => sheet.write_string(row, column, *cell).unwrap(),
            };
        }
    }
    let bytes = book.save_to_buffer().unwrap();
    let report = audit(&bytes).unwrap();
    assert!(!report.is_clean() && report.corrections.is_empty(), "{}", told(&report));
}
