//! The worksheet page in Chromium.
mod devtools;
mod shots;
