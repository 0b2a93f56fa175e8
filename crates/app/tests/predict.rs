//! `longhand predict`, through the real binary, with pictures that the tests draw.

mod program;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use image::{DynamicImage, GrayImage, Luma};
use program::{Run, command, longhand};
use serde_json::Value;

/// A recipe whose network tells a zero from a one, and little else, after an epoch of a moment.
const RECIPE: &str = r#"
name = "one-layer"
epochs = 1
batch_size = 500

[schedule]
type = "constant"
learning_rate = 0.1

[network]
input = [1, 28, 28]
layers = [{ type = "linear", features = 10 }, { type = "log_softmax" }]
"#;

/// Trains a model on the built-in digits; gives its run folder.
fn trained(folder: &Path) -> String {
    let recipe = folder.join("one-layer.toml");
    fs::write(&recipe, RECIPE).unwrap();
    let run = longhand(&["train", recipe.to_str().unwrap(), "--data", "strokes", "--runs", "runs"], folder);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = fs::read_dir(folder.join("runs")).unwrap().next().unwrap().unwrap().path();
    run.to_str().unwrap().to_owned()
}

/// A ring, dark on light: a zero.
fn zero(side: u32) -> DynamicImage {
    let s = side as f32;
    DynamicImage::ImageLuma8(GrayImage::from_fn(side, side, |x, y| {
        let (dx, dy) = ((x as f32 - 0.5 * s) / (0.25 * s), (y as f32 - 0.5 * s) / (0.35 * s));
        let from_ring = ((dx * dx + dy * dy).sqrt() - 1.0).abs();
        Luma([if from_ring < 0.18 { 20 } else { 240 }])
    }))
}

/// An upright bar, light on dark: a one.
fn one(side: u32) -> DynamicImage {
    DynamicImage::ImageLuma8(GrayImage::from_fn(side, side, |x, y| {
        let is_bar = (x as f32 / side as f32 - 0.5).abs() < 0.05 && (side / 6..5 * side / 6).contains(&y);
        Luma([if is_bar { 250 } else { 15 }])
    }))
}

#[test]
fn digits_in_files_folders_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let model = trained(folder.path());
    fs::create_dir(at("pictures")).unwrap();
    zero(120).save(at("pictures/a.png")).unwrap();
    one(300).save(at("pictures/b.JPG")).unwrap();
    fs::write(at("pictures/notes.txt"), "no picture").unwrap();

    // A single picture is shown in full.
    let Run { code, stdout, stderr } = longhand(&["predict", &model, "pictures/a.png"], folder.path());
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.starts_with("pictures/a.png: 0 "), "{stdout}");
    // The middle line of the ring as the network saw it: a wall, nothing, a wall.
    let middle: String = stdout.lines().nth(2 + 7).unwrap().chars().take(28).collect();
    let walls: Vec<&str> = middle.split_whitespace().collect();
    assert!(walls.len() == 2 && walls.iter().all(|wall| wall.contains(['█', '▓'])), "{middle:?} in {stdout}");
    let classes = stdout.lines().filter(|line| line.contains(" %")).count();
    assert_eq!(classes, 11, "the verdict and ten classes: {stdout}");

    // A folder: its pictures by name, a line each; what was seen is kept.
    let Run { code, stdout, stderr } = longhand(&["predict", &model, "pictures", "--save-seen", "seen"], folder.path());
    assert_eq!(code, 0, "{stdout}{stderr}");
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(lines[0].starts_with("pictures/a.png  0 ") && lines[1].starts_with("pictures/b.JPG  1 "), "{stdout}");
    assert_eq!(lines[3], "2 pictures");
    let seen = image::open(at("seen/a.png")).unwrap();
    assert_eq!((seen.width(), seen.height(), seen.color()), (28, 28, image::ColorType::L8));
    assert!(at("seen/b.png").exists());

    // Standard input, for a program: the same numbers.
    let bytes = fs::read(at("pictures/a.png")).unwrap();
    let mut child = command(&["predict", &model, "-", "pictures/a.png", "--json", "--pixels"], folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json[0]["file"], &json[0]["class"]), (&"standard input".into(), &0.into()));
    assert_eq!(json[0]["probabilities"], json[1]["probabilities"]);
    assert_eq!(json[0]["probabilities"].as_array().unwrap().len(), 10);
    let pixels = json[0]["pixels"].as_array().unwrap();
    assert_eq!(pixels.len(), 28);
    assert_eq!(pixels[14][14], seen.as_luma8().unwrap().get_pixel(14, 14).0[0]);
}

#[test]
fn what_cannot_be_read_has_its_line_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let model = trained(folder.path());
    one(100).save(at("one.png")).unwrap();
    fs::write(at("film.gif"), b"GIF89a\x01\0\x01\0").unwrap();
    fs::write(at("cut.png"), &fs::read(at("one.png")).unwrap()[..100]).unwrap();
    fs::create_dir(at("empty")).unwrap();
    DynamicImage::new_luma8(50, 50).save(at("blank.png")).unwrap();
    let asked = ["missing.png", "film.gif", "cut.png", "empty", "blank.png", "one.png"];

    let Run { code, stdout, .. } = longhand(&[&["predict", &model], &asked[..]].concat(), folder.path());
    assert_eq!(code, 2);
    let lines: Vec<&str> = stdout.lines().collect();
    for (line, wanted) in lines.iter().zip([
        "missing.png  not read: No such file",
        "film.gif     not read: it is a GIF",
        "cut.png      not read: the PNG file ends before",
        "empty        not read: the folder has no .png",
        "blank.png    not read: nothing stands out",
        "one.png      1 ",
    ]) {
        assert!(line.starts_with(wanted), "{line:?} for {wanted:?}");
    }
    assert_eq!(lines[7], "6 pictures, 5 of them not read");

    let Run { code, stdout, .. } = longhand(&[&["predict", &model, "--json"], &asked[..]].concat(), folder.path());
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, json.as_array().unwrap().len(), &json[5]["class"]), (2, 6, &1.into()));
    assert!(json[1]["error"].as_str().unwrap().contains("GIF"));
}
