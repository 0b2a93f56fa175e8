//! `longhand export`, the real binary end to end.

mod program;

use std::fs;
use std::path::{Path, PathBuf};

use program::{Run, longhand, tiny_recipe};
use serde_json::Value;

/// Trains the tiny network in `folder`; its run folder.
fn trained(folder: &Path) -> PathBuf {
    let recipe = tiny_recipe(folder);
    let Run { code, stderr, .. } =
        longhand(&["train", &recipe, "--data", "strokes", "--epochs", "1", "--runs", "runs"], folder);
    assert_eq!(code, 0, "{stderr}");
    fs::read_dir(folder.join("runs")).unwrap().next().unwrap().unwrap().path()
}

/// The export of `run` to `to` with these flags.
fn export(run: &Path, to: &str, flags: &[&str]) -> Run {
    let folder = run.parent().unwrap().parent().unwrap();
    longhand(&[&["export", run.to_str().unwrap(), "--to", to], flags].concat(), folder)
}

#[test]
fn a_run_is_written_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let file = |name: &str| folder.path().join(name);

    let Run { code, stdout, stderr } = export(&run, "tiny.onnx", &[]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let bytes = fs::read(file("tiny.onnx")).unwrap();
    for wanted in [
        &format!("wrote    tiny.onnx, {} bytes: ONNX, recipe tiny, 106 parameters", thousands(bytes.len())),
        "input    image, float32, batch × 1 × 28 × 28: pixels from 0 (paper) to 255 (ink)",
        "output   log_probabilities, float32, batch × 10",
        "batch norm kept",
        "session = onnxruntime.InferenceSession(\"tiny.onnx\")",
        "pixels = images.reshape(-1, 1, 28, 28).astype(numpy.float32)",
        "session.run(None, {\"image\": pixels})",
    ] {
        assert!(stdout.contains(wanted), "{wanted:?} in {stdout}");
    }

    let Run { code, stdout, stderr } = export(&run, "folded.onnx", &["--fold", "--input", "normalised", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&report["format"], &report["batch_norm"]), (&"onnx".into(), &"folded".into()));
    assert_eq!(report["bytes"], fs::read(file("folded.onnx")).unwrap().len());
    assert_eq!(report["input"]["shape"], serde_json::json!(["batch", 1, 28, 28]));
    assert_eq!(report["input"]["normalised"], true);
    assert!(stderr.contains("(p/255 - 0.1307)/0.3081"), "text for people goes to standard error: {stderr}");
    assert!(stderr.contains("session.run(None, {\"image\": (pixels / 255 - 0.1307) / 0.3081})"), "{stderr}");
    let record: Value = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(report["weights_sha256"], record["result"]["weights_sha256"]);

    let Run { code, stdout, .. } = export(&run, "my-net.h", &[]);
    assert_eq!(code, 0);
    let header = fs::read_to_string(file("my-net.h")).unwrap();
    assert!(stdout.contains("int digit = my_net_predict(image, work, NULL);"), "{stdout}");
    assert!(header.contains("#include \"my-net.h\""), "the file as it is called: {header}");
    let work = header.lines().find_map(|line| line.strip_prefix("#define MY_NET_WORK_BYTES ")).unwrap();
    assert!(stdout.contains(&format!("{} of work area (RAM)", thousands(work.parse().unwrap()))), "{stdout}");

    // The same bytes as training keeps, and a file is as good as a folder.
    let model = run.join("model.safetensors");
    assert_eq!(longhand(&["export", model.to_str().unwrap(), "--to", "copy.safetensors"], folder.path()).code, 0);
    assert_eq!(fs::read(file("copy.safetensors")).unwrap(), fs::read(model).unwrap());
    // The format may be said where the ending does not.
    assert_eq!(export(&run, "tiny.model", &["--format", "onnx"]).code, 0);
    assert_eq!(fs::read(file("tiny.model")).unwrap(), bytes);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let refused = |to: &str, flags: &[&str]| {
        let Run { code, stdout, stderr } = export(&run, to, flags);
        assert_eq!((code, stdout.as_str()), (2, ""), "{to} {flags:?}");
        stderr
    };
    fs::write(folder.path().join("there.onnx"), "precious").unwrap();
    assert!(refused("there.onnx", &[]).contains("there.onnx is there already; give --force"));
    assert_eq!(fs::read_to_string(folder.path().join("there.onnx")).unwrap(), "precious");
    assert_eq!(export(&run, "there.onnx", &["--force"]).code, 0);
    assert!(fs::read(folder.path().join("there.onnx")).unwrap().len() > 1000);

    assert!(refused("model.pt", &[]).contains("end it in .onnx, .safetensors or .h, or give --format"));
    assert!(refused("model.h", &["--fold"]).contains("--fold is for ONNX; a C header has no such choice"));
    assert!(refused("model.safetensors", &["--input", "raw"]).contains("--input is for ONNX"));
    assert!(refused("runs", &["--format", "onnx"]).contains("runs is a folder"));
    assert!(refused("no/such/model.onnx", &[]).contains("cannot write no/such/model.onnx"));

    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let other = |model: &str| longhand(&["export", model, "--to", "out.onnx"], folder.path()).stderr;
    assert!(other("empty").contains("empty holds no model.safetensors"));
    assert!(other("nothing").contains("cannot read nothing"));
    assert!(other("there.onnx").contains("there.onnx: it is an ONNX model, and safetensors is wanted"));
    assert!(!folder.path().join("out.onnx").exists());
}

/// As the program writes numbers of four digits and more.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    if head.is_empty() { tail.into() } else { format!("{head},{tail}") }
}
