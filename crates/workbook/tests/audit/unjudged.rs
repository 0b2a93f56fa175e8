//! A table whose gradients cannot be told from its updates is not called clean.

use longhand_workbook::audit::{Verdict, html, text};

use super::made::{Layout, Rate, Table, told};

const WEIGHTS: [&str; 8] = ["w0_0_0", "w0_0_1", "w0_1_0", "w0_1_1", "w1_0_0", "w1_0_1", "w1_1_0", "w1_1_1"];

fn is_not_called_clean(made: &Table, words: &str) {
    let report = made.audit();
    assert_eq!((report.verdict, report.slips().count()), (Verdict::Slips, 0), "{}", told(&report));
    assert!(report.tables[0].weights.iter().all(|weight| weight.is_unjudged && !weight.ok), "{}", told(&report));
    assert!(report.refused.len() == 1 && report.refused[0].contains(words), "{:?}", report.refused);
    let text = text(&report);
    assert!(text.contains("not all of it could be audited") && text.contains("?    w0_0_0"), "{text}");
    let page = html(&report);
    assert!(page.contains("Not all of it could be audited.") && page.contains("not judged"), "{page}");
    assert!(!page.contains("Clean:"), "{page}");
}

#[test]
fn every_gradient_held_in_the_first_row() {
    let mut made = Table::new(Layout::default());
    for name in WEIGHTS {
        let cell = made.cell(&format!("g{name}"), 0);
        let digits = cell.find(|c: char| c.is_ascii_digit()).unwrap();
        let held = format!("${}${}", &cell[..digits], &cell[digits..]);
        made.change(name, 1..25, |_, _| format!("={{{name}<}}-$B$2*{held}"));
    }
    is_not_called_clean(
        &made,
        "w0_0_0, w0_0_1, w0_1_0, w0_1_1, w1_0_0, w1_0_1, w1_1_0, w1_1_1: what the updates take off",
    );
}

#[test]
fn a_learning_rate_of_zero() {
    let mut made = Table::new(Layout { rate: Rate::EveryRow, ..Layout::default() });
    made.change("rate", made.steps(), |_, _| "0".to_owned());
    is_not_called_clean(&made, "the learning rate is 0 or an empty cell");
}
