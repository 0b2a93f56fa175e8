//! One trained bias for all neurons of a layer, as in the textbook's network.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Table, only_slip, told};

/// A 2-2-2 network with a bias for the hidden layer and one for the outputs, both trained.
fn with_shared_biases() -> Table {
    let mut made = Table::new(Layout { helpers: true, ..Layout::default() });
    for layer in 1..3 {
        for k in 0..2 {
            made.change(&format!("net{layer}_{k}"), 0..25, |text, _| format!("{text}+{{b{layer}}}"));
        }
        let start = if layer == 1 { "0.35" } else { "0.6" };
        made.add(&format!("b{layer}"), |step| match step {
            0 => start.to_owned(),
            _ => format!("={{b{layer}<}}-$B$2*{{gb{layer}<}}"),
        });
        made.add(&format!("gb{layer}"), |_| format!("={{d{layer}_0}}+{{d{layer}_1}}"));
    }
    made
}

#[test]
fn a_right_one_is_clean() {
    let report = with_shared_biases().audit();
    assert!(report.is_clean() && report.tables[0].weights.len() == 10, "{}", told(&report));
}

#[test]
fn a_slip_of_the_forward_pass_is_there_and_in_no_gradient() {
    for (name, from, to) in
        [("net1_0", "{i1}", "{i0}"), ("net2_1", "{w1_1_0}", "{w1_0_0}"), ("net1_1", "w0_1_", "w0_0_")]
    {
        let mut made = with_shared_biases();
        made.change(name, 0..25, |text, _| text.replace(from, to));
        assert_eq!(only_slip(&made, SlipKind::WrongForward)[0], made.cell(name, 0), "{name}");
    }
}

#[test]
fn a_bias_gradient_without_one_neuron_is_its_slip() {
    let mut made = with_shared_biases();
    made.change("gb1", 0..25, |_, _| "={d1_0}".to_owned());
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gb1", 0));
}
