//! Real MNIST, where this computer has it beside the repository.

use std::path::PathBuf;

/// The folder with the four files: `mnist` in `data` of `$LONGHAND_SHARED`, else of `../shared` beside the workspace.
/// Where there is none it says so, and the test has nothing to do.
pub fn mnist_folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let folder = std::env::var_os("LONGHAND_SHARED").map_or_else(beside, PathBuf::from).join("data").join("mnist");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no MNIST in {}", folder.display());
    None
}
