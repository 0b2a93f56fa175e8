//! Parts of a sigmoid in columns of their own.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Table, only_slip, told};

fn with_exponentials() -> Table {
    let mut made = Table::new(Layout::default());
    for name in ["1_0", "1_1", "2_0", "2_1"] {
        made.change(&format!("out{name}"), 0..25, |_, _| format!("=1/(1+{{e{name}}})"));
        made.add(&format!("e{name}"), |_| format!("=EXP(-{{net{name}}})"));
    }
    made
}

#[test]
fn the_network_is_recognised() {
    let report = with_exponentials().audit();
    assert!(report.is_clean(), "{}", told(&report));
    assert_eq!(report.tables[0].network.as_deref(), Some("2-2-2, sigmoid, no biases, squared error"));
}

#[test]
fn an_exponential_of_another_sum_or_sign_is_the_one_slip() {
    for (name, wrong) in [("e2_1", "=EXP(-{net2_0})"), ("e2_1", "=EXP({net2_1})"), ("e1_0", "=EXP({net1_0})")] {
        let mut made = with_exponentials();
        made.change(name, 0..25, |_, _| wrong.to_owned());
        assert_eq!(only_slip(&made, SlipKind::WrongForward)[0], made.cell(name, 0), "{wrong}");
    }
}

/// The error's terms made of differences in columns of their own.
fn with_differences() -> Table {
    let mut made = Table::new(Layout::default());
    for k in 0..2 {
        made.change(&format!("E{k}"), 0..25, |_, _| format!("=0.5*{{e{k}}}^2"));
        made.add(&format!("e{k}"), |_| format!("={{t{k}}}-{{out2_{k}}}"));
    }
    made
}

#[test]
fn a_difference_with_another_target_or_taken_twice_is_the_one_slip() {
    assert!(with_differences().audit().is_clean());
    let mut made = with_differences();
    made.change("e1", 0..25, |_, _| "={t0}-{out2_1}".to_owned());
    assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("e1", 0));
    let mut made = with_differences();
    made.change("E1", 0..25, |_, _| "=0.5*{e0}^2".to_owned());
    assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E1", 0));
}
