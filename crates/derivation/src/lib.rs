//! Expressions, derivative rules, the chain rule as data, small networks, the training table.
#![forbid(unsafe_code)]
