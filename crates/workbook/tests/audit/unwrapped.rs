//! Formulas inside ROUND, IFERROR or IF are judged as what they are inside.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Table, only_slip, told};

const WEIGHTS: [&str; 8] = ["w0_0_0", "w0_0_1", "w0_1_0", "w0_1_1", "w1_0_0", "w1_0_1", "w1_1_0", "w1_1_1"];

fn wrapped(names: &[String], steps: std::ops::Range<usize>, before: &str, after: &str) -> Table {
    let mut made = Table::new(Layout::default());
    for name in names {
        made.change(name, steps.clone(), |text, _| format!("={before}{}{after}", text.strip_prefix('=').unwrap()));
    }
    made
}

fn names(prefix: &str) -> Vec<String> {
    WEIGHTS.iter().map(|weight| format!("{prefix}{weight}")).collect()
}

#[test]
fn right_ones_are_clean_and_the_report_says_what_was_judged() {
    let outputs = ["out1_0", "out1_1", "out2_0", "out2_1"].map(str::to_owned);
    let cases = [
        wrapped(&names(""), 1..25, "ROUND(", ",6)"),
        wrapped(&names("g"), 0..25, "ROUND(", ",5)"),
        wrapped(&outputs, 0..25, "ROUND(", ",4)"),
        wrapped(&outputs, 0..25, "TRUNC(", ",4)"),
        wrapped(&names(""), 1..25, "IFERROR(", ",\"\")"),
        wrapped(&names(""), 1..25, "IF($B$2=\"\",\"\",", ")"),
        wrapped(&names("g"), 0..25, "IF($B$2<>0,", ",\"-\")"),
    ];
    for made in cases {
        let report = made.audit();
        assert!(report.is_clean(), "{}", told(&report));
        assert_eq!(report.tables[0].network.as_deref(), Some("2-2-2, sigmoid, no biases, squared error"));
        assert!(report.notes.iter().any(|note| note.contains("the formula inside")), "{}", told(&report));
        assert!(!told(&report).contains("no longer give"), "{}", told(&report));
    }
}

#[test]
fn a_correction_keeps_what_stands_around_it() {
    let around =
        [("ROUND(", ",6)"), ("IFERROR(", ",\"\")"), ("IF($B$2=\"\",\"\",", ")"), ("IFERROR(ROUND(", ",6),\"\")")];
    for (before, after) in around {
        let mut made = wrapped(&names("g"), 0..25, before, after);
        made.change("gw1_0_1", 0..25, |text, _| text.replace("{out1_1}", "{out1_0}"));
        only_slip(&made, SlipKind::WrongDerivative);
        let report = made.audit();
        let written = &report.corrections[0].content;
        assert!(written.starts_with(&format!("={before}")) && written.ends_with(after), "{written}");
    }
}

#[test]
fn what_shows_a_text_or_takes_another_branch_is_not_judged_by_what_it_does_not_show() {
    let never = wrapped(&names("g"), 0..25, "IF(1=2,", ",\"\")");
    assert!(!never.audit().is_clean(), "{}", told(&never.audit()));
    let mut made = Table::new(Layout::default());
    made.change("gw1_0_1", 0..25, |text, _| {
        let right = text.strip_prefix('=').unwrap();
        format!("=IF({{i0}}>0,IF({{i0}}>5,\"\",{}),{right})", right.replace("{out1_1}", "{out1_0}"))
    });
    assert_eq!(made.audit().slips().next().unwrap().cells[0], made.cell("gw1_0_1", 0), "{}", told(&made.audit()));
}

#[test]
fn an_input_that_is_worked_out_by_rounding_stays() {
    let mut made = Table::new(Layout::default());
    made.change("i0", 0..25, |_, _| "=ROW()-2*TRUNC(ROW()/2)".to_owned());
    let report = made.audit();
    assert!(report.is_clean() && report.notes.iter().all(|note| !note.contains("TRUNC")), "{}", told(&report));
    made.change("gw0_0_0", 0..25, |text, _| text.replace("{w1_0_0}", "{w1_0_1}"));
    assert_eq!(made.audit().slips().next().unwrap().cells[0], made.cell("gw0_0_0", 0));
}

#[test]
fn a_step_of_relu_is_no_such_function() {
    let mut made = Table::new(Layout::default());
    for k in 0..2 {
        made.change(&format!("out1_{k}"), 0..25, |_, _| format!("=IF({{net1_{k}}}>0,{{net1_{k}}},0)"));
    }
    let report = made.audit();
    assert!(!report.is_clean() && report.notes.iter().all(|note| !note.contains("inside")), "{}", told(&report));
}
