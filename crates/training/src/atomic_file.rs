//! Files that are either the old ones or the new ones, whatever happens in between.

use std::io;
use std::path::Path;

use crate::files::{Files, RealFiles};

/// Writes `bytes` to a temporary name beside `path`, syncs, and renames it to `path`.
///
/// # Errors
/// When the operating system refuses; an older file of that name is then untouched.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_by(&RealFiles, path, bytes)
}

/// [`write()`] by the operations of `files`. Where only the last of them fails, the sync of the folder, the new file is
/// there and may be the old one after a power cut.
pub(crate) fn write_by(files: &dyn Files, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
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
