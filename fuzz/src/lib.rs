//! What several targets need.
//!
//! A target is a file in `src/bin` and a line in `fuzz/run`. It reads bytes as the program would and, where there is a way
//! back, writes what was read and reads it again: the same must come out.
#![forbid(unsafe_code)]

pub mod panics;

use std::fmt::Debug;

/// The text that `data` is, if it is one.
pub fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The two parts of `text`, parted by the first line that holds nothing but `---`; the second may be missing.
pub fn parts(text: &str) -> (&str, &str) {
    text.split_once("\n---\n").unwrap_or((text, ""))
}

/// Demands that reading `written` gives `value` once more.
///
/// # Panics
/// When it is refused, or gives something else.
pub fn reads_back<T: Debug + PartialEq, E: Debug>(value: &T, written: &str, again: Result<T, E>) {
    match again {
        Ok(again) if again == *value => {}
        Ok(again) => panic!("read {value:?}\nand, written as\n{written}\nread again {again:?}"),
        Err(error) => panic!("read {value:?}\nand, written as\n{written}\nrefused it: {error:?}"),
    }
}
