//! Locks that outlive a fault.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// See [`Locked::locked`].
pub(crate) trait Locked<T> {
    /// Takes the lock, also where a thread panicked while it held it: one fault of the program must not become a fault in
    /// every request that follows. What is behind these locks is whole at every moment.
    fn locked(&self) -> MutexGuard<'_, T>;
}

impl<T> Locked<T> for Mutex<T> {
    fn locked(&self) -> MutexGuard<'_, T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
