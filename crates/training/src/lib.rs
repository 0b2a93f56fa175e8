//! Recipes, the training loop, run records.
#![forbid(unsafe_code)]
