//! The recipes and suites compiled into the program, as text: what they mean is `longhand-training`'s business.
//!
//! A crate of their own, so that the files lie where people look for them and the crates that use them can be packaged.
#![forbid(unsafe_code)]

/// Name and TOML text of every built-in recipe that belongs to no suite.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("default", include_str!("default.toml")),
    ("seed", include_str!("seed.toml")),
    ("seed-tuned", include_str!("seed-tuned.toml")),
    ("under10k", include_str!("under10k.toml")),
    ("under6k", include_str!("under6k.toml")),
    ("sprint", include_str!("sprint.toml")),
];

/// A built-in suite and the recipes of its own.
#[derive(Clone, Copy, Debug)]
pub struct BuiltInSuite {
    /// What it is called.
    pub name: &'static str,
    /// Its TOML text.
    pub text: &'static str,
    /// Name and TOML text of its recipes; `plain` of the suite `example` is the built-in recipe `example/plain`.
    pub recipes: &'static [(&'static str, &'static str)],
}

/// A suite from its folder below `recipes/suites/`: `suite.toml` and the named recipes.
macro_rules! suite {
    ($name:literal: $($recipe:literal),* $(,)?) => {
        BuiltInSuite {
            name: $name,
            text: include_str!(concat!("suites/", $name, "/suite.toml")),
            recipes: &[$((
                $recipe,
                include_str!(concat!("suites/", $name, "/", $recipe, ".toml")),
            )),*],
        }
    };
}

/// Every built-in suite.
pub const BUILT_IN_SUITES: &[BuiltInSuite] = &[
    suite!("example": "plain", "batch-norm"),
    suite!("claims":),
    suite!("twelve":
        "01-naive", "02-global-average", "03-batch-norm", "04-dropout", "05-one-cycle", "06-nesterov", "07-weight-decay",
        "08-augmentation", "09-no-dropout", "10-label-smoothing", "11-six-convolutions", "12-averaged-weights",
    ),
];
