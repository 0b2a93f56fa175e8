//! What the machine can do at most: multiply-adds, reading memory, copying within the cache.

use std::sync::Barrier;
use std::time::Instant;

use longhand_kernels::{Isa, peak};
use serde::Serialize;

/// A figure for one thread and for all of them at once.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Both {
    /// One thread alone.
    pub one_thread: f64,
    /// All threads together.
    pub all_threads: f64,
}

/// A measured bandwidth.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bandwidth {
    /// In 10⁹ bytes a second.
    pub gb_per_second: Both,
    /// Bytes that each thread goes over again and again.
    pub bytes_per_thread: Both,
}

/// Bytes of memory read: many times what caches hold.
const MEMORY: usize = 256 << 20;
/// Bytes of both buffers of a copy: within a second-level cache, beyond a first-level one.
const CACHED: usize = 256 << 10;

/// The most floating-point operations a second, in GFLOP/s, on one thread and on `threads`: the best of several tries.
pub fn peak_gflops(isa: Isa, threads: usize) -> Both {
    // A few milliseconds a try, and the best of many: on a machine with neighbours the others show the neighbours.
    let rounds = if matches!(isa, Isa::Plain) { 100_000 } else { 1_000_000 };
    both(threads, |threads| best_rate(threads, 40, || (), |()| peak::multiply_adds(isa, rounds)))
}

/// How fast memory far larger than the caches is read.
pub fn memory_read(threads: usize) -> Bandwidth {
    let words = |threads: usize| MEMORY / threads / size_of::<u64>();
    let rate = |threads: usize| {
        let buffer = || (0..words(threads) as u64).collect::<Vec<u64>>();
        best_rate(threads, 4, buffer, |buffer| {
            std::hint::black_box(sum(buffer));
            size_of_val(&buffer[..]) as u64
        })
    };
    let bytes = |threads: usize| (words(threads) * size_of::<u64>()) as f64;
    Bandwidth { gb_per_second: both(threads, rate), bytes_per_thread: both(threads, bytes) }
}

/// How fast bytes are copied within the second-level cache; each is counted twice, as read and as written.
pub fn cache_copy(threads: usize) -> Bandwidth {
    const TIMES: usize = 100;
    let rate = |threads: usize| {
        let buffers = || (vec![1u8; CACHED / 2], vec![2u8; CACHED / 2]);
        best_rate(threads, 40, buffers, |(from, to)| {
            for _ in 0..TIMES {
                to.copy_from_slice(std::hint::black_box(from));
                std::hint::black_box(&to);
            }
            (TIMES * CACHED) as u64
        })
    };
    Bandwidth { gb_per_second: both(threads, rate), bytes_per_thread: both(threads, |_| CACHED as f64) }
}

/// The sum of all words, in as many chains as the compiler can make vectors of.
fn sum(words: &[u64]) -> u64 {
    let mut sums = [0u64; 32];
    for chunk in words.chunks_exact(32) {
        for (sum, word) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*word);
        }
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}

fn both(threads: usize, measure: impl Fn(usize) -> f64) -> Both {
    Both { one_thread: measure(1), all_threads: measure(threads) }
}

/// The highest rate, in 10⁹ a second, at which `threads` threads do `work` at once, of so many tries.
///
/// Each thread does `prepare` once; `work` says how much it did. All begin a try together, and it ends with the last.
fn best_rate<T>(
    threads: usize,
    tries: usize,
    prepare: impl Fn() -> T + Sync,
    work: impl Fn(&mut T) -> u64 + Sync,
) -> f64 {
    let barrier = Barrier::new(threads);
    let one = || {
        let mut state = prepare();
        let mut done = Vec::with_capacity(tries);
        for _ in 0..tries {
            barrier.wait();
            let started = Instant::now();
            let amount = work(&mut state);
            done.push((amount, started.elapsed().as_secs_f64()));
        }
        done
    };
    let done: Vec<Vec<(u64, f64)>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        handles.into_iter().map(|h| h.join().expect("measuring does not panic")).collect()
    });
    let rate = |t: usize| {
        let amount: u64 = done.iter().map(|thread| thread[t].0).sum();
        amount as f64 / done.iter().map(|thread| thread[t].1).fold(0.0, f64::max) / 1e9
    };
    (0..tries).map(rate).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::{best_rate, sum};

    #[test]
    fn every_word_is_read() {
        assert_eq!(sum(&(0..64).collect::<Vec<u64>>()), 63 * 32);
    }

    #[test]
    fn a_rate_counts_all_threads() {
        let slept = |amount: &mut u64| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            *amount
        };
        let rate = best_rate(3, 2, || 1_000_000, slept);
        assert!(rate > 0.0 && rate <= 3.0 * 1e6 / 5e-3 / 1e9, "{rate}");
    }
}
