//! The program `longhand`.
fn main() {}
