//! Learning rates that are too large.

use longhand_derivation::divergence::{DivergenceProbe, Verdict};
use longhand_derivation::network::Network;
use longhand_derivation::table::Table;

fn network(text: &str) -> Network {
    Network::build(toml::from_str(text).unwrap()).unwrap()
}

const RUNAWAY: &str = "hidden_activation = \"identity\"\nlearning_rates = [0.1, 30]\ninputs = [1, 2]";

#[test]
fn a_rate_that_overflows_ends_its_table_with_a_marked_row() {
    let network = network(RUNAWAY);
    let table = Table::compute(&network);
    assert_eq!((table.rates[0].rows(), table.rates[0].overflow), (181, None));
    let rate = &table.rates[1];
    let overflow = rate.overflow.expect("this rate overflows");
    assert!(rate.rows() < 20);
    assert_eq!(overflow.row, rate.rows());
    for row in 1..rate.rows() {
        assert!(rate.row(row).iter().all(|value| value.is_finite()));
    }
    assert_eq!(rate.cell(overflow.row, overflow.column), None);
    assert!(rate.cell(overflow.row, overflow.column - 1).is_some());
    let csv = table.csv();
    assert!(csv.lines().last().unwrap().contains(",overflow"));
    assert!(!csv.contains("NaN") && !csv.contains("inf"));
    assert_eq!(csv.lines().filter(|line| line.contains("overflow")).count(), 1);
}

#[test]
fn documents_say_where_a_table_ended() {
    let worksheet = longhand_derivation::worksheet::Worksheet::work_out(toml::from_str(RUNAWAY).unwrap()).unwrap();
    let row = worksheet.table.rates[1].rows();
    let text = longhand_derivation::document::markdown(&worksheet);
    assert!(text.contains(&format!("At η = 30 the table ends with row {row}: ")), "{text}");
    assert!(longhand_derivation::document::latex(&worksheet).contains(&format!("the table ends with row {row}: ")));
}

#[test]
fn a_first_step_that_overflows_says_so_as_the_rows_do() {
    // The output is 1e153, its square still a double, and so is every derivative; times the rate, one is not.
    let (sizes, large) = (vec![1; 26], vec![1e6; 24]);
    let text = format!(
        "layers = {sizes:?}\nhidden_activation = \"identity\"\noutput_activation = \"identity\"\ninputs = [1e6]\n\
         targets = [0]\nbiases = \"none\"\nrows = 2\nlearning_rates = [1e6]\nweights = [1e3, {}]",
        large.iter().map(|w: &f64| format!("{w:?}")).collect::<Vec<_>>().join(", ")
    );
    let worksheet = longhand_derivation::worksheet::Worksheet::work_out(toml::from_str(&text).unwrap()).unwrap();
    let text = longhand_derivation::document::markdown(&worksheet);
    let table = text.split("After one step").nth(1).unwrap();
    assert!(table.contains("| overflow |") && !table.contains('∞'), "{table}");
}

#[test]
fn the_exercise_overshoots_before_it_swings() {
    let probe = DivergenceProbe::search(&network(""));
    let found: Vec<(f64, Verdict)> = probe.runs.iter().map(|run| (run.learning_rate, run.verdict)).collect();
    assert_eq!(found[0], (2.0, Verdict::Steady));
    assert_eq!(found[1], (82.0, Verdict::Steady));
    assert_eq!(found[2], (91.0, Verdict::Overshoots { row: 2 }));
    assert!(matches!(found[3], (rate, Verdict::Swings { rises }) if rate > 1e5 && rises > 10));
    assert!(
        probe.caption.starts_with("A larger learning rate falls more steeply at first; past a point it overshoots.")
    );
    assert!(probe.caption.contains("η = 91"));
    // Steeper at first: E_total in row 2 falls with the rate as long as nothing overshoots.
    assert!(probe.runs[1].errors[1] < probe.runs[0].errors[1]);
}

#[test]
fn a_linear_network_runs_away() {
    let probe = DivergenceProbe::search(&network("hidden_activation = \"identity\"\ninputs = [1, 2]"));
    let last = probe.runs.last().unwrap();
    assert!(matches!(last.verdict, Verdict::Overflows { row } if row < 181));
    assert!(last.errors.iter().all(|error| error.is_finite()));
    assert!(probe.largest_tried < 1e6);
    assert!(probe.runs.windows(2).all(|pair| pair[0].learning_rate < pair[1].learning_rate));
}
