//! `longhand experiment`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use longhand_training::Override;
use longhand_training::experiment::{Order, Shard, SuiteChanges};

use super::names::NameOrFile;
use super::{ComputeArguments, DataSource};

/// `longhand experiment`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  longhand experiment example\n  longhand experiment my-suite.toml --dry-run\n  \
                        longhand experiment my-suite.toml --seeds 10 --set epochs=5 --runs experiments/short\n\n\
                        A suite file:\n  \
                        name = \"momentum\"\n  seeds = 3                   # or a list: [0, 1, 2]\n  \
                        validation = true           # the default: judged on held-out training images\n  \
                        set = [\"epochs=5\"]          # for all entries\n  \
                        [[entry]]\n  recipe = \"seed\"             # built-in, or a file beside the suite\n  \
                        [[entry]]\n  name = \"nesterov\"\n  recipe = \"seed\"\n  reason = \"Looks ahead along the velocity.\"\n  \
                        set = [\"optimiser.nesterov=true\"]\n\n\
                        Stop it with Ctrl-C and run it again: finished runs are kept and never run twice. Several\n\
                        processes on one folder share the work. Without a shared folder, give each its share:\n  \
                        longhand experiment SUITE --shard 1/4\n  \
                        mpirun -n 64 longhand experiment SUITE      (the share is taken from the environment)\n  \
                        srun -n 64 longhand experiment SUITE        (so it is here)\n  \
                        sbatch --array=1-64 --wrap 'longhand experiment SUITE --shard \
                        $SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT'\n\
                        and merge their folders with: longhand runs compare DIR DIR …\n\n\
                        Exit codes: 0 done, 2 some run could not be done, 130 stopped by Ctrl-C.")]
pub struct ExperimentArguments {
    /// A built-in suite (example, twelve, claims) or a suite file (.toml).
    #[arg(value_parser = NameOrFile::of_suite(), hide_possible_values = true)]
    pub suite: String,
    #[command(flatten)]
    pub data: DataSource,
    #[command(flatten)]
    pub compute: ComputeArguments,
    /// How many runs go on side by side, the threads dealt out among them; one for each four threads by default. The
    /// results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub at_once: Option<u16>,
    /// The suite's folder; experiments/ and its name by default.
    #[arg(long, value_name = "DIR")]
    pub runs: Option<PathBuf>,
    /// Run the I-th of N shares of the list, counted from 1: every N-th run, entry by entry and seed by seed.
    ///
    /// Without it the share is taken from the environment under mpirun (OMPI_COMM_WORLD_RANK and _SIZE, or PMI_RANK and
    /// PMI_SIZE) and srun (SLURM_PROCID and SLURM_NTASKS); elsewhere it is the whole suite.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// These seeds instead of the suite's: a count (3 is 0, 1, 2) or a list (7,8; `7,` is seed 7 alone).
    #[arg(long, value_name = "N|LIST")]
    pub seeds: Option<Seeds>,
    /// Change a field of every entry's recipe, such as epochs=5; takes the place of what the suite sets for all.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Judge on the last 10,000 training images, held out of training, whatever the suite says.
    #[arg(long)]
    pub validation: bool,
    /// Train on all training images and judge on the test images, whatever the suite says: for a claim, not for choosing.
    #[arg(long, conflicts_with = "validation")]
    pub test: bool,
    /// Write events for TensorBoard into each run's folder, an epoch at a time: tensorboard --logdir shows them side by
    /// side.
    #[arg(long)]
    pub tensorboard: bool,
    /// Show what would be run and how long it would take, and stop.
    #[arg(long)]
    pub dry_run: bool,
    /// The leaderboard's order: by mean, or as the suite lists its entries.
    #[arg(long, value_name = "ORDER", value_enum, default_value = "mean")]
    pub order: OrderChoice,
    /// Print the leaderboard as JSON to standard output at the end (with --dry-run the plan); everything for people goes
    /// to standard error.
    #[arg(long)]
    pub json: bool,
}

/// Seeds as typed.
#[derive(Clone, Debug)]
pub struct Seeds(pub Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        SuiteChanges::parse_seeds(text).map(Seeds)
    }
}

/// How a leaderboard is ordered.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderChoice {
    /// The best mean first.
    Mean,
    /// As listed.
    Suite,
}

impl From<OrderChoice> for Order {
    fn from(choice: OrderChoice) -> Self {
        match choice {
            OrderChoice::Mean => Order::Mean,
            OrderChoice::Suite => Order::Suite,
        }
    }
}
