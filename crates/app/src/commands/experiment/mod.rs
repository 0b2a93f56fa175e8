//! `longhand experiment`: a suite of recipes over many seeds.

mod first_screen;
pub mod leaderboard;
mod live;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use longhand_kernels::Isa;
use longhand_report::suite_page;
use longhand_training::experiment::{
    Leaderboard, Plan, RunOutcome, RunTime, Runner, Shard, Suite, SuiteChanges, SuiteResult, default_at_once,
    time_recipe,
};
use longhand_training::{DataRecord, EvaluatedOn, RunLock, Split, write_atomically};

use self::first_screen::FirstScreen;
use self::live::LiveTable;
use super::Exit;
use crate::arguments::experiment::ExperimentArguments;
use crate::data_source;
use crate::printer::{self, Printer};

/// How long each entry is tried before the time is predicted.
const TRIAL: Duration = Duration::from_millis(1000);

/// Runs a suite's share, showing how it goes, and judges what is there.
pub fn run(arguments: &ExperimentArguments) -> anyhow::Result<Exit> {
    let suite = Suite::load(&arguments.suite, &changes(arguments))?;
    let (shard, said_by) = match arguments.shard {
        Some(shard) => (shard, None),
        None => match Shard::from_environment(|name| std::env::var(name).ok())? {
            Some((shard, launcher)) => (shard, Some(launcher)),
            None => (Shard::WHOLE, None),
        },
    };
    let (isa, threads) = super::train::compute(&arguments.compute)?;
    let at_once = arguments.at_once.map_or_else(|| default_at_once(threads), usize::from);
    let printer = Printer::new(arguments.json);
    let data = data_source::dataset(&arguments.data, printer)?;
    let split = Split::new(&data, suite.evaluated_on)?;
    let folder = arguments.runs.clone().unwrap_or_else(|| PathBuf::from("experiments").join(&suite.name));
    let plan = Plan::new(suite, &folder, shard);
    let stop = super::train::interruptions()?;
    let deal = Runner::deal(threads, at_once);

    let mut screen = FirstScreen::new(&plan, &split);
    let times = time_entries(&screen, &plan, &split, isa, &deal, &stop, printer)?;
    if stop.load(Ordering::Relaxed) {
        printer.line("Stopped before the first run.");
        return Ok(Exit::Interrupted);
    }
    screen.predict(times, at_once);
    printer.line(&screen.text(said_by, isa, &deal));
    if arguments.dry_run {
        if arguments.json {
            printer.data(&serde_json::to_string_pretty(&screen.json())?);
        }
        return Ok(if screen.foreign.is_empty() { Exit::Done } else { Exit::CannotBeServed });
    }

    let live = LiveTable::new(printer, &screen, isa, arguments.tensorboard);
    let outcomes = Runner { plan: &plan, split: &split, isa, threads: deal, stop: &stop, observer: &live }.run();
    let reported = live.finish();
    let trouble = summarise(&outcomes, printer) || !reported;

    let board = judge(&plan, &split, arguments, printer)?;
    if arguments.json {
        printer.data(&serde_json::to_string_pretty(&board)?);
    }
    let stopped = outcomes.iter().any(|(_, o)| matches!(o, RunOutcome::Interrupted | RunOutcome::NotBegun));
    Ok(match (stopped, trouble) {
        (true, _) => {
            printer.line("Stopped. The same command goes on; what is finished is kept.");
            Exit::Interrupted
        }
        (false, true) => Exit::CannotBeServed,
        (false, false) => Exit::Done,
    })
}

fn changes(arguments: &ExperimentArguments) -> SuiteChanges {
    SuiteChanges {
        seeds: arguments.seeds.clone().map(|seeds| seeds.0),
        set: arguments.set.clone(),
        evaluated_on: match (arguments.validation, arguments.test) {
            (true, _) => Some(EvaluatedOn::Validation),
            (_, true) => Some(EvaluatedOn::Test),
            _ => None,
        },
    }
}

/// Times every entry that has a run to do, in the suite's order; `None` for the others.
fn time_entries(
    screen: &FirstScreen<'_>,
    plan: &Plan,
    split: &Split<'_>,
    isa: Isa,
    deal: &[usize],
    stop: &AtomicBool,
    printer: Printer,
) -> anyhow::Result<Vec<Option<RunTime>>> {
    let to_time = screen.to_do_by_entry().iter().filter(|&&n| n > 0).count();
    let bar = printer.bar(to_time as u64, "timing a step of each entry {wide_bar} {pos}/{len}");
    let mut times = Vec::with_capacity(plan.suite.entries.len());
    for (entry, &to_do) in plan.suite.entries.iter().zip(screen.to_do_by_entry()) {
        if to_do == 0 || stop.load(Ordering::Relaxed) {
            times.push(None);
            continue;
        }
        // No more copies at once than there will be runs.
        let copies = &deal[..deal.len().min(screen.to_do.len())];
        let time = time_recipe(&entry.recipe, split, isa, copies, TRIAL, stop)
            .with_context(|| format!("entry {} cannot be trained on these data", entry.name))?;
        times.push(Some(time));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(times)
}

/// Says what went wrong, each on a line; whether anything did.
fn summarise(outcomes: &[(longhand_training::experiment::PlannedRun, RunOutcome)], printer: Printer) -> bool {
    let mut trouble = false;
    let mut busy = Vec::new();
    for (run, outcome) in outcomes {
        match outcome {
            RunOutcome::Foreign(why) => {
                printer::error(&format!(
                    "{why}. It was left as it is and the run passed over; --runs names another place"
                ));
                trouble = true;
            }
            RunOutcome::Failed(why) => {
                printer::error(&format!("{why}; this run is not done"));
                trouble = true;
            }
            RunOutcome::Busy => busy.push(run.name()),
            _ => {}
        }
    }
    if !busy.is_empty() {
        printer.line(&format!("Left to another process, which is at it: {}", busy.join(", ")));
    }
    trouble
}

/// Judges all runs that are there, of every share, and writes the leaderboard down.
fn judge(
    plan: &Plan,
    split: &Split<'_>,
    arguments: &ExperimentArguments,
    printer: Printer,
) -> anyhow::Result<Leaderboard> {
    // One process at a time reads all runs and writes the leaderboard, so that the last of them has seen everything. On a
    // disk without locks it may be the last but one's that stays, until the suite is run again.
    let lock =
        RunLock::take(&plan.folder).with_context(|| format!("cannot take the lock of {}", plan.folder.display()))?;
    let result = SuiteResult::collect(plan, &DataRecord::of(split));
    let board = Leaderboard::of(&result, arguments.order.into());
    let json = format!("{}\n", serde_json::to_string_pretty(&board)?);
    let page = suite_page(&result, &board, &plan.folder);
    for (name, text) in
        [("leaderboard.json", json), ("leaderboard.md", leaderboard::markdown(&board)), ("suite.html", page)]
    {
        let path = plan.folder.join(name);
        write_atomically(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    drop(lock);
    printer.line(&format!("\n{}\n", leaderboard::text(&board)));
    printer.line(&format!("suite folder  {}", plan.folder.display()));
    Ok(board)
}
