//! The pages in a real browser: what the worksheet shows is held against what the program computes; reports are shown
//! without complaints.
//!
//! Needs Chromium (Debian's `chromium`); where there is none, every test here says that it was skipped.
//! `LONGHAND_SCREENSHOTS=DIR` makes `pictures_for_looking_at` write pictures of the pages into that folder.

mod keyboard;
#[path = "../made_run/mod.rs"]
mod made_run;
mod networks;
mod pictures;
mod runs;
mod shown;
