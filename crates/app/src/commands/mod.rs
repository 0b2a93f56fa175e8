//! One file per command; a command takes what was asked and gives how the program is to exit.

pub mod audit;
pub mod bench;
pub mod completions;
pub mod data;
pub mod evaluate;
pub mod experiment;
pub mod export;
mod find_learning_rate;
pub mod man;
pub mod predict;
pub mod runs;
pub mod serve;
pub mod summary;
pub mod train;
pub mod worksheet;

use std::process::ExitCode;

/// How the program exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is no.
    No,
    /// 2: the request cannot be served.
    CannotBeServed,
    /// 130: stopped by Ctrl-C, as shells count it.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::CannotBeServed => 2,
            Exit::Interrupted => 130,
        })
    }
}
