//! A run's TensorBoard events, written while it goes on.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use longhand_nn::Network;
use longhand_tensorboard::{EventFile, EventFileError, event_files, run_events};
use longhand_training::{Examination, RunFolder};

/// The event file of a run that goes on.
#[derive(Debug)]
pub struct LiveEvents {
    file: EventFile,
}

impl LiveEvents {
    /// Begins the event file in the run's folder.
    pub fn begin(folder: &RunFolder) -> Result<Self, EventFileError> {
        let now = now();
        let mut file = EventFile::create(folder.path(), now)?;
        file.summary(now, 0, run_events::beginning(folder.record(), now))?;
        Ok(LiveEvents { file })
    }

    /// Goes on with the event file of a run of which `folder` keeps `done` epochs that may be in it; begins one where there
    /// is none, or none that reaches so far, and writes into it what the records hold of those epochs.
    pub fn go_on(folder: &RunFolder, done: usize) -> Result<Self, EventFileError> {
        let own = |path: &PathBuf| path.extension().is_some_and(|e| e == "longhand");
        let found: Vec<PathBuf> = event_files(folder.path())?.into_iter().filter(own).collect();
        if let [path] = &found[..]
            && let Some(file) = EventFile::reopen(path, done)?
        {
            return Ok(LiveEvents { file });
        }
        // Two files of one run would show its epochs twice.
        for path in found {
            std::fs::remove_file(&path).map_err(|source| EventFileError { action: "remove", path, source })?;
        }
        let mut events = Self::begin(folder)?;
        for metrics in &folder.epochs()[..done] {
            events.file.summary(now(), metrics.epoch, run_events::scalars(metrics))?;
        }
        Ok(events)
    }

    /// Whether the run in `folder` has an event file.
    pub fn are_there(folder: &RunFolder) -> bool {
        event_files(folder.path()).is_ok_and(|files| !files.is_empty())
    }

    /// Writes the last epoch that `folder` keeps, `network` being what was judged.
    pub fn epoch(&mut self, folder: &RunFolder, network: &Network) -> Result<(), EventFileError> {
        let Some(metrics) = folder.epochs().last() else { return Ok(()) };
        let mut values = run_events::scalars(metrics);
        values.extend(run_events::histograms(network));
        self.file.summary(now(), metrics.epoch, values)
    }

    /// Writes how the run ended, and what the examination of its last network found.
    pub fn end(&mut self, folder: &RunFolder, examination: &Examination) -> Result<(), EventFileError> {
        let (now, step) = (now(), folder.epochs().len());
        let mut values = run_events::mistakes(examination);
        values.extend(run_events::end(folder.record().status, now));
        self.file.summary(now, step, values)
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
