//! The kernels are tested with their arithmetic checked: the plain form is plain Rust, so an index that overflows or a broken
//! assertion ends a test in the profile that tests are built with.

use std::hint::black_box;
use std::panic::catch_unwind;

use longhand_kernels::{Geometry, Isa, relu};

#[test]
#[cfg_attr(not(debug_assertions), ignore = "built without debug assertions: cargo test --release")]
fn tests_are_built_with_overflow_checks_and_debug_assertions() {
    assert!(catch_unwind(|| black_box(u8::MAX) + black_box(1)).is_err(), "an overflow went unnoticed");
    assert!(catch_unwind(|| debug_assert!(black_box(false))).is_err(), "a broken assertion went unnoticed");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "built without debug assertions: cargo test --release")]
fn the_kernels_are_built_with_overflow_checks_too() {
    // More elements than there are addresses: the product overflows inside the crate.
    let beyond = || Geometry::new(usize::MAX / 2, 3, 3, 1).len();
    assert!(catch_unwind(beyond).is_err(), "an overflow inside the kernels went unnoticed");
    // And nothing else is wrong with calling one.
    relu::forward(Isa::Plain, &mut [], Geometry::new(0, 3, 3, 0));
}
