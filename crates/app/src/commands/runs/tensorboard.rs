//! `longhand runs tensorboard`: events of runs that were made without them.

use std::path::PathBuf;

use anyhow::Context;
use longhand_model_files::{Model, read_model};
use longhand_tensorboard::{EventFile, EventFileError, event_files, run_events};
use longhand_training::{RunStatus, StoredRun};

use super::super::Exit;
use super::readable;
use crate::printer::{self, Printer, warning};

/// Writes an event file into the folder of each run that has none.
pub fn run(folders: &[PathBuf]) -> anyhow::Result<Exit> {
    let printer = Printer::new(false);
    let mut exit = Exit::Done;
    for run in readable(folders)? {
        if let Some(there) = event_files(&run.path)?.first() {
            warning(&format!("{} has events already; left as they are", there.display()));
        } else if run.epochs.is_empty() {
            warning(&format!("{} has no epoch done; left out", run.path.display()));
        } else {
            match write(&run) {
                Ok(file) => printer.line(&format!("wrote {}", file.display())),
                Err(e) => {
                    printer::error(&printer::causes(&e));
                    exit = Exit::CannotBeServed;
                }
            }
        }
    }
    Ok(exit)
}

/// Writes what the records of `run` hold: all scalars, the weights as they were kept, no pictures.
fn write(run: &StoredRun) -> anyhow::Result<PathBuf> {
    let started: jiff::Timestamp = run.record.started.parse().with_context(|| {
        format!("{}: `started` = {:?} is no time", run.path.join("run.json").display(), run.record.started)
    })?;
    let started = started.as_millisecond() as f64 / 1000.0;
    let model = read_model(&run.path.join("model.safetensors"))?;
    let mut file = EventFile::create(&run.path, started.max(0.0))?;
    let written = fill(&mut file, run, &model, started);
    if written.is_err() {
        // Half a file would count as there the next time.
        let _ = std::fs::remove_file(file.path());
    }
    written?;
    Ok(file.path().to_owned())
}

fn fill(file: &mut EventFile, run: &StoredRun, model: &Model, started: f64) -> Result<(), EventFileError> {
    file.summary(started, 0, run_events::beginning(&run.record, started))?;
    // The record has no hour for each epoch: as though nothing but training and evaluation had taken time.
    let mut now = started;
    for epoch in &run.epochs {
        now += epoch.train_seconds + epoch.evaluation_seconds;
        file.summary(now, epoch.epoch, run_events::scalars(epoch))?;
    }
    let mut last = run_events::histograms(&model.network);
    if run.record.status != RunStatus::Running {
        last.extend(run_events::end(run.record.status, now));
    }
    file.summary(now, run.epochs.len(), last)
}
