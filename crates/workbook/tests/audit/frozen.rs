//! A whole layer that is never trained though its gradients stand in the row, and a learning rate below 0.

use longhand_workbook::audit::{SlipKind, audit_bytes, fix};

use super::made::{Layout, Rate, Table, only_slip, told};

const HIDDEN: [&str; 4] = ["w0_0_0", "w0_0_1", "w0_1_0", "w0_1_1"];

#[test]
fn a_hidden_layer_that_repeats_or_types_its_weights_is_never_trained() {
    for update in ["={w<}", "0.3"] {
        let mut made = Table::new(Layout::default());
        for name in HIDDEN {
            made.change(name, 1..25, |_, _| update.replace("{w<}", &format!("{{{name}<}}")));
        }
        let bytes = made.bytes();
        let report = audit_bytes(&bytes, &Default::default()).unwrap();
        let slips: Vec<_> = report.slips().map(|slip| (slip.kind, slip.cells[0].clone())).collect();
        let wanted = HIDDEN.map(|name| (SlipKind::NeverTrained, made.cell(name, 1)));
        assert_eq!(slips, wanted, "{}", told(&report));
        let again = audit_bytes(&fix(&bytes, &report).unwrap(), &Default::default()).unwrap();
        assert!(again.is_clean(), "{}", told(&again));
    }
}

#[test]
fn a_hidden_layer_without_gradients_is_taken_to_be_given() {
    let mut made = Table::new(Layout::default());
    for name in HIDDEN {
        made.change(name, 1..25, |_, _| format!("={{{name}<}}"));
        made.change(&format!("g{name}"), 0..25, |_, _| "0".to_owned());
    }
    assert!(made.audit().is_clean(), "{}", told(&made.audit()));
}

#[test]
fn a_rate_below_zero_is_the_one_slip() {
    for rate in [Rate::EveryRow, Rate::OtherSheet] {
        let mut made = Table::new(Layout { rate, ..Layout::default() });
        if rate == Rate::EveryRow {
            made.change("rate", made.steps(), |_, _| "-0.5".to_owned());
        } else {
            made.other.push(("Rates here".to_owned(), "C3".to_owned(), -0.5));
        }
        only_slip(&made, SlipKind::WrongSign);
        let report = made.audit();
        let slip = report.slips().next().unwrap();
        assert!(slip.explanation.contains("-0.5, below 0"), "{}", told(&report));
    }
}
