//! `longhand train`.

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use indicatif::ProgressBar;
use longhand_kernels::Isa;
use longhand_nn::{Network, Summary};
use longhand_server::resume_command;
use longhand_training::{
    Checkpoint, DataRecord, Ended, EpochDone, EvaluatedOn, Machine, Observer, Occasion, Origin, Progress, Recipe,
    ResultRecord, RunFolder, RunStatus, Split, StoredRun, TrainError, check_split, train_from_checkpoint,
};

use super::Exit;
use crate::arguments::{ComputeArguments, TrainArguments};
use crate::printer::{self, Printer, percent, thousands};
use crate::tensorboard::LiveEvents;
use crate::{data_source, recipe_source, run_report, weights};

/// Trains, showing how it goes, and leaves a run folder.
pub fn run(arguments: &TrainArguments) -> anyhow::Result<Exit> {
    match &arguments.resume {
        None => begin(arguments),
        Some(path) => go_on(arguments, path),
    }
}

fn begin(arguments: &TrainArguments) -> anyhow::Result<Exit> {
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
    introduce(printer, &recipe, &split, isa, threads)?;
    let record = initial.as_ref().map(|weights| &weights.record);
    if let Some(record) = record {
        printer.line(&format!("weights  begin as in {}, SHA-256 {}", record.file, record.weights_sha256));
        printer.line("         (whether they have seen images that are judged on, this program cannot know)");
    }
    printer.line("");

    let parameters = Summary::of(&recipe.network)?.parameters();
    let network = match &initial {
        Some(weights) => weights.network.clone(),
        None => Network::new(&recipe.network, recipe.initialisation, recipe.seed)?,
    };
    check_split(&recipe, &network, &split)?;
    let origin = Origin { initial_weights: record, unchanged: base.as_ref() };
    let mut folder = RunFolder::create_from(origin, &arguments.runs, &recipe, &split, parameters, isa, threads)?;
    checkpoints_as_asked(&mut folder);
    let start = Checkpoint::beginning(&recipe, &split, &network);
    if initial.is_some() {
        // Random weights can be drawn again; where these came from, another file may be tomorrow.
        folder.keep_checkpoint(&start)?;
    }
    let events = if arguments.tensorboard { Some(LiveEvents::begin(&folder)?) } else { None };
    let training = Training { recipe: &recipe, base, split: &split, isa, threads, start, events };
    training.carry_out(folder, arguments, printer)
}

fn go_on(arguments: &TrainArguments, path: &Path) -> anyhow::Result<Exit> {
    let stored = StoredRun::read(path)?;
    let (isa, threads) = compute(&arguments.compute)?;
    let printer = Printer::new(arguments.json);
    let data = data_source::dataset_of(&stored.record.data, &arguments.data, printer)?;
    let split = Split::new(&data, stored.record.data.evaluated_on)?;
    let (mut folder, start) = RunFolder::resume(path, &split, isa, threads)?;
    checkpoints_as_asked(&mut folder);
    let recipe = folder.record().resolved_recipe.clone();
    introduce(printer, &recipe, &split, isa, threads)?;
    printer.line(&match (start.epoch, start.so_far.steps) {
        (epoch, _) if epoch > recipe.epochs => "resumed  after its last epoch".to_owned(),
        (1, 0) => "resumed  at its beginning: there is no later checkpoint".to_owned(),
        (epoch, steps) => {
            let of = recipe.steps_per_epoch(split.train.len());
            format!("resumed  in epoch {epoch} of {}, after {steps} of {of} steps", recipe.epochs)
        }
    });
    printer.line("");
    let events = match arguments.tensorboard || LiveEvents::are_there(&folder) {
        true => match LiveEvents::go_on(&folder, folder.epochs().len()) {
            Ok(events) => Some(events),
            Err(e) => {
                without_events(&e);
                None
            }
        },
        false => None,
    };
    let base = folder.record().unchanged_recipe.clone();
    Training { recipe: &recipe, base, split: &split, isa, threads, start, events }.carry_out(folder, arguments, printer)
}

/// Checkpoints within an epoch as often as `LONGHAND_CHECKPOINT_MS` says, where it says something: the test that kills
/// trainings has epochs that are over long before the first would be due.
fn checkpoints_as_asked(folder: &mut RunFolder) {
    if let Some(age) = std::env::var("LONGHAND_CHECKPOINT_MS").ok().and_then(|ms| ms.parse().ok()) {
        folder.keep_checkpoints_every(Duration::from_millis(age));
    }
}

fn introduce(printer: Printer, recipe: &Recipe, split: &Split<'_>, isa: Isa, threads: usize) -> anyhow::Result<()> {
    printer.line(&format!("{}\n", printer::introduction(&recipe.name, &recipe.about)));
    printer.line(&super::summary::text(&Summary::of(&recipe.network)?));
    printer.line(&format!("\nmachine  {}, {threads} threads, {isa}", Machine::here().cpu));
    printer.line(&format!("data     {}", data_source::describe(split.data)));
    printer.line(&format!(
        "split    trained on {}, judged on {} {} images",
        thousands(split.train.len()),
        thousands(split.evaluation.len()),
        split.evaluated_on.name()
    ));
    Ok(())
}

/// Says that TensorBoard's events could not be written: the run itself is kept, and none stops or stays open for a picture
/// of it.
fn without_events(error: &dyn std::fmt::Display) {
    printer::error(&format!("{error}; the training goes on without TensorBoard's events"));
}

/// A training that is about to begin or to go on.
struct Training<'a> {
    recipe: &'a Recipe,
    base: Option<Recipe>,
    split: &'a Split<'a>,
    isa: Isa,
    threads: usize,
    start: Checkpoint,
    events: Option<LiveEvents>,
}

impl Training<'_> {
    fn carry_out(self, folder: RunFolder, arguments: &TrainArguments, printer: Printer) -> anyhow::Result<Exit> {
        let Training { recipe, base, split, isa, threads, start, events } = self;
        let (path, before) = (folder.path().to_owned(), folder.epochs().to_vec());
        let resume = resume_command(&path, &arguments.data.data);
        let again = || format!("go on with it, once that is mended, by\n  {resume}");
        let mut screen = Screen {
            printer,
            folder,
            events,
            interrupted: interruptions()?,
            images: split.train.len() as u64,
            evaluated_on: split.evaluated_on,
            epochs: recipe.epochs,
            bar: None,
            before: start.so_far.images,
        };
        screen.header();
        let trained = train_from_checkpoint(&start, before, recipe, split, isa, threads, &mut screen);
        screen.clear();
        let trained = trained.map_err(|e| {
            let kept = format!("the training stopped; what was kept of it is in {}", path.display());
            match e {
                TrainError::Observer(_) => anyhow::Error::new(e).context(format!("{kept}: {}", again())),
                e => anyhow::Error::new(e).context(kept),
            }
        })?;
        let Screen { mut folder, events, .. } = screen;

        let (status, words, exit) = ending(recipe, &trained.ended, split.train.len());
        folder.end(status, words.clone(), &trained.network).with_context(again)?;
        if let Some(result) = &folder.record().result {
            print_result(printer, result, &folder.record().data);
        }
        let run = run_report::Run {
            folder: folder.path(),
            record: folder.record(),
            epochs: folder.epochs(),
            network: &trained.network,
            split,
            base: base.as_ref(),
        };
        let examination = run_report::write(&run, isa, threads).with_context(again)?;
        if let Some(Err(e)) = events.map(|mut events| events.end(&folder, &examination)) {
            without_events(&e);
        }
        let record = folder.record().clone();
        folder.close()?;
        let path = path.display();
        match (exit, words) {
            (Exit::CannotBeServed, Some(words)) => {
                anyhow::bail!("{words}\nThe network as it last was with a loss that was a number is in {path}");
            }
            (Exit::Interrupted, words) => {
                printer.line(&format!("{}\nrun folder  {path}\ngo on by    {resume}", words.unwrap_or_default()));
            }
            (_, Some(words)) => printer.line(&format!("{words}\nrun folder  {path}")),
            (_, None) => printer.line(&format!("run folder  {path}")),
        }
        if arguments.json {
            printer.data(&serde_json::to_string_pretty(&record)?);
        }
        Ok(exit)
    }
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
    /// Images of the epoch that were done when its bar was made: those before a stop are no work of now.
    before: usize,
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
        let rate = (progress.images - self.before) as f64 / bar.elapsed().as_secs_f64().max(1e-9);
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
        self.before = 0;
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
            without_events(&e);
            self.events = None;
        }
        Ok(())
    }

    fn checkpoint_due(&mut self, occasion: Occasion) -> bool {
        self.folder.checkpoint_due(occasion)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.folder.keep_checkpoint(checkpoint)?)
    }
}
