//! `longhand runs`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::experiment::OrderChoice;
use super::{ComputeArguments, DataSource};

/// `longhand runs`.
#[derive(Args, Debug)]
pub struct RunsArguments {
    #[command(subcommand)]
    pub action: RunsAction,
}

/// What to do with the records of runs.
#[derive(Subcommand, Debug)]
pub enum RunsAction {
    /// List runs, the newest first.
    #[command(after_help = "Examples:\n  longhand runs list\n  longhand runs list experiments/example --json")]
    List {
        /// Where to look, at any depth; `runs` and `experiments` by default.
        folders: Vec<PathBuf>,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show everything in a run's record, and how it went.
    #[command(after_help = "Example:\n  longhand runs show runs/20261122-164843-seed-s0")]
    Show {
        /// A run folder.
        run: PathBuf,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Train a finished run once more by its record, and say whether weights and metrics are the same to the bit.
    #[command(after_help = "Example:\n  longhand runs verify runs/20261122-164843-seed-s0\n\n\
                            Exit codes: 0 every bit is the record's, 1 the first one that is not is named, 2 cannot tell: other \
                            data, other weights to begin from, or not finished.")]
    Verify {
        /// A run folder.
        run: PathBuf,
        #[command(flatten)]
        data: DataSource,
        #[command(flatten)]
        compute: ComputeArguments,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Judge runs from anywhere together: a leaderboard of their entries or recipes over seeds. Merges shards.
    #[command(after_help = "Examples:\n  longhand runs compare shard-1 shard-2\n  \
                            longhand runs compare runs/*-seed-s* runs/*-default-s*")]
    Compare {
        /// Run folders, and folders with runs below them.
        #[arg(required = true)]
        runs: Vec<PathBuf>,
        /// The order: by mean, or as found.
        #[arg(long, value_name = "ORDER", value_enum, default_value = "mean")]
        order: OrderChoice,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Draw the accuracy and loss of runs, epoch by epoch.
    #[command(after_help = "Example:\n  longhand runs plot experiments/example --out curves.svg")]
    Plot {
        /// Run folders, and folders with runs below them.
        #[arg(required = true)]
        runs: Vec<PathBuf>,
        /// The picture to write: curves.svg draws curves.svg (accuracy) and curves-loss.svg; .png as well.
        #[arg(long, value_name = "FILE", default_value = "curves.svg")]
        out: PathBuf,
    },
    /// Write events for TensorBoard into the folders of runs made without --tensorboard: scalars of every epoch, the
    /// weights as they were kept. Runs that have events are left as they are.
    #[command(after_help = "Example:\n  longhand runs tensorboard runs && tensorboard --logdir runs")]
    Tensorboard {
        /// Run folders, and folders with runs below them.
        #[arg(required = true)]
        runs: Vec<PathBuf>,
    },
}
