//! `longhand worksheet`, the real binary.

mod program;

use std::fs;

use program::longhand;

/// The cells of a line of `table.csv`, by column.
fn cell(csv: &str, rate: &str, row: &str, column: &str) -> f64 {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = header.iter().position(|h| *h == column).unwrap_or_else(|| panic!("{column} in {header:?}"));
    let line = lines.map(|l| l.split(',').collect::<Vec<_>>()).find(|l| l[0] == rate && l[1] == row);
    line.unwrap_or_else(|| panic!("rate {rate}, row {row}"))[at].parse().unwrap()
}

fn close(found: f64, wanted: f64, relative: f64) {
    assert!((found - wanted).abs() <= relative * wanted.abs(), "{found} and {wanted}");
}

#[test]
fn the_exercise_gives_a_whole_folder_with_the_right_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let run = longhand(&["worksheet"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for wanted in ["E_total", "∂E_total/∂w1", "\n 181 ", "written to worksheet"] {
        assert!(run.stdout.contains(wanted), "{wanted:?} in {}", run.stdout);
    }
    let out = folder.path().join("worksheet");
    let mut names: Vec<String> =
        fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    insta::assert_snapshot!(names.join(" "), @"curve-0.1.png curve-0.1.svg curve-0.2.png curve-0.2.svg curve-0.5.png curve-0.5.svg curve-0.8.png curve-0.8.svg curve-1.png curve-1.svg curve-2.png curve-2.svg curves.png curves.svg derivation.md derivation.tex divergence.png divergence.svg network.toml table.csv worksheet.html worksheet.xlsx");

    let csv = fs::read_to_string(out.join("table.csv")).unwrap();
    assert_eq!(
        csv.lines().next().unwrap(),
        "learning_rate,row,i1,i2,t1,t2,w1,w2,w3,w4,w5,w6,w7,w8,h1,out_h1,h2,out_h2,o1,out_o1,o2,out_o2,E1,E2,E_total,\
         dE_dw1,dE_dw2,dE_dw3,dE_dw4,dE_dw5,dE_dw6,dE_dw7,dE_dw8"
    );
    assert_eq!(csv.lines().count(), 1 + 6 * 181);
    // Computed independently in double precision.
    close(cell(&csv, "0.1", "1", "E_total"), 0.24251985734837728, 1e-12);
    close(cell(&csv, "2", "1", "dE_dw8"), -0.04276924828006376, 1e-12);
    for (rate, error) in [("0.1", 0.08716614996554185), ("0.5", 0.014226828485761022), ("2", 0.0024585061229331364)] {
        close(cell(&csv, rate, "181", "E_total"), error, 1e-12);
    }
    assert_eq!(&fs::read(out.join("curves.png")).unwrap()[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(&fs::read(out.join("worksheet.xlsx")).unwrap()[..2], b"PK");
    assert!(fs::read_to_string(out.join("worksheet.html")).unwrap().contains("<math"));
}

#[test]
fn the_well_known_example_with_biases_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["worksheet", "--biases", "per-layer", "--bias-values", ".35,.60", "--learning-rates", ".5", "--quiet"];
    let run = longhand(&arguments, folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let csv = fs::read_to_string(folder.path().join("worksheet/table.csv")).unwrap();
    close(cell(&csv, "0.5", "1", "out_o1"), 0.75136507, 1e-8);
    close(cell(&csv, "0.5", "1", "E_total"), 0.298371109, 1e-8);
    for (weight, value) in [("w1", 0.149780716), ("w4", 0.29950229), ("w5", 0.35891648), ("w8", 0.561370121)] {
        close(cell(&csv, "0.5", "2", weight), value, 1e-8);
    }
}

#[test]
fn other_networks_come_from_flags_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "layers = [2, 3, 2]\nloss = \"softmax_cross_entropy\"\nbiases = { per_neuron = [] }\n\
                samples = [{ inputs = [0.1, 0.9], targets = [1, 0] }, { inputs = [0.8, 0.2], targets = [0, 1] }]\n";
    fs::write(folder.path().join("network.toml"), toml).unwrap();
    let cases: &[&[&str]] = &[
        &["--layers", "3-4-2", "--activation", "tanh"],
        &[
            "--layers",
            "2-3-3-1",
            "--activation",
            "relu",
            "--weights=.1,.2,.3,.4,.5,.6,.7,.8,.9,.1,.2,.3,.4,.5,.6,.7,.8,-.9",
        ],
        &["--sample", ".05,.1:.01,.99", "--sample", "-.2,.3:.5,.5", "--rows", "7"],
        &["network.toml", "--rows", "12"],
        &["--layers", "9-9-2"],
    ];
    for (number, arguments) in cases.iter().enumerate() {
        let out = format!("out{number}");
        let mut all = vec!["worksheet", "--json", "--out", &out];
        all.extend(*arguments);
        let run = longhand(&all, folder.path());
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert!(report["files"].as_array().unwrap().len() >= 9, "{report}");
        assert!(folder.path().join(&out).join("worksheet.html").exists());

        // The description in the folder is of the same network, whole.
        let again = format!("again{number}");
        let described = format!("{out}/network.toml");
        let run = longhand(&["worksheet", &described, "--out", &again, "--quiet"], folder.path());
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        for name in ["table.csv", "network.toml"] {
            let read = |out: &str| fs::read(folder.path().join(out).join(name)).unwrap();
            assert!(read(&again) == read(&out), "{arguments:?}: {name}");
        }
    }
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("full")).unwrap();
    fs::write(folder.path().join("full/notes.txt"), "mine").unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["--weights", "1,2"], "8 needed"),
        (&["--activation", "sigmod"], "sigmod"),
        (&["--weights=nan,1,1,1,1,1,1,1"], "w1"),
        (&["--inputs", "1e300,1"], "i1"),
        (&["--rows", "0"], "rows"),
        (&["--learning-rates", "0.1,x"], "`x` is no number"),
        (&["--layers", "2-0-2"], "no neurons"),
        (&["--out", "full"], "not empty"),
        (&["--out", "full/notes.txt"], "notes.txt"),
        (&["no-such-file.toml"], "no-such-file.toml"),
    ];
    for (arguments, wanted) in cases {
        let mut all = vec!["worksheet"];
        all.extend(*arguments);
        let run = longhand(&all, folder.path());
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stdout);
        assert!(run.stderr.contains(wanted), "{arguments:?}: {}", run.stderr);
        assert!(!folder.path().join("worksheet").exists(), "{arguments:?}");
    }
    assert_eq!(fs::read_dir(folder.path().join("full")).unwrap().count(), 1);
    let run = longhand(&["worksheet", "--out", "full", "--force", "--quiet"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("full/notes.txt")).unwrap(), "mine");
}

#[test]
fn a_rate_that_overflows_ends_its_table_with_a_marked_row() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["worksheet", "--activation", "identity", "--learning-rates", "0.1,1000000", "--quiet", "--json"];
    let run = longhand(&arguments, folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(report["tables"][0]["overflow_in_row"].is_null());
    let row = report["tables"][1]["overflow_in_row"].as_u64().expect("a row is marked");
    assert!((2..181).contains(&row), "{report}");
}

/// The command line writes names with hyphens, files with underscores; either is understood in both.
#[test]
fn names_are_understood_with_hyphens_and_with_underscores() {
    let folder = tempfile::tempdir().unwrap();
    let network = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    network("hyphens.toml", "loss = \"softmax-cross-entropy\"\nbiases = { per-layer = [0.35, 0.6] }\n");
    network("underscores.toml", "loss = \"softmax_cross_entropy\"\nbiases = { per_layer = [0.35, 0.6] }\n");
    let flags = |loss, biases| ["--loss", loss, "--biases", biases, "--bias-values", ".35,.6"];
    let ways: [&[&str]; 4] = [
        &["hyphens.toml"],
        &["underscores.toml"],
        &flags("softmax-cross-entropy", "per-layer"),
        &flags("softmax_cross_entropy", "per_layer"),
    ];
    let tables = ways.map(|way| {
        let run = longhand(&[&["worksheet", "--quiet", "--force"], way].concat(), folder.path());
        assert_eq!(run.code, 0, "{way:?}: {}", run.stderr);
        fs::read_to_string(folder.path().join("worksheet/table.csv")).unwrap()
    });
    assert!(tables.iter().all(|table| *table == tables[0]));
}
