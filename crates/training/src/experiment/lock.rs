//! One process a run: a lock that the operating system lets go when its holder dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The name of the lock file in a run's or a suite's folder; it begins with a dot, as all that is no result does.
const NAME: &str = ".lock";

/// A held lock; let go when dropped.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    file: File,
}

impl RunLock {
    /// Takes the lock of `folder`, making the folder where it is missing; `None` where another process holds it.
    ///
    /// # Errors
    /// When the folder or the lock file cannot be made, or the file system knows no locks.
    pub fn try_take(folder: &Path) -> io::Result<Option<Self>> {
        let (path, file) = open(folder)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(RunLock { path, file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }

    /// Takes the lock of `folder`, waiting for whoever holds it.
    ///
    /// # Errors
    /// As [`RunLock::try_take`].
    pub fn take(folder: &Path) -> io::Result<Self> {
        let (path, file) = open(folder)?;
        file.lock()?;
        Ok(RunLock { path, file })
    }

    /// Lets go of the lock and removes its file: only where nothing is left to be done in the folder, since whoever
    /// takes the lock of the removed file and whoever takes that of a new one would not see each other.
    pub fn remove(self) {
        let _ = fs::remove_file(&self.path);
        drop(self.file);
    }
}

fn open(folder: &Path) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(folder)?;
    let path = folder.join(NAME);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
    Ok((path, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_refused_to_others_and_free_again_once_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let held = RunLock::try_take(&path).unwrap().expect("nobody holds it");
        assert!(RunLock::try_take(&path).unwrap().is_none());
        drop(held);
        let again = RunLock::try_take(&path).unwrap().expect("let go");
        again.remove();
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
    }
}
