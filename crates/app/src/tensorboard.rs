//! A run's TensorBoard events, written while it goes on.

use std::time::{SystemTime, UNIX_EPOCH};

use longhand_nn::Network;
use longhand_tensorboard::{EventFile, EventFileError, run_events};
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
