//! f32 kernels over *lane groups*: sixteen images side by side.
//!
//! An activation tensor of a lane group is `[channel][row][column]` of [`Lanes`], one [`Lanes`] holding the same
//! element of sixteen images: one cache line, one AVX-512 register, two AVX2 registers, four NEON registers. A
//! convolution is then *scalar weight × vector of images*: no im2col, no tails, and any channel count runs at full
//! width. How a tensor lies in memory, its zero border included, is a [`Geometry`].
//!
//! Every kernel is one file with three things in it:
//!
//! 1. the *door*: a safe function that takes an [`Isa`] first, asserts every length, and documents shapes;
//! 2. the *plain form*: nested loops a reader can check against `docs/gradients.md`, specification and oracle;
//! 3. the *fast form*: one generic body over [`fearless_simd::Simd`], instantiated for each instruction set.
//!
//! One image alone would leave fifteen lanes idle; [`one_image`] lays it out the other way round, for latency.
//!
//! # The same bits everywhere
//!
//! Arithmetic is defined per lane, with fused multiply-add, in one order that the plain form states. The fast form
//! may tile, split and reorder *which element* is worked on next, never the order of the operations that make one
//! element. Lanes are summed in one fixed tree ([`Lanes::sum`]). So all forms agree to the bit, and the tests
//! demand it. On a CPU without fused multiply-add the plain form still gives these bits, slowly.
//!
//! This crate knows no layers, no networks and no data sets.
#![forbid(unsafe_code)]
#![allow(clippy::needless_range_loop, reason = "one index walks several arrays of lanes, as in the formulas")]

pub mod batch_norm;
pub mod batch_norm_dropout;
pub mod batch_norm_max_pool;
pub mod conv2d;
pub mod depthwise_conv2d;
pub mod dropout;
pub mod exp_ln;
mod geometry;
pub mod global_average_pool;
mod isa;
mod lanes;
pub mod linear;
pub mod log_softmax;
pub mod max_pool2d;
pub mod one_image;
pub mod peak;
pub mod relu;
mod tiling;
pub mod winograd;

pub use geometry::Geometry;
pub use isa::{Isa, UnknownIsa};
pub use lanes::{LANES, Lanes};
