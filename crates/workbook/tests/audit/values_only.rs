//! Tables without formulas: what was applied is read off consecutive rows.

use longhand_derivation::network::Network;
use longhand_derivation::spec::{Biases, NetworkDraft};
use longhand_workbook::audit::{AuditError, AuditOptions, AuditReport, SlipKind, audit_bytes, html, text};
use rust_xlsxwriter::Workbook;

/// A table of values as somebody may have written it.
struct Made<'a> {
    layers: Vec<usize>,
    biases: Biases,
    rate: f64,
    /// Whether the rate stands above the table.
    with_rate: bool,
    rows: u32,
    /// What is applied in the place of the right gradients.
    gradients: &'a dyn Fn(&[f64]) -> Vec<f64>,
    /// What is written for a weight or the error.
    written: &'a dyn Fn(f64) -> f64,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Made {
            layers: vec![2, 2, 2],
            biases: Biases::None,
            rate: 0.5,
            with_rate: true,
            rows: 25,
            gradients: &|right| right.to_vec(),
            written: &|value| value,
        }
    }
}

impl Made<'_> {
    fn bytes(&self) -> Vec<u8> {
        let (first, last) = (self.layers[0], self.layers[self.layers.len() - 1]);
        let count: usize = self.layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let inputs: Vec<f64> = (0..first).map(|k| 0.05 + 0.05 * k as f64).collect();
        let targets: Vec<f64> = (0..last).map(|k| if k % 2 == 0 { 0.01 } else { 0.99 }).collect();
        let draft = NetworkDraft {
            layers: Some(self.layers.clone()),
            biases: Some(self.biases.clone()),
            inputs: Some(inputs.clone()),
            targets: Some(targets.clone()),
            weights: Some((0..count).map(|k| 0.15 + 0.05 * k as f64).collect()),
            ..NetworkDraft::default()
        };
        let network = Network::build(draft.resolve().unwrap()).unwrap();
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        if self.with_rate {
            sheet.write(0, 0, "Learning rate").unwrap();
            sheet.write(0, 1, self.rate).unwrap();
        }
        let names = [("i", first), ("t", last), ("w", count)];
        let names = names.iter().flat_map(|(letter, count)| (1..=*count).map(move |k| format!("{letter}{k}")));
        for (column, name) in names.chain(["E_total".to_owned()]).enumerate() {
            sheet.write(4, column as u16, name).unwrap();
        }
        let mut weights = network.initial_parameters();
        for row in 5..5 + self.rows {
            let values = network.values(&weights, self.rate);
            let error = (self.written)(values.get(network.total_error));
            let shown = weights.iter().map(|&weight| (self.written)(weight));
            for (column, value) in inputs.iter().chain(&targets).copied().chain(shown).chain([error]).enumerate() {
                sheet.write(row, column as u16, value).unwrap();
            }
            let right: Vec<f64> = network.parameters.iter().map(|parameter| values.get(parameter.gradient)).collect();
            for (weight, gradient) in weights.iter_mut().zip((self.gradients)(&right)) {
                *weight -= self.rate * gradient;
            }
        }
        workbook.save_to_buffer().unwrap()
    }

    fn audit(&self) -> Result<AuditReport, AuditError> {
        audit_bytes(&self.bytes(), &AuditOptions::default())
    }
}

/// The 2-2-2 table as values; `gradients` may exchange what is applied.
fn table(with_rate: bool, gradients: impl Fn(&[f64]) -> Vec<f64>) -> AuditReport {
    Made { with_rate, gradients: &gradients, ..Made::default() }.audit().unwrap()
}

#[test]
fn a_right_table_of_values_is_clean() {
    for with_rate in [true, false] {
        let report = table(with_rate, <[f64]>::to_vec);
        assert!(report.is_clean() && report.values_only, "{}", text(&report));
        assert_eq!(report.tables[0].rows, 25);
        assert!((report.tables[0].learning_rate.as_ref().unwrap().value.unwrap() - 0.5).abs() < 1e-3);
        assert!(html(&report).contains("no formulas"));
    }
}

#[test]
fn slips_show_in_values_too() {
    for with_rate in [true, false] {
        let swapped = table(with_rate, |right| {
            let mut applied = right.to_vec();
            (applied[2], applied[3]) = (right[0], right[1]);
            applied
        });
        let slips: Vec<_> = swapped.slips().map(|slip| (slip.kind, slip.weight.clone().unwrap(), slip.rows)).collect();
        let wrong = |name: &str| (SlipKind::WrongWeight, name.to_owned(), 24);
        assert_eq!(slips, [wrong("w3"), wrong("w4")], "{}", text(&swapped));

        let climbing = table(with_rate, |right| {
            let mut applied = right.to_vec();
            applied[4] = -right[4];
            applied
        });
        let slips: Vec<_> = climbing.slips().map(|slip| (slip.kind, slip.cells[0].clone())).collect();
        assert_eq!(slips, [(SlipKind::WrongSign, "I7".to_owned())], "{}", text(&climbing));

        let wrong = table(with_rate, |right| {
            let mut applied = right.to_vec();
            applied[7] *= 1.1;
            applied
        });
        let slips: Vec<_> = wrong.slips().map(|slip| (slip.kind, slip.weight.clone().unwrap())).collect();
        assert_eq!(slips, [(SlipKind::WrongDerivative, "w8".to_owned())], "{}", text(&wrong));
    }
}

#[test]
fn of_the_shapes_that_the_headings_allow_the_one_with_the_right_error_is_taken() {
    for layers in [vec![2, 2], vec![4, 4], vec![3, 6], vec![2, 1, 2], vec![4, 2, 4], vec![3, 2, 6], vec![3, 1]] {
        for with_rate in [true, false] {
            let sizes: Vec<String> = layers.iter().map(usize::to_string).collect();
            let right = Made { layers: layers.clone(), with_rate, ..Made::default() };
            let report = right.audit().unwrap_or_else(|error| panic!("{sizes:?}: {error}"));
            assert!(report.is_clean(), "{}", text(&report));
            let network = format!("{}, sigmoid, no biases, squared error", sizes.join("-"));
            assert_eq!(report.tables[0].network, Some(network));
            let climbing = |right: &[f64]| {
                let mut applied = right.to_vec();
                applied[1] = -right[1];
                applied
            };
            let report = Made { gradients: &climbing, ..right }.audit().unwrap();
            let slips: Vec<_> = report.slips().map(|slip| (slip.kind, slip.weight.clone().unwrap())).collect();
            assert_eq!(slips, [(SlipKind::WrongSign, "w2".to_owned())], "{}", text(&report));
        }
    }
}

#[test]
fn what_the_headings_tell_is_said_where_it_is_not_enough() {
    // Biases are nothing that headings tell, and the error is another one for them.
    let biases = Biases::PerLayer(vec![0.35]);
    let noise = |right: &[f64]| right.iter().enumerate().map(|(k, gradient)| (k + 1) as f64 * gradient).collect();
    let told: Vec<String> = [
        Made { layers: vec![2, 2], biases, ..Made::default() },
        Made { layers: vec![2, 2, 1, 1], ..Made::default() },
        Made { rows: 2, ..Made::default() },
        Made { with_rate: false, gradients: &noise, ..Made::default() },
    ]
    .iter()
    .map(|made| made.audit().unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    no training table found: the cells hold values only; headings were found on sheet "Sheet1", and no network of these shapes has the error in its column E_total: 2-2, 2-1-2 (sigmoid, no biases, squared error); save the workbook with its formulas
    no training table found: the cells hold values only; headings were found on sheet "Sheet1", and no network without biases has 7 weights between as many inputs (2) and outputs (1), with one hidden layer or none; save the workbook with its formulas
    no training table found: the cells hold values only; headings were found on sheet "Sheet1", and below them 2 rows of numbers where 3 are needed, each with every weight, input and target and the error
    no training table found: the cells hold values only; headings were found on sheet "Sheet1", and its rows agree on no learning rate; write it beside the words "Learning rate" above the table
    "#);
}
