//! Tables without formulas: what was applied is read off consecutive rows.

use longhand_derivation::network::Network;
use longhand_derivation::spec::{Biases, NetworkDraft};
use longhand_workbook::audit::{
    AuditError, AuditOptions, AuditReport, SlipKind, WeightReport, audit_bytes, html, text,
};
use rust_xlsxwriter::Workbook;

/// A table of values as somebody may have written it.
struct Made<'a> {
    layers: Vec<usize>,
    biases: Biases,
    rate: f64,
    /// Whether the rate stands above the table.
    with_rate: bool,
    rows: u32,
    /// Left out: 0.05, 0.1, …
    inputs: Option<Vec<f64>>,
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
            inputs: None,
            gradients: &|right| right.to_vec(),
            written: &|value| value,
        }
    }
}

impl Made<'_> {
    fn bytes(&self) -> Vec<u8> {
        let (first, last) = (self.layers[0], self.layers[self.layers.len() - 1]);
        let count: usize = self.layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let usual = || (0..first).map(|k| 0.05 + 0.05 * k as f64).collect();
        let inputs: Vec<f64> = self.inputs.clone().unwrap_or_else(usual);
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

/// Rounded as `{:.decimals}`, or as so many significant digits.
fn rounded(value: f64, places: usize, significant: bool) -> f64 {
    let text = if significant { format!("{value:.*e}", places - 1) } else { format!("{value:.places$}") };
    text.parse().unwrap()
}

/// What is said of a table: `clean`, `!` with the weights that have slips, `?` with those that are too rounded, or `-`
/// where the table is too rounded altogether.
fn said(made: &Made<'_>) -> String {
    let report = match made.audit() {
        Ok(report) => report,
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains("too rounded to tell"), "{error}");
            return "-".to_owned();
        }
    };
    let of_kind = |letter: char, is: &dyn Fn(&&WeightReport) -> bool| -> Option<String> {
        let names: Vec<&str> = report.tables[0].weights.iter().filter(is).map(|weight| &weight.name[1..]).collect();
        (!names.is_empty()).then(|| format!("{letter}{}", names.join(",")))
    };
    let slips = of_kind('!', &|weight| !weight.ok && !weight.is_too_rounded);
    let untold = of_kind('?', &|weight| weight.is_too_rounded);
    assert_eq!(report.is_clean(), slips.is_none() && untold.is_none(), "{}", text(&report));
    assert_eq!(report.refused.is_empty(), untold.is_none(), "{}", text(&report));
    assert_eq!(report.slips().count() > 0, slips.is_some(), "{}", text(&report));
    let said: Vec<String> = slips.into_iter().chain(untold).collect();
    if said.is_empty() { "clean".to_owned() } else { said.join(" ") }
}

/// Slips of the 2-2-2 table, with what is to be said of them.
type Slip = (&'static str, fn(&[f64]) -> Vec<f64>);
const SLIPS: [Slip; 6] = [
    ("clean", |g| g.to_vec()),
    ("!3,4", |g| vec![g[0], g[1], g[0], g[1], g[4], g[5], g[6], g[7]]),
    ("!5", |g| vec![g[0], g[1], g[2], g[3], -g[4], g[5], g[6], g[7]]),
    ("!6", |g| vec![g[0], g[1], g[2], g[3], g[4], 2.0 * g[5], g[6], g[7]]),
    ("!2", |g| vec![g[0], 0.0, g[2], g[3], g[4], g[5], g[6], g[7]]),
    ("!8", |g| vec![g[0], g[1], g[2], g[3], g[4], g[5], g[6], 1.01 * g[7]]),
];

#[test]
fn rounded_tables_are_judged_as_sharply_as_their_rounding_allows() {
    for (expected, gradients) in SLIPS {
        for significant in [false, true] {
            for (rate, with_rate) in [0.1, 0.5, 2.0].into_iter().flat_map(|rate| [(rate, true), (rate, false)]) {
                for places in 6..=12 {
                    let written = |value: f64| rounded(value, places, significant);
                    let made =
                        Made { rate, with_rate, gradients: &gradients, written: &written, rows: 60, ..Made::default() };
                    let case = format!("{places} places, significant: {significant}, rate {rate} stated: {with_rate}");
                    assert_eq!(said(&made), expected, "{case}");
                }
            }
        }
    }
}

#[test]
fn right_tables_of_other_networks_are_clean_when_rounded() {
    for layers in [vec![3, 1], vec![4, 4], vec![3, 4, 2]] {
        for (rate, with_rate) in [0.1, 0.5, 2.0].into_iter().flat_map(|rate| [(rate, true), (rate, false)]) {
            for places in [6, 7, 8, 10] {
                let written = |value: f64| rounded(value, places, false);
                let made =
                    Made { layers: layers.clone(), rate, with_rate, written: &written, rows: 400, ..Made::default() };
                assert_eq!(said(&made), "clean", "{layers:?}, {places} decimals, rate {rate} stated: {with_rate}");
            }
        }
    }
}

#[test]
fn weights_that_are_too_rounded_are_not_called_right() {
    let mut lines = Vec::new();
    for (expected, gradients) in SLIPS {
        for (rate, with_rate) in [(0.001, true), (0.001, false), (0.01, false), (10.0, true), (10.0, false)] {
            let of_places = (3..=9).map(|places| {
                let written = |value: f64| rounded(value, places, false);
                said(&Made { rate, with_rate, gradients: &gradients, written: &written, ..Made::default() })
            });
            let known = if with_rate { "stated" } else { "told" };
            lines.push(format!("{expected:5}  {rate:5} {known:6}  {}", of_places.collect::<Vec<_>>().join("  ")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    clean  0.001 stated  -  -  ?1,2,3,4  ?1,2,3,4  ?1,3  clean  clean
    clean  0.001 told    -  -  ?1,2,3,4  ?1,2,3,4  ?1,3  clean  clean
    clean   0.01 told    -  -  ?1,2,3,4  ?1,3  clean  clean  clean
    clean     10 stated  -  -  clean  clean  clean  clean  clean
    clean     10 told    -  -  clean  clean  clean  clean  clean
    !3,4   0.001 stated  -  -  ?1,2,3,4  ?1,2,3,4  !4 ?1,3  !3,4  !3,4
    !3,4   0.001 told    -  -  ?1,2,3,4  ?1,2,3,4  !4 ?1,3  !3,4  !3,4
    !3,4    0.01 told    -  -  ?1,2,3,4  !3,4 ?1  !3,4  !3,4  !3,4
    !3,4      10 stated  -  -  !3,4  !3,4  !3,4  !3,4  !3,4
    !3,4      10 told    -  -  !3,4  !3,4  !3,4  !3,4  !3,4
    !5     0.001 stated  -  -  !5 ?1,2,3,4  !5 ?1,2,3,4  !5 ?1,3  !5  !5
    !5     0.001 told    -  -  !5 ?1,2,3,4  !5 ?1,2,3,4  !5 ?1,3  !5  !5
    !5      0.01 told    -  -  !5 ?1,2,3,4  !5 ?1,3  !5  !5  !5
    !5        10 stated  -  -  !5  !5  !5  !5  !5
    !5        10 told    -  -  !5  !5  !5  !5  !5
    !6     0.001 stated  -  -  !6 ?1,2,3,4  !6 ?1,2,3,4  !6 ?1,3  !6  !6
    !6     0.001 told    -  -  !6 ?1,2,3,4  !6 ?1,2,3,4  !6 ?1,3  !6  !6
    !6      0.01 told    -  -  !6 ?1,2,3,4  !6 ?1,3  !6  !6  !6
    !6        10 stated  -  -  !6  !6  !6  !6  !6
    !6        10 told    -  -  !6  !6  !6  !6  !6
    !2     0.001 stated  -  -  ?1,2,3,4  ?1,2,3,4  !2 ?1,3  !2  !2
    !2     0.001 told    -  -  ?1,2,3,4  ?1,2,3,4  !2 ?1,3  !2  !2
    !2      0.01 told    -  -  ?1,2,3,4  !2 ?1,3  !2  !2  !2
    !2        10 stated  -  -  !2  !2  !2  !2  !2
    !2        10 told    -  -  !2  !2  !2  !2  !2
    !8     0.001 stated  -  -  ?1,2,3,4  !8 ?1,2,3,4  !8 ?1,3  !8  !8
    !8     0.001 told    -  -  ?1,2,3,4  ?1,2,3,4  !8 ?1,3  !8  !8
    !8      0.01 told    -  -  ?1,2,3,4  !8 ?1,3  !8  !8  !8
    !8        10 stated  -  -  !8  !8  !8  !8  !8
    !8        10 told    -  -  !8  !8  !8  !8  !8
    ");
    let written = |value: f64| rounded(value, 6, false);
    let slow = Made { rate: 1e-5, written: &written, ..Made::default() };
    assert_eq!(said(&slow), "?1,2,3,4,5,6,7,8");
    let error = Made { with_rate: false, ..slow }.audit().unwrap_err().to_string();
    assert!(error.contains("too rounded to tell the learning rate"), "{error}");
    let report = Made { rate: 0.001, written: &written, ..Made::default() }.audit().unwrap();
    assert!(html(&report).contains("too rounded to tell</td>"));
    insta::assert_snapshot!(text(&report), @r#"
    workbook: not all of it could be audited.
    The sheet has no formulas, so its values were checked: consecutive rows tell the gradient that was applied.

    Sheet "Sheet1", E6:L30 (25 rows, down)
      network        2-2-2, sigmoid, no biases, squared error
      learning rate  B1 = 0.001
      error          E_total (M6), 0.239332 in the last row
      ?    w1  E6  off by 8.8e-4, allowed 1.0e-3
      ?    w2  F6  off by 7.6e-4, allowed 1.0e-3
      ?    w3  G6  off by 8.5e-4, allowed 1.0e-3
      ?    w4  H6  off by 6.9e-4, allowed 1.0e-3
      OK   w5  I6  off by 6.2e-4, allowed 1.0e-3
      OK   w6  J6  off by 9.3e-4, allowed 1.0e-3
      OK   w7  K6  off by 6.2e-4, allowed 1.0e-3
      OK   w8  L6  off by 7.5e-4, allowed 1.0e-3

    Not audited: w1, w2, w3, w4 on sheet "Sheet1": with 6 decimals, too rounded to tell; what is taken off from row to row is hardly more than what rounding can make of it, so half or twice the gradient would not show. Write the weights with more decimals, or save the workbook with its formulas
    "#);
}

#[test]
fn an_input_of_nothing_gives_a_gradient_of_nothing_however_the_table_is_rounded() {
    for places in [6, 8, 17] {
        let written = |value: f64| rounded(value, places, false);
        let inputs = Some(vec![0.0, 1.0]);
        assert_eq!(said(&Made { inputs: inputs.clone(), written: &written, ..Made::default() }), "clean");
        // The weight of the input that is nothing, updated with the other's gradient.
        let swapped = |g: &[f64]| vec![g[1], g[1], g[2], g[3], g[4], g[5], g[6], g[7]];
        assert_eq!(said(&Made { inputs, gradients: &swapped, written: &written, ..Made::default() }), "!1");
    }
}
