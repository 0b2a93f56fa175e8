//! Softmax with cross-entropy: the network is recognised, and one change of a column is one slip in that column.

use longhand_workbook::audit::{AuditReport, SlipKind, audit_bytes, fix};

use super::made::told;
use super::mutations::{audit, formulas, own_workbook, part, with_part};

/// The sheet of the only learning rate.
const SHEET: &str = "xl/worksheets/sheet3.xml";

fn book() -> Vec<u8> {
    own_workbook("layers = [2, 3, 3]\nloss = \"softmax_cross_entropy\"\nrows = 20\nlearning_rates = [0.5]")
}

/// The workbook with every formula of a column of the training table changed, and the first cell of it.
fn changed(column: &str, change: impl Fn(&str) -> String) -> (Vec<u8>, String) {
    let bytes = book();
    let mut sheet = part(&bytes, SHEET);
    let mut first = None;
    let all = formulas(&sheet, 10);
    for (start, end, cell, formula, _) in all.into_iter().rev() {
        if cell.trim_end_matches(|next: char| next.is_ascii_digit()) != column {
            continue;
        }
        let new = change(&formula);
        assert_ne!(formula, new, "{cell}");
        let element = sheet[start..end].replace(&format!("<f>{formula}</f>"), &format!("<f>{new}</f>"));
        sheet.replace_range(start..end, &element);
        first = Some(cell);
    }
    (with_part(&bytes, SHEET, &sheet), first.expect("the column has formulas"))
}

/// What the audit says of the workbook with every formula of some kind in the training table changed.
pub fn changed_where(is_meant: impl Fn(&str) -> bool, change: impl Fn(&str) -> String) -> AuditReport {
    let bytes = book();
    let mut sheet = part(&bytes, SHEET);
    let all: Vec<_> = formulas(&sheet, 10).into_iter().filter(|found| is_meant(&found.3)).collect();
    assert!(!all.is_empty(), "no such formula");
    for (start, end, _, formula, _) in all.into_iter().rev() {
        let element = sheet[start..end].replace(&format!("<f>{formula}</f>"), &format!("<f>{}</f>", change(&formula)));
        sheet.replace_range(start..end, &element);
    }
    audit(&with_part(&bytes, SHEET, &sheet))
}

fn is_told(column: &str, kind: SlipKind, words: &str, change: impl Fn(&str) -> String) {
    let (bytes, first) = changed(column, change);
    let report = audit(&bytes);
    let slips: Vec<_> = report.slips().collect();
    assert_eq!(slips.len(), 1, "{}", told(&report));
    assert_eq!((slips[0].kind, &slips[0].cells[0]), (kind, &first), "{}", told(&report));
    assert!(slips[0].explanation.contains(words), "{}", slips[0].explanation);
    let again = audit_bytes(&fix(&bytes, &report).unwrap(), &Default::default()).unwrap();
    assert!(again.is_clean(), "{}", told(&again));
}

/// A part of a formula that stands between two marks, both counted in.
fn cut(formula: &str, from: &str, to: &str) -> String {
    let start = formula.find(from).unwrap();
    let end = start + formula[start..].find(to).unwrap() + to.len();
    format!("{}{}", &formula[..start], &formula[end..])
}

#[test]
fn the_network_is_recognised() {
    let report = audit(&book());
    let network = report.tables.iter().find_map(|table| table.network.as_deref());
    assert_eq!(network, Some("2-3-3, sigmoid then softmax, no biases, cross-entropy"));
    let (bytes, _) = changed("AX", |formula| formula.replace("AS", "AU"));
    let report = audit(&bytes);
    assert_eq!(
        report.slips().next().unwrap().derivation.as_deref(),
        Some(
            "∂E_total/∂w1 = ((out_o1 − t1) · w7 + (out_o2 − t2) · w10 + (out_o3 − t3) · w13) · out_h1 · (1 − out_h1) · i1"
        )
    );
}

#[test]
fn a_neuron_left_out_below_the_line_is_the_forward_passs_slip() {
    is_told(
        "AC",
        SlipKind::WrongForward,
        "its sum lacks the term EXP(AF10-MAX(AB10,AD10,AF10)), that of AF10 (o3)",
        |f| cut(f, "+EXP(AF", "))"),
    );
}

#[test]
fn a_path_left_out_of_a_delta_is_the_deltas_slip() {
    let words = "the term AQ10 (dE_do3) · S10 (w13) is missing";
    is_told("AR", SlipKind::WrongDerivative, words, |f| f[..f.rfind('+').unwrap()].to_owned());
    let words = "the term AM10 (dE_do1) · M10 (w7) is missing";
    is_told("AR", SlipKind::WrongDerivative, words, |f| f[f.find('+').unwrap() + 1..].to_owned());
}

#[test]
fn a_path_too_many_in_a_delta_is_the_deltas_slip() {
    let words = "the term AM10*W10 is one too many";
    is_told("AR", SlipKind::WrongDerivative, words, |f| {
        let row = &f[f.find("AM").unwrap() + 2..f.find('*').unwrap()];
        format!("{f}+AM{row}*W{row}")
    });
}

#[test]
fn a_factor_left_out_is_put_back_where_it_was() {
    is_told("AX", SlipKind::WrongDerivative, "the factor B10 (i1) is missing", |f| {
        f[..f.find('*').unwrap()].to_owned()
    });
    is_told("AR", SlipKind::WrongDerivative, "in AM10 the factor M10 (w7) is missing", |f| {
        cut(f, "*M", "+").replace("AO", "+AO")
    });
}

#[test]
fn the_right_column_before_a_wrong_one_is_not_blamed() {
    let words = "the factor (1 − W10 (out_h1)) is missing";
    is_told("AS", SlipKind::WrongDerivative, words, |f| cut(f, "*(1-W", ")"));
    let words = "the factor W10 (out_h1) · (1 − W10 (out_h1)) is missing";
    is_told("AS", SlipKind::WrongDerivative, words, |f| f[..f.find('*').unwrap()].to_owned());
}

#[test]
fn what_is_left_of_softmax_is_written_and_not_all_that_stood_before_it() {
    let (bytes, _) = changed("AM", |f| {
        let row = &f[f.find("AC").unwrap() + 2..];
        let row = &row[..row.find('*').unwrap()];
        format!("(AC{row}-D{row})*AC{row}*(1-AC{row})")
    });
    let report = audit(&bytes);
    assert_eq!(report.slips().next().unwrap().corrected.as_deref(), Some("=AC10-D10"), "{}", told(&report));
    is_told("AQ", SlipKind::WrongSign, "it has the wrong sign", |f| {
        let row = &f[f.find("AG").unwrap() + 2..];
        let row = &row[..row.find(')').unwrap()];
        format!("F{row}-AG{row}")
    });
}
