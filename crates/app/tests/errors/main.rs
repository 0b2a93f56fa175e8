//! `docs/errors.md` says every error that a person can meet, as it reads.
//!
//! Three things are held: what the sources can say is in the table, what is in the table the sources can say, and every
//! example of the table, carried out by the real program, says its row's words.

mod examples;
mod made;
#[path = "../program/mod.rs"]
mod program;
mod sources;
mod table;
mod web;

use table::{Row, rows};

/// What the sources say and no row of its own says, each with its reason.
const NOT_ROWS: [(&str, &str); 3] = [
    ("writing into memory does not fail", "it does not"),
    ("tensor `…` has shape … and this network wants", "a file is refused before, in nearly these words"),
    ("it has no cells", BROKEN_PART),
];
const BROKEN_PART: &str = "the row of damaged workbooks has it as what is damaged";

#[test]
fn every_error_of_the_sources_is_in_the_table() {
    let rows = rows();
    let errors = sources::errors();
    let is_known = |words: &str| {
        rows.iter().any(|row| row.shape() == words) || NOT_ROWS.iter().any(|(excepted, _)| *excepted == words)
    };
    let missing: Vec<String> = errors
        .iter()
        .filter(|error| !is_known(&error.shape))
        .map(|error| format!("  {}:{}\n    {}", error.file, error.line, error.words))
        .collect();
    assert!(
        missing.is_empty(),
        "{} errors have no row in docs/errors.md. Give each one, with its words as they read, what differs in ‹angle \
         quotes›:\n{}",
        missing.len(),
        missing.join("\n")
    );
    for (excepted, _) in NOT_ROWS {
        assert!(
            errors.iter().any(|error| error.shape == excepted),
            "no source says `{excepted}` any more: no exception"
        );
    }
    let attributes = errors.iter().filter(|error| error.is_attribute).count();
    println!(
        "{} places of {attributes} #[error] attributes and {} calls are in the table",
        errors.len(),
        errors.len() - attributes
    );
}

#[test]
fn every_row_of_the_table_stands_in_the_sources() {
    let said = sources::all_shapes();
    let rows = rows();
    let lost: Vec<String> = rows
        .iter()
        .filter(|row| !row.is_claps() && !said.contains(&row.shape()))
        .map(|row| format!("  line {}: {}", row.line, row.words))
        .collect();
    assert!(
        lost.is_empty(),
        "no source says these words of docs/errors.md any more; bring the rows up to date, or take them out:\n{}",
        lost.join("\n")
    );
}

#[test]
fn no_error_has_two_rows() {
    let rows = rows();
    let twice: Vec<String> = rows
        .iter()
        .enumerate()
        .filter_map(|(n, row)| Some((row, rows[..n].iter().find(|other| other.shape() == row.shape())?)))
        .map(|(row, other)| format!("  lines {} and {}: {}", other.line, row.line, row.words))
        .collect();
    assert!(twice.is_empty(), "docs/errors.md says these twice:\n{}", twice.join("\n"));
}

#[test]
fn every_example_of_the_table_says_the_words_of_its_row() {
    let rows = rows();
    let with_example: Vec<&Row> = rows.iter().filter(|row| row.example.is_some()).collect();
    let folder = made::folder();
    let wrong = examples::wrong(&with_example, folder.path());
    assert!(
        wrong.is_empty(),
        "{} of {} examples in docs/errors.md do not say their row's words:\n{}",
        wrong.len(),
        with_example.len(),
        wrong.join("\n")
    );
    println!(
        "{} of the {} rows of docs/errors.md were brought about by the real program",
        with_example.len(),
        rows.len()
    );
}
