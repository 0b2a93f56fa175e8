//! `longhand summary` and `longhand data`, the real binary.

mod program;

use program::longhand;
use serde_json::Value;

#[test]
fn the_seed_network_is_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    let run = longhand(&["summary", "seed"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(run.stdout);
    let run = longhand(&["summary", "seed", "--json"], folder.path());
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["parameters"], 18_800);
    assert_eq!(summary["multiply_adds"], 3_069_760);
    assert_eq!(summary["layers"][17]["receptive_field"], 24);
}

#[test]
fn a_printed_recipe_is_a_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let run = longhand(&["summary", "default", "--recipe", "--set", "name=mine"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    std::fs::write(folder.path().join("mine.toml"), &run.stdout).unwrap();
    let again = longhand(&["summary", "mine.toml", "--recipe"], folder.path());
    assert_eq!((again.code, again.stdout), (0, run.stdout));
}

#[test]
fn a_contact_sheet_is_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let run =
        longhand(&["data", "preview", "--data", "strokes", "--columns", "3", "--out", "sheet.png"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let bytes = std::fs::read(folder.path().join("sheet.png")).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let other = longhand(&["data", "preview", "--data", "strokes", "--out", "sheet.jpg"], folder.path());
    assert!(other.code == 2 && other.stderr.contains("end it in .png"), "{}", other.stderr);
    assert!(!folder.path().join("sheet.jpg").exists());
}

/// A script on a full disk must not take an empty file for the answer.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["summary", "seed"][..], &["summary", "seed", "--json"], &["summary", "seed", "--recipe"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = program::command(arguments, folder.path()).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.starts_with("error: cannot write to standard output: "), "{arguments:?}: {stderr}");
    }
}

#[test]
fn help_names_every_built_in_recipe_and_suite() {
    let folder = tempfile::tempdir().unwrap();
    let help = |command| longhand(&[command, "--help"], folder.path()).stdout;
    let (train, experiment) = (help("train"), help("experiment"));
    for (name, _) in longhand_training::BUILT_IN {
        assert!(train.contains(name), "{name} in {train}");
    }
    for suite in longhand_training::BUILT_IN_SUITES {
        assert!(experiment.contains(suite.name), "{} in {experiment}", suite.name);
    }
}

#[test]
fn data_that_are_not_there_cannot_be_verified() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (&["data", "verify"][..], "four MNIST files"),
        (&["data", "verify", "--data", "."], "train-images-idx3-ubyte"),
    ];
    for (arguments, wanted) in cases {
        let run = longhand(arguments, folder.path());
        assert_eq!(run.code, 2, "{}", run.stdout);
        assert!(run.stderr.contains(wanted), "{}", run.stderr);
    }
}

#[test]
fn every_command_helps_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let commands = "|train|evaluate|worksheet|audit|summary|bench|data fetch|data verify|data preview";
    for command in commands.split('|') {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let run = longhand(&arguments, folder.path());
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("Example"), "{command:?}: {}", run.stdout);
    }
}
