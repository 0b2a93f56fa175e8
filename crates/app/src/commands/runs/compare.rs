//! `longhand runs compare`.

use std::path::PathBuf;

use longhand_training::experiment::{Leaderboard, SuiteResult};

use super::super::Exit;
use super::super::experiment::leaderboard;
use super::{readable, shown};
use crate::arguments::experiment::OrderChoice;
use crate::printer::Printer;

/// Judges the runs in and below `folders` together.
pub fn run(folders: &[PathBuf], order: OrderChoice, json: bool) -> anyhow::Result<Exit> {
    let runs = readable(folders)?;
    // Shards of one suite are that suite.
    let suite = runs[0].record.suite.clone().filter(|s| runs.iter().all(|r| r.record.suite.as_ref() == Some(s)));
    let name = suite.unwrap_or_else(|| shown(folders));
    let (result, said) = SuiteResult::gather(&name, runs)?;
    let board = Leaderboard::of(&result, order.into());
    let printer = Printer::new(json);
    for sentence in said {
        printer.line(&sentence);
    }
    printer.line(&leaderboard::text(&board));
    if json {
        printer.data(&serde_json::to_string_pretty(&board)?);
    }
    Ok(Exit::Done)
}
