//! The report of a run: shown without a complaint, a request or a scroll bar too many, and readable in both schemes.

use crate::made_run::{TINY, run, suite};
use crate::shown::browser;
use longhand_test_browser::Browser;

/// The least contrast of text against what is behind it, in the whole page: its ratio (WCAG 2.2, 1.4.3) and its words.
const LEAST_CONTRAST: &str = r#"(() => {
    const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, k) => a * c + (1 - a) * below[k]);
    const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = (c) => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
    const ground = (element) => element === null
        ? [255, 255, 255]
        : over(channels(getComputedStyle(element).backgroundColor), ground(element.parentElement));
    let least = [21, ''];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (texts.currentNode.textContent.trim() === '' || element.closest('svg, .skip, .unseen')) continue;
        const behind = ground(element);
        const pair = [luminance(over(channels(getComputedStyle(element).color), behind)), luminance(behind)].sort();
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (ratio < least[0]) least = [ratio, texts.currentNode.textContent];
    }
    return least;
})()"#;

/// How many glyphs of the charts have no outline, or several.
const LOST_GLYPHS: &str = "[...document.querySelectorAll('.plot use')].filter(
    (use) => document.querySelectorAll(use.getAttribute('xlink:href')).length !== 1).length";

/// The open page, on wide and narrow screens, light and dark: nothing sticks out, all text stands out.
fn fits_and_reads_on_every_screen(browser: &mut Browser, mut more: impl FnMut(&mut Browser, u32)) {
    for width in [1280, 400] {
        for scheme in ["light", "dark"] {
            browser.set_screen(width, 900, scheme);
            browser.settle();
            let too_wide = browser.evaluate("document.documentElement.scrollWidth - innerWidth").as_i64().unwrap();
            assert!(too_wide <= 0, "{too_wide} too wide at {width}");
            let least = browser.evaluate(LEAST_CONTRAST);
            assert!(least[0].as_f64().unwrap() >= 4.5, "{scheme}, {width}: {least}");
            more(browser, width);
        }
    }
}

#[test]
fn a_report_is_shown_as_it_is_meant_on_every_screen() {
    let Some((mut browser, folder)) = browser() else { return };
    let file = folder.path().join("report.html");
    std::fs::write(&file, run(TINY, &[], false).page()).unwrap();
    browser.open(&file);
    fits_and_reads_on_every_screen(&mut browser, |browser, width| {
        let plots = "[...document.querySelectorAll('.plot')].filter((p) => p.getBoundingClientRect().width > 0).length";
        assert_eq!(browser.evaluate(plots), 1, "one picture of the curves at {width}");
    });
    let broken = "[...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length";
    assert_eq!(browser.evaluate(broken), 0);
    assert!(browser.evaluate("document.images.length").as_u64().unwrap() > 60);
    assert_eq!(browser.evaluate(LOST_GLYPHS), 0, "every glyph has its one outline");
    let links = "[...document.querySelectorAll('a[href^=\"#\"]')].filter(
        (a) => document.querySelector(a.getAttribute('href')) === null).length";
    assert_eq!(browser.evaluate(links), 0, "every link of the page leads somewhere in it");
    let heights = "['[class=digit]', '.confusion .right'].map(
        (s) => document.querySelector(s).getBoundingClientRect().height >= 16).join()";
    assert_eq!(browser.evaluate(heights), "true,true");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let requests = browser.requests();
    assert!(requests.iter().all(|url| url.starts_with("file://") && url.ends_with("report.html")), "{requests:?}");
}

#[test]
fn a_suite_is_shown_as_it_is_meant_on_every_screen() {
    let Some((mut browser, folder)) = browser() else { return };
    let file = folder.path().join("suite.html");
    let (result, board) = suite();
    std::fs::write(&file, longhand_report::suite_page(&result, &board, "sizes".as_ref())).unwrap();
    browser.open(&file);
    fits_and_reads_on_every_screen(&mut browser, |_, _| ());
    assert_eq!(browser.evaluate(LOST_GLYPHS), 0, "every glyph has its one outline");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let requests = browser.requests();
    assert!(requests.iter().all(|url| url.starts_with("file://") && url.ends_with("suite.html")), "{requests:?}");
}
