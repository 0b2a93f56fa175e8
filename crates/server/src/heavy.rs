//! Work that takes a while, off the threads that answer requests, and not too much of it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::failure::Failure;

/// How many such pieces of work go on at once.
const AT_ONCE: usize = 2;
/// How many may go on or wait; more are refused.
const MOST: usize = 16;

/// Carries out pieces of work that take a while.
pub(crate) struct Heavy {
    places: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
}

impl Heavy {
    pub(crate) fn new() -> Self {
        Heavy { places: Arc::new(Semaphore::new(AT_ONCE)), asked: Arc::new(AtomicUsize::new(0)) }
    }

    /// Runs `work` on a thread of its own once there is a place for it; refuses it where too much waits.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let counted = Counted::new(&self.asked)?;
        let place = self.places.clone().acquire_owned().await.expect("never closed");
        // Place and count go with the work: whoever asked may have left, and the work goes on to its end all the same.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, counted);
            work()
        });
        done.await.map_err(|e| Failure::internal(format!("the work ended in a fault of the program: {e}")))
    }
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(asked: &Arc<AtomicUsize>) -> Result<Self, Failure> {
        let counted = Counted(asked.clone());
        if asked.fetch_add(1, Ordering::Relaxed) >= MOST {
            return Err(Failure::busy("too many requests are being worked on; try again in a moment"));
        }
        Ok(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_at_once_is_refused_and_room_is_made_again() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let heavy = Arc::new(Heavy::new());
            let (release, held) = std::sync::mpsc::channel::<()>();
            let held = Arc::new(std::sync::Mutex::new(held));
            let jobs: Vec<_> = (0..MOST)
                .map(|_| {
                    let (heavy, held) = (heavy.clone(), held.clone());
                    tokio::spawn(async move { heavy.run(move || drop(held.lock().unwrap().recv())).await })
                })
                .collect();
            while heavy.asked.load(Ordering::Relaxed) < MOST {
                tokio::task::yield_now().await;
            }
            assert_eq!(heavy.run(|| ()).await.unwrap_err().status, axum::http::StatusCode::TOO_MANY_REQUESTS);
            drop(release);
            for job in jobs {
                job.await.unwrap().unwrap();
            }
            assert_eq!(heavy.run(|| 7).await, Ok(7));
        });
    }
}
