//! The program `longhand`: arguments, printing, exit codes. The work is done in the crates below.
#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod data_source;
mod printer;
mod recipe_source;
mod run_report;
mod tensorboard;
mod terminal_text;
mod version;
mod weights;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Cli, Command};
use crate::commands::Exit;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Train(arguments) => commands::train::run(&arguments),
        Command::Evaluate(arguments) => commands::evaluate::run(&arguments),
        Command::Export(arguments) => commands::export::run(&arguments),
        Command::Predict(arguments) => commands::predict::run(&arguments),
        Command::Experiment(arguments) => commands::experiment::run(&arguments),
        Command::Runs(arguments) => commands::runs::run(&arguments),
        Command::Summary(arguments) => commands::summary::run(&arguments),
        Command::Worksheet(arguments) => commands::worksheet::run(&arguments),
        Command::Audit(arguments) => commands::audit::run(&arguments),
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Data(arguments) => commands::data::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(&arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments),
        Command::Man(arguments) => commands::man::run(&arguments),
    };
    match outcome {
        Ok(exit) => match printer::unwritten() {
            None => exit.into(),
            Some(error) => {
                printer::error(&format!("cannot write to standard output: {error}"));
                Exit::CannotBeServed.into()
            }
        },
        Err(error) => {
            printer::error(&printer::causes(&error));
            Exit::CannotBeServed.into()
        }
    }
}
