//! Waiting for other threads: awake while news is likely, asleep after that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Looks between two offers of the core to other threads: a few microseconds.
const LOOKS: usize = 64;
/// How long a thread stays awake without news. Waking it takes a twentieth of that, where it takes long.
const PATIENCE: Duration = Duration::from_millis(1);

/// Where threads wait until something has come about, which whoever brings it about announces.
#[derive(Debug, Default)]
pub(crate) struct WaitingRoom {
    asleep: AtomicUsize,
    door: Mutex<()>,
    announcement: Condvar,
}

impl WaitingRoom {
    /// Returns when `there` does; it must read what is announced in sequentially consistent order.
    pub(crate) fn wait(&self, there: impl Fn() -> bool) {
        while !self.wait_at_most(Duration::MAX, &there) {}
    }

    /// Returns true when `there` does, which must read what is announced in sequentially consistent order, or false after
    /// about so long.
    pub(crate) fn wait_at_most(&self, long: Duration, there: impl Fn() -> bool) -> bool {
        let mut since = None;
        loop {
            for _ in 0..LOOKS {
                if there() {
                    return true;
                }
                std::hint::spin_loop();
            }
            let waited = since.get_or_insert_with(Instant::now).elapsed();
            if waited < PATIENCE {
                std::thread::yield_now();
            } else if waited < long {
                self.sleep(long - waited, &there);
            } else {
                return false;
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

    fn sleep(&self, long: Duration, there: &impl Fn() -> bool) {
        let door = self.door();
        self.asleep.fetch_add(1, Ordering::SeqCst);
        if !there() {
            drop(self.announcement.wait_timeout(door, long));
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
                scope.spawn(|| (1..=4).for_each(|n| room.wait(|| news.load(Ordering::SeqCst) >= n)));
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
    fn who_waits_long_leaves_the_core_to_others_and_goes_after_a_while() {
        let (room, looks, started) = (WaitingRoom::default(), AtomicUsize::new(0), Instant::now());
        let long = Duration::from_millis(100);
        let never = || looks.fetch_add(1, Ordering::SeqCst) > 10_000_000;
        assert!(!room.wait_at_most(long, never));
        assert!(started.elapsed() >= long);
        assert!(looks.load(Ordering::SeqCst) < 1_000_000, "{looks:?} looks in a tenth of a second");
        assert!(room.wait_at_most(long, || true));
    }
}
