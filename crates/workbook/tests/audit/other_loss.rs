//! Gradients that are all of another loss than the sheet's: slips as before, and a note that says which loss.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Table, told};
use super::softmax::changed_where;

const CROSS_ENTROPY: &str = "=-({t}*LN({out})+(1-{t})*LN(1-{out}))";

fn layouts() -> [Layout; 3] {
    let helpers = Layout { helpers: true, ..Layout::default() };
    [
        helpers.clone(),
        Layout { fixed_inputs: true, ..helpers.clone() },
        Layout { sizes: vec![2, 3, 3], across: true, ..helpers },
    ]
}

/// A table whose terms, and whose deltas of the outputs, are changed: `{t}` and `{out}` stand for target and output.
fn changed(layout: &Layout, loss: Option<&str>, delta: Option<&str>) -> Table {
    let mut made = Table::new(layout.clone());
    let depth = layout.sizes.len() - 1;
    for k in 0..layout.sizes[depth] {
        let target = if layout.fixed_inputs { format!("$G${}", k + 1) } else { format!("{{t{k}}}") };
        let written = |text: &str| text.replace("{t}", &target).replace("{out}", &format!("{{out{depth}_{k}}}"));
        for (name, text) in [(format!("E{k}"), loss), (format!("d{depth}_{k}"), delta)] {
            if let Some(text) = text {
                made.change(&name, made.steps(), |_, _| written(text));
            }
        }
    }
    made
}

/// Its one note of another loss.
fn note(made: &Table) -> Option<String> {
    let report = made.audit();
    let notes: Vec<_> = report.tables.iter().flat_map(|table| &table.notes).collect();
    let mut of_loss = notes.iter().filter(|note| note.contains("another loss"));
    let first = of_loss.next().map(|note| (**note).clone());
    assert!(of_loss.next().is_none(), "{}", told(&report));
    first
}

#[test]
fn squared_gradients_beside_a_cross_entropy() {
    for layout in layouts() {
        let made = changed(&layout, Some(CROSS_ENTROPY), None);
        let report = made.audit();
        assert!(report.slips().next().is_some(), "{}", told(&report));
        let note = note(&made).unwrap_or_else(|| panic!("{}", told(&report)));
        let target = if layout.fixed_inputs { "$G$1".to_owned() } else { made.cell("t0", 0) };
        let output = made.cell(&format!("out{}_0", layout.sizes.len() - 1), 0);
        let write = format!("=0.5*({target}-{output})^2 in {}, =", made.cell("E0", 0));
        assert!(note.contains("½(target − output)²") && note.contains(&write), "{note}");
    }
}

/// The derivative of the outputs' sigmoids forgotten everywhere is a cross-entropy's gradient.
#[test]
fn gradients_of_a_cross_entropy_beside_squares() {
    for layout in layouts() {
        let made = changed(&layout, None, Some("={out}-{t}"));
        let note = note(&made).unwrap_or_else(|| panic!("{}", told(&made.audit())));
        let write = format!(") in {}, =-(", made.cell("E0", 0));
        assert!(note.contains("(1 − target)·ln(1 − output)") && note.contains(&write), "{note}");
    }
}

#[test]
fn no_note_where_a_gradient_is_wrong_in_any_case() {
    let layout = Layout { helpers: true, ..Layout::default() };
    let wrong = |made: &mut Table| made.change("gw1_0_1", made.steps(), |text, _| text.replace("out1_1", "out1_0"));
    for (loss, delta) in [(Some(CROSS_ENTROPY), None), (None, Some("={out}-{t}"))] {
        let mut made = changed(&layout, loss, delta);
        wrong(&mut made);
        assert_eq!(note(&made), None);
    }
    // Nor where the loss and its gradients belong together.
    let mut made = changed(&layout, Some(CROSS_ENTROPY), Some("={out}-{t}"));
    assert!(made.audit().is_clean(), "{}", told(&made.audit()));
    wrong(&mut made);
    assert_eq!((note(&made), made.audit().slips().count()), (None, 1), "{}", told(&made.audit()));
}

/// The error as one formula tells no targets from outputs.
#[test]
fn no_note_where_terms_cannot_be_told_apart() {
    let mut made = changed(&Layout { helpers: true, ..Layout::default() }, Some(CROSS_ENTROPY), None);
    let of_both = "=-({t0}*LN({out2_0})+(1-{t0})*LN(1-{out2_0}))-({t1}*LN({out2_1})+(1-{t1})*LN(1-{out2_1}))";
    made.change("E", made.steps(), |_, _| of_both.to_owned());
    assert_eq!(note(&made), None);
    assert!(made.audit().slips().next().is_some());
}

#[test]
fn squares_beside_the_gradients_of_a_softmax() {
    let report = changed_where(
        |formula| formula.contains("LN("),
        |formula| {
            let (target, output) = formula.trim_start_matches("-(").split_once("*LN(").unwrap();
            format!("0.5*({target}-{})^2", output.trim_end_matches(')'))
        },
    );
    let slips = report.slips().filter(|slip| slip.kind == SlipKind::WrongDerivative).count();
    assert!(slips > 0, "{}", told(&report));
    assert!(told(&report).contains("the cross-entropy −target·ln output. If"), "{}", told(&report));
}
