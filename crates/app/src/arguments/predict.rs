//! `longhand predict`.

use std::path::PathBuf;

use clap::Args;

use super::ComputeArguments;

/// `longhand predict`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  longhand predict runs/20261122-164843-seed-s0 seven.png\n  \
                        longhand predict model.safetensors scans/ photo.jpg --json\n  \
                        convert drawing.svg png:- | longhand predict model.safetensors -\n\n\
                        One digit a picture, dark on light or light on dark: it is found, fitted and centred as MNIST's \
                        digits were.\n\n\
                        Exit codes: 0 every picture was read, 2 one or more were not (the others are told all the same).")]
pub struct PredictArguments {
    /// A run folder, or a model.safetensors.
    pub model: PathBuf,
    /// PNG or JPEG files; folders, for every .png, .jpg and .jpeg directly in them; `-` for standard input.
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// Show all probabilities and what the network saw for each picture, as for a single one.
    #[arg(long)]
    pub show: bool,
    /// Write what the network saw, 28×28 pixels, as a PNG for each picture into this folder.
    #[arg(long, value_name = "DIR")]
    pub save_seen: Option<PathBuf>,
    /// Instruction set: avx512, avx2, neon or plain; the fastest here by default. The results do not depend on it.
    #[arg(long, value_name = "NAME")]
    pub isa: Option<String>,
    /// Print an array with an object for each picture as JSON.
    #[arg(long)]
    pub json: bool,
    /// With --json: what the network saw too, 28 rows of 28 pixels from 0 (paper) to 255 (ink).
    #[arg(long, requires = "json")]
    pub pixels: bool,
}

impl PredictArguments {
    /// How to compute: one picture at a time, on one thread.
    pub fn compute(&self) -> ComputeArguments {
        ComputeArguments { threads: Some(1), isa: self.isa.clone() }
    }
}
