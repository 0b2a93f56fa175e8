//! A run in the queue: what is to be done, and how it goes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use longhand_report::{RunReport, StepPoint, classes_fragment, live_curves_fragment, mistakes_fragment};
use longhand_training::{EpochMetrics, EvaluatedOn, Examination, Recipe, RunRecord};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Resumed;
use super::kept_queue::{KeptRun, Request};
use crate::failure::Failure;
use crate::locked::Locked as _;
use crate::runs::index::id_of;

/// Points of the loss that are kept of a run.
pub(super) const MOST_POINTS: usize = 600;

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// A new run of this recipe.
    New(Box<Recipe>),
    /// The run in this folder goes on.
    Resume(PathBuf),
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Waiting,
    Running,
    /// Told to stop, and about to.
    Stopping,
    Finished,
    /// Stopped on the way; it can go on.
    Stopped,
    Diverged,
    Failed,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Waiting => "waiting",
            Status::Running => "running",
            Status::Stopping => "stopping",
            Status::Finished => "finished",
            Status::Stopped => "stopped",
            Status::Diverged => "diverged",
            Status::Failed => "failed",
        }
    }
}

/// Something that happened to a job, as pages take it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) kind: &'static str,
    pub(super) data: Value,
}

/// A run in the queue.
pub(crate) struct Job {
    pub(super) id: String,
    pub(super) order: Order,
    /// What to type into a terminal for the same.
    pub(super) command: String,
    /// What a page asked for.
    request: Request,
    recipe_name: String,
    seed: u64,
    parameters: usize,
    epochs: usize,
    pub(super) judged_on: EvaluatedOn,
    /// Set to end the training after its step.
    pub(super) stop: AtomicBool,
    live: Mutex<Live>,
    /// Held while a piece of a page is made: however many pages ask for it, it is made once.
    making: Mutex<()>,
    changed: watch::Sender<()>,
}

/// What changes while a job goes on.
struct Live {
    status: Status,
    message: Option<String>,
    run: Option<String>,
    has_report: bool,
    record: Option<RunRecord>,
    epochs: Vec<EpochMetrics>,
    points: Vec<StepPoint>,
    /// In the order in which they happened; the number of an event is its place, counted from 1.
    events: Vec<Event>,
    examination: Option<Arc<Examination>>,
    /// Pieces of pages, kept until there is something new to show, however many pages ask.
    curves: Option<Arc<str>>,
    classes: Option<Arc<str>>,
    mistakes: Option<Arc<str>>,
}

impl Job {
    pub(super) fn new(
        id: String,
        recipe: &Recipe,
        parameters: usize,
        judged_on: EvaluatedOn,
        order: Order,
        command: String,
        request: Request,
    ) -> Self {
        let live = Live {
            status: Status::Waiting,
            message: None,
            run: match &order {
                Order::New(_) => None,
                Order::Resume(folder) => Some(id_of(folder)),
            },
            has_report: false,
            record: None,
            epochs: Vec::new(),
            points: Vec::new(),
            events: Vec::new(),
            examination: None,
            curves: None,
            classes: None,
            mistakes: None,
        };
        Job {
            id,
            order,
            command,
            request,
            recipe_name: recipe.name.clone(),
            seed: recipe.seed,
            parameters,
            epochs: recipe.epochs,
            judged_on,
            stop: AtomicBool::new(false),
            live: Mutex::new(live),
            making: Mutex::new(()),
            changed: watch::Sender::new(()),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Live) -> T) -> T {
        let outcome = change(&mut self.live.locked());
        self.changed.send_replace(());
        outcome
    }

    /// Notices every change.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Tells the training to end after its step.
    pub(super) fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.change(|live| {
            if live.status == Status::Running {
                live.status = Status::Stopping;
            }
        });
    }

    /// The training begins, or goes on behind `epochs` and `points`, in the run that pages call `run`.
    pub(super) fn begun(&self, run: String, record: &RunRecord, epochs: &[EpochMetrics], points: Vec<StepPoint>) {
        self.change(|live| {
            live.points = points;
            live.status = if self.stop.load(Ordering::Relaxed) { Status::Stopping } else { Status::Running };
            live.run = Some(run);
            live.record = Some(record.clone());
            let begun = json!({
                "epochs": record.epochs,
                "steps_per_epoch": record.steps_per_epoch,
                "train_images": record.data.train_images,
                "judged_images": record.data.evaluation_images(),
                "judged_on": record.data.evaluated_on.name(),
            });
            live.events.push(Event { kind: "begun", data: begun });
            for metrics in epochs {
                live.epoch(metrics);
            }
        });
    }

    /// The points of the curves, where it is of the run that pages call `run`.
    pub(super) fn points_of(&self, run: &str) -> Option<Vec<StepPoint>> {
        let live = self.live.locked();
        (live.run.as_deref() == Some(run)).then(|| live.points.clone())
    }

    /// Another point of the curves.
    pub(super) fn point(&self, point: StepPoint, shown: Value) {
        self.change(|live| {
            live.points.push(point);
            live.events.push(Event { kind: "point", data: shown });
            live.curves = None;
        });
    }

    /// An epoch is done.
    pub(super) fn epoch(&self, metrics: &EpochMetrics, record: &RunRecord, examination: Examination) {
        self.change(|live| {
            live.record = Some(record.clone());
            live.examination = Some(Arc::new(examination));
            live.epoch(metrics);
        });
    }

    /// Whether it ended because it was stopped.
    pub(super) fn was_stopped(&self) -> bool {
        self.live.locked().status == Status::Stopped
    }

    /// What is to be done for it should this program die now: what was asked, or that its run goes on.
    pub(super) fn kept(&self) -> KeptRun {
        let request = match &self.live.locked().run {
            Some(run) => Request::Resume(Resumed { run: run.clone() }),
            None => self.request.clone(),
        };
        KeptRun { recipe: self.recipe_name.clone(), seed: self.seed, epochs: self.epochs, request }
    }

    /// The run's report is in its folder.
    pub(super) fn has_report(&self) {
        self.change(|live| live.has_report = true);
    }

    /// It is over; a stopped one can go on.
    pub(super) fn ended(&self, status: Status, message: Option<String>) {
        self.change(|live| {
            let shown = json!({ "status": status.name(), "message": message });
            (live.status, live.message) = (status, message);
            live.events.push(Event { kind: "ended", data: shown });
            live.curves = None;
        });
    }

    /// The events behind the first `after`, and how many there are now.
    pub(super) fn events_after(&self, after: usize) -> Vec<(usize, Event)> {
        let live = self.live.locked();
        live.events.iter().enumerate().skip(after).map(|(place, event)| (place + 1, event.clone())).collect()
    }

    /// For pages.
    pub(super) fn shown(&self) -> Value {
        let live = self.live.locked();
        json!({
            "id": self.id,
            "run": live.run,
            "has_report": live.has_report,
            "recipe": self.recipe_name,
            "seed": self.seed,
            "parameters": self.parameters,
            "epochs": self.epochs,
            "epochs_done": live.epochs.len(),
            "judged_on": self.judged_on.name(),
            "status": live.status.name(),
            "message": live.message,
            "last_accuracy": live.epochs.last().map(|epoch| epoch.scores.accuracy()),
            "resumed": matches!(self.order, Order::Resume(_)),
            "resumable": matches!(live.status, Status::Stopped | Status::Failed) && live.run.is_some(),
        })
    }

    /// The curves so far.
    pub(super) fn curves(&self) -> Result<Arc<str>, Failure> {
        let _alone = self.making.locked();
        let (record, epochs, points) = {
            let live = self.live.locked();
            if let Some(curves) = &live.curves {
                return Ok(curves.clone());
            }
            let record = live
                .record
                .clone()
                .ok_or_else(|| Failure::not_found("this run has not begun; it waits for those before it"))?;
            (record, live.epochs.clone(), live.points.clone())
        };
        // Drawn without the lock: the training must not wait for a picture.
        let drawn: Arc<str> = live_curves_fragment(&record, &epochs, &points).into();
        let mut live = self.live.locked();
        if live.points.len() == points.len() && live.epochs.len() == epochs.len() {
            live.curves = Some(drawn.clone());
        }
        Ok(drawn)
    }

    /// What was taken for what after the last epoch.
    pub(super) fn classes(&self) -> Result<Arc<str>, Failure> {
        self.of_last_epoch(|live| &mut live.classes, classes_fragment)
    }

    /// The images not recognised after the last epoch.
    pub(super) fn mistakes(&self) -> Result<Arc<str>, Failure> {
        self.of_last_epoch(|live| &mut live.mistakes, mistakes_fragment)
    }

    fn of_last_epoch(
        &self,
        kept: fn(&mut Live) -> &mut Option<Arc<str>>,
        make: fn(&RunReport<'_>) -> String,
    ) -> Result<Arc<str>, Failure> {
        let _alone = self.making.locked();
        let (record, epochs, examination) = {
            let mut live = self.live.locked();
            if let Some(piece) = kept(&mut live) {
                return Ok(piece.clone());
            }
            let none =
                || Failure::not_found("no epoch was done since this run began or went on; wait for its first one");
            let examination = live.examination.clone().ok_or_else(none)?;
            (live.record.clone().ok_or_else(none)?, live.epochs.clone(), examination)
        };
        let report = RunReport { record: &record, epochs: &epochs, examination: &examination, base: None };
        let made: Arc<str> = make(&report).into();
        let mut live = self.live.locked();
        if live.epochs.len() == epochs.len() {
            *kept(&mut live) = Some(made.clone());
        }
        Ok(made)
    }
}

impl Live {
    fn epoch(&mut self, metrics: &EpochMetrics) {
        self.epochs.push(metrics.clone());
        (self.curves, self.classes, self.mistakes) = (None, None, None);
        let shown = json!({
            "epoch": metrics.epoch,
            "learning_rate": metrics.learning_rate,
            "train_loss": metrics.train_loss,
            "train_accuracy": metrics.train_accuracy,
            "loss": metrics.scores.loss(),
            "accuracy": metrics.scores.accuracy(),
            "errors": metrics.scores.errors(),
            "train_seconds": metrics.train_seconds,
            "evaluation_seconds": metrics.evaluation_seconds,
        });
        self.events.push(Event { kind: "epoch", data: shown });
    }
}
