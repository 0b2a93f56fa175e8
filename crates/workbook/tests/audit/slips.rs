//! Each kind of slip, told apart from the others, with the right cells and a correction that makes the table clean.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Rate, Style, Table, only_slip, told};

fn table() -> Table {
    Table::new(Layout::default())
}

#[test]
fn the_gradient_of_another_weight() {
    let mut made = table();
    made.change("w0_1_0", 1..25, |formula, _| formula.replace("gw0_1_0", "gw0_0_0"));
    let cells = only_slip(&made, SlipKind::WrongWeight);
    assert_eq!((cells.len(), cells[0].clone()), (24, made.cell("w0_1_0", 1)));
}

#[test]
fn a_wrong_sign_in_the_update_and_in_the_derivative() {
    let mut made = table();
    made.change("w1_0_1", 1..25, |formula, _| formula.replace('-', "+"));
    assert_eq!(only_slip(&made, SlipKind::WrongSign)[0], made.cell("w1_0_1", 1));

    let mut made = table();
    made.change("gw1_0_1", 0..25, |formula, _| formula.replace("{out2_0}-{t0}", "{t0}-{out2_0}"));
    assert_eq!(only_slip(&made, SlipKind::WrongSign)[0], made.cell("gw1_0_1", 0));
}

#[test]
fn a_gradient_with_the_sign_of_descent_that_is_added_is_right() {
    let mut made = table();
    made.change("gw1_0_1", 0..25, |formula, _| formula.replace("{out2_0}-{t0}", "{t0}-{out2_0}"));
    made.change("w1_0_1", 1..25, |formula, _| formula.replace('-', "+"));
    let report = made.audit();
    assert!(report.is_clean(), "{}", told(&report));
}

#[test]
fn wrong_derivatives_that_no_exchange_of_a_cell_mends() {
    // A factor is missing.
    let mut made = table();
    made.change("gw0_1_0", 0..25, |formula, _| formula.replace("*(1-{out1_1})", ""));
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw0_1_0", 0));
    // Twice too large in one place: no different loss, because the other gradients belong to this one.
    let mut made = table();
    made.change("gw1_0_0", 0..25, |formula, _| formula.replace('=', "=2*"));
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw1_0_0", 0));
    // A path is missing.
    let mut made = table();
    made.change("gw0_0_1", 0..25, |formula, _| formula.replace("{w1_1_0}", "0"));
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw0_0_1", 0));
    // A sign between two paths.
    let mut made = table();
    made.change("gw0_0_1", 0..25, |formula, _| formula.replace(")*{w1_0_0}+", ")*{w1_0_0}-"));
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw0_0_1", 0));
}

#[test]
fn wrong_from_some_row_on() {
    for from in [10, 20] {
        let mut made = table();
        made.change("gw0_1_0", from..25, |formula, _| formula.replace("{out1_1}", "{out1_0}"));
        let report = made.audit();
        let cells: Vec<&String> = report.slips().flat_map(|slip| &slip.cells).collect();
        let wanted: Vec<String> = (from..25).map(|step| made.cell("gw0_1_0", step)).collect();
        assert_eq!(cells, wanted.iter().collect::<Vec<_>>(), "{}", told(&report));
        let fixed = longhand_workbook::audit::fix(&made.bytes(), &report).unwrap();
        let again = longhand_workbook::audit::audit_bytes(&fixed, &Default::default()).unwrap();
        assert!(again.is_clean(), "{}", told(&again));
    }
}

#[test]
fn an_update_from_another_weight() {
    let mut made = table();
    made.change("w0_0_1", 1..25, |formula, _| formula.replace("{w0_0_1<}", "{w0_0_0<}"));
    assert_eq!(only_slip(&made, SlipKind::WrongStart)[0], made.cell("w0_0_1", 1));
}

#[test]
fn another_rate_for_one_weight() {
    let mut made = table();
    made.change("w1_1_1", 1..25, |formula, _| formula.replace("$B$2", "2"));
    assert_eq!(only_slip(&made, SlipKind::WrongUpdate)[0], made.cell("w1_1_1", 1));
}

#[test]
fn a_rate_made_of_the_others_by_any_arithmetic_is_one_slip() {
    for rate in ["$B$2^2", "$B$2*$B$2", "$B$2/10", "SQRT($B$2)", "POWER($B$2,3)", "EXP(-$B$2)", "ABS($B$2-1)/9"] {
        // The first of the columns, from which a table's rate would be read.
        for name in ["w0_0_0", "w1_1_0"] {
            let mut made = table();
            made.change(name, 1..25, |formula, _| formula.replace("$B$2", rate));
            assert_eq!(only_slip(&made, SlipKind::WrongUpdate)[0], made.cell(name, 1), "{rate}");
            let report = made.audit();
            let right = format!("={}-$B$2*{}", made.cell(name, 0), made.cell(&format!("g{name}"), 0));
            assert!(report.slips().all(|slip| slip.corrected.as_ref() == Some(&right)), "{}", told(&report));
            assert_eq!(report.tables[0].learning_rate.as_ref().unwrap().cell, "B2", "{rate}");
            crate::shapes::is_mended(&made);
        }
    }
}

#[test]
fn another_rate_where_gradients_of_descent_are_added() {
    for rate in [Rate::Absolute, Rate::OtherSheet] {
        let mut made = Table::new(Layout { rate, ..Layout::default() });
        let names = ["w0_0_0", "w0_0_1", "w0_1_0", "w0_1_1", "w1_0_0", "w1_0_1", "w1_1_0", "w1_1_1"];
        for name in names {
            made.change(&format!("g{name}"), 0..25, |formula, _| format!("=-({})", &formula[1..]));
            made.change(name, 1..25, |formula, _| formula.replace('-', "+"));
        }
        made.change("w1_1_1", 1..25, |_, _| "={w1_1_1<}+2*{gw1_1_1<}".to_owned());
        assert_eq!(only_slip(&made, SlipKind::WrongUpdate)[0], made.cell("w1_1_1", 1));
    }
}

#[test]
fn a_typed_number_among_formulas() {
    for name in ["gw0_0_0", "w1_0_0", "out1_1", "E0", "E", "net2_0"] {
        for (step, value) in [(12, "0.123"), (24, "0.2"), (1, "0.7")] {
            let mut made = table();
            made.change(name, [step], |_, _| value.to_owned());
            let cells = only_slip(&made, SlipKind::HardTyped);
            assert_eq!(cells, [made.cell(name, step)], "{name} {step}");
        }
    }
    // The first row is no exception where nothing comes before it.
    let mut made = table();
    made.change("out1_0", [0], |_, _| "0.5".to_owned());
    assert_eq!(only_slip(&made, SlipKind::HardTyped), [made.cell("out1_0", 0)]);
}

#[test]
fn a_row_with_another_formula() {
    let changes: [(&str, &str, &str); 5] = [
        ("net1_0", "{w0_0_1}", "{w0_1_1}"),
        ("E", "+", "-"),
        ("gw0_0_0", "{i0}", "{i1}"),
        ("w0_0_0", "{gw0_0_0<}", "{gw0_0_1<}"),
        ("out2_0", "-{net2_0}", "-{net2_1}"),
    ];
    for (name, from, to) in changes {
        let mut made = table();
        made.change(name, [7], |formula, _| formula.replace(from, to));
        assert_eq!(only_slip(&made, SlipKind::RowDiffers), [made.cell(name, 7)], "{name}");
    }
}

#[test]
fn a_row_that_says_the_same_in_other_words_is_no_slip() {
    let mut made = table();
    made.change("E0", [7], |_, _| "=({out2_0}-{t0})^2/2".to_owned());
    made.change("gw1_0_0", [9], |_, _| "={out1_0}*({out2_0}-{t0})*{out2_0}*(1-{out2_0})".to_owned());
    made.change("w1_0_0", [11], |_, _| "={w1_0_0<}-{gw1_0_0<}*$B$2".to_owned());
    let report = made.audit();
    assert!(report.is_clean(), "{}", told(&report));
    assert_eq!(report.tables[0].notes.len(), 3, "{:?}", report.tables[0].notes);
}

#[test]
fn inputs_targets_and_rates_that_drift() {
    let mut made = table();
    made.change("i0", 2..25, |_, step| format!("{:?}", 0.05 + 5e-16 * step as f64));
    assert_eq!(only_slip(&made, SlipKind::Drift)[0], made.cell("i0", 2));

    let mut made = table();
    made.change("t1", 0..25, |_, step| format!("{}", 0.99 + step as f64));
    assert_eq!(only_slip(&made, SlipKind::Drift)[0], made.cell("t1", 1));

    let mut made = Table::new(Layout { rate: Rate::EveryRow, ..Layout::default() });
    made.change("rate", 0..25, |_, step| format!("{}", 0.5 + 0.1 * step as f64));
    // The rate of the first row is not used by any update.
    assert_eq!(only_slip(&made, SlipKind::Drift)[0], made.cell("rate", 2));

    let mut made = table();
    made.change("i1", [13], |_, _| "0.2".to_owned());
    assert_eq!(only_slip(&made, SlipKind::Drift), [made.cell("i1", 13)]);
}

#[test]
fn an_error_that_leaves_out_a_part() {
    let mut made = table();
    made.change("E", 0..25, |_, _| "=1*{E0}".to_owned());
    assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E", 0));

    let mut made = table();
    made.change("E", 0..25, |_, _| "={E0}-{E1}".to_owned());
    assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E", 0));
}

#[test]
fn a_mean_instead_of_a_sum_is_another_loss() {
    let mut made = table();
    made.change("E", 0..25, |_, _| "=AVERAGE({E0},{E1})".to_owned());
    let report = made.audit();
    assert!(report.is_clean(), "{}", told(&report));
    assert_eq!(report.tables[0].error.factor, 2.0);
}

#[test]
fn a_slip_is_measured() {
    let mut made = Table::new(Layout { style: Style::Plain, steps: 60, ..Layout::default() });
    let right = made.audit().tables[0].error.last.unwrap();
    made.change("w1_0_1", 1..60, |formula, _| formula.replace('-', "+"));
    let report = made.audit();
    let slip = report.slips().next().unwrap();
    let mended = slip.last_error_mended.unwrap();
    assert!((mended - right).abs() < 1e-15, "{mended} {right}");
    assert_eq!(report.tables[0].error.last_mended, Some(mended));
    assert!(report.tables[0].error.last.unwrap() > right);
}

#[test]
fn a_rate_that_slides_off_its_cell() {
    let mut made = Table::new(Layout { column: 4, ..Layout::default() });
    for name in ["w0_0_0", "w0_0_1", "w0_1_0", "w0_1_1", "w1_0_0", "w1_0_1", "w1_1_0", "w1_1_1"] {
        made.change(name, 1..25, |formula, step| formula.replace("$B$2", &format!("B{}", step + 1)));
    }
    let cells = only_slip(&made, SlipKind::Sliding);
    // The first update still meets the rate, and is where one mends it and fills it down from.
    assert_eq!((cells.len(), cells[0].clone()), (8 * 24, made.cell("w0_0_0", 1)));
    let report = made.audit();
    let slip = report.slips().next().unwrap();
    let [weight, gradient] = [made.cell("w0_0_0", 0), made.cell("gw0_0_0", 0)];
    assert_eq!(slip.corrected, Some(format!("={weight}-$B$2*{gradient}")));
    assert_eq!(slip.ranges, [format!("{}:{}", made.cell("w0_0_0", 1), made.cell("w1_1_1", 24))]);
    assert!(told(&report).contains("in every row, I5:P28"), "{}", told(&report));
}

#[test]
fn no_correction_takes_the_place_of_a_heading() {
    // An update that forgot its weight: whatever else the audit makes of such a table, its headings stay.
    let mut made = table();
    made.change("w0_1_0", 1..25, |formula, _| format!("=-{}", formula.split_once('-').unwrap().1));
    let report = made.audit();
    let first = made.cell("w0_1_0", 0);
    let row_of = |cell: &str| cell.trim_start_matches(|next: char| !next.is_ascii_digit()).parse::<u32>().unwrap();
    assert!(report.slips().count() > 0, "{}", told(&report));
    for correction in &report.corrections {
        let is_above = row_of(&correction.cell) + 1 == row_of(&first);
        assert!(!is_above, "{} {}\n{}", correction.cell, correction.content, told(&report));
    }
}

#[test]
fn a_cell_that_is_no_update_where_one_belongs_is_one_slip() {
    for broken in [
        "=-$B$2*{gw0_1_0<}",
        "={w0_1_0<}*$B$2*{gw0_1_0<}",
        "=$B$2*{gw0_1_0<}-{w0_1_0<}",
        "={w0_1_0<}+{gw0_1_0<}-$B$2",
        "=0.15-$B$2*{gw0_1_0<}",
        "={w0_1_0<}*(1-$B$2*{gw0_1_0<})",
    ] {
        let mut made = table();
        made.change("w0_1_0", 1..25, |_, _| broken.to_owned());
        let cells = only_slip(&made, SlipKind::WrongUpdate);
        assert_eq!((cells.len(), cells[0].clone()), (24, made.cell("w0_1_0", 1)), "{broken}");
    }
    // The first weight held by dollar signs: right in its first row.
    let mut made = table();
    made.change("w0_1_0", 1..25, |_, _| "=$H$4-$B$2*{gw0_1_0<}".to_owned());
    let cells = only_slip(&made, SlipKind::WrongStart);
    assert_eq!((cells.len(), cells[0].clone()), (23, made.cell("w0_1_0", 2)));
}
