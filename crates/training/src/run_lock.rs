//! One process a run: a lock that the operating system lets go when its holder dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The name of the lock file in a run's or a suite's folder; it begins with a dot, as all that is no result does.
const NAME: &str = ".lock";

/// How often, and how long apart, a lock that is held is tried again: whoever asks [`is_being_written`] holds it too, for
/// less than that.
const TRIES: u32 = 4;
const BETWEEN_TRIES: Duration = Duration::from_millis(15);

/// A held lock; let go when dropped.
#[derive(Debug)]
pub struct RunLock {
    folder: PathBuf,
    file: File,
}

/// What came of taking a lock.
#[derive(Debug)]
pub enum LockTaken {
    /// It is held now.
    Held(RunLock),
    /// Another process holds it.
    Busy,
    /// The file system knows no locks: nothing is refused for that.
    NoLocks,
}

impl RunLock {
    /// Takes the lock of `folder`, making the folder where it is missing, or says why it cannot.
    ///
    /// # Errors
    /// When the folder or the lock file cannot be made.
    pub fn take_if_can(folder: &Path) -> io::Result<LockTaken> {
        match Self::try_take(folder) {
            Ok(Some(lock)) => Ok(LockTaken::Held(lock)),
            Ok(None) => Ok(LockTaken::Busy),
            Err(e) if knows_no_locks(&e) => Ok(LockTaken::NoLocks),
            Err(e) => Err(e),
        }
    }

    /// Takes the lock of `folder`, making the folder where it is missing; `None` where another process holds it.
    ///
    /// # Errors
    /// When the folder or the lock file cannot be made, or the file system knows no locks.
    pub fn try_take(folder: &Path) -> io::Result<Option<Self>> {
        let file = open(folder)?;
        for n in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if n == TRIES => return Ok(None),
                Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
        Ok(Some(RunLock { folder: folder.to_owned(), file }))
    }

    /// Takes the lock of `folder`, waiting for whoever holds it; `None` where the file system knows no locks.
    ///
    /// # Errors
    /// When the folder or the lock file cannot be made.
    pub fn take(folder: &Path) -> io::Result<Option<Self>> {
        let file = open(folder)?;
        match file.lock() {
            Ok(()) => Ok(Some(RunLock { folder: folder.to_owned(), file })),
            Err(e) if knows_no_locks(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lets go of the lock and removes its file: only where nothing is left to be done in the folder, since whoever
    /// takes the lock of the removed file and whoever takes that of a new one would not see each other.
    pub fn remove(self) {
        let _ = fs::remove_file(self.folder.join(NAME));
        drop(self.file);
    }
}

/// Whether the error says that there are no locks: a network disk without a lock service says `ENOLCK`, which has no kind.
fn knows_no_locks(error: &io::Error) -> bool {
    let no_lock = if cfg!(any(target_os = "linux", target_os = "android")) { 37 } else { 77 };
    error.kind() == io::ErrorKind::Unsupported || (cfg!(unix) && error.raw_os_error() == Some(no_lock))
}

fn open(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(NAME))
}

/// Whether a process is at the run in `folder`: a record that says `running` of which this says no is that of a run whose
/// process died. Leaves no trace in the folder.
///
/// # Errors
/// When the lock file is there and cannot be opened, or the file system knows no locks.
pub fn is_being_written(folder: &Path) -> io::Result<bool> {
    let file = match File::open(folder.join(NAME)) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(e),
    }
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
        assert!(is_being_written(&path).unwrap());
        drop(held);
        assert!(!is_being_written(&path).unwrap());
        let again = RunLock::try_take(&path).unwrap().expect("let go");
        again.remove();
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_without_a_lock_service_is_one_without_locks_and_other_errors_are_errors() {
        let [enolck, eopnotsupp, eio] = [37, 95, 5].map(|n| knows_no_locks(&io::Error::from_raw_os_error(n)));
        assert!(enolck && eopnotsupp && !eio);
    }

    #[test]
    fn asking_leaves_no_file_and_a_folder_that_is_not_there_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_being_written(folder.path()).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(!is_being_written(&folder.path().join("none")).unwrap());
    }

    #[test]
    fn a_look_at_the_lock_does_not_turn_a_writer_away() {
        let folder = tempfile::tempdir().unwrap();
        drop(RunLock::try_take(folder.path()).unwrap());
        let looking = File::open(folder.path().join(NAME)).unwrap();
        looking.try_lock_shared().unwrap();
        let look = thread::spawn(move || {
            thread::sleep(BETWEEN_TRIES);
            drop(looking);
        });
        assert!(RunLock::try_take(folder.path()).unwrap().is_some());
        look.join().unwrap();
    }
}
