//! Right tables in every layout are clean, and the same slip is found in all of them.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Rate, Style, Table, only_slip, told};

fn layouts() -> Vec<Layout> {
    let plain = Layout::default();
    let mut all = vec![
        plain.clone(),
        Layout { across: true, ..plain.clone() },
        Layout { row: 40, column: 30, headings: false, ..plain.clone() },
        Layout { helpers: true, ..plain.clone() },
        Layout { fixed_inputs: true, ..plain.clone() },
        Layout { fixed_inputs: true, across: true, helpers: true, row: 8, ..plain.clone() },
        Layout { half: "", ..plain.clone() },
        Layout { sizes: vec![3, 4, 2], steps: 12, ..plain.clone() },
        Layout { sizes: vec![2, 3, 1], steps: 12, helpers: true, ..plain.clone() },
        Layout { sizes: vec![1, 1], steps: 12, ..plain.clone() },
        Layout { sizes: vec![2, 2, 2, 2], steps: 12, helpers: true, ..plain.clone() },
        Layout { steps: 3, ..plain.clone() },
        Layout { steps: 2, ..plain.clone() },
    ];
    for rate in [Rate::OtherSheet, Rate::Named, Rate::NamedNumber, Rate::EveryRow, Rate::Literal] {
        all.push(Layout { rate, ..plain.clone() });
    }
    for style in
        [Style::Swapped, Style::Negative, Style::Sum, Style::Behind, Style::StepCell, Style::NewWeights, Style::Inline]
    {
        all.push(Layout { style, ..plain.clone() });
        all.push(Layout { style, rate: Rate::Named, across: true, ..plain.clone() });
    }
    all
}

#[test]
fn a_right_table_is_clean_in_every_layout() {
    for layout in layouts() {
        let table = Table::new(layout.clone());
        let report = table.audit();
        assert!(report.is_clean(), "{layout:?}\n{}", told(&report));
        let [found] = report.tables.as_slice() else { panic!("{layout:?}\n{}", told(&report)) };
        let weights: usize = layout.sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
        assert_eq!((found.weights.len(), found.rows), (weights, layout.steps), "{layout:?}");
        assert_eq!(found.direction, if layout.across { "across" } else { "down" });
        assert_eq!(found.learning_rate.as_ref().unwrap().value, Some(0.5), "{layout:?}");
        let sizes: Vec<String> = layout.sizes.iter().map(usize::to_string).collect();
        let loss = "sigmoid, no biases, squared error";
        assert_eq!(found.network, Some(format!("{}, {loss}", sizes.join("-"))), "{layout:?}");
        if layout.half.is_empty() {
            assert_eq!(found.error.factor, 0.5);
            assert!(found.notes.iter().any(|note| note.contains("different loss, not a slip")), "{:?}", found.notes);
        } else {
            assert_eq!(found.error.factor, 1.0);
        }
    }
}

#[test]
fn the_usual_slip_is_found_in_every_layout() {
    for layout in layouts() {
        if layout.sizes.len() < 3 || layout.style == Style::Inline {
            continue;
        }
        let mut table = Table::new(layout.clone());
        // The derivative for a weight into the second hidden neuron, with the first one's activation.
        let steps = table.steps();
        let culprit = if layout.helpers { "d1_1" } else { "gw0_1_0" };
        table.change(culprit, steps, |formula, _| formula.replace("{out1_1}", "{out1_0}"));
        let cells = only_slip(&table, SlipKind::WrongDerivative);
        assert_eq!(cells[0], table.cell(culprit, 0), "{layout:?}");
        assert_eq!(cells.len(), layout.steps, "{layout:?}");
    }
}

#[test]
fn a_slip_inside_an_update_is_found() {
    let mut table = Table::new(Layout { style: Style::Inline, ..Layout::default() });
    let steps = 1..table.steps().end;
    table.change("w0_1_0", steps, |formula, _| formula.replace("{out1_1<}", "{out1_0<}"));
    let cells = only_slip(&table, SlipKind::WrongDerivative);
    assert_eq!(cells[0], table.cell("w0_1_0", 1));
}
