//! The thread that trains: one run after another, each kept in its folder as `longhand train` keeps it.

use std::error::Error;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use longhand_nn::{Network, Summary};
use longhand_report::{MOST_MISTAKES, RunReport, StepPoint, run_page};
use longhand_training::experiment::RunTime;
use longhand_training::{
    Checkpoint, EpochDone, EpochMetrics, Evaluation, Examination, Observer, Occasion, Origin, Progress, Recipe,
    RunFolder, RunStatus, Split, built_in, examine, surest_mistakes, train, train_from_checkpoint, write_atomically,
};
use serde_json::json;

use super::job::{Job, MOST_POINTS, Order, Status};
use crate::house::State;
use crate::runs::index::id_of;

/// A mistake of the whole run, for people.
type Failed = Box<dyn Error + Send + Sync>;

/// Carries out what is queued, until the queue is closed.
pub(crate) fn run(house: &State) {
    while let Some(job) = house.queue.next() {
        house.times.end_trial();
        // A fault of the program in one run is no reason for all others to wait for ever.
        let (status, message) = match catch_unwind(AssertUnwindSafe(|| carry_out(house, &job))) {
            Ok(Ok(ended)) => ended,
            Ok(Err(failed)) => (Status::Failed, Some(failed.to_string())),
            Err(_) => {
                (Status::Failed, Some("The run ended in a fault of the program; what was kept of it can go on.".into()))
            }
        };
        job.ended(status, message);
        house.queue.done(job);
    }
}

fn carry_out(house: &State, job: &Job) -> Result<(Status, Option<String>), Failed> {
    let given_up = || job.stop.load(Ordering::Relaxed) || house.queue.is_closed();
    let Some(data) = house.data.wait(given_up).map_err(|failure| failure.message)? else {
        return Ok((Status::Stopped, Some("Stopped before it began.".to_owned())));
    };
    let split = Split::new(&data, job.judged_on)?;
    let (isa, threads) = (house.isa, house.threads);
    let (keeper, trained) = match &job.order {
        Order::New(recipe) => {
            let parameters = Summary::of(&recipe.network)?.parameters();
            let unchanged = built_in(&recipe.name).and_then(|text| Recipe::from_toml(&recipe.name, text, &[]).ok());
            let origin = Origin { initial_weights: None, unchanged: unchanged.as_ref() };
            let runs = &house.runs_folder;
            let folder = RunFolder::create_from(origin, runs, recipe, &split, parameters, isa, threads)?;
            let mut keeper = Keeper::new(house, job, &split, recipe, folder, 0);
            let trained = train(recipe, &split, isa, threads, &mut keeper)?;
            (keeper, trained)
        }
        Order::Resume(path) => {
            let (folder, start) = RunFolder::resume(path, &split, isa, threads)?;
            let (recipe, epochs) = (folder.record().resolved_recipe.clone(), folder.epochs().to_vec());
            let mut keeper = Keeper::new(house, job, &split, &recipe, folder, start.so_far.images);
            let trained = train_from_checkpoint(&start, epochs, &recipe, &split, isa, threads, &mut keeper)?;
            (keeper, trained)
        }
    };
    let Keeper { mut folder, recipe, .. } = keeper;
    let (status, words) = trained.ended.in_words(&recipe, split.train.len());
    folder.end(status, words.clone(), &trained.network)?;
    let report = write_report(house, &folder, &trained.network, &split);
    if report.is_ok() {
        job.has_report();
        folder.close()?;
    }
    let status = match status {
        RunStatus::Finished => Status::Finished,
        RunStatus::Diverged => Status::Diverged,
        RunStatus::Interrupted | RunStatus::Running => Status::Stopped,
    };
    let message = match report {
        Ok(()) => words,
        Err(e) => Some(format!("The run is kept, but its report could not be written: {e}")),
    };
    Ok((status, message))
}

fn write_report(house: &State, folder: &RunFolder, network: &Network, split: &Split<'_>) -> Result<(), Failed> {
    let record = folder.record();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(house.threads).build()?;
    let examination = pool.install(|| examine(network, &record.resolved_recipe, split, house.isa, MOST_MISTAKES));
    let base = record.unchanged_recipe.as_ref();
    let report = RunReport { record, epochs: folder.epochs(), examination: &examination, base };
    write_atomically(&folder.path().join("report.html"), run_page(&report).as_bytes())?;
    Ok(())
}

/// Keeps a run in its folder and tells the pages how it goes.
struct Keeper<'a> {
    house: &'a State,
    job: &'a Job,
    split: &'a Split<'a>,
    recipe: Recipe,
    folder: RunFolder,
    /// A point of the curves is the mean over so many steps.
    steps_a_point: usize,
    steps: usize,
    loss_sum: f64,
    /// When the last point was made, and the images of the epoch by then.
    last: (Instant, usize),
    images_per_second: f64,
}

impl<'a> Keeper<'a> {
    /// A keeper of a run that begins, or goes on in an epoch of which `images` images were done.
    fn new(
        house: &'a State,
        job: &'a Job,
        split: &'a Split<'a>,
        recipe: &Recipe,
        folder: RunFolder,
        images: usize,
    ) -> Self {
        let run = id_of(folder.path());
        let until = folder.epochs().len() as f64 + images as f64 / split.train.len() as f64;
        let points = points_until(until, house.queue.points_of(&run), folder.epochs());
        job.begun(run, folder.record(), folder.epochs(), points);
        house.queue.begun();
        let all = recipe.steps_per_epoch(split.train.len()) * recipe.epochs;
        Keeper {
            house,
            job,
            split,
            recipe: recipe.clone(),
            folder,
            steps_a_point: all.div_ceil(MOST_POINTS).max(1),
            steps: 0,
            loss_sum: 0.0,
            last: (Instant::now(), images),
            images_per_second: 0.0,
        }
    }

    fn make_point(&mut self, progress: Progress) {
        let (then, before) = self.last;
        let seconds = then.elapsed().as_secs_f64();
        if progress.images > before && seconds > 0.0 {
            let now = (progress.images - before) as f64 / seconds;
            // Smoothed a little: what is left to wait should not jump about.
            let share = if self.images_per_second == 0.0 { 1.0 } else { 0.2 };
            self.images_per_second += share * (now - self.images_per_second);
        }
        self.last = (Instant::now(), progress.images);
        let images = self.split.train.len();
        let steps_an_epoch = self.recipe.steps_per_epoch(images);
        let step = (progress.epoch - 1) * steps_an_epoch + progress.step;
        let learning_rate = self.recipe.schedule.rate(step - 1, steps_an_epoch, self.recipe.epochs);
        let loss = self.loss_sum / self.steps as f64;
        let left = (self.recipe.epochs - progress.epoch) * images + images - progress.images;
        let judging = self.folder.epochs().last().map_or(0.0, |epoch| epoch.evaluation_seconds);
        let seconds_left =
            left as f64 / self.images_per_second.max(1e-9) + judging * (self.recipe.epochs + 1 - progress.epoch) as f64;
        let point = StepPoint { epochs: step as f64 / steps_an_epoch as f64, loss, learning_rate };
        let shown = json!({
            "epoch": progress.epoch,
            "step": progress.step,
            "images": progress.images,
            "loss": loss,
            "learning_rate": learning_rate,
            "images_per_second": self.images_per_second,
            "seconds_left": seconds_left,
        });
        self.job.point(point, shown);
        (self.steps, self.loss_sum) = (0, 0.0);
    }
}

/// The curves of a run that goes on at `until`, in epochs: the points that another job `made` of it, or else, since those are
/// not kept in its folder, one for each epoch done.
fn points_until(until: f64, mut made: Vec<StepPoint>, epochs: &[EpochMetrics]) -> Vec<StepPoint> {
    made.retain(|point| point.epochs <= until);
    if !made.is_empty() {
        return made;
    }
    let of_epoch = |done: &EpochMetrics| StepPoint {
        epochs: done.epoch as f64,
        loss: done.train_loss,
        learning_rate: done.learning_rate,
    };
    epochs.iter().map(of_epoch).collect()
}

impl Observer for Keeper<'_> {
    fn step(&mut self, progress: Progress) -> ControlFlow<()> {
        self.steps += 1;
        self.loss_sum += progress.loss;
        if self.steps >= self.steps_a_point {
            self.make_point(progress);
        }
        if self.job.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Failed> {
        let EpochDone { metrics, network, verdicts } = *done;
        self.folder.keep_epoch(metrics, network)?;
        let examination = Examination {
            evaluation: Evaluation::of(verdicts, network.classes()),
            image_size: (self.split.evaluation.height(), self.split.evaluation.width()),
            mistakes: surest_mistakes(verdicts, self.split, MOST_MISTAKES),
            filters: None,
            example: None,
            augmented: Vec::new(),
        };
        self.job.epoch(metrics, self.folder.record(), examination);
        let time = RunTime { train_seconds: metrics.train_seconds, evaluation_seconds: metrics.evaluation_seconds };
        self.house.times.note(&self.recipe, self.split.train.len(), time);
        self.house.queue.touch();
        self.last = (Instant::now(), 0);
        Ok(())
    }

    fn checkpoint_due(&mut self, occasion: Occasion) -> bool {
        self.folder.checkpoint_due(occasion)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Failed> {
        Ok(self.folder.keep_checkpoint(checkpoint)?)
    }
}

/// The thread that trains, and what it needs to be ended.
pub(crate) fn spawn(house: Arc<State>) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("longhand-queue".to_owned()).spawn(move || run(&house))
}
