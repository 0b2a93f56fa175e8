//! What people look at: charts, loss curves, the worksheet as a page, the report of a training run.
//!
//! | module | holds |
//! | --- | --- |
//! | [`plot`] | line charts as SVG and PNG, with no fonts needed where they are looked at |
//! | [`curves`] | the loss curves of a worksheet as charts |
//! | [`learning_rate_chart`] | the curve of a learning-rate range test |
//! | [`worksheet_page`] | a worksheet as one HTML file that recomputes itself |
//! | [`accuracy_chart`], [`loss_chart`], [`comparison_fragment`] | the curves of several runs |
//! | [`live_curves_fragment`] | the curves of a run that is still going on |
//! | [`run_page`] | the report of a training run as one HTML file |
//! | [`suite_page`] | the leaderboard and curves of a suite as one HTML file |
//!
//! Nothing here knows how numbers are computed: they come from `longhand_derivation`, and the worksheet evaluates the graph
//! that comes with them; those of a run come from `longhand_training`. Nothing here reads or writes files.
#![forbid(unsafe_code)]

mod comparison;
pub mod curves;
mod description;
mod learning_rate;
mod live_curves;
mod page;
pub mod plot;
mod run_page;
mod suite_page;
mod words;
mod worksheet_page;

pub use comparison::{accuracy_chart, comparison_fragment, loss_chart};
pub use description::of_network as describe_network;
pub use learning_rate::learning_rate_chart;
pub use live_curves::{StepPoint, live_curves_fragment};
pub use run_page::{MOST_MISTAKES, RunReport, classes_fragment, mistakes_fragment, run_page};
pub use suite_page::suite_page;
pub use words::thousands;
pub use worksheet_page::{worksheet_body, worksheet_page};
