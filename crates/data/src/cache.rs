//! The user's cache folder.

use std::path::PathBuf;

use etcetera::BaseStrategy;

/// Where MNIST is kept between runs: `longhand/mnist` in the user's cache folder (on Linux `$XDG_CACHE_HOME` or
/// `~/.cache`); `None` where the user has no home folder.
pub fn mnist_folder() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.cache_dir().join("longhand").join("mnist"))
}
