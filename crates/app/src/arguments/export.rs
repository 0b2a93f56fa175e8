//! `longhand export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `longhand export`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  longhand export runs/20261122-164843-seed-s0 --to seed.onnx\n  \
                  longhand export runs/20261122-164843-seed-s0 --to seed.onnx --fold --input normalised\n  \
                  longhand export model.safetensors --to digits.h")]
pub struct ExportArguments {
    /// A run folder, or a model.safetensors.
    #[arg(value_name = "RUN")]
    pub model: PathBuf,
    /// The file to write; its ending says the format: .onnx, .safetensors or .h.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// The format, where the ending does not tell.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<ExportFormat>,
    /// ONNX: work batch norm, and the normalisation of pixels, into the layers around them. A C header always does.
    #[arg(long)]
    pub fold: bool,
    /// ONNX: whether the graph takes pixels of 0 to 255 and normalises them itself (raw, the default), or takes them
    /// normalised.
    #[arg(long, value_enum, value_name = "INPUT")]
    pub input: Option<ExportInput>,
    /// Overwrite a file that is there.
    #[arg(long)]
    pub force: bool,
    /// Print what was written as JSON; the text for people goes to standard error.
    #[arg(long)]
    pub json: bool,
}

/// What a model can be written as.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A graph for onnxruntime and other runtimes.
    Onnx,
    /// Weights under PyTorch's names, as training keeps them.
    Safetensors,
    /// One self-contained C99 file for microcontrollers.
    CHeader,
}

/// What an ONNX graph takes.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportInput {
    /// Pixels of 0 to 255.
    Raw,
    /// (p/255 − mean)/std of them.
    Normalised,
}
