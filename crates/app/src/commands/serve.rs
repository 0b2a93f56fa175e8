//! `longhand serve`: the web app on this computer.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use longhand_data::Dataset;
use longhand_data::fetch::Progress;
use longhand_server::{Server, Settings};

use super::Exit;
use crate::arguments::serve::ServeArguments;
use crate::data_source;
use crate::printer::Printer;

/// The folder that `longhand experiment` writes into, shown where it is there.
const EXPERIMENTS: &str = "experiments";

/// Serves the app until Ctrl-C.
pub fn run(arguments: &ServeArguments) -> anyhow::Result<Exit> {
    let (isa, threads) = super::train::compute(&arguments.compute)?;
    let mut more_runs = arguments.also.clone();
    if more_runs.is_empty() && PathBuf::from(EXPERIMENTS).is_dir() {
        more_runs.push(EXPERIMENTS.into());
    }
    let settings = Settings {
        host: arguments.host.clone(),
        port: arguments.port,
        data: arguments.data.data.clone(),
        runs: arguments.runs.clone(),
        more_runs,
        isa,
        threads,
    };
    let server = Server::bind(settings)?;
    let stop = super::train::interruptions()?;
    let printer = Printer::new(false);
    printer.line(&format!("Longhand is at  {}", server.address()));
    printer.line(match arguments.host {
        None => "for this computer only; Ctrl-C ends it",
        Some(_) => "for whoever has this address, token included; nothing is encrypted; Ctrl-C ends it",
    });
    let source = arguments.data.clone();
    let load = move |tell: &dyn Fn(String), stop: &AtomicBool| find(&source, tell, stop);
    let waiting = server.run(Box::new(load), &stop)?;
    if !waiting.commands.is_empty() {
        printer.line("\nThese runs were waiting and had not begun:");
        for command in waiting.commands {
            printer.line(&format!("  {command}"));
        }
        if waiting.kept {
            printer.line("They are kept: the app offers them when it is started again on the same runs.");
        }
    }
    Ok(Exit::Done)
}

/// Finds the data while pages wait, telling them how far a download has come.
fn find(
    source: &crate::arguments::DataSource,
    tell: &dyn Fn(String),
    stop: &AtomicBool,
) -> Result<(Dataset, Option<String>), String> {
    let mut show = |progress: Progress<'_>| {
        let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
        let of = progress.total.map_or(String::new(), |total| format!(" of {}", megabytes(total)));
        tell(format!("{} is being downloaded, {}{of} MB.", progress.file, megabytes(progress.bytes)));
        if stop.load(Ordering::Relaxed) {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    };
    let located = data_source::located(source, &mut show).map_err(|e| e.to_string())?;
    let fallback = located.fallback.map(|why| format!("{why}. These are the built-in stroke digits, not MNIST."));
    Ok((located.dataset, fallback))
}
