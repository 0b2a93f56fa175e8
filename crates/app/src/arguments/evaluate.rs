//! `longhand evaluate`: what a person may type.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use longhand_training::Override;

use super::{ComputeArguments, DataSource};

/// `longhand evaluate`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("tested").required(true), after_help = "Examples:\n  longhand evaluate runs/20261122-164843-seed-s0\n  \
                        longhand evaluate model.safetensors --data ~/mnist --json\n  \
                        longhand evaluate --recipe seed --weights pytorch.safetensors\n\n\
                        Weights from PyTorch: safetensors.torch.save_file(model.state_dict(), \"pytorch.safetensors\")")]
pub struct EvaluateArguments {
    /// A run folder, or a model.safetensors of this program. A run is tested on the data that its record names, unless --data
    /// says others.
    #[arg(group = "tested")]
    pub model: Option<PathBuf>,
    /// Weights that do not say what network they belong to, such as a state dict that PyTorch saved as safetensors.
    #[arg(long, value_name = "FILE", requires = "recipe", group = "tested")]
    pub weights: Option<PathBuf>,
    /// The recipe, built in or a file (.toml), whose network and normalisation go with --weights.
    #[arg(long, requires = "weights", conflicts_with = "model")]
    pub recipe: Option<String>,
    /// Change any field of the recipe, such as normalisation.mean=0.5.
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "recipe", conflicts_with = "model")]
    pub set: Vec<Override>,
    #[command(flatten)]
    pub data: DataSource,
    #[command(flatten)]
    pub compute: ComputeArguments,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}
