//! Kernels for one image alone, for the shortest time from an image to its answer.
//!
//! A lane group costs as much with one image as with sixteen. Here the vectors run across *output channels* instead: an
//! activation is `[row][column][channel]` ([`Layout`]), weights lie with their output channels side by side, and one
//! input value, broadcast, serves a vector of them; where channels do not meet, a vector of inputs does. Channel counts
//! are filled up to whole vectors with zero weights.
//!
//! Only the layout differs: the operations that make one element, and their order, are those of the kernels for lane
//! groups, so that an image alone gets the bits that it gets in any lane of a group. Dropout and everything that only
//! training needs has no place here.
//!
//! What follows a convolution value by value, [`Finish`], happens while its outputs are in registers; the tile of a
//! Winograd convolution is the window of a max pooling, so that what is pooled never reaches memory.

mod aligned;
pub mod convolution;
pub mod depthwise_convolution;
mod finish;
pub mod global_average_pool;
mod layout;
pub mod linear;
pub mod log_softmax;
pub mod pointwise;
pub mod winograd;

pub use aligned::AlignedFloats;
pub use finish::Finish;
pub use layout::{Layout, padded};
