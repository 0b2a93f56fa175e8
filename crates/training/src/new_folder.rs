//! Run folders made so that a power cut does not take their names.

use std::io;
use std::path::{Path, PathBuf};

use crate::atomic_file::folder_of;
use crate::files::Files;
use crate::run_folder::RunFolderError;

/// Makes a folder of that name in `runs`, or `-2`, `-3`, … behind it where the name is taken; `runs` too where it is missing.
///
/// # Errors
/// When the operating system refuses.
pub(crate) fn new_folder(files: &dyn Files, runs: &Path, name: &str) -> Result<PathBuf, RunFolderError> {
    let make = |path: &Path| match files.create_dir(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(RunFolderError::Io { action: "make the folder", path: path.to_owned(), source }),
    };
    let missing: Vec<&Path> = runs.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists()).collect();
    for folder in missing.into_iter().rev() {
        make(folder)?;
        sync_name(files, folder)?;
    }
    for n in 1.. {
        let path = runs.join(if n == 1 { name.to_owned() } else { format!("{name}-{n}") });
        if make(&path)? {
            if let Err(e) = sync_name(files, &path) {
                let _ = files.remove_dir(&path);
                return Err(e);
            }
            return Ok(path);
        }
    }
    unreachable!("some number is free")
}

/// Waits until the name of the folder `path` outlives a power cut.
///
/// # Errors
/// When the operating system refuses, but for leave to read the folder above: a run may be kept where its owner may not.
pub(crate) fn sync_name(files: &dyn Files, path: &Path) -> Result<(), RunFolderError> {
    match files.sync_folder(folder_of(path)) {
        Err(source) if source.kind() != io::ErrorKind::PermissionDenied => {
            Err(RunFolderError::Io { action: "make the folder", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
