//! Pictures of the page, for looking at: `LONGHAND_SCREENSHOTS=DIR cargo test -p longhand-report --test browser shots`.

use std::path::PathBuf;

use base64::Engine as _;

use crate::devtools::{Browser, chromium};

#[test]
fn shots() {
    let (Some(folder), Some(program)) = (std::env::var_os("LONGHAND_SCREENSHOTS"), chromium()) else {
        println!("skipped: LONGHAND_SCREENSHOTS is not set, or there is no Chromium");
        return;
    };
    let folder = PathBuf::from(folder);
    let pages: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "html"))
        .collect();
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(&program, profile.path());
    let only = std::env::var("ONLY").unwrap_or_default();
    let script = std::env::var("SCRIPT").unwrap_or_default();
    let sizes = std::env::var("SIZES").unwrap_or("1280x900,390x844".into());
    let schemes = std::env::var("SCHEMES").unwrap_or("light,dark".into());
    for page in pages {
        let stem = page.file_stem().unwrap().to_str().unwrap().to_owned();
        if !only.is_empty() && !only.split(',').any(|o| o == stem) {
            continue;
        }
        for size in sizes.split(',') {
            for scheme in schemes.split(',') {
                let (w, h) = size.split_once('x').unwrap();
                browser.set_screen(w.parse().unwrap(), h.parse().unwrap(), scheme);
                browser.open(&page);
                browser.settle();
                if !script.is_empty() {
                    browser.evaluate(&script);
                    browser.settle();
                }
                std::thread::sleep(std::time::Duration::from_millis(300));
                for (name, whole) in [("top", false), ("whole", true)] {
                    let data = browser.screenshot(whole);
                    let bytes = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
                    std::fs::write(folder.join(format!("{stem}-{size}-{scheme}-{name}.png")), bytes).unwrap();
                }
            }
        }
    }
    println!("{:#?}\n{:?}", browser.complaints(), browser.requests());
}
