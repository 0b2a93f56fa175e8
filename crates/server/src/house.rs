//! What all requests share.

use std::path::PathBuf;
use std::sync::Arc;

use longhand_data::DataChoice;
use longhand_kernels::Isa;

use crate::by_hand::audits::Audits;
use crate::data_shelf::DataShelf;
use crate::draw::models::Models;
use crate::heavy::Heavy;
use crate::runs::index::RunIndex;
use crate::training::command_line::CommandLine;
use crate::training::queue::Queue;
use crate::training::time::Times;

/// The state of the app, shared by all requests and by the thread that trains.
pub(crate) type House = Arc<State>;

/// See [`House`].
pub(crate) struct State {
    /// Instruction set.
    pub(crate) isa: Isa,
    /// Threads that training takes.
    pub(crate) threads: usize,
    /// Where new runs go.
    pub(crate) runs_folder: PathBuf,
    pub(crate) command_line: CommandLine,
    pub(crate) data: DataShelf,
    pub(crate) queue: Queue,
    pub(crate) times: Times,
    pub(crate) runs: RunIndex,
    pub(crate) models: Models,
    pub(crate) audits: Audits,
    /// Worksheets and lists.
    pub(crate) heavy: Heavy,
    /// Plans, with a trial of how long they take.
    pub(crate) plans: Heavy,
    /// Audits, which may take minutes.
    pub(crate) sheets: Heavy,
    /// Pictures looked at: drawing asks for this many times a second, and must not wait behind audits.
    pub(crate) looks: Heavy,
    /// Judgements on all test images, which take every processor for a moment.
    pub(crate) judgements: Heavy,
    /// Streams of events that may be open.
    pub(crate) streams: Arc<tokio::sync::Semaphore>,
}

/// Streams of events that may be open at once: pages that listen.
const MOST_STREAMS: usize = 64;

impl State {
    /// An app without data yet (`data` says which are looked for), whose new runs go into the folder `runs`; those in
    /// `more_runs` are shown too.
    pub(crate) fn new(isa: Isa, threads: usize, data: DataChoice, runs: PathBuf, more_runs: Vec<PathBuf>) -> Self {
        let queue = Queue::new(&runs);
        let folders = std::iter::once(runs.clone()).chain(more_runs).collect();
        State {
            isa,
            threads,
            command_line: CommandLine::new(data, runs.clone()),
            runs_folder: runs,
            data: DataShelf::new(),
            queue,
            times: Times::default(),
            runs: RunIndex::new(folders),
            models: Models::new(isa),
            audits: Audits::default(),
            heavy: Heavy::new(2, 16),
            plans: Heavy::new(2, 16),
            sheets: Heavy::new(1, 4),
            looks: Heavy::new(4, 32),
            judgements: Heavy::new(1, 8),
            streams: Arc::new(tokio::sync::Semaphore::new(MOST_STREAMS)),
        }
    }
}
