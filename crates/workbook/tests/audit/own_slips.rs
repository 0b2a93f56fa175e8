//! Slips in workbooks of the program's own, which have what the other tables made for these tests have not: biases, several
//! rates with a sheet for each, and starting weights that one sheet reads from another.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use longhand_workbook::audit::{AuditReport, SlipKind, audit_bytes, fix, text};

use super::mutations::{audit, formulas, own_workbook, part, with_part};

/// Two rates, so that neither is the one of most updates.
const DENSE: &str = r#"layers = [3, 2, 1]
biases = { per_neuron = [0.35, 0.35, 0.6] }
learning_rates = [0.1, 0.5]
rows = 12"#;
/// With cells for the deltas.
const DEEP: &str = r#"layers = [2, 2, 2, 2]
hidden_activation = "tanh"
output_activation = "tanh"
weights = [0.5, 0.3, -0.4, 0.7, 0.6, 0.2, 0.35, 0.45, 0.55, -0.25, 0.4, 0.65]
biases = { per_neuron = [0.35, 0.35, 0.6, 0.6, 0.85, 0.85] }
learning_rates = [0.1, 0.5]
rows = 12
samples = [{ inputs = [0.9, -0.7], targets = [0.3, -0.6] }]"#;
const SOFTMAX: &str = r#"layers = [2, 3, 3]
loss = "softmax_cross_entropy"
hidden_activation = "tanh"
biases = { per_neuron = [0.35, 0.35, 0.35, 0.6, 0.6, 0.6] }
learning_rates = [0.1, 0.5]
rows = 12
samples = [{ inputs = [0.6, -0.8], targets = [0.0, 1.0, 0.0] }]"#;
const RELU: &str = r#"layers = [2, 2, 2, 2]
hidden_activation = "relu"
output_activation = "identity"
weights = [0.5, 0.3, -0.4, 0.7, 0.6, 0.2, 0.35, 0.45, 0.55, -0.25, 0.4, 0.65]
learning_rates = [0.1, 0.5]
rows = 12
samples = [{ inputs = [0.6, 0.8], targets = [0.3, 0.9] }]"#;
const SHEET: &str = "Rate 0.5";
/// The row of the headings; the first of the training is below it.
const HEADINGS: u32 = 9;
/// The first row that has one before it.
const SECOND: u32 = HEADINGS + 2;

/// The workbook with another formula in a column of its last sheet, from a row on, and the first cell that has it. Names
/// in braces stand for cells of the row, `{^name}` of the row before.
fn doctored(toml: &str, column: &str, from: u32, formula: &str) -> (Vec<u8>, String) {
    let bytes = own_workbook(toml);
    let mut xlsx: Xlsx<_> = Xlsx::new(Cursor::new(bytes.as_slice())).unwrap();
    let sheet = xlsx.worksheet_range(SHEET).unwrap();
    let letters = |name: &str| {
        let is_it = |place: &u32| sheet.get_value((HEADINGS - 1, *place)) == Some(&Data::String(name.to_owned()));
        let place = (0..200).find(is_it).unwrap_or_else(|| panic!("no column {name}"));
        rust_xlsxwriter::utility::column_number_to_name(place as u16)
    };
    let written = |row: u32| {
        let mut parts = formula.split(['{', '}']);
        let mut text = parts.next().unwrap_or_default().to_owned();
        while let Some(name) = parts.next() {
            let cell = match name.strip_prefix('^') {
                Some(name) => format!("{}{}", letters(name), row - 1),
                None => format!("{}{row}", letters(name)),
            };
            text = text + &cell + parts.next().unwrap_or_default();
        }
        text
    };
    let name = "xl/worksheets/sheet4.xml";
    let mut xml = part(&bytes, name);
    let column = letters(column);
    for (start, end, cell, _, value) in formulas(&xml, from).into_iter().rev() {
        if let Some(row) = cell.strip_prefix(&column).and_then(|row| row.parse().ok()) {
            xml.replace_range(start..end, &format!("<c r=\"{cell}\"><f>{}</f><v>{value}</v></c>", written(row)));
        }
    }
    (with_part(&bytes, name, &xml), format!("{column}{from}"))
}

/// Asserts that such a change is one slip, of this kind, where it was made, and that the corrected copy is clean.
fn is_one_slip(toml: &str, (column, from, formula): (&str, u32, &str), kind: SlipKind) -> AuditReport {
    let (bytes, cell) = doctored(toml, column, from, formula);
    let report = audit(&bytes);
    let slips: Vec<_> = report.slips().map(|slip| (slip.kind, slip.cells[0].as_str())).collect();
    let place = format!("'{SHEET}'!{cell}");
    assert!(matches!(slips.as_slice(), [(one, at)] if *one == kind && cell == *at), "{place}\n{}", text(&report));
    let fixed = fix(&bytes, &report).unwrap_or_else(|error| panic!("{error} after\n{}", text(&report)));
    let again = audit_bytes(&fixed, &Default::default()).unwrap();
    assert!(again.is_clean(), "before:\n{}\nafter the fix:\n{}", text(&report), text(&again));
    report
}

#[test]
fn a_bias_whose_gradient_is_a_constant_is_a_bias() {
    for constant in ["1", "0"] {
        is_one_slip(DENSE, ("dE_db1", HEADINGS + 1, constant), SlipKind::WrongDerivative);
        is_one_slip(DEEP, ("dE_db6", HEADINGS + 1, constant), SlipKind::WrongDerivative);
    }
}

#[test]
fn a_weight_that_is_never_updated_is_the_only_slip() {
    // It starts from the weight of another sheet, which is nudged as well.
    for name in ["w2", "w7"] {
        is_one_slip(DENSE, (name, SECOND, &format!("{{^{name}}}")), SlipKind::NeverTrained);
    }
}

#[test]
fn a_bias_that_is_never_updated_among_others_that_are_is_told() {
    for (toml, name) in [(DENSE, "b2"), (SOFTMAX, "b5")] {
        let report = is_one_slip(toml, (name, SECOND, &format!("{{^{name}}}")), SlipKind::NeverTrained);
        let told = &report.slips().next().unwrap().explanation;
        assert!(told.contains(&format!("{name} is never trained")), "{told}");
    }
}

#[test]
fn a_bias_gradient_that_is_that_of_another_is_the_gradients_slip() {
    for (toml, name, formula) in
        [(DEEP, "dE_db1", "{dE_dh1_2}"), (DEEP, "dE_db3", "{dE_dh2_1}*{out_h1_1}"), (SOFTMAX, "dE_db2", "{dE_dh1}")]
    {
        is_one_slip(toml, (name, HEADINGS + 1, formula), SlipKind::WrongDerivative);
    }
    // The update that takes the neighbour's gradient is to blame itself.
    let update = "{^b1}-learning_rate*{^dE_db2}";
    is_one_slip(DEEP, ("b1", SECOND, update), SlipKind::WrongWeight);
}

#[test]
fn a_helper_cell_that_is_right_in_the_first_rows_alone_is_one_slip() {
    let (column, formula) = ("dE_dh1_1", "{dE_dout_h1_1}*(1-{out_h1_1}^2)*2");
    is_one_slip(DEEP, (column, HEADINGS + 4, formula), SlipKind::WrongDerivative);
}

#[test]
fn a_sum_with_another_weight_or_without_one_is_one_slip() {
    for (toml, name, formula) in [
        (RELU, "h2_2", "{w7}*{out_h1_1}+{w8}*{out_h1_2}+{w6}*{out_h1_2}"),
        (DEEP, "h1_1", "{w1}*{i1}+{w3}*{i2}+{b1}"),
        (DEEP, "h2_1", "{w5}*{out_h1_1}+{b3}"),
        (DEEP, "o2", "{w11}*{out_h2_1}+{w12}*{out_h2_2}"),
        (DENSE, "h2", "{w4}*{i1}+{w5}*{i2}+{w6}*{i3}"),
        (DENSE, "h2", "{w4}*{i1}+{w5}*{i2}+{w6}*{i3}+{b1}"),
        // Nothing uses the weights of the other neuron.
        (DEEP, "out_h1_2", "TANH({h1_1})"),
    ] {
        is_one_slip(toml, (name, HEADINGS + 1, formula), SlipKind::WrongForward);
    }
}

#[test]
fn a_cell_that_is_not_made_as_its_neighbours_are_is_one_slip() {
    for (name, formula) in
        [("out_h2_1", "1/(1+EXP(-{h2_1}))"), ("h2_1", "{w5}*{i1}+{w6}*{i2}+{b3}"), ("h1_1", "{w1}*{i2}+{w2}*{i1}+{b1}")]
    {
        is_one_slip(DEEP, (name, HEADINGS + 1, formula), SlipKind::WrongForward);
    }
    // Where the updates take each other's gradients, they are to blame.
    let (bytes, _) = doctored(DEEP, "w1", SECOND, "{^w1}-learning_rate*{^dE_dw2}");
    assert_eq!(audit(&bytes).slips().next().unwrap().kind, SlipKind::WrongWeight);
}

#[test]
fn a_term_of_the_error_that_is_not_made_as_the_others_are_is_one_slip() {
    for (toml, name, formula) in [
        (DEEP, "E1", "0.5*({t1}-{o1})^2"),
        (DEEP, "E2", "0.5*ABS({t2}-{out_o2})"),
        (SOFTMAX, "E2", "{t2}*LN({out_o2})"),
        (SOFTMAX, "E2", "-{t2}*LN({out_o1})"),
        (SOFTMAX, "E2", "-{t2}*LOG10({out_o2})"),
    ] {
        is_one_slip(toml, (name, HEADINGS + 1, formula), SlipKind::WrongError);
    }
}

#[test]
fn an_update_that_starts_from_the_first_row_is_no_slip_of_a_term_that_is_0() {
    // The target of the first term is 0, so that any formula in it has the same derivatives.
    let (bytes, _) = doctored(SOFTMAX, "w1", SECOND, "$G$10-learning_rate*{^dE_dw1}");
    let report = audit(&bytes);
    assert_eq!(report.slips().count(), 1, "{}", text(&report));
    assert!(report.slips().all(|slip| slip.cells[0].starts_with('G')), "{}", text(&report));
}
