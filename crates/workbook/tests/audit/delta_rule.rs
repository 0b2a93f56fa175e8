//! The delta rule as it is mostly written: δ = (t − a)·a·(1 − a), and w + η·δ·x. What a slip is there is told, and mended, with the
//! sheet's own signs.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Style, Table, only_slip, told};

fn layouts() -> [Layout; 3] {
    let helpers = Layout { helpers: true, ..Layout::default() };
    [
        helpers.clone(),
        Layout { sizes: vec![2, 3, 1], steps: 12, fixed_inputs: true, ..helpers.clone() },
        Layout { sizes: vec![2, 2, 2, 2], steps: 12, style: Style::StepCell, ..helpers },
    ]
}

/// The table with deltas that point downhill and updates that add them.
fn delta_rule(layout: &Layout) -> Table {
    let mut made = Table::new(layout.clone());
    let depth = layout.sizes.len() - 1;
    for k in 0..layout.sizes[depth] {
        made.change(&format!("d{depth}_{k}"), 0..layout.steps, |formula, _| {
            let (difference, rest) = formula[2..].split_once(')').unwrap();
            let (out, target) = difference.split_once('-').unwrap();
            format!("=({target}-{out}){rest}")
        });
    }
    for (layer, sizes) in layout.sizes.windows(2).enumerate() {
        for (to, from) in (0..sizes[1]).flat_map(|to| (0..sizes[0]).map(move |from| (to, from))) {
            made.change(&format!("w{layer}_{to}_{from}"), 1..layout.steps, |formula, _| {
                formula.replacen("<}-", "<}+", 1)
            });
        }
    }
    made
}

/// The only slip is in the column of `name`, told in these words; mended, the table is clean.
fn is_told(layout: &Layout, name: &str, kind: SlipKind, words: &str, change: impl Fn(&str) -> String) {
    let mut made = delta_rule(layout);
    let steps = usize::from(name.starts_with('w'))..layout.steps;
    made.change(name, steps.clone(), |formula, _| {
        let changed = change(formula);
        assert_ne!(formula, changed, "{name}");
        changed
    });
    let cells = only_slip(&made, kind);
    assert_eq!(cells[0], made.cell(name, steps.start), "{layout:?} {}", told(&made.audit()));
    let report = made.audit();
    let explanation = &report.slips().next().unwrap().explanation;
    assert!(explanation.contains(words), "{name}: {explanation}");
}

#[test]
fn a_right_one_is_clean() {
    for layout in layouts() {
        let report = delta_rule(&layout).audit();
        assert!(report.is_clean(), "{layout:?}: {}", told(&report));
    }
}

#[test]
fn a_slip_is_told_where_it_is_and_with_the_sheets_signs() {
    let derivative = SlipKind::WrongDerivative;
    for layout in layouts() {
        let depth = layout.sizes.len() - 1;
        let (hidden, out) = (format!("d{}_0", depth - 1), format!("{{out{depth}_0}}"));
        let lost = format!("*{out}*(1-{out})");
        is_told(&layout, &format!("d{depth}_0"), derivative, "is missing", |f| f.replacen(&lost, "", 1));
        let path = format!("{{w{}_0_0}}", depth - 1);
        let other = format!("{{w{}_0_1}}", depth - 1);
        is_told(&layout, &hidden, derivative, "belongs", |f| f.replacen(&path, &other, 1));
        is_told(&layout, "gw0_1_0", derivative, "belongs", |f| f.replace("{i0}", "{i1}").replace("$F$1", "$F$2"));
        let update = format!("w{}_0_1", depth - 1);
        is_told(&layout, &update, SlipKind::WrongSign, "taken off where it has to be added", |f| {
            f.replacen("<}+", "<}-", 1)
        });
    }
    let two_outputs = Layout { helpers: true, ..Layout::default() };
    is_told(&two_outputs, "d2_1", SlipKind::WrongSign, "the wrong sign", |f| {
        f.replacen("({t1}-{out2_1})", "({out2_1}-{t1})", 1)
    });
    is_told(&two_outputs, "d1_0", derivative, "is missing", |f| f.replacen("+{d2_1}*{w1_1_0}", "", 1));
}
