//! What the program says of itself.

use std::sync::LazyLock;

use longhand_kernels::Isa;

/// Its version, as `-V` gives it.
pub const SHORT: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from; `None` where it was built from an archive without one.
pub const COMMIT: Option<&str> = option_env!("LONGHAND_COMMIT");

/// Version, commit and the instruction sets of this machine, as `--version` gives them.
pub static LONG: LazyLock<String> = LazyLock::new(|| {
    let commit = COMMIT.map_or(String::new(), |commit| format!("\ncommit {commit}"));
    let others: Vec<&str> = Isa::available().iter().map(Isa::name).collect();
    format!("{SHORT}{commit}\nISA    {} (here: {})", Isa::detect().name(), others.join(", "))
});
