//! Texts with something written into them.

use proptest::sample::Index;

/// Writes `with` over `over` bytes of `text`, or to the ends of the characters there.
pub fn write_over(text: &mut String, index: Index, over: usize, with: &str) {
    let place = |text: &str, at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap();
    let from = place(text, index.index(text.len() + 1));
    let to = place(text, from + over).max(from);
    text.replace_range(from..to, with);
}
