//! Hears when threads of other people's code panic, and keeps them quiet.
//!
//! rumqttd unwraps a mutex in every connection: after one panic at the wrong place it accepts
//! connections and drops them all, and nothing in its interface tells. The only witness is the
//! process's panic hook, so this room adds one that answers for the named threads and hands every
//! other panic on to the hook that was there before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once, PoisonError};

use tokio::sync::Notify;

static WATCHED: Mutex<BTreeMap<String, Arc<Notify>>> = Mutex::new(BTreeMap::new());

/// Watches threads by name until it is dropped.
#[derive(Debug)]
pub(super) struct PanicGuard {
    threads: Vec<String>,
    heard: Arc<Notify>,
}

impl PanicGuard {
    pub(super) fn of(threads: &[String]) -> Self {
        install_hook();
        let heard = Arc::new(Notify::new());
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads {
            watched.insert(thread.clone(), heard.clone());
        }
        Self { threads: threads.to_vec(), heard }
    }

    /// Waits for a panic; one that came before this call counts.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in &self.threads {
            watched.remove(thread);
        }
    }
}

fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
            match thread.name().and_then(|name| watched.get(name)) {
                Some(heard) => heard.notify_one(),
                None => {
                    drop(watched);
                    before(info);
                }
            }
        }));
    });
}
