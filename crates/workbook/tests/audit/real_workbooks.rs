//! The three published workbooks, where they are at hand.

use std::path::PathBuf;
use std::time::Instant;

use longhand_workbook::audit::{AuditOptions, AuditReport, SlipKind, audit_bytes, audit_file, fix, html, text};

/// The folder of the workbooks; says so where they are not there.
fn workbook(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("LONGHAND_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let path = shared.join("data/workbooks").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {name} is not in the shared data");
    None
}

fn audit(name: &str) -> Option<AuditReport> {
    let path = workbook(name)?;
    let start = Instant::now();
    let report = audit_file(&path, &AuditOptions::default()).unwrap();
    println!("{name}: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    Some(report)
}

#[test]
fn the_clean_one_is_clean() {
    let Some(report) = audit("clean.xlsx") else { return };
    assert!(report.is_clean(), "{}", text(&report));
    let [table] = report.tables.as_slice() else { panic!("{}", text(&report)) };
    assert_eq!((table.range.as_str(), table.rows, table.rows_checked), ("E35:P67", 33, 33));
    assert_eq!(table.network.as_deref(), Some("2-2-2, sigmoid, no biases, squared error"));
    let rate = table.learning_rate.as_ref().unwrap();
    assert_eq!((rate.cell.as_str(), rate.value), ("F33", Some(0.5)));
    assert_eq!((table.error.name.as_str(), table.error.cell.as_str(), table.error.factor), ("E_Total", "W35", 1.0));
    let names: Vec<&str> = table.weights.iter().map(|weight| weight.name.as_str()).collect();
    assert_eq!(names, ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"]);
    // The tolerance is no excuse: what is right is far inside it, and it is far below the gradients.
    for weight in &table.weights {
        assert!(weight.distance.unwrap() < weight.tolerance.unwrap() && weight.tolerance.unwrap() < 1e-9, "{weight:?}");
    }
}

#[test]
fn the_wrong_activation_is_named_on_all_six_sheets() {
    let Some(report) = audit("wrong-activation.xlsx") else { return };
    assert_eq!(report.tables.len(), 6);
    for table in &report.tables {
        let slips: Vec<_> = table.slips.iter().collect();
        assert_eq!(slips.len(), 2, "{}", text(&report));
        for (slip, (weight, column, input)) in slips.iter().zip([("w3", "Z", "C"), ("w4", "AA", "D")]) {
            assert_eq!(slip.kind, SlipKind::WrongDerivative);
            assert_eq!(slip.weight.as_deref(), Some(weight));
            let all: Vec<String> = (33..=100).map(|row| format!("{column}{row}")).collect();
            assert_eq!(slip.cells, all);
            assert!(slip.explanation.contains("J33 (a_h1) where L33 (a_h2) belongs"), "{}", slip.explanation);
            let right = "((R33-A33)*R33*(1-R33)*N33+(T33-B33)*T33*(1-T33)*P33)*L33*(1-L33)";
            assert_eq!(slip.corrected, Some(format!("={right}*{input}33")));
            assert!(slip.derivation.as_ref().unwrap().contains("· out_h2 · (1 − out_h2) ·"));
        }
    }
}

#[test]
fn the_wrong_update_is_named() {
    let Some(report) = audit("wrong-update.xlsx") else { return };
    let slips: Vec<_> = report.slips().collect();
    assert_eq!(slips.len(), 2, "{}", text(&report));
    for (slip, (weight, column, gradient)) in slips.iter().zip([("W3", "J", "AC"), ("W4", "K", "AD")]) {
        assert_eq!(slip.kind, SlipKind::WrongWeight);
        assert_eq!(slip.weight.as_deref(), Some(weight));
        let all: Vec<String> = (31..=70).map(|row| format!("{column}{row}")).collect();
        assert_eq!(slip.cells, all);
        assert_eq!(slip.corrected, Some(format!("={column}30-$W$27*{gradient}30")));
        // What the cells show are the next weights.
        assert!(slip.is_of_gradient && text(&report).contains(" as gradient\n"), "{}", text(&report));
        // Row 1 of the exercise, as it is known.
        let right = if weight == "W3" { 0.000_224_813_462_576_118_8 } else { 0.000_449_626_925_152_237_6 };
        assert!((slip.expected.unwrap() - right).abs() < 1e-12);
    }
}

#[test]
fn the_corrected_copies_are_clean_and_keep_everything_else() {
    for name in ["wrong-activation.xlsx", "wrong-update.xlsx"] {
        let Some(path) = workbook(name) else { return };
        let bytes = std::fs::read(path).unwrap();
        let report = audit_bytes(&bytes, &AuditOptions::default()).unwrap();
        let fixed = fix(&bytes, &report).unwrap();
        let again = audit_bytes(&fixed, &AuditOptions::default()).unwrap();
        assert!(again.is_clean(), "{}", text(&again));
        assert!(again.notes.is_empty(), "the values are worked out anew: {:?}", again.notes);
        let (before, after) = (parts(&bytes), parts(&fixed));
        for (part, content) in &before {
            let is_rewritten = part.contains("worksheets/sheet") && part.ends_with(".xml")
                || part.ends_with("workbook.xml")
                || part.ends_with("workbook.xml.rels")
                || part == "[Content_Types].xml";
            if part.ends_with("calcChain.xml") {
                assert!(!after.contains_key(part));
            } else if !is_rewritten {
                assert_eq!(after.get(part), Some(content), "{part}");
            }
        }
        // The error that the report foretells is the one that the copy has.
        for (table, mended) in again.tables.iter().zip(&report.tables) {
            let (is, told) = (table.error.last.unwrap(), mended.error.last_mended.unwrap());
            assert!((is - told).abs() < 1e-12, "{is} {told}");
        }
    }
}

#[test]
fn the_page_stands_alone() {
    let Some(report) = audit("wrong-update.xlsx") else { return };
    let page = html(&report);
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    for outside in ["http://", "https://", "<script", "<link", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("class=\"wrong\""));
}

fn parts(bytes: &[u8]) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut part = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut part, &mut content).unwrap();
            (part.name().unwrap().into_owned(), content)
        })
        .collect()
}
