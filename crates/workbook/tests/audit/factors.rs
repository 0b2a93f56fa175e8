//! A factor or a path of the chain rule too few or too many: one slip where it is, also where every gradient behind it looks
//! wrong.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Style, Table, only_slip, told};
use super::mutations::{audit, formulas, own_workbook, part, with_part};

fn layouts() -> [Layout; 4] {
    let helpers = Layout { helpers: true, ..Layout::default() };
    [
        helpers.clone(),
        Layout { fixed_inputs: true, across: true, row: 8, ..helpers.clone() },
        Layout { sizes: vec![2, 2, 2, 2], steps: 12, ..helpers.clone() },
        Layout { sizes: vec![2, 3, 1], steps: 12, style: Style::StepCell, ..helpers },
    ]
}

/// One change of a delta's column is one slip there, told in these words, and its correction makes the table clean.
fn is_told(layout: &Layout, name: &str, words: &[&str], change: impl Fn(&str) -> String) {
    let mut made = Table::new(layout.clone());
    made.change(name, 0..layout.steps, |formula, _| {
        let changed = change(formula);
        assert_ne!(formula, changed, "{name}");
        changed
    });
    let cells = only_slip(&made, SlipKind::WrongDerivative);
    assert_eq!(cells[0], made.cell(name, 0), "{layout:?} {}", told(&made.audit()));
    let report = made.audit();
    let explanation = &report.slips().next().unwrap().explanation;
    assert!(words.iter().all(|words| explanation.contains(words)), "{name}: {explanation}");
}

/// Calls `check` with each layout, and in it with one delta of each layer: its name, and its output's.
fn each_delta(check: impl Fn(&Layout, &str, &str)) {
    for layout in layouts() {
        for layer in 1..layout.sizes.len() {
            check(&layout, &format!("d{layer}_0"), &format!("out{layer}_0"));
        }
    }
}

#[test]
fn what_a_delta_lacks_is_the_deltas_slip() {
    each_delta(|layout, name, out| {
        let lost = |part: &str| {
            let part = part.replace("out", &format!("{{{out}}}"));
            move |formula: &str| formula.replacen(&part, "", 1)
        };
        is_told(layout, name, &["the factor (1 − ", out, "is missing"], lost("*(1-out)"));
        is_told(layout, name, &["the factor ", out, "is missing"], lost("*out"));
        is_told(layout, name, &["the factor ", out, " · (1 − ", "is missing"], lost("*out*(1-out)"));
    });
    for layout in layouts() {
        let below = layout.sizes.len() - 2;
        let path = format!("*{{w{below}_0_0}}");
        is_told(&layout, &format!("d{below}_0"), &["the factor ", "is missing"], |f| f.replacen(&path, "", 1));
    }
}

#[test]
fn what_a_delta_has_too_many_is_the_deltas_slip() {
    each_delta(|layout, name, out| {
        let by = |factor: &str| {
            let factor = factor.replace("out", &format!("{{{out}}}"));
            move |formula: &str| format!("={factor}*({})", &formula[1..])
        };
        is_told(layout, name, &["the factor ", "is one too many"], by("out"));
        is_told(layout, name, &["the factor 1-", "is one too many"], by("(1-out)"));
        is_told(layout, name, &["the factor 3 is one too many"], by("3"));
    });
}

#[test]
fn a_path_that_a_delta_lacks_or_has_too_many_is_the_deltas_slip() {
    for layout in layouts() {
        let depth = layout.sizes.len() - 1;
        let name = format!("d{}_0", depth - 1);
        let path = format!("{{d{depth}_0}}*{{w{}_0_0}}", depth - 1);
        if layout.sizes[depth] > 1 {
            let words = [&format!("(d{depth}_0) · "), &format!("(w{}_0_0) is missing", depth - 1)];
            is_told(&layout, &name, &words.map(String::as_str), |formula| formula.replace(&format!("{path}+"), ""));
        }
        let last = format!("out{}_0", depth - 1);
        is_told(&layout, &name, &["the term ", " is one too many"], |formula| {
            formula.replace(&path, &format!("{path}+{{d{depth}_0}}*{{{last}}}"))
        });
    }
}

#[test]
fn a_delta_that_no_small_change_mends_is_given_its_derivative_by_way_of_the_deltas_above() {
    for layout in layouts() {
        let depth = layout.sizes.len() - 1;
        for layer in 1..=depth {
            let name = format!("d{layer}_0");
            is_told(&layout, &name, &["it is not the derivative of the error by "], |formula| {
                format!("=SQRT(ABS({}))", &formula[1..])
            });
            let mut made = Table::new(layout.clone());
            made.change(&name, 0..layout.steps, |formula, _| format!("=SQRT(ABS({}))", &formula[1..]));
            let report = made.audit();
            let corrected = report.slips().next().unwrap().corrected.clone().unwrap();
            if layer < depth {
                let above = made.cell(&format!("d{}_0", layer + 1), 0);
                assert!(corrected.contains(&above), "{above} {corrected}");
            }
        }
    }
}

#[test]
fn what_one_gradient_lacks_is_put_into_it_and_the_rest_left_as_it_stands() {
    for helpers in [false, true] {
        let mut made = Table::new(Layout { helpers, ..Layout::default() });
        made.change("gw1_0_0", 0..25, |formula, _| formula.replace("*{out1_0}", ""));
        assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw1_0_0", 0));
        let report = made.audit();
        let slip = report.slips().next().unwrap();
        assert!(slip.explanation.contains("the factor ") && slip.explanation.contains("(out1_0) is missing"));
        let corrected = slip.corrected.as_ref().unwrap();
        assert!(corrected.starts_with(&slip.found), "{} {corrected}", slip.found);
    }
}

#[test]
fn a_gradient_behind_such_a_delta_has_its_own_slip_told_as_well() {
    let mut made = Table::new(Layout { helpers: true, ..Layout::default() });
    made.change("d2_0", 0..25, |formula, _| formula.replace("*(1-{out2_0})", ""));
    made.change("gw1_0_1", 0..25, |formula, _| formula.replace("{out1_1}", "{out1_0}"));
    let report = made.audit();
    let cells: Vec<&str> = report.slips().map(|slip| slip.cells[0].as_str()).collect();
    assert_eq!(cells, [made.cell("d2_0", 0), made.cell("gw1_0_1", 0)], "{}", told(&report));
}

#[test]
fn a_delta_with_the_wrong_sign_is_one_wrong_sign() {
    for layout in layouts() {
        let depth = layout.sizes.len() - 1;
        for layer in 1..=depth {
            let name = format!("d{layer}_0");
            let mut made = Table::new(layout.clone());
            made.change(&name, 0..layout.steps, |formula, _| {
                let (first, rest) = formula[1..].split_once('*').unwrap();
                let first = first.trim_start_matches('(').trim_end_matches(')').split_once('-');
                match first.filter(|_| layer == depth) {
                    Some((out, target)) => format!("=({target}-{out})*{rest}"),
                    None => format!("=-{}", &formula[1..]),
                }
            });
            assert_eq!(only_slip(&made, SlipKind::WrongSign)[0], made.cell(&name, 0), "{layout:?}");
        }
    }
}

#[test]
fn the_same_slip_in_two_deltas_is_told_of_both_and_of_nothing_behind_them() {
    let layout = Layout { sizes: vec![2, 2, 2, 2], steps: 12, helpers: true, ..Layout::default() };
    let slips: [fn(&str, usize) -> String; 2] = [
        |formula, k| formula.replace(&format!("*(1-{{out3_{k}}})"), ""),
        |formula, k| formula.replace(&format!("({{out3_{k}}}-{{t{k}}})"), &format!("({{t{k}}}-{{out3_{k}}})")),
    ];
    for slip in slips {
        let mut made = Table::new(layout.clone());
        for k in 0..2 {
            made.change(&format!("d3_{k}"), 0..12, |formula, _| slip(formula, k));
        }
        let report = made.audit();
        let cells: Vec<&str> = report.slips().map(|slip| slip.cells[0].as_str()).collect();
        assert_eq!(cells, [made.cell("d3_0", 0), made.cell("d3_1", 0)], "{}", told(&report));
    }
}

#[test]
fn the_step_of_a_living_relu_is_not_left_out_of_a_correction() {
    let bytes = own_workbook(
        "layers = [2, 2, 1]\nhidden_activation = \"relu\"\noutput_activation = \"identity\"\nrows = 12\n\
         learning_rates = [0.1]\ninputs = [0.6, 0.8]\ntargets = [0.9]",
    );
    let name = "xl/worksheets/sheet3.xml";
    let mut sheet = part(&bytes, name);
    let column = |cell: &str| cell.trim_end_matches(|next: char| next.is_ascii_digit()).to_owned();
    let all = formulas(&sheet, 10);
    let delta = all.iter().find(|(_, _, _, formula, _)| formula.contains("*IF(")).unwrap().clone();
    for (start, end, cell, formula, _) in all.into_iter().rev().filter(|found| column(&found.2) == column(&delta.2)) {
        let (above, _) = formula.split_once('*').unwrap();
        let element = sheet[start..end].replace(&formula.replace('>', "&gt;"), &format!("{above}*(1-{above}^2)"));
        let element = element.replace(&formula, &format!("{above}*(1-{above}^2)"));
        assert_ne!(element, sheet[start..end], "{cell}");
        sheet.replace_range(start..end, &element);
    }
    let report = audit(&with_part(&bytes, name, &sheet));
    let slip = report.slips().next().unwrap();
    assert_eq!(slip.cells[0], delta.2, "{}", told(&report));
    assert_eq!(slip.corrected.clone().unwrap(), format!("={}", delta.3.replace("&gt;", ">")), "{}", told(&report));
}
