//! Terms of an error that are nearly squared differences: blamed, and none of the gradients that are right.

use longhand_workbook::audit::{AuditOptions, SlipKind, audit_bytes, fix};

use super::made::{Layout, Table, only_slip, told};

/// A squared difference with a fault, and what the audit says of it.
const FAULTS: [(&str, &str); 11] = [
    ("=0.5*({t}-{out})", "its square is missing"),
    ("=0.5*({t}+{out})^2", "it adds where it should subtract"),
    ("=({out}+{t})^2/2", "it adds where it should subtract"),
    ("=0.5*({t}-{out})^3", "its power is 3 and not 2"),
    ("=0.5*POWER({out}-{t},0.5)", "its power is 0.5 and not 2"),
    ("=0.5*{t}-{out}^2", "the parentheses around the difference are missing"),
    ("=0.5*({t}^2-{out}^2)", "the parentheses around the difference are missing"),
    ("=(0.5*({t}-{out}))^2", "its factor is squared with the difference"),
    ("=(({out}-{t})/2)^2", "its factor is squared with the difference"),
    ("=0.5*({t}-{out})*({out}-{t})", "it multiplies the difference by its opposite"),
    ("=0.5*ABS({t}-{out})", "it takes the absolute difference"),
];

/// Term `k` with a fault.
fn faulty(table: &mut Table, layout: &Layout, k: usize, fault: &str) {
    let target = if layout.fixed_inputs { format!("$G${}", k + 1) } else { format!("{{t{k}}}") };
    let output = format!("{{out{}_{k}}}", layout.sizes.len() - 1);
    let written = fault.replace("{t}", &target).replace("{out}", &output);
    table.change(&format!("E{k}"), table.steps(), |_, _| written.clone());
}

fn layouts() -> [Layout; 3] {
    let plain = Layout::default();
    [
        plain.clone(),
        Layout { fixed_inputs: true, helpers: true, ..plain.clone() },
        Layout { sizes: vec![2, 3, 3], across: true, ..plain },
    ]
}

#[test]
fn each_fault_of_one_term_is_the_one_slip() {
    for layout in layouts() {
        for (fault, words) in FAULTS {
            let mut made = Table::new(layout.clone());
            faulty(&mut made, &layout, 1, fault);
            assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E1", 0), "{fault}");
            let said = told(&made.audit());
            assert!(said.contains(words), "{fault}: {said}");
            assert!(said.contains("every gradient is the derivative of the error"), "{fault}: {said}");
        }
    }
}

/// Nothing is left by which the error could be recognised.
#[test]
fn a_fault_of_every_term_is_a_slip_each() {
    for layout in layouts() {
        for (fault, words) in FAULTS {
            let mut made = Table::new(layout.clone());
            let outputs = layout.sizes[layout.sizes.len() - 1];
            (0..outputs).for_each(|k| faulty(&mut made, &layout, k, fault));
            let cells = (0..outputs).map(|k| made.cell(&format!("E{k}"), 0)).collect();
            slips_are(&made, SlipKind::WrongError, cells, words);
        }
    }
}

/// Asserts that these cells are the slips, all of one kind, that the report says so, and that the corrected copy is clean.
fn slips_are(made: &Table, kind: SlipKind, cells: Vec<String>, words: &str) {
    let (bytes, report) = (made.bytes(), made.audit());
    let slips: Vec<_> = report.slips().map(|slip| (slip.kind, slip.cells[0].clone())).collect();
    let expected: Vec<_> = cells.into_iter().map(|cell| (kind, cell)).collect();
    assert_eq!(slips, expected, "{words}: {}", told(&report));
    assert!(told(&report).contains(words), "{words}: {}", told(&report));
    let fixed = fix(&bytes, &report).unwrap();
    let again = audit_bytes(&fixed, &AuditOptions::default()).unwrap();
    assert!(again.is_clean(), "{words}: {}", told(&again));
}

#[test]
fn a_fault_within_one_formula_for_the_whole_error() {
    let mut made = Table::new(Layout::default());
    for k in 0..2 {
        made.change(&format!("E{k}"), 0..25, |_, _| "0".to_owned());
    }
    let right = "0.5*({t0}-{out2_0})^2";
    for part in ["0.5*({t1}+{out2_1})^2", "0.5*({out2_1}-{t1})", "({t1}-{out2_1})^4/2"] {
        made.change("E", 0..25, |_, _| format!("={right}+{part}"));
        assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E", 0), "{part}");
    }
}

#[test]
fn a_network_with_one_output() {
    let layout = Layout { sizes: vec![2, 2, 1], ..Layout::default() };
    for (fault, words) in FAULTS {
        let mut made = Table::new(layout.clone());
        faulty(&mut made, &layout, 0, fault);
        // A difference alone may be meant as one.
        if words == "its square is missing" {
            assert!(audit_bytes(&made.bytes(), &AuditOptions::default()).is_err());
        } else {
            assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E0", 0), "{fault}");
        }
    }
}

#[test]
fn differences_for_show_are_left_alone() {
    let mut made = Table::new(Layout::default());
    for k in 0..2 {
        made.change(&format!("E{k}"), 0..25, |_, _| format!("={{t{k}}}-{{out2_{k}}}"));
    }
    made.change("E", 0..25, |_, _| "=0.5*({t0}-{out2_0})^2+0.5*({t1}-{out2_1})^2".to_owned());
    assert!(made.audit().is_clean(), "{}", told(&made.audit()));
    made.change("gw1_0_1", 0..25, |formula, _| formula.replace("*(1-{out2_0})", ""));
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw1_0_1", 0));
}

#[test]
fn a_wrong_gradient_beside_a_fault_is_found_too() {
    let mut made = Table::new(Layout::default());
    faulty(&mut made, &Layout::default(), 0, "=0.5*({t}+{out})^2");
    made.change("gw1_0_1", 0..25, |formula, _| formula.replace("*(1-{out2_0})", ""));
    let report = made.audit();
    let slips: Vec<_> = report.slips().map(|slip| (slip.kind, slip.cells[0].clone())).collect();
    let expected = [(SlipKind::WrongError, made.cell("E0", 0)), (SlipKind::WrongDerivative, made.cell("gw1_0_1", 0))];
    assert_eq!(slips, expected, "{}", told(&report));
    assert!(told(&report).contains("more gradients are the derivative of the error"), "{}", told(&report));
}

/// Another loss is none of these, as long as the gradients are its own.
#[test]
fn the_gradients_decide() {
    let mut made = Table::new(Layout { sizes: vec![2, 2, 1], ..Layout::default() });
    faulty(&mut made, &Layout { sizes: vec![2, 2, 1], ..Layout::default() }, 0, "=0.25*({t}-{out})^4");
    for name in ["gw0_0_0", "gw0_0_1", "gw0_1_0", "gw0_1_1", "gw1_0_0", "gw1_0_1"] {
        made.change(name, 0..25, |formula, _| formula.replace("({out2_0}-{t0})", "({out2_0}-{t0})^3"));
    }
    assert!(audit_bytes(&made.bytes(), &AuditOptions::default()).is_err());
}

/// A term alone may be an absolute difference or have a minus as well; what is wrong then is told in one slip.
#[test]
fn a_minus_of_one_term_and_a_half_that_is_missing() {
    let mut made = Table::new(Layout::default());
    made.change("E1", 0..25, |_, _| "=-0.5*({t1}-{out2_1})^2".to_owned());
    assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E1", 0));
    assert!(told(&made.audit()).contains("it has a minus"), "{}", told(&made.audit()));
    made.change("E1", 0..25, |_, _| "=({t1}-{out2_1})".to_owned());
    assert_eq!(only_slip(&made, SlipKind::WrongError)[0], made.cell("E1", 0));
    let said = told(&made.audit());
    assert!(said.contains("its square is missing") && said.contains("lacks the ½ of the other terms"), "{said}");
}

/// What students write for 1/(1 + e^(−x)), and what the audit says of it.
const SIGMOIDS: [(&str, &str); 5] = [
    ("=1/1+EXP(-{x})", "the parentheses around 1 + e^(−x) are missing"),
    ("=1/(1+EXP({x}))", "the minus in the exponent is missing"),
    ("=EXP(-{x})/(1+EXP(-{x}))", "the minus in the exponent is missing"),
    ("=1/EXP(-{x})", "it is not 1/(1 + e^(−x))"),
    ("=1+EXP(-{x})", "the parentheses around 1 + e^(−x) are missing"),
];

/// Where every output has it, none of them is unlike its neighbours.
#[test]
fn the_same_fault_of_every_sigmoid_is_a_slip_each() {
    for layout in layouts() {
        for (fault, words) in SIGMOIDS {
            let mut made = Table::new(layout.clone());
            let mut cells = Vec::new();
            for layer in 1..layout.sizes.len() {
                for k in 0..layout.sizes[layer] {
                    let name = format!("out{layer}_{k}");
                    made.change(&name, made.steps(), |_, _| fault.replace("{x}", &format!("{{net{layer}_{k}}}")));
                    cells.push(made.cell(&name, 0));
                }
            }
            slips_are(&made, SlipKind::WrongForward, cells, words);
        }
    }
}

#[test]
fn a_sigmoid_however_it_is_written_is_none_of_these() {
    let mut made = Table::new(Layout::default());
    for (name, net) in [("out1_0", "net1_0"), ("out1_1", "net1_1"), ("out2_0", "net2_0"), ("out2_1", "net2_1")] {
        made.change(name, 0..25, |_, _| format!("=EXP({{{net}}})/(EXP({{{net}}})+1)"));
    }
    assert!(made.audit().is_clean(), "{}", told(&made.audit()));
    made.change("gw1_0_1", 0..25, |formula, _| formula.replace("*(1-{out2_0})", ""));
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw1_0_1", 0));
}

#[test]
fn misshapen_sigmoids_and_a_misshapen_error_at_once() {
    let mut made = Table::new(Layout::default());
    for (name, net) in [("out1_0", "net1_0"), ("out1_1", "net1_1"), ("out2_0", "net2_0"), ("out2_1", "net2_1")] {
        made.change(name, 0..25, |_, _| format!("=1/1+EXP(-{{{net}}})"));
    }
    faulty(&mut made, &Layout::default(), 0, "=0.5*({t}+{out})^2");
    let report = made.audit();
    assert_eq!(report.slips().count(), 5, "{}", told(&report));
}
