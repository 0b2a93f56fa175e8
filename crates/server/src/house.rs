//! What all requests share.

use std::path::PathBuf;
use std::sync::Arc;

use longhand_kernels::Isa;

use crate::by_hand::audits::Audits;
use crate::data_shelf::DataShelf;
use crate::draw::models::Models;
use crate::heavy::Heavy;
use crate::runs::index::RunIndex;
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
    pub(crate) data: DataShelf,
    pub(crate) queue: Queue,
    pub(crate) times: Times,
    pub(crate) runs: RunIndex,
    pub(crate) models: Models,
    pub(crate) audits: Audits,
    pub(crate) heavy: Heavy,
    /// Streams of events that may be open.
    pub(crate) streams: Arc<tokio::sync::Semaphore>,
}
