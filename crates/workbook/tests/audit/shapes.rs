//! Slips that change how a table looks to the audit: what is named is the cell that is wrong, and nothing beside it.

use longhand_workbook::audit::{AuditReport, SlipKind};

use super::made::{Layout, Table, only_slip, told};

fn table() -> Table {
    Table::new(Layout::default())
}

fn cells(report: &AuditReport) -> Vec<&str> {
    report.slips().map(|slip| slip.cells[0].as_str()).collect()
}

#[test]
fn the_gradient_of_the_wrong_output_neuron_is_named_and_no_other() {
    let of_the_other = |formula: &str, _| formula.replace("{out2_0}", "{out2_1}").replace("{t0}", "{t1}");
    let mut made = table();
    made.change("gw1_0_0", 0..25, of_the_other);
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw1_0_0", 0));
    // With helper cells as well, and where the updated weight is repeated by the next row.
    for layout in [
        Layout { helpers: true, ..Layout::default() },
        Layout { style: super::made::Style::NewWeights, ..Layout::default() },
    ] {
        let mut made = Table::new(layout.clone());
        let to = |formula: &str, step: usize| of_the_other(formula, step).replace("{d2_0}", "{d2_1}");
        made.change("gw1_0_0", 0..25, to);
        assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw1_0_0", 0), "{layout:?}");
    }
}

#[test]
fn two_updates_that_take_each_others_gradients_are_two_slips() {
    let mut made = table();
    made.change("w1_0_1", 1..25, |formula, _| formula.replace("gw1_0_1", "gw1_1_0"));
    made.change("w1_1_0", 1..25, |formula, _| formula.replace("gw1_1_0", "gw1_0_1"));
    let report = made.audit();
    assert!(report.slips().all(|slip| slip.kind == SlipKind::WrongWeight), "{}", told(&report));
    assert_eq!(cells(&report), [made.cell("w1_0_1", 1), made.cell("w1_1_0", 1)], "{}", told(&report));
}
