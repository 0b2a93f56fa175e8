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
