//! Rooms that one leaves and comes back to: nothing is lost.

use super::draw::stroke;
use super::{Visit, visit};

/// Goes to a room by the link in the head of the page.
fn enter(visit: &mut Visit, room: &str) {
    visit.click(&format!(".house nav a[href^=\"/{room}\"]"));
    visit.browser.wait_for(&format!("location.pathname === '/{room}' && document.readyState === 'complete'"));
    if room == "by-hand" {
        visit.browser.wait_for("document.documentElement.classList.contains('ready')");
    }
}

#[test]
fn a_worksheet_and_a_drawing_are_there_again_when_one_comes_back() {
    let Some(mut visit) = visit() else { return };
    visit.go("/by-hand");
    visit.browser.wait_for("document.documentElement.classList.contains('ready')");
    visit.type_into("#given input[data-name=w1]", "0.2");
    visit.on("#row", "it.value = 40; it.dispatchEvent(new Event('input'));");
    visit.type_into(".rate-control input", "0.7");
    // At once, sooner than the address follows.
    enter(&mut visit, "draw");
    stroke(&mut visit, &[(0.3, 0.25), (0.7, 0.25), (0.42, 0.8)]);
    visit.browser.wait_for("document.querySelector('#class').textContent === '7'");

    enter(&mut visit, "by-hand");
    assert_eq!(visit.on("#given input[data-name=w1]", "return it.value;"), "0.2");
    assert_eq!(visit.on(".rate-control input", "return it.value;"), "0.7");
    assert!(visit.text(".row-text").starts_with("40 of"), "{}", visit.text(".row-text"));

    // Nothing is drawn again: the answer is to what was kept.
    enter(&mut visit, "draw");
    visit.browser.wait_for("document.querySelector('#class').textContent === '7'");
    visit.reload();
    visit.browser.wait_for("document.querySelector('#class')?.textContent === '7'");
    visit.click("#undo");
    visit.browser.wait_for("document.querySelector('#undo').disabled");
    enter(&mut visit, "runs");
    enter(&mut visit, "draw");
    visit.browser.wait_for("!document.querySelector('#model').disabled");
    assert_eq!(visit.on("#clear", "return it.disabled;"), true, "an empty paper stays empty");

    // The room that one is in begins anew.
    enter(&mut visit, "by-hand");
    visit.click(".house nav a[aria-current=page]");
    visit.browser.wait_for("location.search === '' && document.documentElement.classList.contains('ready')");
    assert_eq!(visit.on("#given input[data-name=w1]", "return it.value;"), "0.15");
    assert!(visit.text(".row-text").starts_with("1 of"));
    visit.nothing_went_wrong();
}

#[test]
fn a_picture_that_was_drawn_over_is_there_again() {
    let Some(mut visit) = visit() else { return };
    visit.go("/draw");
    visit.browser.wait_for("!document.querySelector('#model').disabled");
    // A one on squared paper of another shape, given as if it were pasted.
    visit.browser.evaluate(
        "(async () => { const paper = new OffscreenCanvas(300, 200); const pen = paper.getContext('2d'); pen.fillStyle = '#fff'; \
         pen.fillRect(0, 0, 300, 200); pen.fillStyle = '#000'; pen.fillRect(140, 30, 20, 140); \
         const clipboard = new DataTransfer(); clipboard.items.add(new File([await paper.convertToBlob()], 'one.png', { type: 'image/png' })); \
         dispatchEvent(new ClipboardEvent('paste', { clipboardData: clipboard })); })()",
    );
    visit.browser.wait_for("document.querySelector('#class').textContent === '1'");
    stroke(&mut visit, &[(0.2, 0.9), (0.3, 0.9)]);
    visit.browser.wait_for(
        "document.querySelector('#paper-state').textContent === 'The picture one.png, with one stroke over it.'",
    );
    enter(&mut visit, "runs");
    enter(&mut visit, "draw");
    visit.browser.wait_for(
        "document.querySelector('#paper-state').textContent === 'The picture one.png, with one stroke over it.'",
    );
    visit.click("#undo");
    visit.browser.wait_for("document.querySelector('#class').textContent === '1'");
    visit.picture("draw-picture-again");
    visit.nothing_went_wrong();
}
