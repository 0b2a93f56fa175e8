//! Work that takes a while, off the threads that answer requests, and not too much of it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::failure::Failure;

/// Carries out pieces of work that take a while.
pub(crate) struct Heavy {
    places: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
    most: usize,
}

impl Heavy {
    /// `at_once` pieces go on at once; up to `most` may go on or wait, and more are refused.
    pub(crate) fn new(at_once: usize, most: usize) -> Self {
        Heavy { places: Arc::new(Semaphore::new(at_once)), asked: Arc::new(AtomicUsize::new(0)), most }
    }

    /// Runs `work` on a thread of its own once there is a place for it; refuses it where too much waits.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let counted = Counted::new(&self.asked, self.most)?;
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
    fn new(asked: &Arc<AtomicUsize>, most: usize) -> Result<Self, Failure> {
        let counted = Counted(asked.clone());
        if asked.fetch_add(1, Ordering::Relaxed) >= most {
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

    const MOST: usize = 5;

    #[test]
    fn too_much_at_once_is_refused_and_room_is_made_again() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let heavy = Arc::new(Heavy::new(2, MOST));
            let (release, held) = std::sync::mpsc::channel::<()>();
            let held = Arc::new(std::sync::Mutex::new(held));
            let jobs: Vec<_> = (0..MOST)
                .map(|_| {
                    let (heavy, held) = (heavy.clone(), held.clone());
                    tokio::spawn(async move { heavy.run(move || held.lock().unwrap().recv().is_err()).await })
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
