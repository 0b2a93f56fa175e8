//! A worksheet of one forward and one backward pass, a quantity a row with its name beside it, every factor of the chain rule
//! in a cell of its own: as it is worked by hand.

use longhand_workbook::audit::{AuditReport, SlipKind, audit_bytes, fix};
use rust_xlsxwriter::{Formula, Workbook};

use super::made::told;

pub(super) const ROWS: [(&str, &str); 54] = [
    ("eta", "0.5"),
    ("i1", "0.05"),
    ("i2", "0.1"),
    ("t1", "0.01"),
    ("t2", "0.99"),
    ("w1", "0.15"),
    ("w2", "0.2"),
    ("w3", "0.25"),
    ("w4", "0.3"),
    ("w5", "0.4"),
    ("w6", "0.45"),
    ("w7", "0.5"),
    ("w8", "0.55"),
    ("h1", "{w1}*{i1}+{w2}*{i2}"),
    ("h2", "{w3}*{i1}+{w4}*{i2}"),
    ("a_h1", "1/(1+EXP(-{h1}))"),
    ("a_h2", "1/(1+EXP(-{h2}))"),
    ("o1", "{w5}*{a_h1}+{w6}*{a_h2}"),
    ("o2", "{w7}*{a_h1}+{w8}*{a_h2}"),
    ("a_o1", "1/(1+EXP(-{o1}))"),
    ("a_o2", "1/(1+EXP(-{o2}))"),
    ("E1", "0.5*({t1}-{a_o1})^2"),
    ("E2", "0.5*({t2}-{a_o2})^2"),
    ("E_total", "{E1}+{E2}"),
    ("dE_dao1", "{a_o1}-{t1}"),
    ("dao1_do1", "{a_o1}*(1-{a_o1})"),
    ("dE_dao2", "{a_o2}-{t2}"),
    ("dao2_do2", "{a_o2}*(1-{a_o2})"),
    ("dw5", "{dE_dao1}*{dao1_do1}*{a_h1}"),
    ("dw6", "{dE_dao1}*{dao1_do1}*{a_h2}"),
    ("dw7", "{dE_dao2}*{dao2_do2}*{a_h1}"),
    ("dw8", "{dE_dao2}*{dao2_do2}*{a_h2}"),
    ("dE1_dah1", "{dE_dao1}*{dao1_do1}*{w5}"),
    ("dE2_dah1", "{dE_dao2}*{dao2_do2}*{w7}"),
    ("dE_dah1", "{dE1_dah1}+{dE2_dah1}"),
    ("dah1_dh1", "{a_h1}*(1-{a_h1})"),
    ("dE1_dah2", "{dE_dao1}*{dao1_do1}*{w6}"),
    ("dE2_dah2", "{dE_dao2}*{dao2_do2}*{w8}"),
    ("dE_dah2", "{dE1_dah2}+{dE2_dah2}"),
    ("dah2_dh2", "{a_h2}*(1-{a_h2})"),
    ("dw1", "{dE_dah1}*{dah1_dh1}*{i1}"),
    ("dw2", "{dE_dah1}*{dah1_dh1}*{i2}"),
    ("dw3", "{dE_dah2}*{dah2_dh2}*{i1}"),
    ("dw4", "{dE_dah2}*{dah2_dh2}*{i2}"),
    ("", ""),
    ("", ""),
    ("w1 new", "{w1}-{eta}*{dw1}"),
    ("w2 new", "{w2}-{eta}*{dw2}"),
    ("w3 new", "{w3}-{eta}*{dw3}"),
    ("w4 new", "{w4}-{eta}*{dw4}"),
    ("w5 new", "{w5}-{eta}*{dw5}"),
    ("w6 new", "{w6}-{eta}*{dw6}"),
    ("w7 new", "{w7}-{eta}*{dw7}"),
    ("w8 new", "{w8}-{eta}*{dw8}"),
];

/// The cell of a quantity.
fn cell(name: &str) -> String {
    let row = ROWS.iter().position(|(other, _)| *other == name).unwrap_or_else(|| panic!("no quantity {name}"));
    format!("B{}", row + 1)
}

fn with_cells(content: &str) -> String {
    let mut text = content.to_owned();
    for (name, _) in ROWS {
        text = text.replace(&format!("{{{name}}}"), &cell(name));
    }
    text
}

/// The worksheet with some of its formulas exchanged.
fn worksheet(changed: &[(&str, &str)]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, (name, content)) in (0..).zip(ROWS) {
        sheet.write(row, 0, name).unwrap();
        let content = changed.iter().find(|(other, _)| *other == name).map_or(content, |(_, content)| content);
        match content.parse::<f64>() {
            Ok(number) => sheet.write(row, 1, number).unwrap(),
            Err(_) if content.is_empty() => sheet,
            Err(_) => sheet.write_formula(row, 1, Formula::new(with_cells(content))).unwrap(),
        };
    }
    workbook.save_to_buffer().unwrap()
}

fn audit(bytes: &[u8]) -> AuditReport {
    audit_bytes(bytes, &Default::default()).unwrap()
}

/// One slip, in the cell of `name`, told in these words, and its correction is this.
fn is_told(name: &str, wrong: &str, kind: SlipKind, words: &str, correction: &str) {
    let bytes = worksheet(&[(name, wrong)]);
    let report = audit(&bytes);
    let slips: Vec<_> = report.slips().collect();
    assert_eq!(slips.len(), 1, "{name}: {}", told(&report));
    assert_eq!((slips[0].kind, &slips[0].cells), (kind, &vec![cell(name)]), "{}", told(&report));
    assert!(slips[0].explanation.contains(words), "{words}: {}", slips[0].explanation);
    let written = report.corrections[0].content.replace('$', "");
    assert_eq!(written, format!("={}", with_cells(correction)), "{}", told(&report));
    let again = audit(&fix(&bytes, &report).unwrap());
    assert!(again.is_clean(), "{}", told(&again));
}

#[test]
fn a_right_one_is_clean_and_its_network_recognised() {
    let report = audit(&worksheet(&[]));
    assert!(report.is_clean(), "{}", told(&report));
    assert_eq!(report.tables[0].network.as_deref(), Some("2-2-2, sigmoid, no biases, squared error"));
    let names: Vec<&str> = report.tables[0].weights.iter().map(|weight| weight.name.as_str()).collect();
    assert_eq!(names, ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"]);
}

#[test]
fn a_wrong_factor_is_one_slip_and_not_each_gradient_behind_it() {
    let derivative = SlipKind::WrongDerivative;
    let is_wrong = |name, wrong, words, correction| is_told(name, wrong, derivative, words, correction);
    is_wrong("dao1_do1", "{a_o1}*(1-{a_o2})", "(a_o2) where", "{a_o1}*(1-{a_o1})");
    is_wrong("dah2_dh2", "{a_h1}*(1-{a_h1})", "(a_h1) where", "{a_h2}*(1-{a_h2})");
    is_wrong("dE2_dah1", "{dE_dao2}*{dao2_do2}*{w8}", "(w8) where", "{dE_dao2}*{dao2_do2}*{w7}");
    is_wrong("dw3", "{dE_dah2}*{dah2_dh2}*{i2}", "(i2) where", "{dE_dah2}*{dah2_dh2}*{i1}");
    is_told("dE_dao2", "{t2}-{a_o2}", SlipKind::WrongSign, "the wrong sign", "{a_o2}-{t2}");
}

#[test]
fn a_path_left_out_or_multiplied_is_told_where_paths_meet() {
    let derivative = SlipKind::WrongDerivative;
    is_told("dE_dah1", "{dE1_dah1}", derivative, "the term B34 (dE2_dah1) is missing", "{dE1_dah1}+{dE2_dah1}");
    is_told("dE_dah2", "{dE1_dah2}*{dE2_dah2}", derivative, "multiplies where it should add", "{dE1_dah2}+{dE2_dah2}");
    is_told("dE_dah2", "{dE1_dah2}-{dE2_dah2}", derivative, "a minus stands where a plus", "{dE1_dah2}+{dE2_dah2}");
}

#[test]
fn the_forward_pass_the_error_and_updates_are_looked_at_too() {
    let forward = SlipKind::WrongForward;
    is_told("h2", "{w1}*{i1}+{w2}*{i2}", forward, "B6 (w1), B7 (w2) where", "{w3}*{i1}+{w4}*{i2}");
    is_told("E2", "0.5*({t1}-{a_o2})^2", SlipKind::WrongError, "(t1) where", "0.5*({t2}-{a_o2})^2");
    is_told("w5 new", "{w5}+{eta}*{dw5}", SlipKind::WrongSign, "climbs the error", "{w5}-{eta}*{dw5}");
    is_told("w6 new", "{w6}-{eta}*{dw7}", SlipKind::WrongWeight, "its own gradient stands in B30", "{w6}-{eta}*{dw6}");
}

#[test]
fn a_right_number_in_the_place_of_a_gradient_is_noted() {
    let report = audit(&worksheet(&[("dw5", "0.07215707291213626")]));
    assert!(report.is_clean(), "{}", told(&report));
    let words = format!("{} is a typed number among formulas", cell("dw5"));
    assert!(report.tables[0].notes.iter().any(|note| note.contains(&words)), "{}", told(&report));
    is_told("dw5", "0.08", SlipKind::WrongDerivative, "the number typed in", "({a_o1}-{t1})*{a_o1}*(1-{a_o1})*{a_h1}");
}
