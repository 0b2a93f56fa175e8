//! A neuron's sum with the weights of another neuron: the formula above or beside it copied and not changed.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Table, only_slip, told};

#[test]
fn its_sum_is_the_one_slip_and_no_gradient_is() {
    let layouts = [
        Layout::default(),
        Layout { helpers: true, across: true, ..Layout::default() },
        Layout { fixed_inputs: true, ..Layout::default() },
        Layout { sizes: vec![3, 4, 2], helpers: true, ..Layout::default() },
    ];
    for layout in layouts {
        let sizes = layout.sizes.clone();
        for (layer, neuron, other) in [(1, 1, 0), (1, 0, 1), (2, 1, 0), (1, sizes[1] - 1, 0)] {
            let mut made = Table::new(layout.clone());
            let (own, theirs) = (format!("w{}_{neuron}_", layer - 1), format!("w{}_{other}_", layer - 1));
            let name = format!("net{layer}_{neuron}");
            made.change(&name, made.steps(), |text, _| text.replace(&own, &theirs));
            assert_eq!(only_slip(&made, SlipKind::WrongForward)[0], made.cell(&name, 0), "{sizes:?} {name}");
            let said = told(&made.audit());
            assert!(said.contains(" belong"), "{said}");
        }
    }
}
