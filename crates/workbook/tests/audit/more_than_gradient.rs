//! Weight decay, momentum and a penalty on the weights are no slips, and the gradients under them are judged.

use longhand_workbook::audit::{SlipKind, text};

use super::made::{Layout, Table, only_slip, told};

const WEIGHTS: [&str; 8] = ["w0_0_0", "w0_0_1", "w0_1_0", "w0_1_1", "w1_0_0", "w1_0_1", "w1_1_0", "w1_1_1"];

fn with_updates(update: impl Fn(&str) -> String) -> Table {
    let mut made = Table::new(Layout::default());
    for name in WEIGHTS {
        made.change(name, 1..25, |_, _| update(name));
    }
    made
}

/// The ways to write momentum of 0.9.
fn with_momentum() -> Vec<Table> {
    let mut all = Vec::new();
    // v ← 0.9·v + η·g, w ← w − v
    let mut made = with_updates(|name| format!("={{{name}<}}-{{v{name}<}}"));
    add(&mut made, |name| (format!("=$B$2*{{g{name}}}"), format!("=0.9*{{v{name}<}}+$B$2*{{g{name}}}")));
    all.push(made);
    // v ← 0.9·v − η·g, w ← w + v, in the row of the new weight
    let mut made = with_updates(|name| format!("={{{name}<}}+{{v{name}}}"));
    add(&mut made, |name| ("0".to_owned(), format!("=0.9*{{v{name}<}}-$B$2*{{g{name}<}}")));
    all.push(made);
    // v ← 0.9·v + g, w ← w − η·v
    let mut made = with_updates(|name| format!("={{{name}<}}-$B$2*{{v{name}<}}"));
    add(&mut made, |name| (format!("={{g{name}}}"), format!("=0.9*{{v{name}<}}+{{g{name}}}")));
    all.push(made);
    all
}

fn add(made: &mut Table, velocity: impl Fn(&str) -> (String, String)) {
    for name in WEIGHTS {
        let (first, others) = velocity(name);
        made.add(&format!("v{name}"), |step| if step == 0 { first.clone() } else { others.clone() });
    }
}

fn is_clean_with(made: &Table, words: &str) {
    let report = made.audit();
    assert!(report.is_clean(), "{}", told(&report));
    assert!(report.tables[0].notes.iter().any(|note| note.contains(words)), "{}", told(&report));
    assert_eq!(report.tables[0].rows, 25, "{}", told(&report));
}

#[test]
fn momentum_is_told_and_no_slip() {
    for made in with_momentum() {
        is_clean_with(&made, "takes 0.9 times what the update before took, momentum");
    }
}

#[test]
fn a_wrong_gradient_under_momentum_is_the_one_slip() {
    for mut made in with_momentum().into_iter().take(2) {
        made.change("gw1_1_0", 0..25, |text, _| text.replace("{out1_0}", "{out1_1}"));
        let report = made.audit();
        assert_eq!(report.slips().count(), 1, "{}", told(&report));
        let slip = report.slips().next().unwrap();
        assert_eq!(slip.cells[0], made.cell("gw1_1_0", 0), "{}", told(&report));
        assert!(slip.explanation.contains("(out1_1) where"), "{}", slip.explanation);
        assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("gw1_1_0", 0));
    }
}

#[test]
fn a_wrong_delta_under_momentum_is_the_one_slip_though_it_spoils_most_gradients() {
    let helpers = Layout { helpers: true, ..Layout::default() };
    let mut made = Table::new(helpers);
    for name in WEIGHTS {
        made.change(name, 1..25, |_, _| format!("={{{name}<}}-{{v{name}<}}"));
    }
    add(&mut made, |name| (format!("=$B$2*{{g{name}}}"), format!("=0.9*{{v{name}<}}+$B$2*{{g{name}}}")));
    made.change("d2_0", 0..25, |text, _| text.replace("({out2_0}-{t0})", "({out2_1}-{t0})"));
    assert_eq!(only_slip(&made, SlipKind::WrongDerivative)[0], made.cell("d2_0", 0));
}

#[test]
fn some_weights_may_go_without_decay_as_biases_do() {
    let mut made = Table::new(Layout::default());
    for name in &WEIGHTS[..6] {
        made.change(name, 1..25, |_, _| format!("={{{name}<}}-$B$2*({{g{name}<}}+0.01*{{{name}<}})"));
    }
    is_clean_with(&made, "The updates of 6 of 8 weights also take 0.01 times the weight off");
}

#[test]
fn weight_decay_is_told_and_no_slip() {
    let made = with_updates(|name| format!("={{{name}<}}-$B$2*({{g{name}<}}+0.01*{{{name}<}})"));
    is_clean_with(&made, "takes 0.01 times the weight off, weight decay");
}

#[test]
fn one_weight_alone_that_decays_is_a_slip() {
    let mut made = Table::new(Layout::default());
    made.change("w1_0_0", 1..25, |_, _| "={w1_0_0<}-$B$2*({gw1_0_0<}+0.01*{w1_0_0<})".to_owned());
    assert!(!made.audit().is_clean(), "{}", text(&made.audit()));
}

#[test]
fn a_penalty_belongs_to_the_error() {
    let all = WEIGHTS.map(|name| format!("{{{name}}}"));
    let squares = all.clone().map(|cell| format!("{cell}^2")).join("+");
    for penalty in [format!("0.005*SUMSQ({})", all.join(",")), format!("0.01/2*({squares})")] {
        let mut made = Table::new(Layout::default());
        made.change("E", 0..25, |text, _| format!("{text}+{penalty}"));
        for name in WEIGHTS {
            made.change(&format!("g{name}"), 0..25, |text, _| format!("{text}+0.01*{{{name}}}"));
        }
        let report = made.audit();
        assert!(report.is_clean() && report.tables[0].notes.is_empty(), "{}", told(&report));
        made.change("gw0_0_0", 0..25, |text, _| text.replace("+0.01*{w0_0_0}", ""));
        let report = made.audit();
        assert_eq!(report.slips().count(), 1, "{}", told(&report));
        assert_eq!(report.slips().next().unwrap().cells[0], made.cell("gw0_0_0", 0));
    }
}

#[test]
fn a_penalty_with_another_gradient_is_no_weight_decay() {
    let mut made = Table::new(Layout::default());
    made.change("E", 0..25, |text, _| {
        format!("{text}+0.005*SUMSQ({})", WEIGHTS.map(|name| format!("{{{name}}}")).join(","))
    });
    for name in WEIGHTS {
        made.change(&format!("g{name}"), 0..25, |text, _| format!("{text}+0.02*{{{name}}}"));
    }
    let report = made.audit();
    assert_eq!(report.slips().count(), 8, "{}", told(&report));
}
