//! The runs that wait, the one that goes on, and those that ended lately.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use longhand_nn::Summary;
use longhand_report::StepPoint;
use longhand_training::{EvaluatedOn, Recipe};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::job::{Job, Order, Status};
use super::kept_queue::{KeptQueue, KeptRun, Request};
use crate::failure::Failure;
use crate::locked::Locked as _;

/// Runs that may wait.
const MOST_WAITING: usize = 32;
/// Ended runs that are remembered.
const MOST_ENDED: usize = 20;

/// The runs that were still waiting when the app ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftWaiting {
    /// What to type for each of them.
    pub commands: Vec<String>,
    /// Whether the next app on the same runs offers them.
    pub kept: bool,
}

/// One run goes on at a time, in the order in which they were asked for.
pub(crate) struct Queue {
    /// Locked before what is kept: a run that goes from what was left into the queue is in one of both at any moment.
    inner: Mutex<Inner>,
    kept: KeptQueue,
    /// Held while what was left is queued again or forgotten, from its first run to its last.
    settling: Mutex<()>,
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
    /// An empty queue, and what an earlier app on the same runs left of its own.
    pub(crate) fn new(runs: &Path) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let inner = Inner { prefix: format!("{since:x}"), ..Inner::default() };
        let kept = KeptQueue::open(runs);
        let (more, changed) = (Condvar::new(), watch::Sender::new(()));
        Queue { inner: Mutex::new(inner), kept, settling: Mutex::new(()), more, changed }
    }

    /// Puts a run at the end; where it is one of those an earlier app `left`, it is not left any more.
    ///
    /// # Errors
    /// When too many wait, or the very run waits already or goes on.
    pub(super) fn add(
        &self,
        recipe: &Recipe,
        judged_on: EvaluatedOn,
        order: Order,
        command: String,
        request: Request,
        left: Option<&KeptRun>,
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
            request,
        ));
        inner.waiting.push_back(job.clone());
        if let Some(left) = left {
            self.kept.is_queued(left);
        }
        drop(inner);
        self.save();
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

    /// The points of the curves that a job which has ended made of the run that pages call `run`; none where no such job is
    /// remembered.
    pub(super) fn points_of(&self, run: &str) -> Vec<StepPoint> {
        self.inner.locked().ended.iter().find_map(|job| job.points_of(run)).unwrap_or_default()
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
        self.save();
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
        // One that was stopped because the program ends is to go on with the next one, and stays on disk.
        let is_over = !inner.closed || !job.was_stopped();
        inner.remember(job);
        drop(inner);
        if is_over {
            self.kept.save(|| self.to_keep());
        }
        self.changed.send_replace(());
    }

    /// Says that the present job has a run now.
    pub(super) fn begun(&self) {
        self.save();
        self.touch();
    }

    /// Says that the present job has changed.
    pub(super) fn touch(&self) {
        self.changed.send_replace(());
    }

    /// Lets nothing more begin and stops what goes on.
    pub(crate) fn close(&self) -> LeftWaiting {
        self.inner.locked().closed = true;
        // Before the present one is told to stop: one that a person stopped is not to go on by itself.
        self.kept.save(|| self.to_keep());
        let inner = self.inner.locked();
        if let Some(job) = &inner.running {
            job.ask_to_stop();
        }
        let commands = inner.waiting.iter().map(|job| job.command.clone()).collect();
        drop(inner);
        self.more.notify_all();
        self.changed.send_replace(());
        LeftWaiting { commands, kept: self.kept.is_kept() }
    }

    /// What an earlier app left.
    pub(super) fn left(&self) -> Vec<KeptRun> {
        self.kept.left()
    }

    /// To be held by whoever queues again what was left: of two who do at once, each run goes to one.
    pub(super) fn settle_left(&self) -> MutexGuard<'_, ()> {
        self.settling.locked()
    }

    /// What an earlier app left is not wanted any more.
    pub(super) fn forget_left(&self) {
        let _alone = self.settle_left();
        self.kept.forget_left();
        self.save();
        self.changed.send_replace(());
    }

    /// Keeps the queue on disk, unless it is closed: then it was kept as it was.
    fn save(&self) {
        if !self.is_closed() {
            self.kept.save(|| self.to_keep());
        }
    }

    /// What was left, what goes on, unless it was told to stop, and what waits.
    fn to_keep(&self) -> Vec<KeptRun> {
        let inner = self.inner.locked();
        let running = inner.running.iter().filter(|job| !job.stop.load(Ordering::Relaxed));
        let present = running.chain(&inner.waiting).map(|job| job.kept());
        self.kept.left().into_iter().chain(present).collect()
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
            "left": self.kept.shown(),
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
        let asked = serde_json::from_str(r#"{"recipe":"seed"}"#).unwrap();
        let (order, command) = (Order::New(Box::new(recipe.clone())), "longhand train seed".to_owned());
        queue.add(&recipe, EvaluatedOn::Test, order, command, Request::New(asked), None)
    }

    #[test]
    fn runs_go_in_their_order_and_no_more_wait_than_may() {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::new(folder.path());
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
        let left = LeftWaiting { commands: vec!["longhand train seed".to_owned(); MOST_WAITING], kept: true };
        assert_eq!(queue.close(), left);
        assert!(queue.next().is_none());
    }
}
