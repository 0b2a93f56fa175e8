//! What `longhand serve` takes.

use std::path::PathBuf;

use clap::Args;

use super::{ComputeArguments, DataSource};

/// `longhand serve`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  longhand serve\n  longhand serve --data ~/mnist --port 9000\n  \
                  longhand serve --host 192.168.1.20\n\n\
                  Open the address that it prints. It listens to this computer only; with --host also to others, and then\n\
                  asks for the token in that address. Ctrl-C ends it: a run that goes on is stopped, kept and can go on.")]
pub struct ServeArguments {
    #[command(flatten)]
    pub data: DataSource,
    #[command(flatten)]
    pub compute: ComputeArguments,
    /// The port to listen at; 0 for any that is free.
    #[arg(long, value_name = "N", default_value_t = 8631)]
    pub port: u16,
    /// Listen at this name or address of this computer, so that others can open the app: whoever asks must then have the
    /// token in the address that is printed. What is sent is not encrypted.
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Where run folders go, and whose runs are shown.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// Another folder whose runs are shown, such as one of experiments; can be given several times.
    #[arg(long, value_name = "DIR")]
    pub also: Vec<PathBuf>,
}
