//! Steps in cells of their own, Δw = η·g, that all updates take off their weights: a slip in one is told there, one in an update
//! in the update.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Style, Table, only_slip, told};

fn steps() -> Table {
    Table::new(Layout { style: Style::StepCell, ..Layout::default() })
}

/// The slip is in the column of `name`, from this step on.
fn is_in(made: &Table, name: &str, first: usize, kind: SlipKind) {
    let cells = only_slip(made, kind);
    assert_eq!(cells[0], made.cell(name, first), "{}", told(&made.audit()));
}

#[test]
fn a_step_with_a_slip_is_where_it_is_told() {
    let mut made = steps();
    made.change("sw1_0_1", 0..25, |text, _| text.replacen('=', "=-", 1));
    is_in(&made, "sw1_0_1", 0, SlipKind::WrongSign);
    let mut made = steps();
    made.change("sw1_0_1", 0..25, |text, _| text.replace("{gw1_0_1}", "{gw1_0_0}"));
    is_in(&made, "sw1_0_1", 0, SlipKind::WrongWeight);
    let mut made = steps();
    made.change("sw1_0_1", 0..25, |_, _| "=1*{gw1_0_1}".to_owned());
    is_in(&made, "sw1_0_1", 0, SlipKind::WrongUpdate);
}

#[test]
fn an_update_unlike_the_others_is_where_it_is_told() {
    let mut made = steps();
    made.change("w1_0_1", 1..25, |text, _| text.replace('-', "+"));
    is_in(&made, "w1_0_1", 1, SlipKind::WrongSign);
}
