//! The local web app: four rooms, one binary, nothing from the internet.
//!
//! | module | holds |
//! | --- | --- |
//! | `connections`, `security` | not more connections than there is room for; the checks that every request passes: names, origins, token, headers |
//! | `frame`, `assets` | what all pages share; the static files of `web/` |
//! | `by_hand` | the first room: a worksheet, its documents, audits of workbooks |
//! | `training` | the second room: recipes and their fields, the queue, the thread that trains, events |
//! | `runs` | the third room: records, leaderboard, comparison, reports |
//! | `draw` | the fourth room: a digit that is drawn, and what a network makes of it |
//! | `data_shelf`, `heavy`, `house` | the data set, work that takes a while, what all requests share |
//!
//! Next to nothing is computed here: numbers come from `training`, `nn`, `derivation` and `workbook`, pictures from `report`. The
//! folders of runs are the only state that lasts, the queue among them; closing every page stops nothing, and stopping the
//! program loses nothing.
#![forbid(unsafe_code)]

mod assets;
mod by_hand;
mod connections;
mod data_shelf;
mod draw;
mod failure;
mod frame;
mod heavy;
mod house;
mod locked;
mod refusals;
mod routes;
mod runs;
mod security;
mod serve;
mod training;
mod without_a_port;

pub use serve::{LoadData, ServeError, Server, Settings};
pub use training::command_line::resume_command;
#[doc(hidden)]
pub use training::kept_queue::kept_queue_again;
pub use training::queue::LeftWaiting;
#[doc(hidden)]
pub use without_a_port::{Answer, Offline};
