//! Expressions, derivative rules, the chain rule as data, small networks, the training table.
#![forbid(unsafe_code)]

pub mod chain;
pub mod columns;
pub mod derivative;
pub mod evaluation;
pub mod expression;
mod naming;
pub mod network;
pub mod rules;
mod simplify;
pub mod spec;
pub mod spec_error;
pub mod symbol;
pub mod table;
pub mod tape;
