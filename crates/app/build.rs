//! Names the commit that the program is built from, for `longhand --version`: `LONGHAND_COMMIT`, such as `1a2b3c4d` or,
//! where compiled files differ from it, `1a2b3c4d-dirty`. A source archive has no commit, and then nothing is set.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    // This script first, which without any such line would run again at every change of the package.
    println!("cargo:rerun-if-changed=build.rs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(commit) = commit(&root) else { return };
    println!("cargo:rustc-env=LONGHAND_COMMIT={commit}");
    // Where HEAD is and what it names; and what is compiled, since a change of it makes the tree dirty. Cargo takes a file
    // that is not there for a changed one.
    let head = git(&root, &["symbolic-ref", "-q", "HEAD"]);
    let of_git = ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(head.as_deref());
    let of_git = of_git.filter_map(|name| git(&root, &["rev-parse", "--git-path", name])).map(|path| root.join(path));
    let sources = std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    let compiled = ["Cargo.toml", "Cargo.lock", "recipes", "web"].map(|name| root.join(name)).into_iter();
    let compiled = compiled.chain(sources.map(|of_crate| of_crate.path().join("src")));
    for path in of_git.chain(compiled).filter(|path| path.exists()) {
        println!("cargo:rerun-if-changed={}", path.display());
    }
}

/// The commit checked out in `root`; `None` where `root` is not the top of a repository, though it may lie in another's.
fn commit(root: &Path) -> Option<String> {
    let top = PathBuf::from(git(root, &["rev-parse", "--show-toplevel"])?);
    if top.canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    let commit = git(root, &["rev-parse", "--short=8", "HEAD"])?;
    let compiled = ["--", "crates", "recipes", "web", "Cargo.toml", "Cargo.lock"];
    let changed = git(root, &[&["status", "--porcelain", "--untracked-files=no"][..], &compiled].concat())?;
    Some(if changed.is_empty() { commit } else { format!("{commit}-dirty") })
}

/// What git says, or `None` where there is no git or it refuses.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    // Without the optional lock, `status` leaves the index as it is, which other programs may be at.
    let output = Command::new("git").arg("--no-optional-locks").args(arguments).current_dir(root).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
