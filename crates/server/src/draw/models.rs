//! The models that can be drawn for: one that comes with the program, and those of past runs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;

use longhand_data::{MNIST_SIDE, Normalisation};
use longhand_kernels::Isa;
use longhand_model_files::{Classifier, Model, NotPredicted, Prediction, StateDict, read_model};
use longhand_nn::Network;
use longhand_training::StoredRun;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::locked::Locked as _;
use crate::runs::index::RunIndex;

/// What pages call the model that comes with the program.
const BUILT_IN: &str = "built-in";
/// `longhand train under10k`, seed 0, on MNIST: so that a digit can be drawn before anything was trained.
const BUILT_IN_FILE: &[u8] = include_bytes!("../../model/under10k.safetensors");
/// Its accuracy on MNIST's 10,000 test images after its last epoch.
const BUILT_IN_ACCURACY: f64 = 0.9956;
/// Models that are kept ready.
const READY: usize = 4;

/// A model made ready.
pub(crate) struct LoadedModel {
    pub(crate) network: Network,
    pub(crate) normalisation: Normalisation,
    /// One classification at a time: it works in place.
    classifier: Mutex<Classifier>,
    /// Filled in once somebody asks.
    pub(crate) mistakes: OnceLock<Value>,
}

impl LoadedModel {
    fn new(model: Model, isa: Isa) -> Result<Self, NotPredicted> {
        let classifier = model.classifier(isa);
        classifier.ensure_mnist_form()?;
        let Model { network, normalisation, .. } = model;
        Ok(LoadedModel { network, normalisation, classifier: Mutex::new(classifier), mistakes: OnceLock::new() })
    }

    pub(crate) fn classify(&self, pixels: &[u8]) -> Result<Prediction, NotPredicted> {
        self.classifier.locked().classify(pixels)
    }
}

/// What model, as of when.
type Key = (String, Option<SystemTime>);

/// The models asked for lately.
pub(crate) struct Models {
    isa: Isa,
    ready: Mutex<VecDeque<(Key, Arc<LoadedModel>)>>,
}

impl Models {
    pub(crate) fn new(isa: Isa) -> Self {
        Models { isa, ready: Mutex::new(VecDeque::new()) }
    }

    /// Every model that can be drawn for, the built-in one first, then the newest runs.
    pub(crate) fn list(&self, runs: &RunIndex) -> Value {
        let mut of_runs: Vec<_> = runs
            .all()
            .into_iter()
            .filter_map(|found| Some((found.id, found.run.ok()?)))
            .filter(|(_, run)| takes_mnist(run) && run.path.join("model.safetensors").is_file())
            .collect();
        of_runs.sort_by(|a, b| b.1.record.started.cmp(&a.1.record.started));
        let built_in = json!({
            "id": BUILT_IN,
            "name": "under10k, comes with the program",
            "about": "trained on MNIST for 15 epochs from seed 0",
            "parameters": 9_822,
            "accuracy": BUILT_IN_ACCURACY,
            "judged_on": "test",
            "data": "mnist",
            "built_in": true,
        });
        let of_run = |(id, run): (String, Arc<StoredRun>)| {
            let record = &run.record;
            json!({
                "id": id,
                "name": format!("{}, seed {}", run.group(), record.seed),
                "about": format!("trained on {} for {} of {} epochs, {}", record.data.name, run.epochs.len(), record.epochs,
                    record.started.get(..10).unwrap_or_default()),
                "parameters": record.parameters,
                "accuracy": record.result.as_ref().map(|result| result.accuracy.last()),
                "judged_on": record.data.evaluated_on.name(),
                "data": record.data.name,
                "built_in": false,
            })
        };
        std::iter::once(built_in).chain(of_runs.into_iter().map(of_run)).collect()
    }

    /// The model of that name, made ready.
    ///
    /// # Errors
    /// When there is none, its file is damaged, or it looks at something else than MNIST's images.
    pub(crate) fn find(&self, id: &str, runs: &RunIndex) -> Result<Arc<LoadedModel>, Failure> {
        let file = match id {
            BUILT_IN => None,
            id => Some(runs.find(id)?.path.join("model.safetensors")),
        };
        let written = file.as_ref().and_then(|file| file.metadata().ok()?.modified().ok());
        let key = (id.to_owned(), written);
        if let Some((_, model)) = self.ready.locked().iter().find(|(known, _)| *known == key) {
            return Ok(model.clone());
        }
        let model = match &file {
            None => built_in(),
            Some(file) if !file.is_file() => {
                return Err(Failure::not_found("this run has no model yet: not one of its epochs is done"));
            }
            Some(file) => read_model(file).map_err(Failure::refused)?,
        };
        let model = Arc::new(LoadedModel::new(model, self.isa).map_err(Failure::refused)?);
        let mut ready = self.ready.locked();
        ready.retain(|((known, _), _)| known != id);
        ready.push_front((key, model.clone()));
        ready.truncate(READY);
        Ok(model)
    }
}

fn built_in() -> Model {
    let state = StateDict::read(BUILT_IN_FILE).expect("the model that comes with the program is whole");
    state.into_model().expect("the model that comes with the program is whole")
}

fn takes_mnist(run: &StoredRun) -> bool {
    run.record.resolved_recipe.network.input == [1, MNIST_SIDE, MNIST_SIDE]
}

#[cfg(test)]
mod tests {
    use longhand_nn::Summary;

    use super::*;

    #[test]
    fn the_model_that_comes_with_the_program_is_what_is_said_of_it() {
        let model = built_in();
        assert_eq!(model.recipe, "under10k");
        assert_eq!(Summary::of(model.network.spec()).unwrap().parameters(), 9_822);
        LoadedModel::new(model, Isa::detect()).unwrap();
    }
}
