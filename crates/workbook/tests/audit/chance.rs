//! Corrections that are right with the numbers of a sheet and no others are not offered: in the textbook's network i2 is
//! twice i1, and t2 is 1 − t1.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Table, only_slip, told};

fn said(made: &Table) -> String {
    only_slip(made, SlipKind::WrongDerivative);
    told(&made.audit())
}

#[test]
fn twice_a_gradient_is_a_factor_and_no_other_input() {
    let mut made = Table::new(Layout::default());
    made.change("gw0_0_1", 0..25, |text, _| text.replacen('=', "=2*", 1));
    let said = said(&made);
    assert!(said.contains("the factor 2 is one too many") && !said.contains("belongs"), "{said}");
}

#[test]
fn half_a_gradient_is_a_divisor_and_no_other_input() {
    let mut made = Table::new(Layout::default());
    made.change("gw0_1_0", 0..25, |text, _| format!("{text}/2"));
    let text = said(&made);
    assert!(text.contains("the factor 1/2 is one too many"), "{text}");
    made.change("gw0_1_0", 0..25, |text, _| text.strip_suffix("/2").unwrap().replacen('=', "=0.5*", 1));
    let text = said(&made);
    assert!(text.contains("the factor 0.5 is one too many"), "{text}");
}

#[test]
fn a_number_typed_into_a_formula_keeps_its_correction() {
    let mut made = Table::new(Layout::default());
    made.change("gw1_0_0", 0..25, |text, _| text.replace("{t0}", "0.01").replace("{out1_0}", "{out1_1}"));
    let text = said(&made);
    assert!(text.contains("(out1_1) where"), "{text}");
}

/// A target of 1, or an input that is 0 or 1, stands for no factor.
#[test]
fn a_factor_too_many_is_no_other_cell_that_happens_to_hold_one() {
    let layout = Layout { sizes: vec![2, 2, 1], helpers: true, ..Layout::default() };
    let mut made = Table::new(layout);
    made.change("t0", 0..25, |_, _| "1".to_owned());
    made.change("gw1_0_0", 0..25, |text, _| format!("{text}*{{i0}}"));
    let text = said(&made);
    assert!(text.contains("one too many") && !text.contains("belongs"), "{text}");
    for column in ["i0", "i1"] {
        made.change(column, 0..25, |_, step| {
            if (step / if column == "i0" { 1 } else { 2 }) % 2 == 0 { "0" } else { "1" }.to_owned()
        });
    }
    let text = said(&made);
    assert!(text.contains("one too many") && !text.contains("adds"), "{text}");
}
