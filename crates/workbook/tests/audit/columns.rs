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
