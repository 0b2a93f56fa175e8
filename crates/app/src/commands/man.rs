//! `longhand man`: a manual page for the program and for each of its commands.

use std::fs;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use longhand_training::write_atomically;

use super::Exit;
use crate::arguments::Cli;
use crate::arguments::shell::ManArguments;
use crate::printer::Printer;

/// Writes the pages.
pub fn run(arguments: &ManArguments) -> anyhow::Result<Exit> {
    fs::create_dir_all(&arguments.out).with_context(|| format!("cannot make {}", arguments.out.display()))?;
    let pages = pages()?;
    for (name, page) in &pages {
        let path = arguments.out.join(name);
        write_atomically(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Printer::new(false).line(&format!("{} pages written to {}", pages.len(), arguments.out.display()));
    Ok(Exit::Done)
}

/// File name and text of every page.
fn pages() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    // What --version says of this machine's instruction sets has no place in a page.
    let mut program = Cli::command().long_version(None::<&str>).disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    add(&program, &mut pages)?;
    Ok(pages)
}

/// Adds the page of `command` and those of the commands below it.
fn add(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    // Once built, `longhand runs list` has the display name `longhand-runs-list`.
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let page = Man::new(command.clone()).title(name.clone());
    let mut text = Vec::new();
    page.render(&mut text).context("writing into memory does not fail")?;
    pages.push((format!("{name}.1"), text));
    command.get_subcommands().try_for_each(|below| add(below, pages))
}
