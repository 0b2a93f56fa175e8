//! Files that are either the old ones or the new ones, whatever happens in between.

use std::fs;
use std::io;
use std::path::Path;

use crate::files::{Files, RealFiles};

/// Writes `bytes` to a temporary name beside `path`, syncs, and renames it to `path`.
///
/// # Errors
/// When the operating system refuses; an older file of that name is then untouched, unless what failed is the sync of the
/// folder, the last of all: the new file is there then, and after a power cut may be the old one.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_by(&RealFiles, path, bytes)
}

/// [`write()`] by the operations of `files`.
pub(crate) fn write_by(files: &dyn Files, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = files.create(&temporary)?;
        files.write(&temporary, &mut file, bytes)?;
        files.sync(&temporary, &file)?;
        files.rename(&temporary, path)
    })();
    if written.is_err() {
        // The error that counts is the one above; a temporary that cannot be removed either is left behind.
        let _ = files.remove(&temporary);
    }
    written?;
    files.sync_folder(folder)
}

/// The folder in which `path` is a name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what [`write()`] left in `folder` of the files `names` where its process died in the middle: only for whoever
/// holds the folder's lock, since those of a process that writes look the same.
///
/// # Errors
/// When the operating system refuses.
pub(crate) fn remove_stale(files: &dyn Files, folder: &Path, names: &[&str]) -> io::Result<()> {
    let is_stale = |found: &str| {
        let middle = found.strip_prefix('.').and_then(|found| found.strip_suffix(".tmp"));
        let parts = middle.and_then(|middle| middle.rsplit_once('.'));
        parts.is_some_and(|(name, id)| names.contains(&name) && id.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut stale = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(is_stale) {
            stale.push(name);
        }
    }
    // In an order that no disk decides.
    stale.sort();
    stale.iter().try_for_each(|name| files.remove(&folder.join(name)))
}
