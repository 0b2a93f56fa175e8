//! `longhand audit`, the real binary.

mod program;

use program::longhand;
use serde_json::Value;

#[test]
fn the_three_student_workbooks_are_judged() {
    let Some(books) = program::shared("data/workbooks") else {
        println!("skipped: the student workbooks are not at hand");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let book = |name: &str| books.join(name).to_str().unwrap().to_owned();
    let clean = longhand(&["audit", &book("clean.xlsx")], folder.path());
    assert_eq!(clean.code, 0, "{}{}", clean.stdout, clean.stderr);
    assert!(clean.stdout.contains("clean"), "{}", clean.stdout);

    let told = ["2 slips, made 12 times in 6 training tables", "2 slips in one training table"];
    for (name, told, weights) in
        [("wrong-activation.xlsx", told[0], ["w3", "w4"]), ("wrong-update.xlsx", told[1], ["W3", "W4"])]
    {
        let fixed = format!("fixed-{name}");
        let page = format!("{name}.html");
        let run = longhand(&["audit", &book(name), "--json", "--fix", &fixed, "--html", &page], folder.path());
        assert_eq!(run.code, 1, "{name}: {}", run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let text = run.stderr;
        assert!(text.contains(told), "{text}");
        for weight in weights {
            assert!(text.contains(&format!("SLIP {weight}")), "{text}");
        }
        assert!(report["tables"].as_array().is_some_and(|t| !t.is_empty()), "{report}");
        let page = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(page.contains("<html") && !page.contains("http-equiv=\"refresh\""));

        let again = longhand(&["audit", &fixed], folder.path());
        assert_eq!(again.code, 0, "the corrected copy: {}{}", again.stdout, again.stderr);
        let refused = longhand(&["audit", &book(name), "--fix", &fixed], folder.path());
        assert!(refused.code == 2 && refused.stderr.contains("--force"), "{}", refused.stderr);
    }
}

#[test]
fn our_own_worksheet_audits_clean() {
    let folder = tempfile::tempdir().unwrap();
    for (out, arguments) in [
        ("exercise", &["--learning-rates", "0.5,2"][..]),
        ("tanh", &["--layers", "3-4-2", "--activation", "tanh", "--learning-rates", "0.1", "--rows", "20"]),
    ] {
        let mut all = vec!["worksheet", "--quiet", "--out", out];
        all.extend(arguments);
        assert_eq!(longhand(&all, folder.path()).code, 0);
        let run = longhand(&["audit", &format!("{out}/worksheet.xlsx")], folder.path());
        assert_eq!(run.code, 0, "{out}: {}{}", run.stdout, run.stderr);
        // On the sheet of a single step as well.
        let found = longhand(&["audit", &format!("{out}/worksheet.xlsx"), "--json"], folder.path());
        let report: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
        for table in report["tables"].as_array().unwrap() {
            assert!(table["error"]["last"].as_f64().unwrap() > 0.0, "{out}: {table}");
        }
    }
    let fixed = longhand(&["audit", "exercise/worksheet.xlsx", "--fix", "copy.xlsx"], folder.path());
    assert!(fixed.code == 0 && fixed.stdout.contains("nothing to correct"), "{}{}", fixed.stdout, fixed.stderr);
}

#[test]
fn what_cannot_be_audited_is_said_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.xlsx"), "these are notes").unwrap();
    std::fs::write(folder.path().join("zip.xlsx"), b"PK\x03\x04broken").unwrap();
    for name in ["nowhere.xlsx", "notes.xlsx", "zip.xlsx", "."] {
        let run = longhand(&["audit", name], folder.path());
        assert_eq!(run.code, 2, "{name}: {}", run.stdout);
        assert!(run.stderr.starts_with("error: "), "{name}: {}", run.stderr);
    }
}
