//! Hostile input costs neither much memory nor much time: the real program, under a limit on its address space and a clock.
//!
//! `docs/limits.md` states the limits; here the worst of each kind is tried from outside.
#![cfg(target_os = "linux")]

mod program;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use program::binary;
use zip::write::SimpleFileOptions;

/// What the program may take of address space, in KiB: threads and their stacks are part of it.
const MEMORY: u64 = 3 << 20;
/// The longest that any of these may take, on a slow and busy machine.
const TIME: Duration = Duration::from_secs(60);

/// Runs the program under the limits; what it said on standard error.
fn refused(arguments: &[&str], folder: &Path) -> String {
    let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
    let line = format!("ulimit -v {MEMORY}; exec '{}' {}", binary().display(), words.join(" "));
    let mut child = Command::new("sh")
        .args(["-c", &line])
        .current_dir(folder)
        .env_remove("LONGHAND_DATA")
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("said")).unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > TIME => {
                child.kill().unwrap();
                panic!("{arguments:?} took more than {TIME:?}");
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let said = fs::read_to_string(folder.join("said")).unwrap();
    assert_eq!(status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with("error: ") && !said.contains("panicked"), "{arguments:?}: {said}");
    said
}

/// A gzip file of so many bytes of zeros behind `head`.
fn gzip(path: &Path, head: &[u8], zeros: usize) {
    let mut gzip = GzEncoder::new(File::create(path).unwrap(), Compression::best());
    gzip.write_all(head).unwrap();
    let block = vec![0; 1 << 20];
    for _ in 0..zeros >> 20 {
        gzip.write_all(&block).unwrap();
    }
    gzip.finish().unwrap();
}

#[test]
fn data_that_unpack_without_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(format!("{name}-ubyte.gz"));
    // It says that it holds four thousand million images, and unpacks to a gigabyte.
    gzip(&file("train-images-idx3"), b"\0\0\x08\x03\xff\xff\xff\xff\0\0\0\x1c\0\0\0\x1c", 1 << 30);
    for name in ["train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        fs::copy(file("train-images-idx3"), file(name)).unwrap();
    }
    let said = refused(&["data", "verify", "--data", "."], folder.path());
    assert!(said.contains("train-images"), "{said}");
}

#[test]
fn workbooks_that_unpack_without_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = zip::ZipWriter::new(File::create(folder.path().join("bomb.xlsx")).unwrap());
    book.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
    let block = vec![b' '; 1 << 20];
    for _ in 0..1024 {
        book.write_all(&block).unwrap();
    }
    book.finish().unwrap();
    refused(&["audit", "bomb.xlsx"], folder.path());
}

#[test]
fn pictures_and_models_that_promise_more_than_there_is_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    picture.extend_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 8, 6, 0, 0, 0, 0, 0, 0, 0]);
    fs::write(folder.path().join("bomb.png"), picture).unwrap();
    let mut model = (u64::MAX / 2).to_le_bytes().to_vec();
    model.extend_from_slice(b"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}");
    fs::write(folder.path().join("bomb.safetensors"), model).unwrap();
    refused(&["predict", "bomb.safetensors", "bomb.png"], folder.path());
    refused(&["evaluate", "--recipe", "seed", "--weights", "bomb.safetensors", "--data", "strokes"], folder.path());
}

#[test]
fn recipes_and_records_without_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let deep = format!("name = \"deep\"\nx = {}{}\n", "[".repeat(200_000), "]".repeat(200_000));
    fs::write(folder.path().join("deep.toml"), deep).unwrap();
    refused(&["summary", "./deep.toml"], folder.path());
    refused(&["worksheet", "./deep.toml"], folder.path());
    refused(&["experiment", "./deep.toml", "--data", "strokes"], folder.path());
    // A sparse file of a terabyte, and a pipe that nobody writes into.
    let run = folder.path().join("huge");
    fs::create_dir(&run).unwrap();
    File::create(run.join("run.json")).unwrap().set_len(1 << 40).unwrap();
    let said = refused(&["runs", "show", "huge"], folder.path());
    assert!(said.contains("a record has at most"), "{said}");
    let run = folder.path().join("pipe");
    fs::create_dir(&run).unwrap();
    assert!(Command::new("mkfifo").arg(run.join("run.json")).status().unwrap().success());
    let said = refused(&["runs", "show", "pipe"], folder.path());
    assert!(said.contains("no regular file"), "{said}");
    let nested = folder.path().join("nested");
    fs::create_dir(&nested).unwrap();
    fs::write(nested.join("run.json"), format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20))).unwrap();
    refused(&["runs", "show", "nested"], folder.path());
}
