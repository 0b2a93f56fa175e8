//! `longhand train`.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use indicatif::ProgressBar;
use longhand_kernels::Isa;
use longhand_nn::Summary;
use longhand_training::{
    DataRecord, Ended, EpochDone, EvaluatedOn, Machine, Observer, Progress, Recipe, ResultRecord, RunFolder, RunStatus,
    Split, train, train_from,
};

use super::Exit;
use crate::arguments::{ComputeArguments, TrainArguments};
use crate::printer::{self, Printer, percent, thousands};
use crate::tensorboard::LiveEvents;
use crate::{data_source, recipe_source, run_report, weights};

/// Trains, showing how it goes, and leaves a run folder.
pub fn run(arguments: &TrainArguments) -> anyhow::Result<Exit> {
    let recipe = recipe_source::recipe(&arguments.recipe)?;
    let base = recipe_source::unchanged(&arguments.recipe);
    let initial = arguments.weights.as_ref().map(|path| weights::of_recipe(path, &recipe)).transpose()?;
    let (isa, threads) = compute(&arguments.compute)?;
    let printer = Printer::new(arguments.json);
    let data = data_source::dataset(&arguments.data, printer)?;
    let evaluated_on = if arguments.validation { EvaluatedOn::Validation } else { EvaluatedOn::Test };
    let split = Split::new(&data, evaluated_on)?;
    if arguments.find_learning_rate {
        let network = initial.map(|weights| weights.network);
        let asked = super::find_learning_rate::Asked { recipe: &recipe, network, split: &split, isa, threads };
        return super::find_learning_rate::run(asked, interruptions()?, printer, arguments.json);
    }
    let summary = Summary::of(&recipe.network)?;
    printer.line(&format!("{}: {}\n", recipe.name, recipe.about));
    printer.line(&super::summary::text(&summary));
    printer.line(&format!("\nmachine  {}, {threads} threads, {isa}", Machine::here().cpu));
    printer.line(&format!("data     {}", data_source::describe(&data)));
    printer.line(&format!(
        "split    trained on {}, judged on {} {} images",
        thousands(split.train.len()),
        thousands(split.evaluation.len()),
        split.evaluated_on.name()
    ));
    let record = initial.as_ref().map(|weights| &weights.record);
    if let Some(record) = record {
        printer.line(&format!("weights  begin as in {}, SHA-256 {}", record.file, record.weights_sha256));
        printer.line("         (whether they have seen images that are judged on, this program cannot know)");
    }
    printer.line("");

    let parameters = summary.parameters();
    let folder = RunFolder::create_from(record, &arguments.runs, &recipe, &split, parameters, isa, threads)?;
    let events = if arguments.tensorboard { Some(LiveEvents::begin(&folder)?) } else { None };
    let mut screen = Screen {
        printer,
        folder,
        events,
        interrupted: interruptions()?,
        images: split.train.len() as u64,
        evaluated_on: split.evaluated_on,
        epochs: recipe.epochs,
        bar: None,
    };
    screen.header();
    let trained = match initial {
        Some(weights) => train_from(weights.network, &recipe, &split, isa, threads, &mut screen),
        None => train(&recipe, &split, isa, threads, &mut screen),
    };
    screen.clear();
    let trained = trained.with_context(|| {
        format!("the training stopped; what was kept of it is in {}", screen.folder.path().display())
    })?;
    let Screen { mut folder, events, .. } = screen;

    let (status, words, exit) = ending(&recipe, &trained.ended, split.train.len());
    folder.end(status, words.clone(), &trained.network)?;
    if let Some(result) = &folder.record().result {
        print_result(printer, result, &folder.record().data);
    }
    let run = run_report::Run {
        folder: folder.path(),
        record: folder.record(),
        epochs: folder.epochs(),
        network: &trained.network,
        split: &split,
        base: base.as_ref(),
    };
    let examination = run_report::write(&run, isa, threads)?;
    if let Some(mut events) = events {
        events.end(&folder, &examination)?;
    }
    let path = folder.path().display();
    match (exit, words) {
        (Exit::CannotBeServed, Some(words)) => {
            anyhow::bail!("{words}\nThe network as it last was with a loss that was a number is in {path}");
        }
        (_, Some(words)) => printer.line(&format!("{words}\nrun folder  {path}")),
        (_, None) => printer.line(&format!("run folder  {path}")),
    }
    if arguments.json {
        printer.data(&serde_json::to_string_pretty(folder.record())?);
    }
    Ok(exit)
}

/// Instruction set and threads, as asked or as this machine has them.
pub fn compute(arguments: &ComputeArguments) -> anyhow::Result<(Isa, usize)> {
    let isa = match &arguments.isa {
        Some(name) => Isa::from_name(name)?,
        None => Isa::detect(),
    };
    let threads = arguments.threads.map_or_else(|| Machine::here().cores, usize::from);
    Ok((isa, threads))
}

/// A flag that the first Ctrl-C sets; the second ends the program at once.
pub fn interruptions() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(flag)
}

/// What is written down about the end, and how to exit.
fn ending(recipe: &Recipe, ended: &Ended, images: usize) -> (RunStatus, Option<String>, Exit) {
    let (status, words) = ended.in_words(recipe, images);
    let exit = match ended {
        Ended::Finished => Exit::Done,
        Ended::Interrupted { .. } => Exit::Interrupted,
        Ended::Diverged { .. } => Exit::CannotBeServed,
    };
    (status, words, exit)
}

fn print_result(printer: Printer, result: &ResultRecord, data: &DataRecord) {
    let on = data.evaluated_on;
    printer.line(&format!(
        "\nlast epoch  {} of {} {} images, {} errors",
        percent(result.accuracy.last()),
        thousands(data.evaluation_images()),
        on.name(),
        result.accuracy.last_errors()
    ));
    printer.line(&format!(
        "best epoch  {} at epoch {} (chosen on the {} images: not a fair figure to quote)",
        percent(result.accuracy.best()),
        result.best_epoch,
        on.name()
    ));
    printer.line(&format!(
        "training    {:.2} s an epoch (median), evaluation not counted",
        result.train_seconds_per_epoch
    ));
}

/// Shows the training on the screen and keeps it in the folder.
struct Screen {
    printer: Printer,
    folder: RunFolder,
    events: Option<LiveEvents>,
    interrupted: Arc<AtomicBool>,
    images: u64,
    epochs: usize,
    evaluated_on: EvaluatedOn,
    bar: Option<ProgressBar>,
}

impl Screen {
    fn header(&self) {
        let judged = match self.evaluated_on {
            EvaluatedOn::Test => "     test: loss",
            EvaluatedOn::Validation => "validation: loss",
        };
        self.printer
            .line(&format!("  epoch      rate    train: loss  accuracy  {judged:>16}  accuracy  errors   seconds"));
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Screen {
    fn step(&mut self, progress: Progress) -> ControlFlow<()> {
        let bar = self.bar.get_or_insert_with(|| {
            let template = "{prefix} {wide_bar} {human_pos}/{human_len} images  {msg}  {eta} left";
            let bar = self.printer.bar(self.images, template);
            bar.set_prefix(format!("epoch {}/{}", progress.epoch, self.epochs));
            bar
        });
        bar.set_position(progress.images as u64);
        let rate = progress.images as f64 / bar.elapsed().as_secs_f64().max(1e-9);
        bar.set_message(format!("{} images/s  loss {:.4}", thousands(rate as usize), progress.loss));
        if self.interrupted.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn evaluating(&mut self) {
        if let Some(bar) = &self.bar {
            bar.set_message(match self.evaluated_on {
                EvaluatedOn::Test => "testing",
                EvaluatedOn::Validation => "validating",
            });
        }
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let EpochDone { metrics, network, .. } = *done;
        self.clear();
        self.printer.line(&format!(
            "{:>4}/{:<3} {:>8.6}      {:>8.4}  {:>8}  {:>16.4}  {:>8}  {:>6}  {:>8.2}",
            metrics.epoch,
            self.epochs,
            metrics.learning_rate,
            metrics.train_loss,
            percent(metrics.train_accuracy),
            metrics.scores.loss(),
            percent(metrics.scores.accuracy()),
            metrics.scores.errors(),
            metrics.train_seconds
        ));
        self.folder.keep_epoch(metrics, network)?;
        if let Some(Err(e)) = self.events.as_mut().map(|events| events.epoch(&self.folder, network)) {
            // The run itself is kept: no training stops for a picture of it.
            printer::error(&format!("{e}; the training goes on without TensorBoard's events"));
            self.events = None;
        }
        Ok(())
    }
}
