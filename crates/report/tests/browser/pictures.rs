//! Pictures of pages, for people to look at.

use std::path::PathBuf;

use base64::Engine as _;

use crate::shown::{browser, open, worksheet};

#[test]
fn pictures_for_looking_at() {
    let Some(folder) = std::env::var_os("LONGHAND_SCREENSHOTS").map(PathBuf::from) else {
        println!("skipped: LONGHAND_SCREENSHOTS names no folder for pictures");
        return;
    };
    let Some((mut browser, temporary)) = browser() else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let networks = [
        ("exercise", ""),
        ("softmax", "layers = [2, 3, 3]\nloss = \"softmax_cross_entropy\"\nbiases = { per_neuron = [] }"),
        ("deep", "layers = [2, 3, 3, 1]\nhidden_activation = \"relu\"\noutput_activation = \"identity\""),
    ];
    for (name, description) in networks {
        open(&mut browser, &temporary, &worksheet(description));
        for (width, height) in [(1280, 900), (390, 844)] {
            for scheme in ["light", "dark"] {
                browser.set_screen(width, height, scheme);
                browser.settle();
                let picture = browser.screenshot(true);
                let bytes = base64::engine::general_purpose::STANDARD.decode(picture).unwrap();
                std::fs::write(folder.join(format!("{name}-{width}-{scheme}.png")), bytes).unwrap();
            }
        }
    }
}
