//! Running the real binary.

use std::path::{Path, PathBuf};
use std::process::Command;

#[allow(dead_code, reason = "not every test file needs it")]
/// How a run of the program ended, and what it said.
pub struct Run {
    pub code: i32,
    #[allow(dead_code, reason = "not every test file needs it")]
    pub stdout: String,
    pub stderr: String,
}

/// The binary under test.
#[allow(dead_code, reason = "not every test file needs it")]
pub fn binary() -> PathBuf {
    assert_cmd::cargo::cargo_bin!("longhand").to_path_buf()
}

#[allow(dead_code, reason = "not every test file needs it")]
/// The program with these arguments, in `folder`, cut off from the user's own data.
pub fn command(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("longhand"));
    command.args(arguments).current_dir(folder).env_remove("LONGHAND_DATA").env("XDG_CACHE_HOME", folder.join("cache"));
    command
}

#[allow(dead_code, reason = "not every test file needs it")]
/// Runs the program to its end.
pub fn longhand(arguments: &[&str], folder: &Path) -> Run {
    let output = command(arguments, folder).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A recipe whose network is so small that an epoch of 60,000 images takes a moment.
#[allow(dead_code, reason = "not every test file needs it")]
pub fn tiny_recipe(folder: &Path) -> String {
    let text = r#"
name = "tiny"
epochs = 2
batch_size = 500

[schedule]
type = "constant"
learning_rate = 0.1

[optimiser]
momentum = 0.9

[network]
input = [1, 28, 28]
layers = [
    { type = "max_pool" },
    { type = "max_pool" },
    { type = "conv", channels = 2, kernel = 3 },
    { type = "relu" },
    { type = "batch_norm" },
    { type = "max_pool" },
    { type = "conv", channels = 6, kernel = 1, bias = false },
    { type = "dropout", rate = 0.01 },
    { type = "max_pool" },
    { type = "linear", features = 10 },
    { type = "log_softmax" },
]
"#;
    let path = folder.join("tiny.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A folder or file of the shared data, where they are at hand: under `$LONGHAND_SHARED`, else `../shared`.
#[allow(dead_code, reason = "not every test file needs it")]
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LONGHAND_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    Some(root.join(path)).filter(|p| p.exists())
}
