//! Slips that change how a table looks to the audit: what is named is the cell that is wrong, and nothing beside it.

use longhand_workbook::audit::{AuditOptions, AuditReport, SlipKind, audit_bytes, fix};

use super::made::{Layout, Style, Table, only_slip, told};

const WEIGHTS: [&str; 8] = ["w0_0_0", "w0_0_1", "w0_1_0", "w0_1_1", "w1_0_0", "w1_0_1", "w1_1_0", "w1_1_1"];

fn table() -> Table {
    Table::new(Layout::default())
}

fn cells(report: &AuditReport) -> Vec<&str> {
    report.slips().map(|slip| slip.cells[0].as_str()).collect()
}

/// What holds of every book with slips: one correction for a cell, wherever it is told, and a copy that is clean.
pub fn is_mended(made: &Table) {
    let bytes = made.bytes();
    let report = audit_bytes(&bytes, &AuditOptions::default()).unwrap();
    for slip in report.slips() {
        let written = report.corrections.iter().find(|correction| correction.cell == slip.cells[0]);
        assert_eq!(slip.corrected.as_ref(), written.map(|correction| &correction.content), "{}", told(&report));
    }
    let fixed = fix(&bytes, &report).unwrap_or_else(|error| panic!("{error} after\n{}", told(&report)));
    let again = audit_bytes(&fixed, &AuditOptions::default()).unwrap();
    assert!(again.is_clean(), "before:\n{}\nafter the fix:\n{}", told(&report), told(&again));
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
    for layout in
        [Layout { helpers: true, ..Layout::default() }, Layout { style: Style::NewWeights, ..Layout::default() }]
    {
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
fn a_total_of_one_error_is_what_the_report_is_about() {
    let right = table().audit().tables[0].error.last.unwrap();
    let product = "={E0}*{E1}";
    for content in ["={E0}", "={E1}", "=1*{E0}", "=0.5*({t0}-{out2_0})^2", "=0.5*({t1}-{out2_1})^2", product] {
        let mut made = table();
        made.change("E", 0..25, |_, _| content.to_owned());
        assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E", 0), "{content}");
        let report = made.audit();
        let error = &report.tables[0].error;
        assert_eq!((error.name.as_str(), error.cell.clone()), ("E", made.cell("E", 0)), "{}", told(&report));
        assert!(error.last.unwrap() < right && (error.last_mended.unwrap() - right).abs() < 1e-12, "{}", told(&report));
        let sum = format!("={}+{}", made.cell("E0", 0), made.cell("E1", 0));
        assert_eq!(report.slips().next().unwrap().corrected, Some(sum), "{content}");
    }
}

#[test]
fn where_the_forward_pass_and_the_gradients_disagree_the_forward_cell_is_named() {
    let ways = [
        // The wrong sign of a sigmoid, the wrong input, the wrong weight.
        ("out1_0", "EXP(-", "EXP(", "the minus in the exponent is missing"),
        ("net1_1", "{i1}", "{i0}", "the forward pass and the gradients disagree"),
        ("net2_0", "{w1_0_1}", "{w1_0_0}", "the forward pass and the gradients disagree"),
    ];
    for (name, from, to, words) in ways {
        let mut made = table();
        made.change(name, 0..25, |formula, _| formula.replace(from, to));
        let report = made.audit();
        assert_eq!(only_slip(&made, SlipKind::WrongForward)[0], made.cell(name, 0), "{name}");
        let told = report.slips().next().unwrap().explanation.clone();
        assert!(told.contains(words), "{told}");
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
fn inputs_in_the_first_row_alone_are_held_by_dollar_signs() {
    let mut made = table();
    for name in ["i0", "i1", "t0", "t1"] {
        made.change(name, 1..25, |_, _| String::new());
    }
    let report = made.audit();
    is_sound(&report);
    assert!(report.slips().all(|slip| slip.kind == SlipKind::Sliding), "{}", told(&report));
    assert_eq!(report.slips().count(), 4, "{}", told(&report));
    is_mended(&made);
}

#[test]
fn a_copy_that_would_not_be_clean_is_not_written() {
    // A correction that is written in by hand, and wrong.
    let mut made = table();
    made.change("w1_0_1", 1..25, |formula, _| formula.replace('-', "+"));
    let bytes = made.bytes();
    let mut report = audit_bytes(&bytes, &AuditOptions::default()).unwrap();
    report.corrections[3].content = "=1".to_owned();
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

#[test]
fn several_slips_in_one_cell_have_one_correction() {
    use SlipKind::{WrongSign, WrongStart, WrongUpdate, WrongWeight};
    let ways = [
        (["{gw0_1_0<}", "{gw0_0_0<}"], ["$B$2*", ""], vec![WrongWeight, WrongUpdate]),
        (["-$B$2", "+$B$2"], ["$B$2", "0.1"], vec![WrongSign, WrongUpdate]),
        (["{w0_1_0<}", "{w0_1_1<}"], ["$B$2", "0.1"], vec![WrongUpdate, WrongStart]),
    ];
    for (one, other, kinds) in ways {
        let mut made = table();
        made.change("w0_1_0", 1..25, |formula, _| formula.replace(one[0], one[1]).replace(other[0], other[1]));
        let report = made.audit();
        let found: Vec<SlipKind> = report.slips().map(|slip| slip.kind).collect();
        assert_eq!(found, kinds, "{}", told(&report));
        is_mended(&made);
        let right = format!("={}-$B$2*{}", made.cell("w0_1_0", 0), made.cell("gw0_1_0", 0));
        assert!(report.slips().all(|slip| slip.corrected.as_ref() == Some(&right)), "{}", told(&report));
    }
}

#[test]
fn an_update_without_its_learning_rate_is_one_slip() {
    // The gradient of the first has an input that stands in a fixed cell, and looks like a rate.
    for fixed_inputs in [true, false] {
        for style in [Style::Plain, Style::Swapped, Style::Behind, Style::NewWeights, Style::Inline] {
            for name in ["w0_0_0", "w1_0_0"] {
                let mut made = Table::new(Layout { fixed_inputs, style, ..Layout::default() });
                let update = if style == Style::NewWeights { format!("n{name}") } else { name.to_owned() };
                let first = usize::from(style != Style::NewWeights);
                made.change(&update, first..25, |formula, _| formula.replace("$B$2*", "").replace("*$B$2", ""));
                if style != Style::Behind {
                    assert_eq!(only_slip(&made, SlipKind::WrongUpdate)[0], made.cell(&update, first), "{style:?}");
                }
                let report = made.audit();
                assert_eq!(report.slips().count(), 1, "{style:?}\n{}", told(&report));
                let slip = report.slips().next().unwrap();
                assert!(slip.explanation.contains("has no learning rate"), "{style:?}: {}", slip.explanation);
                assert!(slip.explanation.contains("$B$2 = 0.5"), "{}", slip.explanation);
                assert_eq!(report.tables[0].learning_rate.as_ref().unwrap().cell, "B2");
                is_mended(&made);
            }
        }
    }
    // Half of the columns without it are no other way of training.
    let mut made = table();
    for name in &WEIGHTS[..4] {
        made.change(name, 1..25, |formula, _| formula.replace("$B$2*", ""));
    }
    assert_eq!(made.audit().slips().count(), 4, "{}", told(&made.audit()));
    is_mended(&made);
    // None with it is.
    let mut made = table();
    for name in WEIGHTS {
        made.change(name, 1..25, |formula, _| formula.replace("$B$2*", ""));
    }
    let report = made.audit();
    assert!(report.is_clean(), "{}", told(&report));
    assert!(report.tables[0].notes.iter().any(|note| note.contains("at the rate 1")), "{}", told(&report));
}

#[test]
fn a_gradient_held_in_the_first_row_by_dollar_signs_is_a_wrong_update() {
    let mut made = table();
    let gradient = made.cell("gw0_1_0", 0);
    let digits = gradient.find(|next: char| next.is_ascii_digit()).unwrap();
    let held = format!("${}${}", &gradient[..digits], &gradient[digits..]);
    made.change("w0_1_0", 1..25, |formula, _| formula.replace("{gw0_1_0<}", &held));
    // The first update takes the right one.
    assert_eq!(only_slip(&made, SlipKind::WrongUpdate)[0], made.cell("w0_1_0", 2));
    let told = made.audit().slips().next().unwrap().explanation.clone();
    assert!(told.contains(&format!("from {gradient} in every row")), "{told}");
}

#[test]
fn a_weight_that_was_left_out_of_its_sum_is_no_clean_table() {
    for (fixed_inputs, half) in [(false, "0.5*"), (true, "0.5*"), (false, "")] {
        let mut made = Table::new(Layout { fixed_inputs, half, ..Layout::default() });
        let right = made.audit().tables[0].error.last.unwrap();
        let terms = |formula: &str, _: usize| formula.split('+').next().unwrap().to_owned();
        made.change("net1_0", 0..25, terms);
        assert_eq!(only_slip(&made, SlipKind::WrongForward)[0], made.cell("net1_0", 0));
        let report = made.audit();
        let told = &report.slips().next().unwrap().explanation;
        assert!(told.starts_with("w0_0_1 is updated, but the error does not depend on it: the sum in"), "{told}");
        assert!((report.tables[0].error.last_mended.unwrap() - right).abs() < 1e-12, "{}", self::told(&report));
    }
}

#[test]
fn a_cross_entropy_without_its_minus_is_one_slip() {
    let mut made = table();
    for k in 0..2 {
        made.change(&format!("E{k}"), 0..25, |_, _| {
            format!("={{t{k}}}*LN({{out2_{k}}})+(1-{{t{k}}})*LN(1-{{out2_{k}}})")
        });
    }
    // Of a sigmoid and this error together, a difference is left.
    for name in WEIGHTS {
        made.change(&format!("g{name}"), 0..25, |formula, _| {
            (0..2).fold(formula.to_owned(), |text, k| text.replace(&format!("*{{out2_{k}}}*(1-{{out2_{k}}})"), ""))
        });
    }
    assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E", 0));
    let told = made.audit().slips().next().unwrap().explanation.clone();
    assert!(told.contains("E lacks its minus"), "{told}");
}

#[test]
fn a_term_of_the_error_with_the_target_of_another_is_the_errors_slip() {
    let layouts = [
        Layout::default(),
        Layout { fixed_inputs: true, ..Layout::default() },
        Layout { helpers: true, ..Layout::default() },
        Layout { across: true, half: "", ..Layout::default() },
    ];
    for layout in layouts {
        let mut made = Table::new(layout.clone());
        made.change("E1", 0..25, |formula, _| formula.replace("{t1}", "{t0}").replace("$G$2", "$G$1"));
        assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E1", 0), "{layout:?}");
        let report = made.audit();
        let slip = report.slips().next().unwrap();
        assert!(slip.explanation.starts_with("E1 takes "), "{}", slip.explanation);
        assert!(slip.expected.unwrap() != slip.value.unwrap(), "{}", told(&report));
        is_mended(&made);
    }
    // Where the gradients have it wrong, they are blamed: the error takes each target once.
    let mut made = Table::new(Layout { helpers: true, ..Layout::default() });
    made.change("d2_1", 0..25, |formula, _| formula.replace("{t1}", "{t0}"));
    let report = made.audit();
    assert!(report.slips().count() > 0, "{}", told(&report));
    assert!(report.slips().all(|slip| slip.kind == SlipKind::WrongDerivative), "{}", told(&report));
}

#[test]
fn a_term_of_the_error_without_its_half_is_the_errors_slip() {
    for helpers in [false, true] {
        let mut made = Table::new(Layout { helpers, ..Layout::default() });
        made.change("E1", 0..25, |formula, _| formula.replace("0.5*", ""));
        assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E1", 0), "{helpers}");
        let report = made.audit();
        let slip = report.slips().next().unwrap();
        assert!(slip.explanation.starts_with("E1 lacks the ½ of the other terms"), "{}", slip.explanation);
        assert!(slip.corrected.as_ref().unwrap().starts_with("=0.5*("), "{:?}", slip.corrected);
        is_mended(&made);
    }
    // A gradient that is twice too large is no reason to halve the error.
    let mut made = Table::new(Layout { helpers: true, ..Layout::default() });
    made.change("d2_1", 0..25, |formula, _| format!("=2*({})", formula.trim_start_matches('=')));
    let report = made.audit();
    assert!(report.slips().all(|slip| slip.kind == SlipKind::WrongDerivative), "{}", told(&report));
    assert!(report.slips().count() > 0, "{}", told(&report));
}
