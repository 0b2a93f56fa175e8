//! Training from Python: callbacks and Ctrl-C on the caller's thread, the work on others.
//!
//! Python delivers Ctrl-C to its main thread alone, and callbacks had best run where `train` was called. So the training has
//! a thread of its own, which asks this one, and waits for the answer, where there is a callback to ask; this one lets
//! other Python threads run while it listens.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use longhand::{Data, Epoch, Recipe, Step, Training};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeWarning};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::data::{Source, data};
use crate::error::{TrainingInterrupted, refused};
use crate::run::{Run, epoch_dict, step_dict};
use crate::settings::settings;

/// How long Ctrl-C may go unheard.
const LISTEN: Duration = Duration::from_millis(50);

/// Of images given without test images, one in so many is held out to judge by.
const HELD_OUT_OF: usize = 10;

/// Trains a network and returns a `Run`: the model, its history, how it ended.
///
/// The same data, recipe and seed give the same weights, bit for bit, on every machine and number of threads.
///
/// Args:
///     recipe: the name of a built-in recipe (see `recipes()`; "default" where left out), a path to a TOML file, or its text.
///     data: None (MNIST as `load_data("auto")` finds it), "mnist", "strokes", a folder with MNIST's files, or
///         (images, labels): uint8 N×28×28 and whole numbers 0 to 9.
///     test: (images, labels) to judge by, where `data` is arrays; without it a tenth of the images is held out.
///     hold_out: so many training images, the last ones, are not trained on, and judged on instead of test images.
///     on_epoch: called with a dict after every epoch; returning False ends the training.
///     on_step: called with a dict after every step; returning False ends the training.
///     threads: how many; all of the machine's by default. They decide nothing but the time.
///     **overrides: fields of the recipe: epochs=3, learning_rate=0.05, seed=1, augmentation__rotation=5 (a double
///         underscore for the dot) or **{"augmentation.rotation": 5}.
///
/// Ctrl-C stops it within a step (while data are fetched or an epoch is judged, after that) and raises `TrainingInterrupted`, a KeyboardInterrupt whose attribute `run` holds what was
/// learned; where nobody caught it, an interactive session finds it in `sys.last_value.run`. An exception of a callback
/// stops the training and is raised as it is.
///
/// Example:
///     >>> run = longhand.train("sprint", epochs=1, on_epoch=print)
///     >>> run.model.save("model.safetensors")
#[pyfunction]
#[pyo3(signature = (recipe=None, *, data=None, test=None, hold_out=None, on_epoch=None, on_step=None, threads=None,
    **overrides))]
#[allow(clippy::too_many_arguments)]
pub fn train(
    py: Python<'_>,
    recipe: Option<RecipeSource>,
    data: Option<Source<'_>>,
    test: Option<Source<'_>>,
    hold_out: Option<usize>,
    on_epoch: Option<Bound<'_, PyAny>>,
    on_step: Option<Bound<'_, PyAny>>,
    threads: Option<usize>,
    overrides: Option<&Bound<'_, PyDict>>,
) -> PyResult<Run> {
    let settings = settings(overrides)?;
    let recipe = recipe_of(recipe)
        .and_then(|r| r.set_all(settings.iter().map(|(field, value)| (field.as_str(), value.clone()))))
        .map_err(refused)?;
    let data = self::data(py, data, test)?;
    let mut training = Training::new(recipe.clone());
    if let Some(threads) = threads {
        training = training.threads(threads);
    }
    if let Some(hold_out) = hold_out {
        training = training.hold_out(hold_out);
    } else if data.test().is_empty() {
        training = training.hold_out((data.train().len() / HELD_OUT_OF).max(1));
    }
    let callbacks = Callbacks { on_epoch, on_step };
    let (run, raised) = callbacks.attend(py, training, &data)?;
    let run = Run::of(py, run, &recipe)?;
    match raised {
        None => {
            if run.has_diverged() {
                let text = std::ffi::CString::new(run.ending())?;
                PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 1)?;
            }
            Ok(run)
        }
        Some(interrupt) if interrupt.is_instance_of::<PyKeyboardInterrupt>(py) => {
            let kept = "what was learned is this exception's `run` (in an interactive session, sys.last_value.run)";
            let error = TrainingInterrupted::new_err(format!("{}; {kept}", run.ending()));
            error.value(py).setattr("run", Py::new(py, run)?)?;
            Err(error)
        }
        Some(error) => Err(error),
    }
}

/// The names of the built-in recipes, each with a sentence about it.
///
/// Example:
///     >>> longhand.recipes()["sprint"]
///     'Three epochs, 9 seconds on two cores: …'
#[pyfunction]
pub fn recipes(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    for name in Recipe::names() {
        let recipe = Recipe::named(&name).map_err(refused)?;
        all.set_item(name, recipe.about())?;
    }
    Ok(all)
}

/// What `recipe` may be.
#[derive(FromPyObject)]
pub enum RecipeSource {
    /// A name, a file's name that ends in `.toml`, or a text, which has lines.
    Text(String),
    /// A `pathlib.Path`.
    Path(PathBuf),
}

/// The recipe that was asked for; `default` where none was.
fn recipe_of(recipe: Option<RecipeSource>) -> Result<Recipe, longhand::Error> {
    match recipe {
        None => Recipe::named("default"),
        Some(RecipeSource::Text(text)) if text.contains('\n') => Recipe::from_toml(&text),
        Some(RecipeSource::Text(path)) if path.ends_with(".toml") => Recipe::load(path),
        Some(RecipeSource::Text(name)) => Recipe::named(&name),
        Some(RecipeSource::Path(path)) => Recipe::load(path),
    }
}

/// Who is asked after steps and epochs.
struct Callbacks<'py> {
    on_epoch: Option<Bound<'py, PyAny>>,
    on_step: Option<Bound<'py, PyAny>>,
}

/// What the training's thread says to the caller's.
enum Event {
    Step(Step),
    Epoch(Epoch),
    Done,
}

/// The training's end of the line.
struct Line {
    events: Sender<Event>,
    answers: Receiver<ControlFlow<()>>,
}

impl Line {
    /// Asks the caller's thread and waits for its answer; a line that is dead says stop.
    fn ask(&self, event: Event) -> ControlFlow<()> {
        if self.events.send(event).is_err() {
            return ControlFlow::Break(());
        }
        self.answers.recv().unwrap_or(ControlFlow::Break(()))
    }
}

impl Callbacks<'_> {
    /// Carries the training out on a thread of its own, calling back and listening for Ctrl-C on this one. Returns what
    /// was learned and what was raised meanwhile.
    fn attend(&self, py: Python<'_>, training: Training<'_>, data: &Data) -> PyResult<(longhand::Run, Option<PyErr>)> {
        let (event_sender, mut events) = channel();
        let (answers, answer_receiver) = channel();
        let done = event_sender.clone();
        let line = Mutex::new(Line { events: event_sender, answers: answer_receiver });
        let ask = |event| line.lock().map_or(ControlFlow::Break(()), |line| line.ask(event));
        let stop = AtomicBool::new(false);
        let (asks_epochs, asks_steps) = (self.on_epoch.is_some(), self.on_step.is_some());
        let training = training
            .on_step(|step| {
                if stop.load(Ordering::Relaxed) {
                    return ControlFlow::Break(());
                }
                if asks_steps { ask(Event::Step(*step)) } else { ControlFlow::Continue(()) }
            })
            .on_epoch(|epoch| if asks_epochs { ask(Event::Epoch(*epoch)) } else { ControlFlow::Continue(()) });
        thread::scope(|scope| {
            let worker = scope.spawn(move || {
                let run = training.run(data);
                // Nobody listens any more only where the caller's thread has given up.
                let _ = done.send(Event::Done);
                run
            });
            let mut raised: Option<PyErr> = None;
            loop {
                let event;
                (events, event) = py.detach(move || {
                    let event = events.recv_timeout(LISTEN);
                    (events, event)
                });
                if raised.is_none() {
                    raised = py.check_signals().err();
                }
                match event {
                    Ok(Event::Done) | Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) if worker.is_finished() => break,
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(event) => {
                        let answer = match raised {
                            Some(_) => Ok(ControlFlow::Break(())),
                            None => self.answer(py, event),
                        };
                        let answer = answer.unwrap_or_else(|error| {
                            raised = Some(error);
                            ControlFlow::Break(())
                        });
                        // A training that has ended since needs no answer.
                        let _ = answers.send(answer);
                    }
                }
                stop.store(raised.is_some(), Ordering::Relaxed);
            }
            let run = py.detach(|| worker.join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((run.map_err(refused)?, raised))
        })
    }

    /// What the callback says to an event: False means stop.
    fn answer(&self, py: Python<'_>, event: Event) -> PyResult<ControlFlow<()>> {
        let (callback, argument) = match event {
            Event::Step(step) => (&self.on_step, step_dict(py, &step)?),
            Event::Epoch(epoch) => (&self.on_epoch, epoch_dict(py, &epoch)?),
            Event::Done => return Ok(ControlFlow::Continue(())),
        };
        let Some(callback) = callback else { return Ok(ControlFlow::Continue(())) };
        let answer = callback.call1((argument,))?;
        // numpy's False is one too; 0 and None are not.
        let stop = answer.extract::<bool>().is_ok_and(|go_on| !go_on);
        Ok(if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}
