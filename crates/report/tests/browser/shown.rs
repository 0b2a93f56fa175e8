//! What the page shows, read back and held against the program's numbers.

use std::path::PathBuf;

use longhand_derivation::evaluation::Values;
use longhand_derivation::number::Shown;
use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;
use serde_json::Value;
use tempfile::TempDir;

use longhand_test_browser::{Browser, chromium};

/// A browser, and a folder for its profile and for pages; `None`, with a word about it, where there is no Chromium.
pub fn browser() -> Option<(Browser, TempDir)> {
    let Some(program) = chromium() else {
        println!("skipped: no Chromium (set CHROMIUM, or install the package chromium)");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(&program, &folder.path().join("profile"));
    browser.set_screen(1280, 900, "light");
    Some((browser, folder))
}

/// Writes the page of a network into a folder and opens it.
pub fn open(browser: &mut Browser, folder: &TempDir, worksheet: &Worksheet) -> PathBuf {
    let file = folder.path().join("worksheet.html");
    std::fs::write(&file, longhand_report::worksheet_page(worksheet)).unwrap();
    browser.open(&file);
    browser.settle();
    assert_eq!(
        browser.evaluate("document.documentElement.classList.contains('ready')"),
        true,
        "{:?}",
        browser.complaints()
    );
    file
}

/// Every value of the network in a row of a table, as the program computes them.
pub fn values_in_row(worksheet: &Worksheet, rate: f64, row: usize) -> Values {
    let table = worksheet.table.rates.iter().find(|table| table.learning_rate == rate).expect("a listed rate");
    let column = |node| worksheet.table.column(node).expect("a parameter has a column");
    let parameters: Vec<f64> =
        worksheet.network.parameters.iter().map(|parameter| table.cell(row, column(parameter.node)).unwrap()).collect();
    worksheet.network.values(&parameters, rate)
}

/// A number as the page sets it in a formula: an exponent is raised, so in plain text it is just digits.
fn as_set(value: f64) -> String {
    let shown = Shown::new(value);
    let sign = if shown.negative { "−" } else { "" };
    match shown.exponent {
        Some(exponent) => format!("{sign}{}·10{}", shown.digits, exponent.to_string().replace('-', "−")),
        None => format!("{sign}{}", shown.digits),
    }
}

/// Checks every number in the formulas below `selector`, and gives how many there were.
pub fn check_formulas(browser: &mut Browser, selector: &str, values: &Values) -> usize {
    let script = format!(
        "[...document.querySelectorAll({selector:?} + ' [data-value]')]
             .map((place) => [Number(place.dataset.value), place.textContent])"
    );
    let found = browser.evaluate(&script);
    let found = found.as_array().unwrap();
    for pair in found {
        let value = values.as_slice()[pair[0].as_u64().unwrap() as usize];
        let text = pair[1].as_str().unwrap().trim_matches(['(', ')']);
        assert_eq!(text, as_set(value), "node {} in {selector}", pair[0]);
    }
    found.len()
}

/// Checks the marked row of the table.
pub fn check_table(browser: &mut Browser, worksheet: &Worksheet, rate: f64, row: usize) {
    let script = "[...document.querySelectorAll('#table tr.current')]
                      .flatMap((line) => [...line.cells].slice(1).map((cell) => cell.textContent))";
    let found = browser.evaluate(script);
    let found: Vec<&str> = found.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let values = values_in_row(worksheet, rate, row);
    use longhand_derivation::columns::Group::*;
    // The page groups columns, keeping their order inside a group.
    let groups = [&[Parameter][..], &[Net, Out], &[Error], &[Delta], &[Gradient]];
    let expected: Vec<String> = groups
        .iter()
        .flat_map(|group| worksheet.table.columns.iter().filter(|column| group.contains(&column.group)))
        .map(|column| as_set(values.get(column.node)))
        .collect();
    assert_eq!(found, expected);
}

/// A worksheet out of TOML.
pub fn worksheet(description: &str) -> Worksheet {
    let spec: NetworkSpec = toml::from_str(description).unwrap();
    Worksheet::work_out(spec).unwrap()
}

/// What must hold of every page at every moment: nothing was complained about, nothing was fetched.
pub fn check_peace(browser: &Browser) {
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let fetched: Vec<String> = browser.requests().into_iter().filter(|url| !url.ends_with("/worksheet.html")).collect();
    assert_eq!(fetched, Vec::<String>::new());
}

/// A list of strings.
pub fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}
