//! Examples carried out.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::program;
use crate::table::Row;
use crate::web::App;

/// Examples carried out at once.
const AT_ONCE: usize = 4;

/// What is wrong with the examples of `rows`, carried out in `folder`: a paragraph each, in the order of the rows.
pub fn wrong(rows: &[&Row], folder: &Path) -> Vec<String> {
    let (requests, commands): (Vec<&&Row>, Vec<&&Row>) =
        rows.iter().partition(|row| ["GET ", "POST "].iter().any(|method| example(row).starts_with(method)));
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let note = |row: &Row, what: String| {
        let text = format!(
            "  line {}: {}\n    should say: {}\n    {}",
            row.line,
            example(row),
            row.words,
            what.replace('\n', "\n    ")
        );
        wrong.lock().unwrap().push((row.line, text));
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = commands.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = carried_out(row, folder) {
                        note(row, what);
                    }
                }
            });
        }
    });
    let app = App::start(folder);
    for row in requests {
        if let Err(what) = answered(row, &app) {
            note(row, what);
        }
    }
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    wrong.into_iter().map(|(_, text)| text).collect()
}

fn example(row: &Row) -> &str {
    row.example.as_deref().unwrap()
}

fn carried_out(row: &Row, folder: &Path) -> Result<(), String> {
    let words: Vec<&str> = example(row).split_whitespace().collect();
    let at =
        words.iter().position(|&word| word == "longhand").ok_or("it is neither a command of longhand nor a request")?;
    let mut command: Command = program::command(&words[at + 1..], folder);
    for setting in &words[..at] {
        let (name, value) = setting.split_once('=').ok_or("what comes before the command sets no variable")?;
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = format!("{told}{}", String::from_utf8_lossy(&output.stdout));
    if !row.is_in(&said) {
        return Err(format!("said: {}", said.trim_end()));
    }
    let wanted = if row.is_a_warning() { 0 } else { 2 };
    match output.status.code() {
        Some(code) if code == wanted => {}
        code => return Err(format!("exited with {code:?}, not {wanted}")),
    }
    // What could not be read is said among the answers, for each picture; all else is an error.
    let is_said_so =
        told.contains(if row.is_a_warning() { "warning: " } else { "error: " }) || said.contains("not read: ");
    if is_said_so { Ok(()) } else { Err("it is not said to be an error".to_owned()) }
}

fn answered(row: &Row, app: &App) -> Result<(), String> {
    let (status, message) = app.ask(example(row))?;
    if !(400..500).contains(&status) {
        return Err(format!("was answered with {status}: {message}"));
    }
    if row.is_in(&message) { Ok(()) } else { Err(format!("said: {message}")) }
}
