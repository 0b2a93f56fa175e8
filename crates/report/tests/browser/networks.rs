//! Pages of other networks: other shapes, activations, losses, biases, samples, and ones too large to read.

use crate::shown::{browser, check_formulas, check_peace, check_table, open, strings, values_in_row, worksheet};
use longhand_test_browser::Browser;

const XOR: &str = "
    layers = [2, 2, 1]
    hidden_activation = \"tanh\"
    output_activation = \"sigmoid\"
    biases = { per_neuron = [] }
    weights = [0.5, -0.4, -0.6, 0.7, 0.8, -0.9]
    samples = [
        { inputs = [0, 0], targets = [0] }, { inputs = [0, 1], targets = [1] },
        { inputs = [1, 0], targets = [1] }, { inputs = [1, 1], targets = [0] },
    ]";

const READABLE: [&str; 6] = [
    "biases = { per_layer = [0.35, 0.60] }\nlearning_rates = [0.5]",
    "layers = [3, 4, 2]\nhidden_activation = \"tanh\"\nbiases = { per_neuron = [] }",
    "layers = [2, 3, 3, 1]",
    "layers = [2, 3, 3, 1]\nhidden_activation = \"relu\"\noutput_activation = \"identity\"\nlearning_rates = [0.01, 0.1]",
    "layers = [2, 3, 3]\nloss = \"softmax_cross_entropy\"\nbiases = { per_neuron = [] }",
    XOR,
];

fn set_row(browser: &mut Browser, row: usize) {
    browser.evaluate(&format!(
        "{{ const slider = document.querySelector('#row');
            slider.value = {row};
            slider.dispatchEvent(new Event('input')); }}"
    ));
    browser.settle();
}

/// Whether nothing sticks out of a window as narrow as a phone's.
fn check_width(browser: &mut Browser) {
    let widths = browser.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    assert_eq!(widths[0], widths[1], "the page is wider than the window");
}

/// Every element that the keyboard can reach has a name for screen readers.
fn check_names(browser: &mut Browser) {
    let tree = browser.call("Accessibility.getFullAXTree", serde_json::json!({}));
    let mut reachable = 0;
    for node in tree["nodes"].as_array().unwrap() {
        let focusable = node["properties"].as_array().is_some_and(|properties| {
            properties.iter().any(|property| property["name"] == "focusable" && property["value"]["value"] == true)
        });
        if focusable && node["ignored"] == false {
            reachable += 1;
            assert!(node["name"]["value"].as_str().is_some_and(|name| !name.trim().is_empty()), "{node}");
        }
    }
    assert!(reachable > 10, "{reachable}");
}

#[test]
fn every_weight_of_every_kind_of_network() {
    let Some((mut browser, folder)) = browser() else { return };
    for description in READABLE {
        let worksheet = worksheet(description);
        let rate = worksheet.network.spec.learning_rates[0];
        open(&mut browser, &folder, &worksheet);
        set_row(&mut browser, 77);
        let values = values_in_row(&worksheet, rate, 77);
        check_table(&mut browser, &worksheet, rate, 77);
        for parameter in &worksheet.network.parameters {
            browser.evaluate(&format!("document.querySelector('#weight-{}').click()", parameter.node.index()));
            browser.settle();
            assert!(check_formulas(&mut browser, "#chain", &values) > 8, "{description}");
            let chosen = browser.evaluate(
                "[...document.querySelectorAll('#diagram [aria-checked=true]')]
                     .map((one) => one.getAttribute('aria-label').split(' ')[0])",
            );
            assert_eq!(strings(&chosen), [worksheet.network.graph.name(parameter.node)], "{description}");
            assert_eq!(
                browser
                    .evaluate("document.querySelectorAll('#diagram .edge.chosen, #diagram .quantity.chosen').length"),
                1,
                "{description}"
            );
        }
        check_names(&mut browser);
        browser.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })");
        browser.settle();
        browser.settle();
        check_formulas(&mut browser, "#derivation", &values);
        browser.set_screen(390, 844, "dark");
        browser.settle();
        check_width(&mut browser);
        browser.set_screen(1280, 900, "light");
    }
    check_peace(&browser);
}

#[test]
fn a_path_through_another_sample_brings_that_sample_into_the_picture() {
    let Some((mut browser, folder)) = browser() else { return };
    let worksheet = worksheet(XOR);
    open(&mut browser, &folder, &worksheet);
    browser.evaluate("document.querySelectorAll('.path')[2].querySelector('.partial').focus()");
    browser.settle();
    assert_eq!(browser.evaluate("document.querySelector('#samples [aria-pressed=true]').textContent"), "3");
    let inputs =
        browser.evaluate("[...document.querySelectorAll('#diagram .input .value')].map((one) => one.textContent)");
    assert_eq!(strings(&inputs), ["1", "0"]);
    check_peace(&browser);
}

/// From the error to an output's sum in one factor: the picture lights all that lies between, in the factor's sample.
#[test]
fn a_factor_that_leaps_lights_every_way_between() {
    let Some((mut browser, folder)) = browser() else { return };
    let worksheet = worksheet(
        "layers = [2, 3, 3]
        loss = \"softmax_cross_entropy\"
        samples = [{ inputs = [0, 1], targets = [1, 0, 0] }, { inputs = [1, 0], targets = [0, 1, 0] }]",
    );
    open(&mut browser, &folder, &worksheet);
    browser.evaluate(
        "{ const path = document.querySelectorAll('.path')[4]; path.open = true; path.querySelector('.partial').focus(); }",
    );
    browser.settle();
    assert_eq!(browser.evaluate("document.querySelector('#samples [aria-pressed=true]').textContent"), "2");
    let mut count = |what: &str| browser.evaluate(&format!("document.querySelectorAll('#diagram {what}').length"));
    // The sum over the samples, three errors, three outputs, and each output's line to o2.
    assert_eq!(count(".edge.strong"), 1 + 3 + 3 + 3);
    assert_eq!(count(".quantity.strong"), 2 + 3 + 3 + 1);
    // And on from o2 through h1 to the input.
    assert_eq!(count(".edge.lit"), 10 + 2);
    assert_eq!(count(".edge.lit.chosen"), 1);
    browser.evaluate("document.querySelectorAll('.path')[4].querySelectorAll('.partial')[1].focus()");
    browser.settle();
    let mut count = |what: &str| browser.evaluate(&format!("document.querySelectorAll('#diagram {what}').length"));
    assert_eq!((count(".edge.strong"), count(".edge.lit")), (1.into(), 12.into()));
    check_peace(&browser);
}

#[test]
fn a_network_too_large_to_read_says_so_and_has_table_and_curves() {
    let Some((mut browser, folder)) = browser() else { return };
    let worksheet = worksheet("layers = [12, 8, 3]");
    open(&mut browser, &folder, &worksheet);
    set_row(&mut browser, 50);
    check_table(&mut browser, &worksheet, 0.1, 50);
    let hint = browser.evaluate("document.querySelector('.hint').textContent");
    assert!(hint.as_str().unwrap().contains("too large for its derivation to be read"), "{hint}");
    assert_eq!(browser.evaluate("document.querySelectorAll('#curves .curve').length"), 6);
    assert_eq!(browser.evaluate("document.querySelector('#derivation').hidden"), true);
    // The mark in the curves goes where it is clicked.
    let middle = browser.evaluate(
        "{ const picture = document.querySelector('#curves .axis'); picture.scrollIntoView({ block: 'center' });
           const box = picture.getBoundingClientRect(); [(box.left + box.right) / 2, box.top - 40] }",
    );
    browser.click(middle[0].as_f64().unwrap(), middle[1].as_f64().unwrap());
    browser.settle();
    check_table(&mut browser, &worksheet, 0.1, 91);
    browser.set_screen(390, 844, "light");
    browser.settle();
    check_width(&mut browser);
    check_peace(&browser);
}

#[test]
fn a_very_long_table_is_reached_everywhere() {
    let Some((mut browser, folder)) = browser() else { return };
    // Too many numbers to keep the parameters of every row: some rows are trained again from the one before.
    let worksheet = worksheet("layers = [8, 5, 2]\nrows = 90000\nlearning_rates = [0.5]");
    open(&mut browser, &folder, &worksheet);
    for row in [3, 1000, 1001, 89_999, 90_000] {
        set_row(&mut browser, row);
        check_table(&mut browser, &worksheet, 0.5, row);
    }
    check_peace(&browser);
}

#[test]
fn a_rate_that_overflows_ends_its_table_and_says_so() {
    let Some((mut browser, folder)) = browser() else { return };
    let worksheet = worksheet("layers = [2, 2, 1]\nhidden_activation = \"identity\"\nlearning_rates = [0.5, 900]");
    let overflow = worksheet.table.rates[1].overflow.expect("this rate overflows");
    open(&mut browser, &folder, &worksheet);
    assert_eq!(browser.evaluate("document.querySelector('#notice').hidden"), true);
    browser.evaluate("document.querySelector('[data-rate=\"900\"]').click()");
    browser.settle();
    let notice = browser.evaluate("document.querySelector('#notice').textContent");
    assert!(notice.as_str().unwrap().contains(&format!("in row {}", overflow.row)), "{notice}");
    assert_eq!(browser.evaluate("Number(document.querySelector('#row').max)"), overflow.row);
    set_row(&mut browser, overflow.row);
    check_peace(&browser);
}
