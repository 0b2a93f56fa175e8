//! What is running, what is done, and how much time is left.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use longhand_kernels::Isa;
use longhand_nn::Network;
use longhand_training::experiment::{ExperimentObserver, Plan, PlannedRun, RunOutcome, finish_in};
use longhand_training::{Examination, Progress, RunFolder, RunStatus, Split, StoredRun};

use super::first_screen::FirstScreen;
use crate::printer::{self, Printer, duration, percent};
use crate::run_report;
use crate::tensorboard::LiveEvents;

/// How often the time left is worked out anew.
const REFRESH: Duration = Duration::from_millis(500);

/// A bar for each run that goes on, and one for all; plain lines where nobody watches.
pub struct LiveTable<'a> {
    plan: &'a Plan,
    split: &'a Split<'a>,
    isa: Isa,
    printer: Printer,
    bars: MultiProgress,
    whole: ProgressBar,
    slots: Vec<ProgressBar>,
    judged_on: &'static str,
    total: usize,
    state: Mutex<State>,
    /// The TensorBoard events of each run that goes on, by its folder; `None` where none are wanted.
    events: Option<Mutex<HashMap<PathBuf, Option<LiveEvents>>>>,
}

/// What has happened so far.
struct State {
    /// Predicted seconds of runs that nobody has begun, by name, in order.
    waiting: Vec<(String, f64)>,
    /// What goes on in each slot.
    running: Vec<Option<Running>>,
    /// Runs that are done, those from before counted.
    done: usize,
    /// Seconds that passed in slots, and what had been predicted for the same work.
    passed: f64,
    predicted: f64,
    refreshed: Instant,
    files_failed: bool,
}

struct Running {
    name: String,
    epochs: usize,
    epochs_done: usize,
    steps_per_epoch: usize,
    epoch_seconds: f64,
    last_accuracy: Option<f64>,
    /// When the last epoch was done, or the run begun.
    mark: Instant,
    begun: Instant,
}

impl State {
    /// How many times as long as predicted things take.
    fn ratio(&self) -> f64 {
        if self.predicted > 0.0 { self.passed / self.predicted } else { 1.0 }
    }

    fn seconds_left(&self) -> f64 {
        let ratio = self.ratio();
        let running = self.running.iter().flatten().map(|run| {
            let left = (run.epochs - run.epochs_done) as f64 * run.epoch_seconds * ratio;
            (left - run.mark.elapsed().as_secs_f64()).max(0.0)
        });
        let all: Vec<f64> = running.chain(self.waiting.iter().map(|(_, seconds)| seconds * ratio)).collect();
        finish_in(&all, self.running.len())
    }
}

impl<'a> LiveTable<'a> {
    /// A table for what `screen` says is to be done; `tensorboard` has every run leave events for it.
    pub fn new(printer: Printer, screen: &FirstScreen<'a>, isa: Isa, tensorboard: bool) -> Self {
        let (plan, split) = (screen.plan, screen.split);
        let slots = screen.slots();
        let target = || match io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr_with_hz(5),
            false => ProgressDrawTarget::hidden(),
        };
        let bars = MultiProgress::with_draw_target(target());
        let style = |template| ProgressStyle::with_template(template).expect("a sound template").progress_chars("━╸─");
        let slot_bars = (0..slots)
            .map(|_| {
                let bar = bars.add(ProgressBar::new(1));
                bar.set_style(style("  {prefix:24} {wide_bar} {msg}"));
                bar
            })
            .collect();
        let whole = bars.add(ProgressBar::new(screen.share as u64));
        whole.set_style(style("{prefix:26} {wide_bar} {msg}"));
        whole.set_prefix(plan.suite.name.clone());
        LiveTable {
            plan,
            split,
            isa,
            printer,
            bars,
            whole,
            slots: slot_bars,
            judged_on: plan.suite.evaluated_on.name(),
            total: screen.share,
            state: Mutex::new(State {
                waiting: screen.to_do.iter().map(|run| (run.name(), screen.run_seconds(run))).collect(),
                running: (0..slots).map(|_| None).collect(),
                done: screen.done,
                passed: 0.0,
                predicted: 0.0,
                refreshed: Instant::now(),
                files_failed: false,
            }),
            events: tensorboard.then(Mutex::default),
        }
    }

    /// Takes the bars away; whether every run's report and events could be written.
    pub fn finish(&self) -> bool {
        // Each by itself: a bar that is merely cleared is drawn once more when it is dropped.
        self.slots.iter().chain([&self.whole]).for_each(ProgressBar::finish_and_clear);
        !self.state.lock().expect("nobody panicked").files_failed
    }

    /// Says that a file beside a run's record could not be written: the run itself is kept, and no suite stops for it.
    fn file_failed(&self, error: &anyhow::Error) {
        self.bars.suspend(|| printer::error(&printer::causes(error)));
        self.state.lock().expect("nobody panicked").files_failed = true;
    }

    /// Writes the epoch that `folder` has just kept for TensorBoard, where that is wanted.
    fn write_epoch_events(&self, folder: &RunFolder, network: &Network) -> anyhow::Result<()> {
        let Some(events) = &self.events else { return Ok(()) };
        let mut events = events.lock().expect("nobody panicked");
        let path = folder.path().to_owned();
        if !events.contains_key(&path) {
            let begun = LiveEvents::go_on(folder, folder.epochs().len() - 1);
            let (events_of_run, failed) = match begun {
                Ok(begun) => (Some(begun), None),
                Err(e) => (None, Some(e)),
            };
            events.insert(path.clone(), events_of_run);
            if let Some(e) = failed {
                return Err(e.into());
            }
        }
        // A file that could not be begun was told of then.
        let Some(Some(events)) = events.get_mut(&path) else { return Ok(()) };
        Ok(events.epoch(folder, network)?)
    }

    /// Writes how the run in `folder` ended for TensorBoard, where that is wanted.
    fn write_end_events(&self, folder: &RunFolder, examination: &Examination) -> anyhow::Result<()> {
        let Some(events) = &self.events else { return Ok(()) };
        let Some(Some(mut events)) = events.lock().expect("nobody panicked").remove(folder.path()) else {
            return Ok(());
        };
        Ok(events.end(folder, examination)?)
    }

    fn line(&self, text: &str) {
        self.bars.suspend(|| self.printer.line(text));
    }

    fn show_whole(&self, state: &State) {
        self.whole.set_position(state.done as u64);
        let left = duration(state.seconds_left());
        self.whole.set_message(format!("{} of {} runs done  {left} left", state.done, self.total));
    }
}

impl ExperimentObserver for LiveTable<'_> {
    fn begun(&self, slot: usize, run: &PlannedRun) {
        let mut state = self.state.lock().expect("nobody panicked");
        let name = run.name();
        let at = state.waiting.iter().position(|(n, _)| *n == name);
        let seconds = at.map_or(0.0, |at| state.waiting.remove(at).1);
        let now = Instant::now();
        let epochs = run.recipe.epochs;
        state.running[slot] = Some(Running {
            name,
            epochs,
            epochs_done: 0,
            steps_per_epoch: 0,
            epoch_seconds: seconds / epochs as f64,
            last_accuracy: None,
            mark: now,
            begun: now,
        });
    }

    fn step(&self, slot: usize, progress: Progress) {
        let mut state = self.state.lock().expect("nobody panicked");
        let Some(run) = &mut state.running[slot] else { return };
        let bar = &self.slots[slot];
        if progress.step == 1 {
            bar.set_prefix(run.name.clone());
        }
        run.steps_per_epoch = run.steps_per_epoch.max(progress.step);
        // Until the first epoch is done nobody has said how many steps it has.
        let of_epoch = if run.epochs_done == 0 { 0.0 } else { progress.step as f64 / run.steps_per_epoch as f64 };
        bar.set_length(1000 * run.epochs as u64);
        bar.set_position((1000.0 * (run.epochs_done as f64 + of_epoch)) as u64);
        let accuracy = run.last_accuracy.map_or(String::new(), |a| format!("  {} {}", percent(a), self.judged_on));
        bar.set_message(format!("epoch {}/{}  loss {:.4}{accuracy}", progress.epoch, run.epochs, progress.loss));
        if state.refreshed.elapsed() >= REFRESH {
            state.refreshed = Instant::now();
            self.show_whole(&state);
        }
    }

    fn epoch(&self, slot: usize, folder: &RunFolder, network: &Network) {
        if let Err(e) = self.write_epoch_events(folder, network) {
            self.file_failed(&e);
        }
        let Some(metrics) = folder.epochs().last() else { return };
        let mut state = self.state.lock().expect("nobody panicked");
        let Some(run) = &mut state.running[slot] else { return };
        let (passed, predicted) = (run.mark.elapsed().as_secs_f64(), run.epoch_seconds);
        run.mark = Instant::now();
        run.epochs_done = metrics.epoch;
        run.last_accuracy = Some(metrics.scores.accuracy());
        state.passed += passed;
        state.predicted += predicted;
    }

    fn finished(&self, run: &PlannedRun, folder: &RunFolder, network: &Network, threads: usize) -> bool {
        let base = &self.plan.suite.entries[run.entry].base;
        let run = run_report::Run {
            folder: folder.path(),
            record: folder.record(),
            epochs: folder.epochs(),
            network,
            split: self.split,
            base: Some(base),
        };
        let written = run_report::write(&run, self.isa, threads)
            .and_then(|examination| self.write_end_events(folder, &examination));
        if let Err(e) = &written {
            self.file_failed(e);
        }
        written.is_ok()
    }

    fn ended(&self, slot: usize, run: &PlannedRun, outcome: &RunOutcome) {
        let mut state = self.state.lock().expect("nobody panicked");
        let ended = state.running[slot].take();
        let name = run.name();
        // Only what was to be done has a predicted time.
        let was_to_do = ended.as_ref().is_some_and(|r| r.epoch_seconds > 0.0);
        let took = ended.map_or(0.0, |r| r.begun.elapsed().as_secs_f64());
        let words = match outcome {
            RunOutcome::AlreadyDone(_) if was_to_do => {
                state.done += 1;
                Some("done by another process".to_owned())
            }
            // Counted at the start, or said at the end: no news.
            RunOutcome::AlreadyDone(_) | RunOutcome::NotBegun | RunOutcome::Busy => None,
            RunOutcome::Done(stored) => {
                state.done += 1;
                Some(self.in_words(stored, took))
            }
            RunOutcome::Interrupted => Some("stopped; the same command goes on with it".to_owned()),
            RunOutcome::Foreign(_) => Some("passed over: its folder holds something else".to_owned()),
            RunOutcome::Failed(why) => Some(format!("FAILED: {why}")),
        };
        if let Some(words) = words {
            let left = match state.waiting.is_empty() && state.running.iter().all(Option::is_none) {
                true => String::new(),
                false => format!("; {} left", duration(state.seconds_left())),
            };
            self.line(&format!("[{}/{}] {name}  {words}{left}", state.done, self.total));
        }
        self.slots[slot].set_message("");
        self.slots[slot].set_prefix("");
        self.slots[slot].set_position(0);
        self.show_whole(&state);
    }
}

impl LiveTable<'_> {
    fn in_words(&self, run: &StoredRun, took: f64) -> String {
        let took = duration(took);
        match (run.record.status, &run.record.result) {
            (RunStatus::Finished, Some(result)) => {
                let epochs = match run.epochs.len() {
                    1 => "1 epoch".to_owned(),
                    n => format!("{n} epochs"),
                };
                format!("{} {}, {epochs} in {took}", percent(result.accuracy.last()), self.judged_on)
            }
            _ => format!("DIVERGED after {took}: {}", run.record.ended.as_deref().unwrap_or_default()),
        }
    }
}
