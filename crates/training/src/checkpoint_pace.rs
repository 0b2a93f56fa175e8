//! How often a run keeps a checkpoint.

use std::time::{Duration, Instant};

use crate::train::Occasion;

/// How old a checkpoint gets within an epoch, where writing one takes no time to speak of.
const WITHIN_AN_EPOCH: Duration = Duration::from_secs(30);
/// How old one gets, whatever writing it takes.
const AT_MOST: Duration = Duration::from_secs(60);
/// As many times as long as writing a checkpoint takes, none is written: so they cost at most a hundredth of the time.
const REST: u32 = 100;

/// Says when the next checkpoint is due.
#[derive(Debug)]
pub(crate) struct Pace {
    last: Instant,
    /// What writing the last one took; nothing before the first.
    took: Duration,
    /// Within an epoch so often instead, for tests.
    every: Option<Duration>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Pace { last: Instant::now(), took: Duration::ZERO, every: None }
    }

    /// Has checkpoints within an epoch written as soon as the last one is `every` old.
    pub(crate) fn set(&mut self, every: Duration) {
        self.every = Some(every);
    }

    /// Notes that a checkpoint was written, from `begun` until now.
    pub(crate) fn written(&mut self, begun: Instant) {
        self.last = Instant::now();
        self.took = self.last.duration_since(begun);
    }

    pub(crate) fn is_due(&self, occasion: Occasion) -> bool {
        match (occasion, self.every) {
            (Occasion::Step, Some(every)) => self.last.elapsed() >= every,
            _ => is_due(occasion, self.last.elapsed(), self.took),
        }
    }
}

/// Whether one is due when the last is `age` old and took `took`.
fn is_due(occasion: Occasion, age: Duration, took: Duration) -> bool {
    let rest = took.saturating_mul(REST);
    match occasion {
        Occasion::Stopped => true,
        Occasion::EpochDone => age >= rest.min(AT_MOST),
        Occasion::Step => age >= rest.clamp(WITHIN_AN_EPOCH, AT_MOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn checkpoints_take_a_hundredth_of_the_time_and_none_gets_older_than_a_minute() {
        assert!(is_due(Occasion::Stopped, ms(0), ms(9_000)), "always");
        assert!(is_due(Occasion::EpochDone, ms(0), ms(0)), "before the first nobody knows what one takes");
        assert!(!is_due(Occasion::EpochDone, ms(499), ms(5)) && is_due(Occasion::EpochDone, ms(500), ms(5)));
        assert!(!is_due(Occasion::Step, ms(29_999), ms(5)) && is_due(Occasion::Step, ms(30_000), ms(5)));
        assert!(!is_due(Occasion::Step, ms(49_999), ms(500)) && is_due(Occasion::Step, ms(50_000), ms(500)));
        for occasion in [Occasion::Step, Occasion::EpochDone] {
            assert!(!is_due(occasion, ms(59_999), ms(5_000)) && is_due(occasion, ms(60_000), ms(5_000)));
        }
    }

    #[test]
    fn what_writing_takes_is_counted_from_the_last_one() {
        let mut pace = Pace::new();
        assert!(pace.is_due(Occasion::EpochDone) && !pace.is_due(Occasion::Step));
        pace.written(Instant::now() - ms(20_000));
        assert!(!pace.is_due(Occasion::EpochDone) && pace.is_due(Occasion::Stopped));
        pace.set(Duration::ZERO);
        assert!(pace.is_due(Occasion::Step) && !pace.is_due(Occasion::EpochDone));
    }
}
