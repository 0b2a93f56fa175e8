//! Network specs, layers with forward beside backward, losses, optimisers, schedules, initialisation.
#![forbid(unsafe_code)]
