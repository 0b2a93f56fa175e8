//! Waiting for other threads: awake while news is likely, asleep after that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Looks between two offers of the core to other threads: a few microseconds.
const LOOKS: usize = 64;
/// How long a thread stays awake without news. Waking it takes a twentieth of that, where it takes long.
const PATIENCE: Duration = Duration::from_millis(1);
/// How long it sleeps at most: nobody wakes it for a job that rayon could give it.
const NAP: Duration = Duration::from_millis(1);

/// Where threads wait until something has come about, which whoever brings it about announces.
#[derive(Debug, Default)]
pub(crate) struct WaitingRoom {
    asleep: AtomicUsize,
    door: Mutex<()>,
    announcement: Condvar,
}

impl WaitingRoom {
    /// Returns when `there` does; it must read what is announced in sequentially consistent order.
    ///
    /// Jobs that rayon has meanwhile are run, where `with_jobs`.
    pub(crate) fn wait(&self, with_jobs: bool, there: impl Fn() -> bool) {
        let mut since = None;
        loop {
            for _ in 0..LOOKS {
                if there() {
                    return;
                }
                std::hint::spin_loop();
            }
            if with_jobs && rayon::yield_now() == Some(rayon::Yield::Executed) {
                since = None;
                continue;
            }
            if since.get_or_insert_with(Instant::now).elapsed() < PATIENCE {
                std::thread::yield_now();
            } else {
                self.sleep(&there);
            }
        }
    }

    /// Wakes those who sleep; to be called after what they wait for was stored in sequentially consistent order.
    pub(crate) fn announce(&self) {
        // Either this sees who is about to sleep, or that one sees what is announced.
        if self.asleep.load(Ordering::SeqCst) > 0 {
            drop(self.door());
            self.announcement.notify_all();
        }
    }

    fn sleep(&self, there: &impl Fn() -> bool) {
        let door = self.door();
        self.asleep.fetch_add(1, Ordering::SeqCst);
        if !there() {
            drop(self.announcement.wait_timeout(door, NAP));
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }

    fn door(&self) -> MutexGuard<'_, ()> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use super::WaitingRoom;

    #[test]
    fn news_reaches_those_awake_and_those_asleep() {
        let (room, news) = (WaitingRoom::default(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (1..=4).for_each(|n| room.wait(false, || news.load(Ordering::SeqCst) >= n)));
            }
            for n in 1..=4 {
                std::thread::sleep(Duration::from_millis(if n % 2 == 0 { 5 } else { 0 }));
                news.store(n, Ordering::SeqCst);
                room.announce();
            }
        });
        assert_eq!(room.asleep.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn who_waits_long_leaves_the_core_to_others() {
        let (room, looks) = (WaitingRoom::default(), AtomicUsize::new(0));
        let end = Instant::now() + Duration::from_millis(100);
        room.wait(false, || looks.fetch_add(1, Ordering::SeqCst) > 10_000_000 || Instant::now() >= end);
        assert!(looks.load(Ordering::SeqCst) < 1_000_000, "{looks:?} looks in a tenth of a second");
    }

    /// A job that only the waiting thread can run is run.
    #[test]
    fn jobs_are_run_meanwhile() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let (room, news) = (WaitingRoom::default(), AtomicUsize::new(0));
        pool.in_place_scope(|scope| {
            let (room, news) = (&room, &news);
            scope.spawn(move |scope| {
                scope.spawn(move |_| {
                    news.store(1, Ordering::SeqCst);
                    room.announce();
                });
                room.wait(true, || news.load(Ordering::SeqCst) == 1);
            });
        });
    }
}
