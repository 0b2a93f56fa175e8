//! Each room walked through in a real browser, as a person would.

mod accessibility;
mod by_hand;
mod draw;
mod left_rooms;
mod runs;
mod train;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use longhand_test_browser::{Browser, chromium};
use tempfile::TempDir;

use crate::running::App;

/// Windows that people have: width, height.
const WIDE: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (360, 740);

/// An app and a browser on it.
struct Visit {
    app: App,
    browser: Browser,
    _profile: TempDir,
}

/// A visit, or `None` where there is no browser, which is then said.
fn visit() -> Option<Visit> {
    let Some(program) = chromium() else {
        eprintln!("skipped: no Chromium on the path and none named by $CHROMIUM");
        return None;
    };
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(&program, profile.path());
    browser.set_screen(WIDE.0, WIDE.1, "light");
    Some(Visit { app: App::start(), browser, _profile: profile })
}

impl Visit {
    fn go(&mut self, path: &str) {
        let address = format!("{}{}", self.app.address.trim_end_matches('/'), path);
        self.browser.go_to(&address);
    }

    /// Loads the same page once more.
    fn reload(&mut self) {
        self.browser.evaluate("window.isOld = true");
        self.browser.call("Page.reload", serde_json::json!({}));
        self.browser.wait_for("!window.isOld && document.readyState === 'complete'");
    }

    /// Runs a piece of JavaScript on the element that `selector` finds first.
    fn on(&mut self, selector: &str, script: &str) -> serde_json::Value {
        self.browser.wait_for(&format!("document.querySelector({selector:?})"));
        self.browser.evaluate(&format!("((it) => {{ {script} }})(document.querySelector({selector:?}))"))
    }

    /// Clicks in the middle of the element, where a person would.
    fn click(&mut self, selector: &str) {
        let place = self.on(
            selector,
            "it.scrollIntoView({ block: 'center' }); const box = it.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2];",
        );
        self.browser.click(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    }

    /// Types over what stands in a field.
    fn type_into(&mut self, selector: &str, text: &str) {
        self.on(selector, "it.scrollIntoView({ block: 'center' }); it.focus(); it.select();");
        self.browser.type_text(text);
    }

    fn text(&mut self, selector: &str) -> String {
        self.on(selector, "return it.textContent;").as_str().unwrap_or_default().to_owned()
    }

    /// Keeps a picture of the whole page where pictures are asked for.
    fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("LONGHAND_SCREENSHOTS").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).unwrap();
        self.browser.settle();
        let picture = self.browser.screenshot(true);
        std::fs::write(folder.join(format!("room-{name}.png")), BASE64.decode(picture).unwrap()).unwrap();
    }

    /// The same page on a wide and a narrow window, by day and by night.
    fn pictures(&mut self, name: &str) {
        for ((width, height), size) in [(WIDE, "wide"), (PHONE, "phone")] {
            for scheme in ["light", "dark"] {
                self.browser.set_screen(width, height, scheme);
                self.picture(&format!("{name}-{size}-{scheme}"));
            }
        }
        self.browser.set_screen(WIDE.0, WIDE.1, "light");
    }

    /// Fails where the page complained of anything, or asked for anything from elsewhere.
    fn nothing_went_wrong(&mut self) {
        let complaints = self.browser.complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");
        let own = format!("http://{}/", self.app.host());
        let elsewhere: Vec<String> = self
            .browser
            .requests()
            .into_iter()
            .filter(|url| !url.starts_with(&own) && !url.starts_with("blob:") && !url.starts_with("about:"))
            .collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
    }
}
