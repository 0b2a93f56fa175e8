//! What a training leaves, for Python.

use longhand::{Ended, Epoch, Step};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::model::Model;

/// What a training leaves: the model, a line for each epoch, and how it ended.
///
/// Example:
///     >>> run = longhand.train("sprint", epochs=1)
///     >>> run.history[-1]["accuracy"]
///     0.987
#[pyclass(module = "longhand", frozen, get_all)]
pub struct Run {
    /// The model as it was at the end; where the recipe averages weights, the average, which is what was judged.
    model: Py<Model>,
    /// A dict for each epoch that was done and judged.
    history: Py<PyList>,
    /// "finished", "stopped" or "diverged".
    ended: &'static str,
    /// How it ended, in a sentence.
    ending: String,
    /// The recipe as carried out, overrides and all, as TOML.
    recipe: String,
}

impl Run {
    pub fn of(py: Python<'_>, run: longhand::Run, recipe: &longhand::Recipe) -> PyResult<Self> {
        let epochs: Vec<Bound<'_, PyDict>> = run.epochs.iter().map(|e| epoch_dict(py, e)).collect::<PyResult<_>>()?;
        let (ended, ending) = match run.ended {
            Ended::Finished => ("finished", format!("all {} epochs are done", recipe.epochs())),
            Ended::Stopped { epoch, step, steps } => {
                ("stopped", format!("stopped in epoch {epoch} of {} after {step} of {steps} steps", recipe.epochs()))
            }
            Ended::Diverged { epoch, step, loss } => {
                let advice = "the learning rate is probably too high";
                ("diverged", format!("the loss became {loss} in epoch {epoch} at step {step}: {advice}"))
            }
            // The library may learn to end in other ways.
            other => ("ended", format!("{other:?}")),
        };
        Ok(Run {
            model: Py::new(py, Model::of(run.model))?,
            history: PyList::new(py, epochs)?.unbind(),
            ended,
            ending,
            recipe: recipe.to_toml(),
        })
    }

    pub fn has_diverged(&self) -> bool {
        self.ended == "diverged"
    }

    pub fn ending(&self) -> &str {
        &self.ending
    }
}

#[pymethods]
impl Run {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let history = self.history.bind(py);
        let last = match history.len() {
            0 => String::new(),
            n => format!(", accuracy={}", history.get_item(n - 1)?.get_item("accuracy")?),
        };
        Ok(format!("Run(ended={:?}, epochs={}{last})", self.ended, history.len()))
    }
}

/// An epoch as `on_epoch` and `history` give it.
pub fn epoch_dict<'py>(py: Python<'py>, epoch: &Epoch) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("epoch", epoch.epoch)?;
    dict.set_item("epochs", epoch.epochs)?;
    dict.set_item("learning_rate", epoch.learning_rate)?;
    dict.set_item("train_loss", epoch.train_loss)?;
    dict.set_item("train_accuracy", epoch.train_accuracy)?;
    dict.set_item("judged_on", if epoch.held_out { "held_out" } else { "test" })?;
    dict.set_item("loss", epoch.loss)?;
    dict.set_item("accuracy", epoch.accuracy)?;
    dict.set_item("errors", epoch.errors)?;
    dict.set_item("train_seconds", epoch.train_seconds)?;
    Ok(dict)
}

/// A step as `on_step` gives it.
pub fn step_dict<'py>(py: Python<'py>, step: &Step) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("epoch", step.epoch)?;
    dict.set_item("epochs", step.epochs)?;
    dict.set_item("step", step.step)?;
    dict.set_item("steps", step.steps)?;
    dict.set_item("images", step.images)?;
    dict.set_item("loss", step.loss)?;
    Ok(dict)
}
