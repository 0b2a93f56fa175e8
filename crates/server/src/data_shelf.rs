//! The data set, which is looked for, and perhaps downloaded, while the app is there already.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use longhand_data::Dataset;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::failure::Failure;
use crate::locked::Locked as _;

/// How often whoever waits for the data looks again.
const LOOK: Duration = Duration::from_millis(50);

/// How the data stand.
#[derive(Clone, Debug)]
enum Standing {
    /// On their way; how far, in words.
    Loading(String),
    /// Here.
    Ready(Arc<Dataset>, Option<String>),
    /// Not to be had: why.
    Failed(String),
}

/// The data set, once it is there.
pub(crate) struct DataShelf {
    standing: Mutex<Standing>,
    changed: watch::Sender<()>,
}

impl DataShelf {
    pub(crate) fn new() -> Self {
        let standing = Mutex::new(Standing::Loading("The data are being looked for.".to_owned()));
        DataShelf { standing, changed: watch::Sender::new(()) }
    }

    fn set(&self, standing: Standing) {
        *self.standing.locked() = standing;
        self.changed.send_replace(());
    }

    /// Says how far loading has come.
    pub(crate) fn loading(&self, words: String) {
        self.set(Standing::Loading(words));
    }

    /// Puts the data there; `fallback` says why they are not what was asked for, where they are not.
    pub(crate) fn put(&self, data: Dataset, fallback: Option<String>) {
        self.set(Standing::Ready(Arc::new(data), fallback));
    }

    /// Says why there are none.
    pub(crate) fn fail(&self, why: String) {
        self.set(Standing::Failed(why));
    }

    /// The data.
    ///
    /// # Errors
    /// When they are not there yet, or cannot be had.
    pub(crate) fn get(&self) -> Result<Arc<Dataset>, Failure> {
        match &*self.standing.locked() {
            Standing::Ready(data, _) => Ok(data.clone()),
            Standing::Loading(words) => Err(Failure::not_yet(format!("{words} Try again in a moment"))),
            Standing::Failed(why) => Err(Failure::never(format!("there are no data: {why}"))),
        }
    }

    /// The data, once they are there; `None` when `given_up` says so before.
    ///
    /// # Errors
    /// When they cannot be had.
    pub(crate) fn wait(&self, given_up: impl Fn() -> bool) -> Result<Option<Arc<Dataset>>, Failure> {
        while !given_up() {
            match self.get() {
                Err(failure) if failure.status == StatusCode::CONFLICT => std::thread::sleep(LOOK),
                known => return known.map(Some),
            }
        }
        Ok(None)
    }

    /// Notices every change.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// For pages.
    pub(crate) fn shown(&self) -> Value {
        match &*self.standing.locked() {
            Standing::Loading(words) => json!({ "state": "loading", "text": words }),
            Standing::Failed(why) => json!({ "state": "failed", "text": why }),
            Standing::Ready(data, fallback) => json!({
                "state": "ready",
                "name": data.name,
                "text": fallback.clone().unwrap_or_else(|| format!("{}, {}", in_words(&data.name), data.source)),
                "is_fallback": fallback.is_some(),
                "train_images": data.train.len(),
                "test_images": data.test.len(),
            }),
        }
    }
}

fn in_words(name: &str) -> &str {
    match name {
        "mnist" => "MNIST",
        "strokes" => "the built-in stroke digits, not MNIST",
        other => other,
    }
}
