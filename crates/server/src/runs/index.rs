//! Which runs there are, and by what name pages ask for them.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use longhand_training::{StoredRun, find_runs};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::locked::Locked as _;

/// The runs below the folders that the app looks into.
///
/// Pages name a run by a hash of its folder, which is looked up among the folders found: nothing that a request says
/// becomes a path.
pub(crate) struct RunIndex {
    folders: Vec<PathBuf>,
    /// Runs read before, by folder, as of when their record was written.
    read: Mutex<HashMap<PathBuf, (Stamp, Arc<StoredRun>)>>,
    /// The folders found last, by the names that pages know them by.
    named: Mutex<HashMap<String, PathBuf>>,
}

type Stamp = (Option<SystemTime>, u64);

/// A run folder, readable or not.
pub(crate) struct Found {
    /// What pages call it.
    pub(crate) id: String,
    /// The folder.
    pub(crate) path: PathBuf,
    /// The run, or why it cannot be read.
    pub(crate) run: Result<Arc<StoredRun>, String>,
}

impl RunIndex {
    /// The runs in and below `folders`; those that are missing hold none.
    pub(crate) fn new(folders: Vec<PathBuf>) -> Self {
        RunIndex { folders, read: Mutex::default(), named: Mutex::default() }
    }

    /// The folders that are looked into.
    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Every run, in alphabetical order of the folders.
    pub(crate) fn all(&self) -> Vec<Found> {
        let paths = self.look();
        self.read.locked().retain(|path, _| paths.iter().any(|(_, found)| found == path));
        paths.into_iter().map(|(id, path)| Found { id, run: self.read(&path), path }).collect()
    }

    /// The run of that name.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub(crate) fn find(&self, id: &str) -> Result<Arc<StoredRun>, Failure> {
        let known = |index: &Self| index.named.locked().get(id).filter(|path| path.join("run.json").exists()).cloned();
        let path = known(self).or_else(|| {
            self.look();
            known(self)
        });
        let path = path
            .ok_or_else(|| Failure::not_found("there is no such run any more; the room Runs lists those there are"))?;
        self.read(&path).map_err(Failure::refused)
    }

    /// Looks for run folders: names and paths.
    fn look(&self) -> Vec<(String, PathBuf)> {
        let mut paths: Vec<PathBuf> = self.folders.iter().flat_map(|folder| below(folder)).collect();
        paths.sort();
        paths.dedup();
        let found: Vec<(String, PathBuf)> = paths.into_iter().map(|path| (id_of(&path), path)).collect();
        *self.named.locked() = found.iter().cloned().collect();
        found
    }

    fn read(&self, path: &Path) -> Result<Arc<StoredRun>, String> {
        let record = path.join("run.json");
        let stamp: Option<Stamp> = record.metadata().ok().map(|about| (about.modified().ok(), about.len()));
        let known = self.read.locked().get(path).filter(|(then, _)| Some(*then) == stamp).map(|(_, run)| run.clone());
        if let Some(run) = known {
            return Ok(run);
        }
        let run = Arc::new(StoredRun::read(path).map_err(|e| e.to_string())?);
        if let Some(stamp) = stamp {
            self.read.locked().insert(path.to_owned(), (stamp, run.clone()));
        }
        Ok(run)
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    match find_runs(folder) {
        Ok(found) => found,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        // Said as a folder that cannot be read, by whoever reads it.
        Err(_) => vec![folder.to_owned()],
    }
}

/// What pages call the run in the folder `path`.
pub(crate) fn id_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let digest = Sha256::digest(whole.as_os_str().as_encoded_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_holds_no_runs_and_no_request_becomes_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let index = RunIndex::new(vec![folder.path().join("none")]);
        assert!(index.all().is_empty());
        for id in ["../../etc", "/etc/passwd", "", "0000000000000000"] {
            assert!(index.find(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_run_that_cannot_be_read_is_said() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/run.json"), "{").unwrap();
        let index = RunIndex::new(vec![folder.path().to_owned()]);
        let all = index.all();
        assert_eq!(all.len(), 1);
        assert!(all[0].run.as_ref().unwrap_err().contains("run.json"), "{:?}", all[0].run);
        assert_eq!(index.find(&all[0].id).unwrap_err().status, 422);
    }
}
