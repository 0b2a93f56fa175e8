//! How large the operands of tests are.

/// The end of a range of sizes, or a number of cases: where Miri watches each operation, small ones.
pub const fn most(usual: usize, under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { usual }
}
