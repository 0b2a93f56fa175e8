//! The operations by which the files of a run come about, so that tests can let any of them fail.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// What is asked of the file system; as it is, the real one's.
pub(crate) trait Files: Debug + Send + Sync {
    /// Makes an empty file, over one that is there.
    fn create(&self, path: &Path) -> io::Result<File> {
        File::create(path)
    }

    /// Writes all of `bytes` behind what `file` holds; `path` is its name.
    fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let _ = path;
        file.write_all(bytes)
    }

    /// Waits until what `file` holds outlives a power cut.
    fn sync(&self, path: &Path, file: &File) -> io::Result<()> {
        let _ = path;
        file.sync_all()
    }

    /// Gives the file another name, at once and in the place of a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Removes the file.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// Waits until the names in `folder` outlive a power cut, where the platform lets folders be synced.
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let Ok(folder) = File::open(folder) else { return Ok(()) };
        match folder.sync_all() {
            Err(e) if !matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Err(e),
            _ => Ok(()),
        }
    }
}

/// The file system as it is.
#[derive(Debug)]
pub(crate) struct RealFiles;

impl Files for RealFiles {}
