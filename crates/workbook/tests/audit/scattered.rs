//! Worksheets of one pass laid out as the page had room: updates beside the gradients, a bias between the weights, the backward
//! pass on a sheet of its own, a second pass behind the first, a sheet for each epoch.

use longhand_workbook::audit::{AuditReport, SlipKind, audit_bytes, fix};
use rust_xlsxwriter::{Formula, Workbook};

use super::made::told;
use super::one_pass::ROWS;

/// A quantity: its name, what stands in it, and where, as sheet, column and row from 0.
type Quantity = (String, String, (usize, u16, u32));

/// The classic exercise, each quantity at the place that it is given.
fn exercise(place: impl Fn(&str, u32) -> (usize, u16, u32)) -> Vec<Quantity> {
    let named = (0..).zip(ROWS).filter(|(_, (name, _))| !name.is_empty());
    named.map(|(row, (name, content))| (name.to_owned(), content.to_owned(), place(name, row))).collect()
}

fn spelled((sheet, column, row): (usize, u16, u32)) -> String {
    format!("Page{}!{}{}", sheet + 1, char::from(b'A' + column as u8), row + 1)
}

fn bytes(quantities: &[Quantity]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheets = quantities.iter().map(|(_, _, (sheet, ..))| sheet + 1).max().unwrap_or(1);
    for sheet in 0..sheets {
        workbook.add_worksheet().set_name(format!("Page{}", sheet + 1)).unwrap();
    }
    for (name, content, (sheet, column, row)) in quantities {
        let own = format!("Page{}!", sheet + 1);
        let page = workbook.worksheet_from_index(*sheet).unwrap();
        page.write(*row, *column - 1, name).unwrap();
        let mut text = content.clone();
        for (other, _, place) in quantities {
            text = text.replace(&format!("{{{other}}}"), spelled(*place).trim_start_matches(&own));
        }
        match text.parse::<f64>() {
            Ok(number) => page.write(*row, *column, number).unwrap(),
            Err(_) => page.write_formula(*row, *column, Formula::new(text)).unwrap(),
        };
    }
    workbook.save_to_buffer().unwrap()
}

fn changed(mut quantities: Vec<Quantity>, name: &str, content: &str) -> Vec<Quantity> {
    let found = quantities.iter_mut().find(|(other, ..)| other == name);
    content.clone_into(&mut found.unwrap_or_else(|| panic!("no quantity {name}")).1);
    quantities
}

fn audit(quantities: &[Quantity]) -> AuditReport {
    audit_bytes(&bytes(quantities), &Default::default()).unwrap()
}

fn is_clean(quantities: &[Quantity], tables: usize) {
    let report = audit(quantities);
    assert!(report.is_clean(), "{}", told(&report));
    assert_eq!(report.tables.len(), tables, "{}", told(&report));
    for table in &report.tables {
        let names: Vec<&str> = table.weights.iter().map(|weight| weight.name.as_str()).collect();
        assert_eq!(names, ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"], "{}", told(&report));
    }
}

/// The only slip is in the cell of `name`, and its correction leaves a clean workbook.
fn is_the_slip(quantities: &[Quantity], name: &str, kind: SlipKind, words: &str) {
    let report = audit(quantities);
    let slips: Vec<_> = report.slips().collect();
    assert_eq!(slips.len(), 1, "{name}: {}", told(&report));
    let (_, _, place) = quantities.iter().find(|(other, ..)| other == name).unwrap();
    let cell = spelled(*place);
    assert!(cell.ends_with(&format!("!{}", slips[0].cells[0])), "{cell}: {}", told(&report));
    assert_eq!(slips[0].kind, kind, "{}", told(&report));
    assert!(slips[0].explanation.contains(words), "{words}: {}", slips[0].explanation);
    let fixed = fix(&bytes(quantities), &report).unwrap();
    let again = audit_bytes(&fixed, &Default::default()).unwrap();
    assert!(again.is_clean(), "{}", told(&again));
}

/// Slips of every part are found, wherever the parts stand.
fn slips_are_found(sheet: &dyn Fn() -> Vec<Quantity>) {
    let derivative = SlipKind::WrongDerivative;
    let uses = changed(sheet(), "dE2_dah1", "{dE_dao2}*{dao2_do2}*{w8}");
    is_the_slip(&uses, "dE2_dah1", derivative, "(w8)");
    is_the_slip(&changed(sheet(), "dE_dah1", "{dE1_dah1}"), "dE_dah1", derivative, "(dE2_dah1) is missing");
    is_the_slip(&changed(sheet(), "w5 new", "{w5}+{eta}*{dw5}"), "w5 new", SlipKind::WrongSign, "climbs the error");
    is_the_slip(
        &changed(sheet(), "w2 new", "{w2}-{eta}*{dw1}"),
        "w2 new",
        SlipKind::WrongWeight,
        "with the gradient of w1",
    );
    is_the_slip(&changed(sheet(), "w7 new", "{w7}-{dw7}"), "w7 new", SlipKind::WrongUpdate, "no learning rate");
}

#[test]
fn updates_in_a_block_beside_the_gradients() {
    // Everything but the updates in two columns; the updates where there is room, those of the hidden layer below the others.
    let sheet = || {
        exercise(|name, row| match name.strip_suffix(" new").map(|weight| weight[1..].parse::<u32>().unwrap()) {
            Some(weight @ 1..=4) => (0, 7, 20 + weight),
            Some(weight) => (0, 7, weight),
            None if row < 24 => (0, 1, row),
            None => (0, 4, row - 20),
        })
    };
    is_clean(&sheet(), 1);
    slips_are_found(&sheet);
}

#[test]
fn something_stands_between_the_weights_and_nothing_between_their_updates() {
    let sheet = || {
        exercise(|name, row| match row {
            9.. if name.starts_with('w') && !name.ends_with("new") => (0, 1, row + 1),
            13.. => (0, 1, row + 1),
            _ => (0, 1, row),
        })
    };
    is_clean(&sheet(), 1);
    slips_are_found(&sheet);
}

#[test]
fn the_backward_pass_on_a_sheet_of_its_own() {
    let sheet = || exercise(|_, row| if row < 24 { (0, 1, row) } else { (1, 1, row - 20) });
    is_clean(&sheet(), 1);
    slips_are_found(&sheet);
    // And the updates on a third one.
    let sheet = || {
        exercise(|name, row| if name.ends_with(" new") { (2, 1, row - 44) } else { (usize::from(row >= 24), 1, row) })
    };
    is_clean(&sheet(), 1);
    slips_are_found(&sheet);
}

/// The same with a forward pass by the new weights below, as the exercise ends in most books.
fn with_second_pass(quantities: Vec<Quantity>, column: u16, from: u32) -> Vec<Quantity> {
    let mut all = quantities;
    for (row, (name, content)) in (0..).zip(&ROWS[13..24]) {
        let mut content = (*content).to_owned();
        for weight in 1..=8 {
            content = content.replace(&format!("{{w{weight}}}"), &format!("{{w{weight} new}}"));
        }
        for own in ["h1", "h2", "a_h1", "a_h2", "o1", "o2", "a_o1", "a_o2", "E1", "E2"] {
            content = content.replace(&format!("{{{own}}}"), &format!("{{{own} again}}"));
        }
        all.push((format!("{name} again"), content, (0, column, from + row)));
    }
    all
}

#[test]
fn a_second_pass_with_the_new_weights_is_no_second_row() {
    let one_column = || exercise(|_, row| (0, 1, row));
    // At the distance of the updates from their weights, and at none.
    for from in [54, 55, 58, 70] {
        let sheet = || with_second_pass(one_column(), 1, from);
        is_clean(&sheet(), 1);
        let slip = changed(sheet(), "w5 new", "{w5}+{eta}*{dw5}");
        is_the_slip(&slip, "w5 new", SlipKind::WrongSign, "climbs the error");
        let slip = changed(sheet(), "dE_dah1", "{dE1_dah1}");
        is_the_slip(&slip, "dE_dah1", SlipKind::WrongDerivative, "is missing");
    }
    is_clean(&with_second_pass(one_column(), 5, 3), 1);
}

/// Three epochs on three sheets, each from the weights that the one before has made.
fn epochs_on_sheets() -> Vec<Quantity> {
    let mut all = Vec::new();
    for epoch in 0..3 {
        for (name, content, (_, column, row)) in exercise(|_, row| (0, 1, row)) {
            let of = |epoch: usize, name: &str| if epoch == 0 { name.to_owned() } else { format!("{name} {epoch}") };
            let content = match content.parse::<f64>() {
                Ok(_) if name.starts_with('w') && epoch > 0 => format!("{{{}}}", of(epoch - 1, &format!("{name} new"))),
                Ok(_) => content,
                Err(_) => content.replace('}', &if epoch == 0 { "}".to_owned() } else { format!(" {epoch}}}") }),
            };
            all.push((of(epoch, &name), content, (epoch, column, row)));
        }
    }
    all
}

#[test]
fn each_sheet_of_a_training_is_looked_at() {
    let report = audit(&epochs_on_sheets());
    assert!(report.is_clean() && report.tables.len() == 3, "{}", told(&report));
    let slip = changed(epochs_on_sheets(), "w5 new 2", "{w5 2}+{eta 2}*{dw5 2}");
    is_the_slip(&slip, "w5 new 2", SlipKind::WrongSign, "climbs the error");
    // The weight that an earlier sheet has made, and another weight.
    let slip = changed(epochs_on_sheets(), "w3 2", "{w3 new}");
    is_the_slip(&slip, "w3 2", SlipKind::WrongStart, "starts from 'Page1'!B49");
    let slip = changed(epochs_on_sheets(), "w3 1", "{w4 new}");
    is_the_slip(&slip, "w3 1", SlipKind::WrongStart, "what sheet Page1 has made");
    let slip = changed(epochs_on_sheets(), "dE_dah1 1", "{dE1_dah1 1}");
    is_the_slip(&slip, "dE_dah1 1", SlipKind::WrongDerivative, "is missing");
}

/// Two whole passes below each other, at another distance than the updates have from their weights; what is given stands once.
fn two_passes() -> Vec<Quantity> {
    let mut all = exercise(|_, row| (0, 1, row));
    for (row, (name, content)) in (58..).zip(&ROWS[13..]).filter(|(_, (name, _))| !name.is_empty()) {
        let mut content = (*content).to_owned();
        for (own, _) in ROWS[13..].iter().filter(|(own, _)| !own.is_empty()) {
            content = content.replace(&format!("{{{own}}}"), &format!("{{{own} 2}}"));
        }
        for weight in 1..=8 {
            content = content.replace(&format!("{{w{weight}}}"), &format!("{{w{weight} new}}"));
        }
        all.push((format!("{name} 2"), content, (0, 1, row)));
    }
    all
}

#[test]
fn passes_below_each_other_are_judged_one_by_one() {
    let report = audit(&two_passes());
    assert!(report.is_clean() && report.tables.len() == 2, "{}", told(&report));
    for pass in ["", " 2"] {
        let slip = changed(two_passes(), &format!("dE_dah1{pass}"), &format!("{{dE1_dah1{pass}}}"));
        is_the_slip(&slip, &format!("dE_dah1{pass}"), SlipKind::WrongDerivative, "is missing");
    }
    let slip = changed(two_passes(), "w5 new 2", "{w5 new}+{eta}*{dw5 2}");
    is_the_slip(&slip, "w5 new 2", SlipKind::WrongSign, "climbs the error");
}

/// The gradient of a bias that a layer shares is a sum of deltas, which reads like an update without a rate.
#[test]
fn a_bias_that_a_layer_shares_and_its_update_on_another_sheet() {
    let mut sheet = exercise(|name, row| if name.ends_with(" new") { (1, 1, row - 44) } else { (0, 1, row + 2) });
    let mut add = |name: &str, content: &str, place| sheet.push((name.to_owned(), content.to_owned(), place));
    add("b1", "0.35", (0, 1, 0));
    add("d_h1", "{dE_dah1}*{dah1_dh1}", (0, 1, 46));
    add("d_h2", "{dE_dah2}*{dah2_dh2}", (0, 1, 47));
    add("db1", "{d_h1}+{d_h2}", (0, 1, 48));
    add("b1 new", "{b1}-{eta}*{db1}", (1, 1, 12));
    for (name, content) in [("h1", "{w1}*{i1}+{w2}*{i2}+{b1}"), ("h2", "{w3}*{i1}+{w4}*{i2}+{b1}")] {
        sheet = changed(sheet, name, content);
    }
    let report = audit(&sheet);
    assert!(report.is_clean(), "{}", told(&report));
    assert_eq!(report.tables[0].weights.len(), 9, "{}", told(&report));
    let slip = changed(sheet, "b1 new", "{b1}+{eta}*{db1}");
    is_the_slip(&slip, "b1 new", SlipKind::WrongSign, "climbs the error");
}
