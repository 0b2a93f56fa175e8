//! How things go, as server-sent events.
//!
//! The events of a job are numbered; a page that was cut off says the last number it saw and gets what came since: no point
//! is lost and none comes twice. The queue and the data are sent whole whenever they change.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::job::Job;
use crate::failure::Failure;
use crate::house::House;

/// The shortest time between two looks at what is new: four times a second is as often as anybody can read.
const PAUSE: Duration = Duration::from_millis(250);
/// Sent where nothing happens, so that both sides notice when the other is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What a page waits before it connects again.
const RETRY: Duration = Duration::from_millis(1000);

/// What a page wants to hear of.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    job: Option<String>,
    after: Option<usize>,
}

/// `GET /api/events`.
pub(crate) async fn stream(
    State(house): State<House>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let place = house.streams.clone().try_acquire_owned();
    let place = place.map_err(|_| Failure::busy("too many pages are listening; close some of them"))?;
    let job = wanted.job.as_deref().map(|id| house.queue.find(id)).transpose()?;
    // The browser's own word, where it reconnects by itself, is newer than the address.
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let listener = Listener {
        queue: house.queue.watch(),
        data: house.data.watch(),
        job_changed: job.as_ref().map(|job| job.watch()),
        after: seen.or(wanted.after).unwrap_or(0),
        is_first: true,
        pending: VecDeque::new(),
        house,
        job,
        _place: place,
    };
    let events = stream::unfold(listener, |mut listener| async {
        let event = listener.next().await;
        Some((Ok(event), listener))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// One page's stream.
struct Listener {
    house: House,
    job: Option<Arc<Job>>,
    queue: watch::Receiver<()>,
    data: watch::Receiver<()>,
    job_changed: Option<watch::Receiver<()>>,
    /// The number of the last event sent.
    after: usize,
    is_first: bool,
    pending: VecDeque<Event>,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return event;
            }
            if !self.is_first {
                tokio::time::sleep(PAUSE).await;
                self.wait().await;
            }
            self.collect();
            self.is_first = false;
        }
    }

    /// Until something has changed.
    async fn wait(&mut self) {
        let job_changed = async {
            match &mut self.job_changed {
                Some(changed) => {
                    // The sender lives as long as the job, which is held here.
                    let mut seen = changed.clone();
                    let _ = seen.changed().await;
                }
                None => std::future::pending().await,
            }
        };
        let (mut queue, mut data) = (self.queue.clone(), self.data.clone());
        tokio::select! {
            () = job_changed => {}
            _ = queue.changed() => {}
            _ = data.changed() => {}
        }
    }

    /// Puts what is new into the list of what is to be sent.
    fn collect(&mut self) {
        let is_new = |changed: &mut watch::Receiver<()>| {
            let new = changed.has_changed().unwrap_or(false);
            // Only what was seen is marked: a change that comes just now is for the next look.
            if new {
                changed.mark_unchanged();
            }
            new
        };
        if is_new(&mut self.data) || self.is_first {
            self.pending.push_back(event("data", &self.house.data.shown()));
        }
        if is_new(&mut self.queue) || self.is_first {
            self.pending.push_back(event("queue", &self.house.queue.shown()).retry(RETRY));
        }
        if let Some(changed) = &mut self.job_changed {
            changed.mark_unchanged();
        }
        if let Some(job) = &self.job {
            for (number, happened) in job.events_after(self.after) {
                self.pending.push_back(event(happened.kind, &happened.data).id(number.to_string()));
                self.after = number;
            }
        }
    }
}

fn event(kind: &str, data: &Value) -> Event {
    Event::default().event(kind).data(data.to_string())
}
