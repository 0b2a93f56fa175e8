//! A network worked out, changed, taken along, and somebody's workbook audited.

use std::path::Path;

use serde_json::json;

use super::visit;
use crate::running::workbooks;

#[test]
fn a_network_is_chosen_changed_and_taken_along_with_its_numbers() {
    let Some(mut visit) = visit() else { return };
    visit.go("/by-hand");
    visit.browser.wait_for("document.documentElement.classList.contains('ready')");
    assert!(visit.text("#chain").contains("0.000188255667"));
    visit.pictures("by-hand");

    // A number changed in the page: everything is worked out again, and the downloads follow.
    visit.type_into("#given input[data-name=w1]", "0.2");
    visit.browser.wait_for("document.querySelector('#downloads a[href*=\"table.csv\"]').href.includes('weights=0.2')");
    let table = visit.on("#downloads a[href*=\"table.csv\"]", "return it.getAttribute('href');");
    let csv = visit.app.get(table.as_str().unwrap()).text();
    assert!(csv.lines().nth(1).unwrap().contains("0.2"), "{}", csv.lines().nth(1).unwrap());

    visit.click("#another summary");
    visit.on("#layers", "it.value = '';");
    visit.type_into("#layers", "3-4-2");
    visit.click("#choice button.primary");
    visit.browser.wait_for("location.search.includes('3-4-2') && document.documentElement.classList.contains('ready')");
    assert!(visit.text("#description").contains("3-4-2"));
    visit.go("/by-hand?layers=2-x");
    visit.browser.wait_for("document.querySelector('[role=alert]')?.textContent.includes('no layer size')");
    visit.picture("by-hand-refused");
    visit.nothing_went_wrong();
}

/// A slip of the keyboard in the choice of a network costs none of one's own numbers.
#[test]
fn ones_own_numbers_outlive_a_refusal() {
    let Some(mut visit) = visit() else { return };
    let weights = "weights=0.9,0.2,0.25,0.3,0.4,0.45,0.5,0.55";
    visit.go(&format!("/by-hand?{weights}&inputs=0.7,0.1&rows=abc"));
    visit.browser.wait_for("document.querySelector('[role=alert]')?.textContent.includes('abc')");
    visit.on("#choice [name=rows]", "it.value = '';");
    visit.type_into("#choice [name=rows]", "50");
    visit.click("#choice button.primary");
    visit
        .browser
        .wait_for("document.documentElement.classList.contains('ready') && location.search.includes('rows=50')");
    let search = visit.browser.evaluate("decodeURIComponent(location.search)");
    let search = search.as_str().unwrap();
    assert!(search.contains(weights) && search.contains("inputs=0.7,0.1"), "{search}");
    assert_eq!(visit.on("#given input[data-name=w1]", "return it.value;"), "0.9");
    // Numbers that do not fit are what was refused, and are left out.
    visit.go("/by-hand?weights=0.9,0.2&inputs=0.7,0.1");
    visit.browser.wait_for("document.querySelector('[role=alert]') !== null");
    visit.click("#choice button.primary");
    visit
        .browser
        .wait_for("document.documentElement.classList.contains('ready') && location.search.includes('inputs')");
    let search = visit.browser.evaluate("decodeURIComponent(location.search)");
    assert!(!search.as_str().unwrap().contains("weights"), "{search}");
}

#[test]
fn every_weight_has_its_label_and_every_rate_its_button_wide_and_narrow() {
    let Some(mut visit) = visit() else { return };
    for width in [1280, 390, 360] {
        visit.browser.set_screen(width, 850, "light");
        visit.go("/by-hand?layers=3-4-2&activation=tanh");
        visit.browser.wait_for("document.documentElement.classList.contains('ready')");
        let labels = visit.browser.evaluate(
            "[...document.querySelectorAll('#diagram .label')].map((it) => it.firstChild.getBoundingClientRect())
              .filter(({ width, height }) => width > 0 && height > 0).map(({ x, y, width, height }) => [x, y, width, height])",
        );
        let labels: Vec<[f64; 4]> = serde_json::from_value(labels).unwrap();
        assert_eq!(labels.len(), 20, "at {width}");
        let overlap = |a: &[f64; 4], b: &[f64; 4]| {
            a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]
        };
        for (place, label) in labels.iter().enumerate() {
            assert!(labels[..place].iter().all(|other| !overlap(label, other)), "at {width}: {label:?}");
        }
        // Each can be brought into sight and clicked.
        visit.browser.evaluate("document.querySelector('.rates button:last-child').scrollIntoView({ inline: 'end' })");
        visit.click(".rates button:last-child");
        visit.browser.wait_for("document.querySelector('.rates button:last-child').ariaPressed === 'true'");
    }
    visit.pictures("by-hand-3-4-2");
}

#[test]
fn a_number_that_cannot_be_taken_is_said_in_words() {
    let Some(mut visit) = visit() else { return };
    visit.go("/by-hand");
    visit.browser.wait_for("document.documentElement.classList.contains('ready')");
    let (weight, rate) = ("#given input[data-name=w1]", ".rate-control input");
    let line = |field: &str| {
        format!("document.getElementById(document.querySelector({field:?}).getAttribute('aria-describedby'))")
    };
    for (field, typed, said) in [
        (weight, "abc", "“abc” is no number. All that is worked out is still with w1 = 0.15."),
        (weight, "", "There is no number. All that is worked out is still with w1 = 0.15."),
        (weight, "1e9", "1e9 is too large: "),
        (rate, "-1", "A learning rate must be above 0. All that is worked out is still with η = 0.1."),
    ] {
        visit.on(field, "it.value = ''; it.dispatchEvent(new Event('input'));");
        visit.type_into(field, typed);
        visit.browser.wait_for(&format!("{}.textContent.startsWith({said:?})", line(field)));
        assert_eq!(visit.browser.evaluate(&format!("{}.role", line(field))), "status");
        assert_eq!(visit.on(field, "return it.getAttribute('aria-invalid');"), "true");
        assert!(visit.text("#chain").contains("0.000188255667"), "nothing else has changed");
    }
    visit.picture("by-hand-no-number");
    // A number that can be taken, and the field left alone: nothing is said any more.
    visit.on(rate, "it.value = '';");
    visit.type_into(rate, "0.2");
    visit.browser.wait_for("[...document.querySelectorAll('.problem')].every((it) => it.textContent === '')");
    assert!(visit.on(weight, "return it.value;") == "0.15");
    visit.nothing_went_wrong();
}

#[test]
fn a_workbook_is_audited_on_the_page() {
    let Some(books) = workbooks() else { return };
    let Some(mut visit) = visit() else { return };
    visit.go("/by-hand");
    visit.browser.wait_for("document.documentElement.classList.contains('ready')");
    let book = |visit: &mut super::Visit, path: &Path| {
        let document = visit.browser.call("DOM.getDocument", json!({}));
        let node = json!({ "nodeId": document["root"]["nodeId"], "selector": "#book-file" });
        let field = visit.browser.call("DOM.querySelector", node);
        let files = json!({ "nodeId": field["nodeId"], "files": [path.canonicalize().unwrap()] });
        visit.browser.call("DOM.setFileInputFiles", files);
    };
    book(&mut visit, &books.join("wrong-update.xlsx"));
    visit.browser.wait_for("document.querySelector('#tries').textContent.includes('AC30')");
    visit.click("#tries details.cells summary");
    visit.browser.wait_for("document.querySelector('#tries iframe')");
    assert!(visit.on("#tries iframe", "return it.hasAttribute('sandbox');").as_bool().unwrap());
    assert!(visit.on("#tries a[href*=corrected]", "return true;").as_bool().unwrap());
    visit.picture("by-hand-audit");
    book(&mut visit, &books.join("clean.xlsx"));
    visit.browser.wait_for("document.querySelectorAll('#tries > *').length === 2");
    let not_a_book = visit.app.folder().join("notes.xlsx");
    std::fs::write(&not_a_book, "w1,w2\n1,2\n").unwrap();
    book(&mut visit, &not_a_book);
    visit.browser.wait_for("document.querySelector('#tries').textContent.includes('plain text')");
    visit.picture("by-hand-audits");

    // What was found is there again after a reload, with its pages; and goes when it is no longer wanted.
    visit.reload();
    visit.browser.wait_for("document.querySelectorAll('#tries > *').length === 2");
    assert!(visit.text("#tries article:nth-child(2)").contains("AC30"));
    let page = visit.on("#tries a[href*='/by-hand/audits/']", "return it.getAttribute('href');");
    assert!(visit.app.get(page.as_str().unwrap()).text().contains("<table"));
    visit.click("#forget-tries");
    visit.browser.wait_for("document.querySelectorAll('#tries > *').length === 0");
    visit.reload();
    visit.browser.wait_for("document.documentElement?.classList.contains('ready')");
    assert_eq!(visit.on("#tries", "return it.childElementCount;"), 0);
    // A page that an earlier app made is not there any more, and that is said.
    let kept =
        json!([{ "name": "old.xlsx", "report": { "verdict": "clean", "slips": [], "page": "/by-hand/audits/0-1" } }]);
    let text = json!(kept.to_string());
    visit.browser.evaluate(&format!("sessionStorage.setItem('longhand.by_hand.tries', {text})"));
    visit.reload();
    visit.browser.wait_for("document.querySelector('#tries')?.textContent.includes('not kept any more')");
    assert_eq!(visit.on("#tries", "return it.querySelectorAll('a').length;"), 0);
}
