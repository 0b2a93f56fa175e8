//! Names, roles, contrast and the order of focus, in every room.

use serde_json::{Value, json};

use super::{PHONE, Visit, WIDE, visit};

/// Rooms and what shows that they are ready.
const ROOMS: [(&str, &str); 4] = [
    ("/by-hand", "document.documentElement.classList.contains('ready')"),
    ("/train", "document.querySelector('.facts')?.textContent.includes('19,650')"),
    ("/runs", "document.querySelectorAll('.runs-table tbody tr').length === 1"),
    ("/draw", "document.querySelectorAll('#strip button').length > 0"),
];

/// Roles of what can be acted on, and of what says what something is.
const NAMED: [&str; 12] = [
    "button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "checkbox",
    "radio",
    "slider",
    "spinbutton",
    "image",
    "heading",
    "columnheader",
];

fn each_room(mut check: impl FnMut(&mut Visit, &str)) {
    let Some(mut visit) = visit() else { return };
    let job = visit.app.train(json!({ "epochs": 1 }));
    visit.app.until_status(&job["id"], "finished");
    for (room, ready) in ROOMS {
        visit.go(room);
        visit.browser.wait_for(ready);
        check(&mut visit, room);
    }
}

#[test]
fn everything_that_can_be_acted_on_and_every_heading_has_a_name() {
    each_room(|visit, room| {
        visit.browser.call("Accessibility.enable", json!({}));
        let tree = visit.browser.call("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().unwrap();
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().trim().to_owned();
        let nameless: Vec<&Value> = nodes
            .iter()
            .filter(|node| node["ignored"] != true && NAMED.contains(&text(&node["role"]).as_str()))
            .filter(|node| text(&node["name"]).is_empty())
            .collect();
        assert!(nameless.is_empty(), "{room}: {nameless:#?}");
        let roles =
            |role: &str| nodes.iter().filter(|node| node["ignored"] != true && text(&node["role"]) == role).count();
        assert_eq!((roles("main"), roles("banner").min(1)), (1, 1), "{room}: one main part below one banner");
        assert!(roles("navigation") >= 1, "{room}");
    });
}

#[test]
fn headings_go_down_one_level_at_a_time() {
    each_room(|visit, room| {
        let levels = visit.browser.evaluate(
            "[...document.querySelectorAll('h1, h2, h3, h4')].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]))",
        );
        let levels: Vec<u64> = levels.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        assert_eq!(levels.first(), Some(&1), "{room}: {levels:?}");
        assert_eq!(levels.iter().filter(|&&level| level == 1).count(), 1, "{room}: {levels:?}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{room}: {levels:?}");
    });
}

#[test]
fn text_stands_out_from_its_ground_by_day_and_by_night() {
    // Of every text that is seen: its colour against the first ground behind it that is not transparent (WCAG 2.2, 1.4.3).
    const CONTRAST: &str = r"
        (() => {
          const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
          const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
          const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
          const over = ([r, g, b, a = 1], ground) => [r, g, b].map((c, k) => a * c + (1 - a) * ground[k]);
          const ground = (node) => {
            const layers = [];
            for (let at = node; at; at = at.parentElement) layers.push(numbers(getComputedStyle(at).backgroundColor));
            return layers.reverse().reduce((below, layer) => (layer.length ? over(layer, below) : below), [255, 255, 255]);
          };
          const faint = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const node = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim() || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
            if (node.closest('svg, .unseen, .skip, noscript, script, style, :disabled, [aria-hidden=true], iframe, option')) continue;
            const style = getComputedStyle(node);
            const behind = ground(node);
            const [a, b] = [luminance(over(numbers(style.color), behind)), luminance(behind)];
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const large = parseFloat(style.fontSize) >= 24;
            if (contrast < (large ? 3 : 4.5)) faint.push(`${walker.currentNode.textContent.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
          }
          return faint;
        })()";
    each_room(|visit, room| {
        for scheme in ["light", "dark"] {
            visit.browser.set_screen(WIDE.0, WIDE.1, scheme);
            let faint = visit.browser.evaluate(CONTRAST);
            assert_eq!(faint, json!([]), "{room}, {scheme}");
        }
        visit.browser.set_screen(WIDE.0, WIDE.1, "light");
    });
}

#[test]
fn the_tab_key_leads_through_every_room_in_order_and_focus_is_seen() {
    each_room(|visit, room| {
        visit.browser.evaluate("document.activeElement.blur(); scrollTo(0, 0); true");
        let mut before: Option<u64> = None;
        let mut stops = 0;
        loop {
            visit.browser.press("Tab");
            let at = visit.browser.evaluate(
                "(() => { const it = document.activeElement; if (it === document.body || !it) return null; \
                 const all = [...document.querySelectorAll('*')]; const style = getComputedStyle(it); \
                 const box = it.getBoundingClientRect(); \
                 const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0; \
                 const marked = seen || [...it.querySelectorAll('*')].some((c) => getComputedStyle(c).outlineStyle !== 'none') \
                   || (it.closest('label, fieldset, li, tr, svg, figure, .paper') !== null && it.matches(':focus-visible')); \
                 return { place: all.indexOf(it), name: it.outerHTML.slice(0, 90), marked, drawn: box.width > 0 || it.tagName === 'INPUT' }; })()",
            );
            if at.is_null() || stops > 400 {
                break;
            }
            let name = at["name"].as_str().unwrap().to_owned();
            // Behind the last stop the browser begins again, or leaves the page.
            if stops > 0 && name.contains("class=\"skip\"") {
                break;
            }
            let place = at["place"].as_u64();
            assert_ne!(before, place, "{room}: focus is caught on {name}");
            assert!(before <= place, "{room}: focus goes back to {name}");
            assert!(at["marked"] == true, "{room}: focus is not seen on {name}");
            assert!(at["drawn"] == true, "{room}: focus is on something that is not there: {name}");
            stops += 1;
            before = place;
        }
        assert!((5..=400).contains(&stops), "{room}: {stops} stops");
    });
}

#[test]
fn no_room_is_wider_than_its_window() {
    each_room(|visit, room| {
        for (width, height) in [PHONE, (768, 1000), WIDE, (1440, 900)] {
            visit.browser.set_screen(width, height, "light");
            visit.browser.settle();
            let wide =
                visit.browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(wide, 0, "{room} at {width}");
        }
        visit.browser.set_screen(WIDE.0, WIDE.1, "light");
    });
}
