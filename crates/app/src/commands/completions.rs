//! `longhand completions`: what a shell needs to complete this program's arguments.

use clap::CommandFactory;

use super::Exit;
use crate::arguments::Cli;
use crate::arguments::shell::CompletionsArguments;
use crate::printer::Printer;

/// Prints the script of the shell asked for.
pub fn run(arguments: &CompletionsArguments) -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // Into memory first: the generator panics where what it writes to fails, such as a pipe whose reader has gone.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    Printer::new(false).data(String::from_utf8(script)?.trim_end());
    Ok(Exit::Done)
}
