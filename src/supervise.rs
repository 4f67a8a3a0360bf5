//! Tasks that are watched: a panic is logged and counted, the task is started again, and at
//! shutdown everything is told to stop and waited for.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::tally::{Happening, Tally};

/// Pause before a task that panicked is started again: long enough not to fill the log.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Starts tasks and stops them. Clones share the tasks.
#[derive(Debug, Clone)]
pub struct Supervisor {
    tracker: TaskTracker,
    stop: CancellationToken,
    failed: CancellationToken,
    tally: Tally,
    /// Names of the tasks that run, and how many have each.
    names: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// A task is on the list for as long as this lives.
struct Named {
    name: String,
    names: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Drop for Named {
    fn drop(&mut self) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = names.get_mut(&self.name) {
            *count -= 1;
        }
        names.retain(|_, count| *count > 0);
    }
}

impl Supervisor {
    /// A supervisor without tasks.
    #[must_use]
    pub fn new(tally: Tally) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            failed: CancellationToken::new(),
            tally,
            names: Arc::default(),
        }
    }

    fn named(&self, name: &str) -> Named {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        *names.entry(name.to_owned()).or_default() += 1;
        Named { name: name.to_owned(), names: self.names.clone() }
    }

    /// Cancelled when the tasks of this supervisor have to end.
    #[must_use]
    pub fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs `make()` until it returns; after a panic it is made and run again.
    pub fn spawn<F, Fut>(&self, name: &str, mut make: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let named = self.named(name);
        let tally = self.tally.clone();
        let stop = self.stop.clone();
        let inner = self.tracker.clone();
        self.tracker.spawn(async move {
            while let Err(error) = inner.spawn(make()).await {
                if !error.is_panic() || stop.is_cancelled() {
                    return;
                }
                let name = &named.name;
                tracing::error!(task = %name, "a task panicked and is started again");
                tally.count(Happening::Panic, name);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(RESTART_PAUSE) => {}
                }
            }
        });
    }

    /// Runs a future that the program cannot live without and that cannot be made again: when it
    /// panics, or ends by itself, [`Supervisor::failed`] says so and the program has to end, so
    /// that the system starts it anew.
    pub fn vital<Fut>(&self, name: &str, work: Fut)
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let named = self.named(name);
        let (stop, failed, tally) = (self.stop.clone(), self.failed.clone(), self.tally.clone());
        let task = self.tracker.spawn(work);
        self.tracker.spawn(async move {
            let panicked = task.await.is_err_and(|error| error.is_panic());
            if panicked {
                tally.count(Happening::Panic, &named.name);
            }
            if panicked || !stop.is_cancelled() {
                tracing::error!(task = %named.name, panicked, "a task ended that must not end");
                failed.cancel();
            }
        });
    }

    /// Cancelled when a vital task has ended.
    #[must_use]
    pub fn failed(&self) -> CancellationToken {
        self.failed.clone()
    }

    /// Runs a future once: for short work such as one connection. A panic is counted.
    pub fn once<Fut>(&self, name: &str, work: Fut)
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let named = self.named(name);
        let tally = self.tally.clone();
        let task = self.tracker.spawn(work);
        self.tracker.spawn(async move {
            if task.await.is_err_and(|error| error.is_panic()) {
                tracing::error!(task = %named.name, "a task panicked");
                tally.count(Happening::Panic, &named.name);
            }
        });
    }

    /// Tells all tasks to stop and waits for them; false if some did not stop in time.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        let stopped = tokio::time::timeout(patience, self.tracker.wait()).await.is_ok();
        if !stopped {
            let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            let names: Vec<&str> = names.keys().map(String::as_str).collect();
            tracing::warn!(tasks = names.join(", "), "some did not stop in time");
        }
        stopped
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_panicking_task_is_started_again_and_counted() {
        let tally = Tally::new();
        let supervisor = Supervisor::new(tally.clone());
        let runs = Arc::new(AtomicU32::new(0));
        let seen = runs.clone();
        supervisor.spawn("shaky", move || {
            let runs = seen.clone();
            async move {
                assert!(runs.fetch_add(1, Ordering::SeqCst) >= 2, "shaky on purpose");
            }
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        assert_eq!(tally.total(Happening::Panic), 2);
        assert!(supervisor.stop(Duration::from_secs(1)).await);
    }
}
