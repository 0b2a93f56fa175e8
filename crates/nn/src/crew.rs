//! Threads that go through the stages of one piece of work together, in one parallel region.
//!
//! A stage is a number of items that wait for none of each other; between stages all meet. A fork and a join for each
//! stage would let threads fall asleep in every meeting, and waking one takes as long as much of a stage. So the thread
//! that calls publishes one stage after the other, and *helpers*, started once, wait for them without falling asleep:
//!
//! ```text
//! caller   publish 0, work, wait until all items are done, meet, publish 1, work, …                       over
//! helper   …start           work, wait                               work, wait for what is published …  return
//! ```
//!
//! **Nobody waits for a helper that does nothing.** Helpers are jobs of the rayon pool, which may have other things to
//! do. The caller waits for items that somebody has claimed, never for a helper to come: one that comes late, or not at
//! all, costs time and nothing else.
//!
//! **Nobody waits for long in a circle.** A thread that waits for jobs of rayon's is given others meanwhile, a helper among
//! them, which then lies on top of what it waits for. If that was a job of an item of the same crew, the caller waits for
//! the item, the item for the job, the job for the helper on top of it, and the helper for the caller. So a helper *leaves*
//! when nothing is published for a while, and the caller starts another in its place with the next stage. Items that have
//! no jobs for rayon make no such circle; where all of them have, [`fork_and_join`] is the better choice.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rayon::prelude::*;

use crate::waiting_room::WaitingRoom;

/// What the board says is published when the work is over.
const OVER: usize = usize::MAX;
/// Looks at the board before a thread takes items that are another's to begin with: some 20 µs, in which one that is
/// awake comes for them.
const HESITATION: usize = 512;
/// How long a helper waits for a stage before it leaves: longer than most stages take.
const STAY: Duration = Duration::from_millis(20);

thread_local! {
    /// Whether this thread is in a crew, be it below other jobs that rayon gave it meanwhile.
    static IN_A_CREW: Cell<bool> = const { Cell::new(false) };
}

/// Items that wait for none of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    /// How many items there are.
    pub items: usize,
    /// Whether each thread begins with its last item.
    pub backwards: bool,
}

/// Runs `work(stage, item)` for every item of every stage on at most `threads` threads of the rayon pool it is called
/// from, and `meet(stage)` on one of them when all items of a stage are done.
///
/// A thread takes the same items in every stage as long as nobody is faster, those that others left after that.
///
/// # Panics
/// When `work` or `meet` does, with what it panicked with; the rest is then left undone.
pub(crate) fn run(
    threads: usize,
    stages: &[Stage],
    work: impl Fn(usize, usize) + Sync,
    mut meet: impl FnMut(usize) + Send,
) {
    if threads <= 1 {
        for (s, stage) in stages.iter().enumerate() {
            in_order(0..stage.items, stage.backwards).for_each(|item| work(s, item));
            meet(s);
        }
        return;
    }
    if rayon::current_thread_index().is_some() {
        together(threads, stages, &work, &mut meet);
    } else {
        rayon::scope(|_| together(threads, stages, &work, &mut meet));
    }
}

/// Does as [`run`] does on all threads of the rayon pool it is called from, with a parallel loop for every stage: for items
/// that have jobs of their own for rayon. Who does which item, and in what order, is rayon's to say.
///
/// # Panics
/// When `work` or `meet` does, with what it panicked with; the rest is then left undone.
pub(crate) fn fork_and_join(stages: &[Stage], work: impl Fn(usize, usize) + Sync, mut meet: impl FnMut(usize)) {
    for (s, stage) in stages.iter().enumerate() {
        (0..stage.items).into_par_iter().with_max_len(1).for_each(|item| work(s, item));
        meet(s);
    }
}

fn together(threads: usize, stages: &[Stage], work: &(impl Fn(usize, usize) + Sync), meet: &mut impl FnMut(usize)) {
    let board = &Board::new(threads, stages);
    // Until the last helper has returned: what the scope waits for, others may not wait for on top of it.
    let _entered = Entered::new();
    rayon::in_place_scope(|scope| {
        let _over = Over(board);
        let helper = || scope.spawn(|_| board.help(work));
        (1..threads).for_each(|_| helper());
        board.lead(work, meet, helper);
    });
}

fn in_order(items: Range<usize>, backwards: bool) -> impl Iterator<Item = usize> {
    let Range { start, end } = items;
    items.map(move |item| if backwards { start + end - 1 - item } else { item })
}

/// What all threads of a crew see.
struct Board<'a> {
    stages: &'a [Stage],
    /// How many stages have been published, or [`OVER`].
    published: Padded<AtomicUsize>,
    /// How many items are done, of all stages.
    done: Padded<AtomicUsize>,
    panicked: AtomicBool,
    /// How many helpers have left since the caller last looked.
    left: AtomicUsize,
    /// Who sits where; a seat decides which items a thread begins with.
    seats: Vec<AtomicBool>,
    /// For every item, the number of stages up to the last in which it was claimed.
    claims: Vec<Padded<AtomicUsize>>,
    helpers: WaitingRoom,
    caller: WaitingRoom,
}

/// In a cache line of its own, or in two, which some processors fetch together.
#[derive(Default)]
#[repr(align(128))]
struct Padded<T>(T);

impl<'a> Board<'a> {
    fn new(threads: usize, stages: &'a [Stage]) -> Self {
        let most = stages.iter().map(|stage| stage.items).max().unwrap_or(0);
        Board {
            stages,
            published: Padded::default(),
            done: Padded::default(),
            panicked: AtomicBool::new(false),
            left: AtomicUsize::new(0),
            seats: (0..threads).map(|_| AtomicBool::new(false)).collect(),
            claims: (0..most).map(|_| Padded::default()).collect(),
            helpers: WaitingRoom::default(),
            caller: WaitingRoom::default(),
        }
    }

    /// What the caller does; `helper` starts another helper.
    fn lead(&self, work: &impl Fn(usize, usize), meet: &mut impl FnMut(usize), helper: impl Fn()) {
        let seat = self.sit();
        let mut items = 0;
        for (s, stage) in self.stages.iter().enumerate() {
            // What they would have waited for in vain is over.
            for _ in 0..self.left.swap(0, Ordering::Relaxed) {
                helper();
            }
            if stage.items > 0 {
                self.published.0.store(s + 1, Ordering::SeqCst);
                self.helpers.announce();
                self.work(seat, s, work);
                items += stage.items;
                let panicked = || self.panicked.load(Ordering::SeqCst);
                self.caller.wait(|| self.done.0.load(Ordering::SeqCst) == items || panicked());
                if panicked() {
                    // The scope has the panic and goes on with it.
                    return;
                }
            }
            meet(s);
        }
    }

    /// What a helper does.
    fn help(&self, work: &impl Fn(usize, usize)) {
        if IN_A_CREW.get() {
            // On top of its own caller or of another's, which would have to wait for it.
            self.left.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let _entered = Entered::new();
        let seat = self.sit();
        let mut seen = 0;
        while seen < self.stages.len() {
            let published = || self.published.0.load(Ordering::SeqCst);
            if !self.helpers.wait_at_most(STAY, || published() > seen) {
                self.seats[seat].store(false, Ordering::Relaxed);
                self.left.fetch_add(1, Ordering::Relaxed);
                return;
            }
            seen = published();
            if seen == OVER {
                return;
            }
            self.work(seat, seen - 1, work);
        }
    }

    /// Takes the seat that this thread had the last time, if it is free, else the next.
    fn sit(&self) -> usize {
        let seats = self.seats.len();
        let wanted = rayon::current_thread_index().unwrap_or(0);
        let free = |seat: &usize| !self.seats[*seat].swap(true, Ordering::Relaxed);
        (0..seats).map(|offset| (wanted + offset) % seats).find(free).unwrap_or(wanted % seats)
    }

    /// Does items of stage `s` until none is left to claim: first those of `seat`, then those of the seats after it.
    fn work(&self, seat: usize, s: usize, work: &impl Fn(usize, usize)) {
        let seats = self.seats.len();
        let Stage { items, backwards } = self.stages[s];
        let share = |seat: usize| items * seat / seats..items * (seat + 1) / seats;
        let mut done = 0;
        for item in in_order(share(seat), backwards) {
            done += self.claim(s, item, work) as usize;
        }
        if done == 0 {
            self.hesitate(s);
        }
        for other in (1..seats).map(|offset| (seat + offset) % seats) {
            // What its owner would come to last.
            for item in in_order(share(other), !backwards) {
                self.claim(s, item, work);
            }
        }
    }

    /// Leaves items to threads that had them in the stage before, as long as those may be on their way.
    fn hesitate(&self, s: usize) {
        let claimed = || self.claims[..self.stages[s].items].iter().all(|claim| claim.0.load(Ordering::Relaxed) > s);
        for _ in 0..HESITATION {
            if claimed() {
                return;
            }
            std::hint::spin_loop();
        }
    }

    /// Does an item of stage `s` if nobody has claimed it, and says whether it did.
    fn claim(&self, s: usize, item: usize, work: &impl Fn(usize, usize)) -> bool {
        let claim = &self.claims[item].0;
        let before = claim.load(Ordering::Relaxed);
        // A thread that is late finds every item of its stage claimed, since no other is published before.
        let claimed = before <= s && claim.compare_exchange(before, s + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok();
        if claimed {
            let mut claimed = Claimed { board: self, finished: false };
            work(s, item);
            claimed.finished = true;
        }
        claimed
    }
}

/// An item that somebody works on; done when dropped, if need be by a panic.
struct Claimed<'a> {
    board: &'a Board<'a>,
    finished: bool,
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.board.panicked.store(true, Ordering::SeqCst);
        }
        self.board.done.0.fetch_add(1, Ordering::SeqCst);
        self.board.caller.announce();
    }
}

/// Sends the helpers home when dropped, if need be by a panic.
struct Over<'a>(&'a Board<'a>);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.published.0.store(OVER, Ordering::SeqCst);
        self.0.helpers.announce();
    }
}

/// Marks this thread as one of a crew until dropped.
struct Entered {
    before: bool,
}

impl Entered {
    fn new() -> Self {
        Entered { before: IN_A_CREW.replace(true) }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        IN_A_CREW.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use rayon::prelude::*;

    use super::{IN_A_CREW, Stage, fork_and_join, run};

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    fn stages(items: &[usize]) -> Vec<Stage> {
        items.iter().enumerate().map(|(s, &items)| Stage { items, backwards: s % 2 == 1 }).collect()
    }

    /// Ends the process when `work` takes a minute: a test that waits forever tells nobody why.
    fn within_a_minute<R: Send>(what: &str, work: impl FnOnce() -> R + Send) -> R {
        let (over, wait) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if wait.recv_timeout(Duration::from_secs(60)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    eprintln!("{what}: still waiting after a minute");
                    std::process::abort();
                }
            });
            let result = work();
            drop(over);
            result
        })
    }

    /// How stages are run, and whether their items have jobs of their own for rayon.
    #[derive(Clone, Copy)]
    enum How {
        Crew,
        CrewWithJobs,
        ForkAndJoin,
    }

    /// Runs stages of these numbers of items, and checks that each item is done once, all of them before its meeting.
    fn check(threads: usize, items: &[usize], how: How) {
        let before = IN_A_CREW.get();
        let done: Vec<Vec<AtomicUsize>> =
            items.iter().map(|&items| (0..items).map(|_| AtomicUsize::new(0)).collect()).collect();
        let met = Mutex::new(Vec::new());
        let work = |stage: usize, item: usize| {
            assert_eq!(met.lock().unwrap().len(), stage, "a stage before the meeting of the one before it");
            if !matches!(how, How::Crew) {
                jobs();
            }
            done[stage][item].fetch_add(1, Ordering::SeqCst);
        };
        let meet = |stage: usize| {
            assert!(done[stage].iter().all(|done| done.load(Ordering::SeqCst) == 1), "{stage}: {:?}", done[stage]);
            met.lock().unwrap().push(stage);
        };
        match how {
            How::Crew | How::CrewWithJobs => run(threads, &stages(items), work, meet),
            How::ForkAndJoin => fork_and_join(&stages(items), work, meet),
        }
        assert_eq!(*met.lock().unwrap(), (0..items.len()).collect::<Vec<_>>());
        assert_eq!(IN_A_CREW.get(), before);
    }

    /// Jobs for rayon, long enough to be stolen, and for whoever stole one to wait for another.
    fn jobs() {
        (0..8).into_par_iter().with_max_len(1).for_each(|_| {
            let end = Instant::now() + Duration::from_micros(20);
            while Instant::now() < end {
                std::hint::spin_loop();
            }
        });
    }

    #[test]
    fn every_item_is_done_once_and_before_its_meeting() {
        within_a_minute("stages", || {
            for threads in [1, 2, 3, 8, 20] {
                let pool = pool(threads);
                for _ in 0..50 {
                    for how in [How::Crew, How::ForkAndJoin] {
                        pool.install(|| check(threads, &[0, 8, 8, 8, 1, 30, 2], how));
                        pool.install(|| check(threads, &[3; 20], how));
                        pool.install(|| check(threads, &[], how));
                    }
                }
            }
        });
    }

    /// The crew is as large as is asked for, whatever the pool has.
    #[test]
    fn more_or_fewer_threads_than_the_pool_has() {
        within_a_minute("other numbers", || {
            for (threads, of_pool) in [(5, 2), (5, 1), (2, 8)] {
                let pool = pool(of_pool);
                for _ in 0..50 {
                    pool.install(|| check(threads, &[4, 0, 9], How::Crew));
                }
            }
        });
    }

    #[test]
    fn a_caller_outside_any_pool() {
        within_a_minute("from outside", || (0..50).for_each(|_| check(3, &[4, 0, 9], How::Crew)));
    }

    /// One thread of the pool is away all the time, as far as the crew can tell.
    #[test]
    fn a_helper_that_never_comes_is_not_waited_for() {
        within_a_minute("a helper that never comes", || {
            let pool = pool(2);
            let (come, wait) = std::sync::mpsc::channel::<()>();
            let met = AtomicUsize::new(0);
            pool.scope(|scope| {
                scope.spawn(move |_| wait.recv().unwrap());
                run(
                    2,
                    &stages(&[4, 4]),
                    |_, _| {},
                    |_| {
                        // Only all meetings together let the other thread go.
                        if met.fetch_add(1, Ordering::SeqCst) == 1 {
                            come.send(()).unwrap();
                        }
                    },
                );
            });
        });
    }

    /// A helper may lie on top of a job that an item waits for; it must leave.
    #[test]
    fn items_with_jobs_do_not_wait_in_a_circle() {
        within_a_minute("items with jobs", || {
            for threads in [3, 8] {
                let pool = pool(threads);
                (0..100).for_each(|_| pool.install(|| check(threads, &[2, 2, 2], How::CrewWithJobs)));
            }
        });
    }

    /// Crews in jobs of one pool, whose items have jobs of their own, each of which may lie on top of any other.
    #[test]
    fn many_crews_in_one_pool_do_not_wait_in_a_circle() {
        within_a_minute("many crews", || {
            for threads in [2, 3, 8] {
                let pool = pool(threads);
                pool.install(|| {
                    (0..8).into_par_iter().with_max_len(1).for_each(|crew| {
                        let how = [How::Crew, How::CrewWithJobs, How::ForkAndJoin][crew % 3];
                        for _ in 0..10 {
                            check(threads, &[1 + crew % 3, 4, 0, 2], how);
                        }
                    });
                });
            }
        });
    }

    /// An item may run a crew of its own.
    #[test]
    fn a_crew_in_an_item_of_another() {
        within_a_minute("nested crews", || {
            let pool = pool(4);
            for _ in 0..20 {
                pool.install(|| run(4, &stages(&[4, 4]), |_, _| check(4, &[2, 3], How::CrewWithJobs), |_| {}));
            }
        });
    }

    #[test]
    fn a_panic_on_any_thread_is_the_callers() {
        within_a_minute("panics", || {
            for threads in [1, 2, 4] {
                let pool = pool(threads);
                for bad in 0..4 {
                    let work = |stage: usize, item: usize| {
                        std::thread::sleep(Duration::from_millis(1));
                        if (stage, item) == (1, bad) {
                            std::panic::panic_any(bad);
                        }
                    };
                    let met = AtomicUsize::new(0);
                    let meet = |_| {
                        met.fetch_add(1, Ordering::SeqCst);
                    };
                    let of_item = std::panic::AssertUnwindSafe(|| run(threads, &stages(&[4, 4, 4]), work, meet));
                    let panic = pool.install(|| std::panic::catch_unwind(of_item)).unwrap_err();
                    assert_eq!(*panic.downcast::<usize>().unwrap(), bad);
                    assert_eq!(met.load(Ordering::SeqCst), 1, "a meeting without all items");

                    let of_meeting = || run(threads, &stages(&[4, 4]), |_, _| {}, |_| std::panic::panic_any(bad));
                    let panic = pool.install(|| std::panic::catch_unwind(of_meeting)).unwrap_err();
                    assert_eq!(*panic.downcast::<usize>().unwrap(), bad);
                    pool.install(|| check(threads, &[4, 4], How::Crew));
                }
            }
        });
    }
}
