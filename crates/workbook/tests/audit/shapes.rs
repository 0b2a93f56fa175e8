//! Slips that change how a table looks to the audit: what is named is the cell that is wrong, and nothing beside it.

use longhand_workbook::audit::{AuditOptions, AuditReport, SlipKind, audit_bytes, fix};

use super::made::{Layout, Table, only_slip, told};

const WEIGHTS: [&str; 8] = ["w0_0_0", "w0_0_1", "w0_1_0", "w0_1_1", "w1_0_0", "w1_0_1", "w1_1_0", "w1_1_1"];

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
fn a_weight_that_is_never_updated_is_named() {
    for (way, content) in [("repeated", "={w1_1_1<}"), ("typed in every row", "0.5")] {
        let mut made = table();
        made.change("w1_1_1", 1..25, |_, _| content.to_owned());
        let slipped = only_slip(&made, SlipKind::NeverTrained);
        assert_eq!(slipped[0], made.cell("w1_1_1", 1), "{way}");
        let report = made.audit();
        let slip = report.slips().next().unwrap();
        assert!(slip.explanation.contains("w1_1_1 is never trained"), "{way}: {}", slip.explanation);
        // Its gradient stands in the row, and so that is what is written.
        let gradient = format!("*{}", made.cell("gw1_1_1", 0));
        assert!(slip.corrected.as_ref().unwrap().ends_with(&gradient), "{way}: {:?}", slip.corrected);
    }
    // In the first layer too, where nothing but its neighbours tells it from an input.
    let mut made = table();
    made.change("w0_0_1", 1..25, |_, _| "={w0_0_1<}".to_owned());
    assert_eq!(only_slip(&made, SlipKind::NeverTrained)[0], made.cell("w0_0_1", 1));
}

#[test]
fn an_empty_gradient_is_a_slip() {
    let mut made = table();
    made.change("gw1_0_0", 0..25, |_, _| String::new());
    let report = made.audit();
    is_sound(&report);
    assert_eq!(cells(&report), [made.cell("gw1_0_0", 0)], "{}", told(&report));
}

#[test]
fn fixed_biases_and_constants_are_no_weights_that_were_forgotten() {
    let mut made = table();
    for (net, bias) in [("net1_0", "0.35"), ("net1_1", "0.35"), ("net2_0", "0.6"), ("net2_1", "0.6")] {
        made.change(net, 0..25, |formula, _| format!("{formula}+{bias}*1"));
    }
    let report = made.audit();
    assert!(report.is_clean(), "{}", told(&report));
}

#[test]
fn a_rate_that_points_at_a_heading_is_not_clean() {
    let mut made = table();
    made.change("w0_0_0", 1..25, |formula, _| formula.replace("$B$2", "$A$2"));
    let report = made.audit();
    assert!(!report.is_clean(), "{}", told(&report));
    let [refused] = report.refused.as_slice() else { panic!("{}", told(&report)) };
    assert!(refused.contains(&made.cell("w0_0_0", 1)) && refused.contains("A2"), "{refused}");
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

#[test]
fn an_update_that_starts_from_the_first_row_is_mended_to_the_row_before() {
    let mut made = table();
    let first = made.cell("w0_0_0", 0);
    let (column, row) = first.split_at(1);
    made.change("w0_0_0", 2..25, |formula, _| formula.replace("{w0_0_0<}", &format!("${column}${row}")));
    let slipped = only_slip(&made, SlipKind::WrongStart);
    assert_eq!((slipped.len(), slipped[0].clone()), (23, made.cell("w0_0_0", 2)));
    is_sound(&made.audit());
}

#[test]
fn a_gradient_of_the_row_before_is_one_slip() {
    let mut made = table();
    let column = made.cell("gw0_0_0", 0).trim_end_matches(|next: char| next.is_ascii_digit()).to_owned();
    let first: usize = made.cell("gw0_0_0", 0)[column.len()..].parse().unwrap();
    made.change("w0_0_0", 2..25, |formula, step| {
        formula.replace("{gw0_0_0<}", &format!("{column}{}", first + step - 2))
    });
    let slipped = only_slip(&made, SlipKind::WrongUpdate);
    assert_eq!(slipped[0], made.cell("w0_0_0", 2));
}

#[test]
fn a_total_that_repeats_one_error_is_named() {
    let mut made = table();
    made.change("E", 0..25, |_, _| "={E0}".to_owned());
    assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E", 0));
}

#[test]
fn where_the_forward_pass_and_the_gradients_disagree_the_forward_cell_is_named() {
    let ways = [
        // The wrong sign of a sigmoid, the wrong input, the wrong weight.
        ("out1_0", "EXP(-", "EXP("),
        ("net1_1", "{i1}", "{i0}"),
        ("net2_0", "{w1_0_1}", "{w1_0_0}"),
    ];
    for (name, from, to) in ways {
        let mut made = table();
        made.change(name, 0..25, |formula, _| formula.replace(from, to));
        let report = made.audit();
        assert_eq!(only_slip(&made, SlipKind::WrongForward)[0], made.cell(name, 0), "{name}");
        let told = report.slips().next().unwrap().explanation.clone();
        assert!(told.contains("the forward pass and the gradients disagree"), "{told}");
    }
}

#[test]
fn a_forward_pass_with_the_weights_of_the_row_before_is_one_slip() {
    let mut made = table();
    made.change("net1_0", 1..25, |formula, _| formula.replace("{w0_0_0}", "{w0_0_0<}"));
    let slipped = only_slip(&made, SlipKind::WrongForward);
    assert_eq!((slipped.len(), slipped[0].clone()), (24, made.cell("net1_0", 1)));
}

#[test]
fn a_copy_that_would_not_be_clean_is_not_written() {
    // With inputs and targets in the first row alone every formula has several slips, each with a correction of its own.
    let mut made = table();
    for name in ["i0", "i1", "t0", "t1"] {
        made.change(name, 1..25, |_, _| String::new());
    }
    let bytes = made.bytes();
    let report = audit_bytes(&bytes, &AuditOptions::default()).unwrap();
    is_sound(&report);
    assert!(!report.is_clean(), "{}", told(&report));
    let refused = fix(&bytes, &report).unwrap_err().to_string();
    assert!(refused.starts_with("no corrected copy is written, because it would not be clean: "), "{refused}");
}

#[test]
fn a_gradient_with_weights_that_are_updated_already_is_named() {
    let mut made = table();
    for name in ["gw0_0_0", "gw0_0_1", "gw0_1_0", "gw0_1_1"] {
        for step in 0..24 {
            let next: Vec<(String, String)> =
                WEIGHTS[4..].iter().map(|weight| (format!("{{{weight}}}"), made.cell(weight, step + 1))).collect();
            made.change(name, [step], |formula, _| {
                next.iter().fold(formula.to_owned(), |text, (from, to)| text.replace(from, to))
            });
        }
    }
    let report = made.audit();
    is_sound(&report);
    assert_eq!(report.slips().count(), 4, "{}", told(&report));
    let slip = report.slips().next().unwrap();
    let [updated, own] = [made.cell("w1_0_0", 1), made.cell("w1_0_0", 0)];
    assert!(slip.explanation.contains(&format!("it uses the updated w1_0_0 ({updated})")), "{}", slip.explanation);
    assert!(slip.explanation.contains(&format!("where {own}")), "{}", slip.explanation);
    let fixed = fix(&made.bytes(), &report).unwrap();
    let again = audit_bytes(&fixed, &AuditOptions::default()).unwrap();
    assert!(again.is_clean(), "{}", told(&again));
}
