//! Slips that change how a table looks to the audit: what is named is the cell that is wrong, and nothing beside it.

use longhand_workbook::audit::{AuditReport, SlipKind};

use super::made::{Layout, Table, only_slip, told};

fn table() -> Table {
    Table::new(Layout::default())
}

fn cells(report: &AuditReport) -> Vec<&str> {
    report.slips().map(|slip| slip.cells[0].as_str()).collect()
}

/// What holds of every report: no correction that changes nothing, no slip without a cell.
fn is_sound(report: &AuditReport) {
    for slip in report.slips() {
        assert!(slip.corrected.as_ref() != Some(&slip.found), "{}", told(report));
        assert!(!slip.cells.is_empty() && !slip.cell.is_empty(), "{}", told(report));
    }
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

#[test]
fn inputs_typed_once_and_repeated_are_clean() {
    for relative in [false, true] {
        let mut made = table();
        for name in ["i0", "i1", "t0", "t1"] {
            let first = made.cell(name, 0);
            let (column, row) = first.split_at(first.find(|next: char| next.is_ascii_digit()).unwrap());
            made.change(
                name,
                1..25,
                |_, _| if relative { format!("={{{name}<}}") } else { format!("=${column}${row}") },
            );
        }
        let report = made.audit();
        assert!(report.is_clean(), "{}", told(&report));
        // A number in the middle is still odd.
        made.change("i1", [12], |_, _| "0.7".to_owned());
        let report = made.audit();
        assert!(cells(&report).contains(&made.cell("i1", 12).as_str()), "{}", told(&report));
        is_sound(&report);
    }
}
