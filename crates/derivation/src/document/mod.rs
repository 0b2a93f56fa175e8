//! Whole documents as text: the derivation for reading as it is, as LaTeX, and as a piece of HTML.
//!
//! What a document says, and in which order, is decided once, in `walk.rs`; each of the three formats says how each
//! piece of it looks.

mod about;
mod format;
mod html;
mod latex;
mod latex_formulas;
mod markdown;
mod page;
mod walk;

pub use html::html;
pub use latex::latex;
pub use latex_formulas::latex_formulas;
pub use markdown::markdown;
