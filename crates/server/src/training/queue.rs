//! The runs that wait, the one that goes on, and those that ended lately.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use longhand_nn::Summary;
use longhand_training::{EvaluatedOn, Recipe};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::job::{Job, Order, Status};
use crate::failure::Failure;
use crate::locked::Locked as _;

/// Runs that may wait.
const MOST_WAITING: usize = 32;
/// Ended runs that are remembered.
const MOST_ENDED: usize = 20;

/// One run goes on at a time, in the order in which they were asked for.
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    /// Wakes the thread that trains.
    more: Condvar,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Inner {
    /// What the names of this process's jobs begin with: a page of an earlier process must not meet another run by the name
    /// of its own.
    prefix: String,
    count: u64,
    waiting: VecDeque<Arc<Job>>,
    running: Option<Arc<Job>>,
    ended: VecDeque<Arc<Job>>,
    closed: bool,
}

impl Queue {
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let inner = Inner { prefix: format!("{since:x}"), ..Inner::default() };
        Queue { inner: Mutex::new(inner), more: Condvar::new(), changed: watch::Sender::new(()) }
    }

    /// Puts a run at the end.
    ///
    /// # Errors
    /// When too many wait, or the very run waits already or goes on.
    pub(super) fn add(
        &self,
        recipe: &Recipe,
        judged_on: EvaluatedOn,
        order: Order,
        command: String,
    ) -> Result<Arc<Job>, Failure> {
        let parameters = Summary::of(&recipe.network).map_err(Failure::refused)?.parameters();
        let mut inner = self.inner.locked();
        if inner.waiting.len() >= MOST_WAITING {
            return Err(Failure::busy(format!("{MOST_WAITING} runs wait already; let some of them finish first")));
        }
        if inner.closed {
            return Err(Failure::busy("the app is being shut down; start it again, and the run then"));
        }
        if let Order::Resume(folder) = &order {
            let is_same = |job: &&Arc<Job>| matches!(&job.order, Order::Resume(other) if other == folder);
            if inner.waiting.iter().chain(&inner.running).find(is_same).is_some() {
                return Err(Failure::not_yet("this run waits already, or goes on"));
            }
        }
        inner.count += 1;
        let job = Arc::new(Job::new(
            format!("{}-{}", inner.prefix, inner.count),
            recipe,
            parameters,
            judged_on,
            order,
            command,
        ));
        inner.waiting.push_back(job.clone());
        drop(inner);
        self.more.notify_one();
        self.changed.send_replace(());
        Ok(job)
    }

    /// The job of that name.
    pub(super) fn find(&self, id: &str) -> Result<Arc<Job>, Failure> {
        let inner = self.inner.locked();
        let found = inner.waiting.iter().chain(&inner.running).chain(&inner.ended).find(|job| job.id == id).cloned();
        found.ok_or_else(|| Failure::not_found("that run is not in the queue any more; see the room Runs"))
    }

    /// Takes a waiting job out, or tells the running one to stop.
    pub(super) fn stop(&self, id: &str) -> Result<Arc<Job>, Failure> {
        let job = self.find(id)?;
        let mut inner = self.inner.locked();
        if let Some(place) = inner.waiting.iter().position(|waiting| waiting.id == id) {
            inner.waiting.remove(place);
            job.ended(Status::Stopped, Some("Taken out of the queue before it began.".to_owned()));
            inner.remember(job.clone());
        } else {
            job.ask_to_stop();
        }
        drop(inner);
        self.changed.send_replace(());
        Ok(job)
    }

    /// Whether a run goes on.
    pub(super) fn is_training(&self) -> bool {
        self.inner.locked().running.is_some()
    }

    /// Whether nothing more begins.
    pub(super) fn is_closed(&self) -> bool {
        self.inner.locked().closed
    }

    /// Waits for the next job; `None` once the queue is closed.
    pub(super) fn next(&self) -> Option<Arc<Job>> {
        let mut inner = self.inner.locked();
        let job = loop {
            if inner.closed {
                return None;
            }
            match inner.waiting.pop_front() {
                Some(job) => break job,
                None => inner = self.more.wait(inner).unwrap_or_else(PoisonError::into_inner),
            }
        };
        inner.running = Some(job.clone());
        drop(inner);
        self.changed.send_replace(());
        Some(job)
    }

    /// Puts the job that went on among those that ended.
    pub(super) fn done(&self, job: Arc<Job>) {
        let mut inner = self.inner.locked();
        inner.running = None;
        inner.remember(job);
        drop(inner);
        self.changed.send_replace(());
    }

    /// Says that the present job has changed.
    pub(super) fn touch(&self) {
        self.changed.send_replace(());
    }

    /// Lets nothing more begin and stops what goes on; gives, for each run that was still waiting, what to type for it.
    pub(crate) fn close(&self) -> Vec<String> {
        let mut inner = self.inner.locked();
        inner.closed = true;
        if let Some(job) = &inner.running {
            job.ask_to_stop();
        }
        let waiting = inner.waiting.iter().map(|job| job.command.clone()).collect();
        drop(inner);
        self.more.notify_all();
        self.changed.send_replace(());
        waiting
    }

    /// Notices every change.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// For pages.
    pub(super) fn shown(&self) -> Value {
        let inner = self.inner.locked();
        let list = |jobs: &VecDeque<Arc<Job>>| jobs.iter().map(|job| job.shown()).collect::<Vec<_>>();
        json!({
            "running": inner.running.as_ref().map(|job| job.shown()),
            "waiting": list(&inner.waiting),
            "ended": list(&inner.ended),
        })
    }
}

impl Inner {
    fn remember(&mut self, job: Arc<Job>) {
        self.ended.push_front(job);
        self.ended.truncate(MOST_ENDED);
    }
}

#[cfg(test)]
mod tests {
    use longhand_training::built_in;

    use super::*;

    fn add(queue: &Queue) -> Result<Arc<Job>, Failure> {
        let recipe = Recipe::from_toml("seed", built_in("seed").unwrap(), &[]).unwrap();
        queue.add(&recipe, EvaluatedOn::Test, Order::New(Box::new(recipe.clone())), "longhand train seed".to_owned())
    }

    #[test]
    fn runs_go_in_their_order_and_no_more_wait_than_may() {
        let queue = Queue::new();
        let first = add(&queue).unwrap();
        let second = add(&queue).unwrap();
        assert_eq!(queue.next().unwrap().id, first.id);
        assert!(queue.is_training());
        queue.stop(&second.id).unwrap();
        assert_eq!(second.shown()["status"], "stopped");
        queue.done(first);
        assert!(!queue.is_training());
        for _ in 0..MOST_WAITING {
            add(&queue).unwrap();
        }
        assert_eq!(add(&queue).err().unwrap().status, 429);
        assert_eq!(queue.close(), vec!["longhand train seed"; MOST_WAITING]);
        assert!(queue.next().is_none());
    }
}
