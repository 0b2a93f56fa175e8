//! What a person may type.

pub mod evaluate;
pub mod experiment;
pub mod export;
mod names;
pub mod predict;
pub mod runs;
pub mod serve;
pub mod shell;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use longhand_data::DataChoice;
use longhand_derivation::spec::{Activation, Loss};
use longhand_derivation::typed::{Numbers, SampleText, Sizes};
use longhand_training::Override;

use self::evaluate::EvaluateArguments;
use self::experiment::ExperimentArguments;
use self::export::ExportArguments;
use self::names::NameOrFile;
use self::predict::PredictArguments;
use self::runs::RunsArguments;
use self::serve::ServeArguments;
use self::shell::{CompletionsArguments, ManArguments};

use crate::version;

/// Works neural networks out by hand, at any size.
#[derive(Parser, Debug)]
#[command(
    name = "longhand",
    version = version::SHORT,
    long_version = version::LONG.as_str(),
    after_help = "Examples:\n  longhand train\n  longhand train seed --data ~/mnist --epochs 3\n  longhand summary seed\n\n\
                  Exit codes: 0 done, 1 the answer is no, 2 the request cannot be served, 130 stopped by Ctrl-C\n\
                  (0 of `serve`, which ends so)."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Train a small convolutional network on MNIST.
    Train(TrainArguments),
    /// Test a trained model on a data set it was not trained on.
    Evaluate(EvaluateArguments),
    /// Write a trained model for other programs: ONNX, safetensors, or a C header for microcontrollers.
    Export(ExportArguments),
    /// Tell the digits in picture files: photographs, scans, drawings.
    Predict(PredictArguments),
    /// Run a suite of recipes over many seeds, and judge them together. Goes on where it was stopped.
    Experiment(ExperimentArguments),
    /// List, show, compare or plot the records of runs.
    Runs(RunsArguments),
    /// Show a recipe's network: shapes, parameters, receptive field, multiply-adds. Needs no data.
    Summary(SummaryArguments),
    /// Work a small network's back-propagation out by hand: derivation, table, curves, workbook, page.
    Worksheet(WorksheetArguments),
    /// Check the derivatives in somebody's spreadsheet; exit code 1 when one is wrong.
    Audit(AuditArguments),
    /// Open the web app on this computer: train and watch, compare runs, draw digits, work by hand.
    Serve(ServeArguments),
    /// Fetch, verify or look at the data.
    Data(DataArguments),
    /// Measure this machine's peak and what of it kernels, a training step layer by layer, and inference reach.
    Bench(BenchArguments),
    /// Print what a shell needs to complete this program's arguments.
    Completions(CompletionsArguments),
    /// Write the manual pages of the program and its commands.
    Man(ManArguments),
}

/// Which recipe, and what to change in it.
#[derive(Args, Debug, Clone)]
pub struct RecipeArguments {
    /// A built-in recipe (default, seed, seed-tuned, under10k, under6k, sprint; a suite's as twelve/NAME) or a recipe file (.toml).
    #[arg(default_value = "default", value_parser = NameOrFile::of_recipe(), hide_possible_values = true)]
    pub recipe: String,
    /// Times every training image is seen.
    #[arg(long, value_name = "N")]
    pub epochs: Option<i64>,
    /// What weights, order, augmentation and dropout are drawn from.
    #[arg(long, value_name = "N")]
    pub seed: Option<i64>,
    /// The base or peak learning rate of the schedule.
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub learning_rate: Option<f64>,
    /// Images a step.
    #[arg(long, value_name = "N")]
    pub batch_size: Option<i64>,
    /// Change any field of the recipe, such as augmentation.rotation=5 or 'schedule={type="cosine", learning_rate=0.05}'.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
}

/// Which data.
#[derive(Args, Debug, Clone)]
pub struct DataSource {
    /// A folder with the four MNIST files, or `mnist` (no substitute), or `strokes` (the built-in digits).
    ///
    /// Without it: $LONGHAND_DATA, the cache folder, a download into it, else the built-in stroke digits.
    #[arg(long, value_name = "DIR", default_value = "auto", hide_default_value = true)]
    pub data: DataChoice,
}

/// How to compute.
#[derive(Args, Debug, Clone)]
pub struct ComputeArguments {
    /// How many threads; all processors by default. The results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Instruction set: avx512, avx2, neon or plain; the fastest here by default. The results do not depend on it.
    #[arg(long, value_name = "NAME")]
    pub isa: Option<String>,
}

/// `longhand train`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  longhand train\n  longhand train seed --data ~/mnist\n  \
                        longhand train --epochs 3 --set augmentation.rotation=5 --seed 7\n  \
                        longhand train seed --weights model.safetensors --learning-rate 0.001\n  \
                        longhand train --resume runs/20260102-030405-default-s0\n  \
                        longhand train seed --find-learning-rate")]
pub struct TrainArguments {
    #[command(flatten)]
    pub recipe: RecipeArguments,
    #[command(flatten)]
    pub data: DataSource,
    #[command(flatten)]
    pub compute: ComputeArguments,
    /// Begin from the weights in this file instead of random ones: a state dict that PyTorch saved as safetensors, or a
    /// model or run folder of this program. They must fit the recipe's network.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Go on with the run in this folder, which was stopped or whose process died, to the bits of one that never was. Its
    /// record says the recipe; the data must be its own.
    #[arg(
        long,
        value_name = "RUN",
        conflicts_with_all = [
            "recipe", "epochs", "seed", "learning_rate", "batch_size", "set", "weights", "validation",
            "find_learning_rate", "runs",
        ]
    )]
    pub resume: Option<PathBuf>,
    /// Judge on the last 10,000 training images, held out of training, instead of the test images: for choosing
    /// between recipes.
    #[arg(long)]
    pub validation: bool,
    /// Instead of training, try rates from far too low to far too high in 200 steps, suggest one, and draw
    /// learning-rate.svg and learning-rate.png into the present folder. Judges on no image and keeps no run.
    #[arg(long)]
    pub find_learning_rate: bool,
    /// Where run folders go.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// Write events for TensorBoard into the run folder, an epoch at a time: tensorboard --logdir runs shows curves,
    /// weight histograms and, at the end, mistakes.
    #[arg(long, conflicts_with = "find_learning_rate")]
    pub tensorboard: bool,
    /// Print the run's record as JSON to standard output at the end; everything for people goes to standard error.
    #[arg(long)]
    pub json: bool,
}

/// `longhand summary`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  longhand summary\n  longhand summary seed --json\n  longhand summary my-network.toml\n  \
                        longhand summary seed --recipe > mine.toml"
)]
pub struct SummaryArguments {
    #[command(flatten)]
    pub recipe: RecipeArguments,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print the whole recipe as TOML instead, overrides applied: a file to start from.
    #[arg(long = "recipe", id = "as_recipe", conflicts_with = "json")]
    pub as_recipe: bool,
}

/// `longhand worksheet`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  longhand worksheet\n  longhand worksheet --layers 3-4-2 --activation tanh --out tanh\n  \
                        longhand worksheet --biases per-layer --bias-values .35,.60 --learning-rates .5 --quiet\n\n\
                        Whatever is left out is the classic exercise: 2-2-2, sigmoid, inputs .05, .10, targets .01, .99, weights\n\
                        .15 to .55, six learning rates, 181 rows.\n\n\
                        Every folder has a network.toml, the whole network as FILE may describe it: change what is to be changed,\n\
                        and longhand worksheet worksheet/network.toml --out mine works it out."
)]
pub struct WorksheetArguments {
    /// A network described in TOML, such as the network.toml of an earlier worksheet; flags take the place of what it says.
    #[arg(value_name = "FILE")]
    pub network: Option<PathBuf>,
    /// Layer sizes, inputs first, such as 2-2-2.
    #[arg(long, value_name = "SIZES")]
    pub layers: Option<Sizes>,
    /// Activation of hidden neurons: sigmoid, tanh, relu or identity.
    #[arg(long, value_name = "NAME")]
    pub activation: Option<Activation>,
    /// Activation of output neurons; that of the hidden ones by default.
    #[arg(long, value_name = "NAME")]
    pub output_activation: Option<Activation>,
    /// squared_error or softmax_cross_entropy.
    #[arg(long, value_name = "NAME")]
    pub loss: Option<Loss>,
    /// Biases: none, one fixed number per layer, or one trained number per neuron.
    #[arg(long, value_name = "KIND")]
    pub biases: Option<BiasKind>,
    /// The biases' (initial) values, layer by layer.
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    pub bias_values: Option<Numbers>,
    /// Inputs of the only sample, separated by commas.
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    pub inputs: Option<Numbers>,
    /// Targets of the only sample.
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    pub targets: Option<Numbers>,
    /// One of several samples; repeat it.
    #[arg(long = "sample", value_name = "INPUTS:TARGETS", allow_hyphen_values = true)]
    pub samples: Vec<SampleText>,
    /// Initial weights, by layer, then by the neuron they lead into, then by where they come from.
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    pub weights: Option<Numbers>,
    /// Learning rates, a table each.
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    pub learning_rates: Option<Numbers>,
    /// Rows of each table; row 1 has the initial weights.
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// The folder to write.
    #[arg(long, value_name = "DIR", default_value = "worksheet")]
    pub out: PathBuf,
    /// Write into a folder that is not empty, over files of the same names.
    #[arg(long)]
    pub force: bool,
    /// Do not print the derivation.
    #[arg(long)]
    pub quiet: bool,
    /// Print what was done as JSON; the text for people goes to standard error.
    #[arg(long)]
    pub json: bool,
}

/// `longhand audit`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  longhand audit homework.xlsx\n  longhand audit homework.xlsx --fix corrected.xlsx --html report.html\n\n\
                        Exit codes: 0 every derivative is right, 1 slips were found, 2 the workbook cannot be audited."
)]
pub struct AuditArguments {
    /// The workbook.
    #[arg(value_name = "BOOK.xlsx")]
    pub book: PathBuf,
    /// Write a corrected copy.
    #[arg(long, value_name = "OUT.xlsx")]
    pub fix: Option<PathBuf>,
    /// Write a page that shows the sheet's cells, the slips marked.
    #[arg(long, value_name = "OUT.html")]
    pub html: Option<PathBuf>,
    /// Let --fix and --html overwrite files that are there.
    #[arg(long)]
    pub force: bool,
    /// Print the report as JSON; the text for people goes to standard error.
    #[arg(long)]
    pub json: bool,
}

/// Which biases a small network has.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasKind {
    /// No biases.
    None,
    /// One number per layer, never changed.
    #[value(alias = "per_layer")]
    PerLayer,
    /// One number per neuron, trained.
    #[value(alias = "per_neuron")]
    PerNeuron,
}

/// `longhand data`.
#[derive(Args, Debug)]
pub struct DataArguments {
    #[command(subcommand)]
    pub action: DataAction,
}

/// What to do with the data.
#[derive(Subcommand, Debug)]
pub enum DataAction {
    /// Download MNIST into the cache folder (or --to), verified; goes on where an earlier download stopped.
    #[command(after_help = "Example:\n  longhand data fetch --to ~/mnist")]
    Fetch {
        /// The folder to download into; the cache folder by default.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Check that a data set is whole and sound, and show its fingerprint.
    #[command(after_help = "Example:\n  longhand data verify --data ~/mnist")]
    Verify {
        /// A folder with the four MNIST files, or `mnist`, or `strokes` (the built-in digits).
        ///
        /// Without it: $LONGHAND_DATA, else the cache folder. Nothing is downloaded to be verified.
        #[arg(long, value_name = "DIR", default_value = "auto", hide_default_value = true)]
        data: DataChoice,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Draw a contact sheet (PNG) of samples, each beside what augmentation makes of it.
    #[command(after_help = "Example:\n  longhand data preview --data strokes --out strokes.png")]
    Preview {
        #[command(flatten)]
        recipe: RecipeArguments,
        #[command(flatten)]
        data: DataSource,
        /// The picture to write.
        #[arg(long, value_name = "FILE", default_value = "preview.png")]
        out: PathBuf,
        /// Samples of each digit.
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=40))]
        columns: u16,
    },
}

/// `longhand bench`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  longhand bench\n  longhand bench seed --threads 1 --isa avx2 --json\n  \
                  longhand bench seed --scaling")]
pub struct BenchArguments {
    #[command(flatten)]
    pub recipe: RecipeArguments,
    #[command(flatten)]
    pub compute: ComputeArguments,
    /// Training steps to time: fewer are quicker, more are steadier; 200 by default, with --scaling 50 of each network.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub steps: Option<u16>,
    /// Measure cost against size instead: the network with fewer and more channels, and trained on more images.
    #[arg(long)]
    pub scaling: bool,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}
