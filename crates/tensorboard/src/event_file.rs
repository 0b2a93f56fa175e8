//! The file: records one after another, each framed by its length and two checksums.
//!
//! ```text
//! length, 8 bytes | masked CRC-32C of those 8 bytes | the event | masked CRC-32C of the event      all little-endian
//! ```

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use prost::Message;

use crate::proto::{Event, Summary, Value, What};

/// What TensorBoard knows event files by: their names hold it.
pub const EVENT_FILE_MARK: &str = "tfevents";

/// The format's name, which every file begins with.
const FILE_VERSION: &str = "brain.Event:2";

/// Why an event file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the TensorBoard events {}: {source}", path.display())]
pub struct EventFileError {
    /// What was tried.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// The checksum of `bytes` as event files keep it: a CRC-32C turned and shifted, so that the checksum of bytes that hold
/// checksums is no weaker.
pub fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Writes events, framed, into `W`.
#[derive(Debug)]
pub struct EventWriter<W> {
    to: W,
}

impl<W: Write> EventWriter<W> {
    /// Begins a file at `wall_time`, in seconds since 1970.
    ///
    /// # Errors
    /// When `to` cannot be written.
    pub fn new(to: W, wall_time: f64) -> io::Result<Self> {
        let mut writer = EventWriter { to };
        let what = Some(What::FileVersion(FILE_VERSION.to_owned()));
        writer.event(&Event { wall_time, step: 0, what })?;
        Ok(writer)
    }

    /// Writes `value` as of `step` and `wall_time` as one record, at once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn summary(&mut self, wall_time: f64, step: usize, value: Vec<Value>) -> io::Result<()> {
        let what = Some(What::Summary(Summary { value }));
        self.event(&Event { wall_time, step: step as i64, what })
    }

    /// What was written into.
    pub fn into_inner(self) -> W {
        self.to
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        let event = event.encode_to_vec();
        let length = (event.len() as u64).to_le_bytes();
        let mut record = Vec::with_capacity(event.len() + 16);
        record.extend(length);
        record.extend(masked_crc(&length).to_le_bytes());
        record.extend(&event);
        record.extend(masked_crc(&event).to_le_bytes());
        // All at once: whoever reads meanwhile, or after a crash, finds whole records and at most one that is cut short.
        self.to.write_all(&record)?;
        self.to.flush()
    }
}

/// An event file in a run's folder.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    writer: EventWriter<File>,
}

impl EventFile {
    /// Begins `events.out.tfevents.<seconds>.longhand` in `folder`, at `wall_time` in seconds since 1970.
    ///
    /// # Errors
    /// When it cannot be made: the folder is not there or not writable, or it has a file of that name.
    pub fn create(folder: &Path, wall_time: f64) -> Result<Self, EventFileError> {
        let path = folder.join(format!("events.out.{EVENT_FILE_MARK}.{:010}.longhand", wall_time as u64));
        let made = File::create_new(&path).and_then(|file| EventWriter::new(file, wall_time));
        match made {
            Ok(writer) => Ok(EventFile { path, writer }),
            Err(source) => Err(EventFileError { action: "begin", path, source }),
        }
    }

    /// Opens the file at `path` to go on behind the first summary of `step`: what follows that, a record cut short
    /// included, is cut off. `None` where it holds no such summary.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn reopen(path: &Path, step: usize) -> Result<Option<Self>, EventFileError> {
        let failed = |source| EventFileError { action: "go on with", path: path.to_owned(), source };
        let bytes = fs::read(path).map_err(failed)?;
        let Some(end) = end_of_summary(&bytes, step as i64) else { return Ok(None) };
        let mut to = File::options().write(true).open(path).map_err(failed)?;
        to.set_len(end as u64).map_err(failed)?;
        to.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Some(EventFile { path: path.to_owned(), writer: EventWriter { to } }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `values` as of `step` and `wall_time`; they are in the file when this returns.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn summary(&mut self, wall_time: f64, step: usize, values: Vec<Value>) -> Result<(), EventFileError> {
        self.writer.summary(wall_time, step, values).map_err(|source| EventFileError {
            action: "write",
            path: self.path.clone(),
            source,
        })
    }
}

/// Where the first summary of `step` among the events of `bytes` ends.
fn end_of_summary(bytes: &[u8], step: i64) -> Option<usize> {
    let mut end = 0;
    loop {
        let (length, rest) = bytes.get(end..)?.split_first_chunk::<8>()?;
        let (length_crc, rest) = rest.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*length_crc) != masked_crc(length) {
            return None;
        }
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let event = rest.get(..length)?;
        if rest.get(length..)?.first_chunk::<4>()? != &masked_crc(event).to_le_bytes() {
            return None;
        }
        end += 16 + length;
        let event = Event::decode(event).ok()?;
        if event.step == step && matches!(event.what, Some(What::Summary(_))) {
            return Some(end);
        }
    }
}

/// The event files in `folder`, whoever wrote them, in alphabetical order.
///
/// # Errors
/// When the folder cannot be read.
pub fn event_files(folder: &Path) -> Result<Vec<PathBuf>, EventFileError> {
    let failed = |source| EventFileError { action: "look for", path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().contains(EVENT_FILE_MARK) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
