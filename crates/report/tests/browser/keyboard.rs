//! The exercise, worked with the keyboard alone: a weight edited, the slider moved, weight 1 picked, its chain walked.

use longhand_derivation::number::Shown;
use serde_json::json;

use crate::shown::{browser, check_formulas, check_peace, check_table, open, strings, values_in_row, worksheet};
use longhand_test_browser::Browser;

/// Presses Tab until what has the focus fits `selector`.
fn tab_to(browser: &mut Browser, selector: &str) {
    for _ in 0..120 {
        browser.press("Tab");
        if browser.evaluate(&format!("document.activeElement.matches({selector:?})")) == true {
            return;
        }
    }
    panic!("Tab does not reach {selector}");
}

fn type_over(browser: &mut Browser, text: &str) {
    browser.evaluate("document.activeElement.select()");
    browser.type_text(text);
}

#[test]
fn the_exercise_by_keyboard() {
    let Some((mut browser, folder)) = browser() else { return };
    let original = worksheet("");
    open(&mut browser, &folder, &original);

    // As given: row 1, rate 0.1, weight 1 chosen, both its paths lit.
    let values = values_in_row(&original, 0.1, 1);
    assert!(check_formulas(&mut browser, "#chain", &values) > 40);
    check_table(&mut browser, &original, 0.1, 1);
    let words = browser.evaluate("document.querySelector('#chain .words').textContent");
    assert!(words.as_str().unwrap().contains("receives nothing through"), "{words}");

    // The learning rate by its button, weight 5 by its field.
    tab_to(&mut browser, "[data-rate='0.5']");
    browser.press("Enter");
    tab_to(&mut browser, "[data-name='w5']");
    type_over(&mut browser, "-0,7");
    // The slider, backwards from here: 30 steps on.
    browser.evaluate("document.querySelector('.skip').focus()");
    tab_to(&mut browser, "#row");
    for _ in 0..30 {
        browser.press("ArrowRight");
    }
    // Weight 1 in the picture, from weight 1 away and back.
    tab_to(&mut browser, "#diagram [role='radio']");
    browser.press("ArrowLeft");
    assert_eq!(browser.evaluate("document.activeElement.getAttribute('aria-label').split(' ')[0]"), "w8");
    browser.press("ArrowRight");
    let chosen = browser.evaluate(
        "[...document.querySelectorAll('#diagram [aria-checked=true]')].map((one) => one.getAttribute('aria-label'))",
    );
    assert_eq!(strings(&chosen).len(), 1);
    assert!(strings(&chosen)[0].starts_with("w1 = "), "{chosen}");
    browser.settle();

    let changed = worksheet("weights = [0.15, 0.20, 0.25, 0.30, -0.7, 0.45, 0.50, 0.55]");
    let values = values_in_row(&changed, 0.5, 31);
    check_table(&mut browser, &changed, 0.5, 31);
    let checked = check_formulas(&mut browser, "#chain", &values);
    assert!(checked > 40, "{checked} numbers");
    let gradient = changed.network.parameters[0].gradient;
    let heading = browser.evaluate("document.querySelector('#chain h2 .stage').textContent");
    assert_eq!(heading, format!("≈{}", Shown::new(values.get(gradient)).unicode()));
    let error = browser.evaluate("document.querySelector('.error-text').textContent");
    let total = Shown::new(values.get(changed.network.total_error)).unicode();
    assert_eq!(error, format!("Etotal = {total}"));
    assert_eq!(browser.evaluate("document.querySelector('.row-text').textContent"), "31 of 181");

    // Into the chain: the second path, factor by factor.
    let steps = |browser: &mut Browser| {
        let lit = browser.evaluate(
            "[...document.querySelectorAll('#diagram .box.lit .quantity:first-of-type .name')]
                 .map((name) => name.textContent.replaceAll('\\u200b', ''))",
        );
        strings(&lit).join(" ")
    };
    assert_eq!(steps(&mut browser), "Etotal E1 E2 outo1 outo2 outh1");
    tab_to(&mut browser, ".path:nth-of-type(2) .partial");
    assert_eq!(steps(&mut browser), "Etotal E2 outo2 outh1");
    let strong = |browser: &mut Browser| {
        browser.evaluate(
            "[...document.querySelectorAll('#diagram .strong .name')]
                 .map((name) => name.textContent.replaceAll('\\u200b', ''))",
        )
    };
    assert_eq!(strong(&mut browser), json!(["Etotal", "E2"]));
    browser.press("Tab");
    assert_eq!(strong(&mut browser), json!(["E2", "outo2"]));

    // Every step, opened by keyboard.
    tab_to(&mut browser, "#derivation summary");
    browser.press("Enter");
    browser.settle();
    browser.settle();
    assert!(check_formulas(&mut browser, "#derivation", &values) > 30);

    // Back to the original numbers.
    browser.evaluate("document.querySelector('.skip').focus()");
    tab_to(&mut browser, ".undo");
    browser.press("Enter");
    check_table(&mut browser, &original, 0.5, 31);
    check_peace(&browser);
}

#[test]
fn what_cannot_be_read_is_marked_and_changes_nothing() {
    let Some((mut browser, folder)) = browser() else { return };
    let original = worksheet("");
    open(&mut browser, &folder, &original);
    for text in ["", "abc", "1e7", "NaN", "0x10", "1 2"] {
        browser.evaluate("document.querySelector('[data-name=w3]').focus()");
        type_over(&mut browser, if text.is_empty() { "-" } else { text });
        let invalid = browser.evaluate("document.activeElement.getAttribute('aria-invalid')");
        assert_eq!(invalid, "true", "{text:?}");
        check_table(&mut browser, &original, 0.1, 1);
        browser.press("Tab");
        assert_eq!(browser.evaluate("document.querySelector('[data-name=w3]').value"), "0.25", "{text:?}");
    }
    browser.evaluate("document.querySelector('[data-name=learning_rate]').focus()");
    type_over(&mut browser, "-1");
    assert_eq!(browser.evaluate("document.activeElement.getAttribute('aria-invalid')"), "true");
    check_table(&mut browser, &original, 0.1, 1);
    check_peace(&browser);
}
