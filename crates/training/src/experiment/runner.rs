//! Carries a plan out: its share of the runs, some at once, each kept as it goes.

use std::collections::VecDeque;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use longhand_kernels::Isa;
use longhand_nn::{Network, Summary};

use super::folder_state::{FolderState, folder_state};
use super::plan::{Plan, PlannedRun};
use crate::checkpoint::Checkpoint;
use crate::files::RealFiles;
use crate::record::{DataRecord, RunStatus};
use crate::resume::Resumable;
use crate::run_folder::RunFolder;
use crate::run_lock::RunLock;
use crate::split::Split;
use crate::stored_run::StoredRun;
use crate::train::{EpochDone, Observer, Occasion, Progress, train_from_checkpoint};

/// What became of a run.
#[derive(Clone, Debug)]
pub enum RunOutcome {
    /// It had been done before.
    AlreadyDone(Box<StoredRun>),
    /// It was carried out: finished, or diverged.
    Done(Box<StoredRun>),
    /// It was stopped on the way, and will be gone on with.
    Interrupted,
    /// Everything was stopped before it was begun.
    NotBegun,
    /// Another process is at it.
    Busy,
    /// Its folder holds something else, which was not touched: what.
    Foreign(String),
    /// It could not be carried out, or not be kept: why not.
    Failed(String),
}

/// Whoever wants to know how an experiment goes. `slot` is which of the runs at once, counted from 0.
pub trait ExperimentObserver: Sync {
    /// A run begins, or is about to be passed over.
    fn begun(&self, slot: usize, run: &PlannedRun) {
        let _ = (slot, run);
    }

    /// A step of it is done.
    fn step(&self, slot: usize, progress: Progress) {
        let _ = (slot, progress);
    }

    /// An epoch of it is done and kept in `folder`, whose last epoch it is; `network` is what was judged.
    fn epoch(&self, slot: usize, folder: &RunFolder, network: &Network) {
        let _ = (slot, folder, network);
    }

    /// A run has ended, finished or diverged, and is kept; `network` is its network and `threads` are free for more work
    /// on it. What else belongs in its folder is written here; `false` where something of it could not be: the run keeps its
    /// checkpoint then, and is looked at again when the suite is run again.
    fn finished(&self, run: &PlannedRun, folder: &RunFolder, network: &Network, threads: usize) -> bool {
        let _ = (run, folder, network, threads);
        true
    }

    /// This became of a run.
    fn ended(&self, slot: usize, run: &PlannedRun, outcome: &RunOutcome) {
        let _ = (slot, run, outcome);
    }
}

/// An observer that says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentObserver;

impl ExperimentObserver for SilentObserver {}

/// How many runs go on at once on so many threads, where nobody says: one for each four threads.
///
/// A batch of 128 is eight lane groups that meet after every stretch; up to four threads a step is nearly as many times
/// as fast, and beyond that runs side by side use the threads better than threads in one run.
pub fn default_at_once(threads: usize) -> usize {
    (threads / 4).max(1)
}

/// Everything that carrying a plan out takes.
pub struct Runner<'a> {
    /// What is to be run.
    pub plan: &'a Plan,
    /// On what.
    pub split: &'a Split<'a>,
    /// Instruction set.
    pub isa: Isa,
    /// Threads of each run at once, one number for each.
    pub threads: Vec<usize>,
    /// Set from outside to stop after the step.
    pub stop: &'a AtomicBool,
    /// Who is told.
    pub observer: &'a dyn ExperimentObserver,
}

impl Runner<'_> {
    /// Deals `threads` threads out to `at_once` runs, at least one each.
    pub fn deal(threads: usize, at_once: usize) -> Vec<usize> {
        let at_once = at_once.max(1);
        (0..at_once).map(|i| (threads / at_once + usize::from(i < threads % at_once)).max(1)).collect()
    }

    /// Carries the share out; what became of each of its runs, in their order.
    ///
    /// A run that another process is at is left to it, and looked at once more at the end, in case that process died.
    pub fn run(&self) -> Vec<(PlannedRun, RunOutcome)> {
        let share = self.plan.share();
        let queue: Mutex<VecDeque<usize>> = Mutex::new((0..share.len()).collect());
        let outcomes: Mutex<Vec<Option<RunOutcome>>> = Mutex::new(vec![None; share.len()]);
        let data = DataRecord::of(self.split);
        for _pass in 0..2 {
            thread::scope(|scope| {
                for (slot, &threads) in self.threads.iter().enumerate() {
                    let (queue, outcomes, share, data) = (&queue, &outcomes, &share, &data);
                    scope.spawn(move || {
                        loop {
                            let next = queue.lock().expect("nobody panicked").pop_front();
                            let Some(index) = next else { return };
                            let run = share[index];
                            self.observer.begun(slot, run);
                            let outcome = self.carry_out(slot, run, threads, data);
                            self.observer.ended(slot, run, &outcome);
                            outcomes.lock().expect("nobody panicked")[index] = Some(outcome);
                        }
                    });
                }
            });
            let busy = outcomes.lock().expect("nobody panicked");
            let busy = busy.iter().enumerate().filter(|(_, o)| matches!(o, Some(RunOutcome::Busy)));
            queue.lock().expect("nobody panicked").extend(busy.map(|(i, _)| i));
        }
        let outcomes = outcomes.into_inner().expect("nobody panicked");
        share.into_iter().cloned().zip(outcomes.into_iter().map(|o| o.expect("every run was looked at"))).collect()
    }

    fn carry_out(&self, slot: usize, run: &PlannedRun, threads: usize, data: &DataRecord) -> RunOutcome {
        let failed = |e: &dyn std::fmt::Display| RunOutcome::Failed(format!("{}: {e}", run.name()));
        let passed_over = || match folder_state(&run.folder, &run.recipe, data) {
            FolderState::Done(stored) => Some(RunOutcome::AlreadyDone(stored)),
            FolderState::Foreign(why) => Some(RunOutcome::Foreign(why)),
            FolderState::Empty | FolderState::Unfinished => None,
        };
        // Before the lock, since taking it makes a file in the folder.
        if let Some(outcome) = passed_over() {
            return outcome;
        }
        if self.stop.load(Ordering::Relaxed) {
            return RunOutcome::NotBegun;
        }
        let lock = match RunLock::try_take(&run.folder) {
            Ok(Some(lock)) => lock,
            Ok(None) => return RunOutcome::Busy,
            Err(e) => return failed(&format!("cannot take its lock: {e}")),
        };
        // And under it: whoever held it a moment ago may have done the run.
        match passed_over() {
            Some(outcome @ RunOutcome::AlreadyDone(_)) => {
                lock.remove();
                outcome
            }
            Some(outcome) => outcome,
            None => self.train(slot, run, lock, threads).unwrap_or_else(|e| failed(&e)),
        }
    }

    fn train(
        &self,
        slot: usize,
        run: &PlannedRun,
        lock: RunLock,
        threads: usize,
    ) -> Result<RunOutcome, Box<dyn Error + Send + Sync>> {
        let parameters = Summary::of(&run.recipe.network)?.parameters();
        let of = (self.plan.suite.name.as_str(), run.entry_name.as_str());
        let (isa, split) = (self.isa, self.split);
        // What cannot be gone on with, and nothing is there to go on with in an empty folder, is begun.
        let (folder, start) = match Resumable::read(&run.folder, split) {
            Ok(stopped) => stopped.reopen(Arc::new(RealFiles), Some(lock), isa, threads)?,
            Err(_) => {
                let network = Network::new(&run.recipe.network, run.recipe.initialisation, run.recipe.seed)?;
                let start = Checkpoint::beginning(&run.recipe, split, &network);
                (RunFolder::begin(lock, of, &run.recipe, split, parameters, isa, threads)?, start)
            }
        };
        let epochs = folder.epochs().to_vec();
        let mut keeper = Keeper { folder, slot, stop: self.stop, observer: self.observer };
        let trained = train_from_checkpoint(&start, epochs, &run.recipe, split, isa, threads, &mut keeper)?;
        let Keeper { mut folder, .. } = keeper;
        let (status, words) = trained.ended.in_words(&run.recipe, self.split.train.len());
        folder.end(status, words, &trained.network)?;
        if status == RunStatus::Interrupted {
            return Ok(RunOutcome::Interrupted);
        }
        let stored = StoredRun {
            path: folder.path().to_owned(),
            record: folder.record().clone(),
            epochs: folder.epochs().to_vec(),
        };
        // With its checkpoint left, what is missing is made when the suite is run again.
        if self.observer.finished(run, &folder, &trained.network, threads) {
            folder.close()?;
        }
        Ok(RunOutcome::Done(Box::new(stored)))
    }
}

/// Keeps a run in its folder and tells how it goes.
struct Keeper<'a> {
    folder: RunFolder,
    slot: usize,
    stop: &'a AtomicBool,
    observer: &'a dyn ExperimentObserver,
}

impl Observer for Keeper<'_> {
    fn step(&mut self, progress: Progress) -> ControlFlow<()> {
        self.observer.step(self.slot, progress);
        if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.folder.keep_epoch(done.metrics, done.network)?;
        self.observer.epoch(self.slot, &self.folder, done.network);
        Ok(())
    }

    fn checkpoint_due(&mut self, occasion: Occasion) -> bool {
        self.folder.checkpoint_due(occasion)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.folder.keep_checkpoint(checkpoint)?)
    }
}
