//! Suites: recipes × seeds × overrides, run anywhere, judged together.
//!
//! | file | idea |
//! | --- | --- |
//! | `suite` | a suite as data, read from TOML and checked |
//! | `shard` | which of the runs are one process's share |
//! | `plan` | the runs of a suite and their folders |
//! | `folder_state` | what a run's folder holds already |
//! | `prediction` | how long it will take |
//! | `runner` | carries a plan out |
//! | `suite_result` | what a suite's runs came to |
//! | `variants` | what entries are called that go by one label |
//! | `statistics` | mean, deviation, Welch's test |
//! | `leaderboard` | the entries, judged |

mod folder_state;
mod leaderboard;
mod plan;
mod prediction;
mod runner;
mod shard;
mod statistics;
mod suite;
mod suite_error;
mod suite_result;
mod variants;

pub use folder_state::{FolderState, folder_state};
pub use leaderboard::{Leaderboard, LeaderboardRow, Order, RowDifference};
pub use plan::{Plan, PlannedRun};
pub use prediction::{RunTime, finish_in, time_recipe};
pub use runner::{ExperimentObserver, RunOutcome, Runner, SilentObserver, default_at_once};
pub use shard::{Launcher, Shard, ShardError};
pub use statistics::{Sample, Welch, welch};
pub use suite::{Suite, SuiteChanges, SuiteEntry};
pub use suite_error::SuiteError;
pub use suite_result::{EntryResult, GatherError, SuiteResult};
