//! A training table that is an Excel table, whose formulas name its columns.

use longhand_workbook::audit::{SlipKind, audit_bytes, fix};
use rust_xlsxwriter::{Formula, Table, Workbook};

use super::made::told;

const ROWS: u32 = 15;
const COLUMNS: [(&str, &str); 11] = [
    ("i", "0.6"),
    ("t", "0.2"),
    ("w1", "=C{before}-$B$1*J{before}"),
    ("w2", "=D{before}-$B$1*K{before}"),
    ("h", "=[w1]*[i]"),
    ("a h", "=1/(1+EXP(-[h]))"),
    ("o", "=[w2]*[a h]"),
    ("E", "=([t]-[o])^2/2"),
    ("delta", "=[o]-[t]"),
    ("dw1", "=[delta]*[w2]*[a h]*(1-[a h])*[i]"),
    ("dw2", "=[delta]*[a h]"),
];

/// The workbook with `replaced` for the formula of a column.
fn workbook(replaced: Option<(&str, &str)>) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Training 1").unwrap();
    sheet.write(0, 0, "eta").unwrap();
    sheet.write(0, 1, 0.5).unwrap();
    let names: Vec<_> = COLUMNS.iter().map(|(name, _)| rust_xlsxwriter::TableColumn::new().set_header(*name)).collect();
    sheet.add_table(2, 0, 2 + ROWS, 10, &Table::new().set_name("Steps").set_columns(&names)).unwrap();
    for row in 3..3 + ROWS {
        for (column, (name, content)) in (0..).zip(COLUMNS) {
            let content = replaced.filter(|(other, _)| *other == name).map_or(content, |(_, content)| content);
            let start = match name {
                "w1" => Some(0.3),
                "w2" => Some(0.8),
                _ => None,
            };
            if let Some(start) = start.filter(|_| row == 3) {
                sheet.write(row, column, start).unwrap();
            } else if content.starts_with('=') {
                let named = content.replace(']', "]]").replace('[', "Steps[[#This Row],[");
                sheet.write_formula(row, column, Formula::new(named.replace("{before}", &row.to_string()))).unwrap();
            } else {
                sheet.write(row, column, content.parse::<f64>().unwrap()).unwrap();
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn its_formulas_are_read_as_cells() {
    let report = audit_bytes(&workbook(None), &Default::default()).unwrap();
    assert!(report.is_clean(), "{}", told(&report));
    assert_eq!((report.tables[0].rows, report.tables[0].weights.len()), (15, 2), "{}", told(&report));
    assert!(report.notes.iter().any(|note| note.contains("name columns of a table")), "{}", told(&report));
}

#[test]
fn a_slip_in_one_is_told_and_mended() {
    let bytes = workbook(Some(("dw1", "=[delta]*[w1]*[a h]*(1-[a h])*[i]")));
    let report = audit_bytes(&bytes, &Default::default()).unwrap();
    let slips: Vec<_> = report.slips().map(|slip| (slip.kind, slip.cells[0].as_str())).collect();
    assert_eq!(slips, [(SlipKind::WrongDerivative, "J4")], "{}", told(&report));
    assert!(report.slips().next().unwrap().explanation.contains("C4 (w1) where D4 (w2) belongs"), "{}", told(&report));
    let again = audit_bytes(&fix(&bytes, &report).unwrap(), &Default::default()).unwrap();
    assert!(again.is_clean(), "{}", told(&again));
}
