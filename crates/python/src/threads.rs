//! The threads that answer: a pool for each process.
//!
//! The threads of a pool do not come along when a process forks, as Python's `multiprocessing` does it by default on Linux
//! up to 3.13; a child that waits for them would wait for ever. So a process that finds another's pool makes its own.

use std::sync::Mutex;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// The pool and the process that it belongs to.
static POOL: Mutex<Option<(u32, &'static ThreadPool)>> = Mutex::new(None);

/// This process's pool, of all the machine's threads.
///
/// # Errors
/// When the threads cannot be started.
pub fn pool() -> PyResult<&'static ThreadPool> {
    let process = std::process::id();
    let mut kept = POOL.lock().expect("nobody panicked");
    if let Some((_, pool)) = kept.filter(|(of, _)| *of == process) {
        return Ok(pool);
    }
    let pool = ThreadPoolBuilder::new()
        .build()
        .map_err(|e| PyRuntimeError::new_err(format!("cannot start the machine's threads: {e}")))?;
    // A pool lives as long as its process. Another process's is left alone: joining its threads would never end.
    let pool: &'static ThreadPool = Box::leak(Box::new(pool));
    *kept = Some((process, pool));
    Ok(pool)
}
