//! The worksheet page in a real browser: what it shows is held against what the program computes.
//!
//! Needs Chromium (Debian's `chromium`); where there is none, every test here says that it was skipped.
//! `LONGHAND_SCREENSHOTS=DIR` makes `pictures_for_looking_at` write pictures of the pages into that folder.

mod devtools;
mod keyboard;
mod networks;
mod pictures;
mod shown;
