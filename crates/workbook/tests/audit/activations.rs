//! The derivative of another activation than the neuron's own, or one too many.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Table, only_slip, told};

fn deltas() -> Table {
    Table::new(Layout { helpers: true, ..Layout::default() })
}

/// The slip is in the column of `name` alone, and told in these words.
fn is_told(made: &Table, name: &str, words: &str) {
    let cells = only_slip(made, SlipKind::WrongDerivative);
    assert_eq!(cells[0], made.cell(name, 0), "{}", told(&made.audit()));
    let report = made.audit();
    let explanation = &report.slips().next().unwrap().explanation;
    assert!(explanation.contains(words), "{explanation}");
}

#[test]
fn that_of_tanh_for_the_sigmoids() {
    for square in ["{out1_0}^2", "{out1_0}*{out1_0}"] {
        let mut made = deltas();
        made.change("d1_0", 0..25, |text, _| text.replace("{out1_0}*(1-{out1_0})", &format!("(1-{square})")));
        is_told(&made, "d1_0", "the derivative of tanh, ");
    }
}

#[test]
fn that_of_the_sigmoid_for_tanhs_and_relus() {
    for (forward, backward, words) in [
        ("=TANH({net})", "(1-{out}^2)", ", stands where that of tanh, 1-"),
        ("=MAX(0,{net})", "IF({net}>0,1,0)", ", stands where that of ReLU, IF("),
    ] {
        let mut made = deltas();
        for neuron in ["1_0", "1_1"] {
            let own = |text: &str| {
                text.replace("{net}", &format!("{{net{neuron}}}")).replace("{out}", &format!("{{out{neuron}}}"))
            };
            made.change(&format!("out{neuron}"), 0..25, |_, _| own(forward));
            let sigmoid = own("{out}*(1-{out})");
            made.change(&format!("d{neuron}"), 0..25, |text, _| text.replace(&sigmoid, &own(backward)));
        }
        let report = made.audit();
        assert!(report.is_clean(), "{}", told(&report));
        made.change("d1_1", 0..25, |text, _| {
            let own = |text: &str| text.replace("{net}", "{net1_1}").replace("{out}", "{out1_1}");
            text.replace(&own(backward), &own("{out}*(1-{out})"))
        });
        is_told(&made, "d1_1", words);
    }
}

#[test]
fn one_that_is_there_twice() {
    let mut made = deltas();
    made.change("gw1_1_0", 0..25, |text, _| format!("{text}*{{out2_1}}*(1-{{out2_1}})"));
    is_told(&made, "gw1_1_0", "the derivative of the sigmoid, is one too many");
}
