//! The operations by which the files of a run come about, so that tests can let any of them fail.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read, Write};
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

    /// Makes an empty folder.
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    /// Removes the folder, if it is empty.
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    /// Waits until the names in `folder` outlive a power cut, where the platform lets folders be synced.
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot even be opened as a file can.
        if !cfg!(unix) {
            return Ok(());
        }
        match File::open(folder)?.sync_all() {
            Err(e) if !matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Err(e),
            _ => Ok(()),
        }
    }
}

/// The file system as it is.
#[derive(Debug)]
pub(crate) struct RealFiles;

impl Files for RealFiles {}

/// The bytes of the file at `path`; where there are more than `most` of them, a lower bound of how many.
///
/// # Errors
/// When the operating system refuses, or it is no regular file: a pipe would be waited for without end.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Result<Vec<u8>, u64>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    Ok(if found <= most { Ok(bytes) } else { Err(found) })
}
