//! Corrected copies of sheets that lack the very cells that are to be corrected.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use longhand_workbook::audit::fix;

use super::bad_input::with_part;
use super::made::{Layout, Table, told};

#[test]
fn corrections_of_missing_rows_are_read_back_where_they_belong() {
    let mut made = Table::new(Layout::default());
    made.change("w1_0_1", 1..25, |formula, _| formula.replace('-', "+"));
    // Behind the table: an empty row that is closed in itself, and one with a cell.
    let bytes = with_part(&made.bytes(), "xl/worksheets/sheet1.xml", |text| {
        let rows = r#"<row r="40"/><row r="44"><c r="A44"><v>44</v></c></row></sheetData>"#;
        text.replace("</sheetData>", rows)
    });
    let mut report = longhand_workbook::audit::audit_bytes(&bytes, &Default::default()).unwrap();
    let typical = report.corrections[0].clone();
    for (cell, content) in [("B40", "402"), ("A42", "421"), ("C42", "423"), ("A43", "431"), ("B46", "462")] {
        let mut correction = typical.clone();
        (correction.cell, correction.content) = (cell.to_owned(), content.to_owned());
        report.corrections.push(correction);
    }
    let fixed = fix(&bytes, &report).unwrap_or_else(|error| panic!("{error} after\n{}", told(&report)));
    let mut xlsx: Xlsx<_> = Xlsx::new(Cursor::new(fixed.as_slice())).unwrap();
    let sheet = xlsx.worksheet_range("Übung 1").unwrap();
    let behind: Vec<((u32, u32), f64)> = (38..50)
        .flat_map(|row| (0..50).map(move |column| (row, column)))
        .filter_map(|place| match sheet.get_value(place) {
            Some(Data::Float(value)) => Some((place, *value)),
            _ => None,
        })
        .collect();
    let expected =
        [((39, 1), 402.0), ((41, 0), 421.0), ((41, 2), 423.0), ((42, 0), 431.0), ((43, 0), 44.0), ((45, 1), 462.0)];
    assert_eq!(behind, expected);
    // Each number of a row stands once, none inside another row.
    let mut archive = zip::ZipArchive::new(Cursor::new(fixed.as_slice())).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("xl/worksheets/sheet1.xml").unwrap(), &mut text).unwrap();
    let numbers: Vec<u32> = text
        .split("<row r=\"")
        .skip(1)
        .map(|row| {
            assert!(row.matches("</row>").count() <= 1, "{row}");
            row.split('"').next().unwrap().parse().unwrap()
        })
        .collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}
