//! The app as it runs: over real connections, on real data of small size, and in a real browser.
//!
//! The browser's tests need Chromium (Debian's `chromium`); where there is none, each says that it was skipped.
//! `LONGHAND_SCREENSHOTS=DIR` makes them leave pictures of the rooms in that folder.

mod any_request;
mod attacks;
mod browser;
mod by_hand;
mod draw;
mod kept_queue;
mod rooms;
mod running;
mod runs;
mod training;
