//! Tables without formulas: what was applied is read off consecutive rows.

use longhand_derivation::network::Network;
use longhand_derivation::spec::NetworkSpec;
use longhand_workbook::audit::{AuditOptions, AuditReport, SlipKind, audit_bytes, html, text};
use rust_xlsxwriter::Workbook;

/// The 2-2-2 table as values; `gradients` may exchange what is applied.
fn table(with_rate: bool, gradients: impl Fn(&[f64]) -> Vec<f64>) -> AuditReport {
    let network = Network::build(NetworkSpec::default()).unwrap();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    if with_rate {
        sheet.write(0, 0, "Learning rate").unwrap();
        sheet.write(0, 1, 0.5).unwrap();
    }
    for (column, name) in
        ["i1", "i2", "t1", "t2", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "E_total"].iter().enumerate()
    {
        sheet.write(4, column as u16, *name).unwrap();
    }
    let mut weights = network.initial_parameters();
    for row in 5..30 {
        let values = network.values(&weights, 0.5);
        for (column, value) in [0.05, 0.1, 0.01, 0.99].iter().chain(&weights).enumerate() {
            sheet.write(row, column as u16, *value).unwrap();
        }
        sheet.write(row, 12, values.get(network.total_error)).unwrap();
        let right: Vec<f64> = network.parameters.iter().map(|parameter| values.get(parameter.gradient)).collect();
        for (weight, gradient) in weights.iter_mut().zip(gradients(&right)) {
            *weight -= 0.5 * gradient;
        }
    }
    audit_bytes(&workbook.save_to_buffer().unwrap(), &AuditOptions::default()).unwrap()
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
