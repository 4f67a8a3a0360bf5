//! What the web asks of the alerts, so that its routes can be tested without an engine.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;

use crate::alert::{self, AckError, Alert};

/// The answer to an acknowledgement, when it is on disk.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Alert, AckError>> + Send + 'a>>;

/// A view of the alerts and a way to acknowledge them.
pub trait AlertDesk: Send + Sync {
    /// The open alerts: active, acknowledged and recovering, newest first.
    fn open(&self) -> Vec<Alert>;
    /// The resolved alerts, newest first, at most `limit`.
    fn recent(&self, limit: usize) -> Vec<Alert>;
    /// A number that changes with every change of the lists.
    fn watch(&self) -> watch::Receiver<u64>;
    /// Says that `by` knows of the alert.
    fn acknowledge<'a>(&'a self, id: &'a str, by: &'a str, note: &'a str) -> Answer<'a>;
}

impl AlertDesk for alert::Handle {
    fn open(&self) -> Vec<Alert> {
        Self::open(self)
    }

    fn recent(&self, limit: usize) -> Vec<Alert> {
        Self::recent(self, limit)
    }

    fn watch(&self) -> watch::Receiver<u64> {
        Self::watch(self)
    }

    fn acknowledge<'a>(&'a self, id: &'a str, by: &'a str, note: &'a str) -> Answer<'a> {
        Box::pin(Self::acknowledge(self, id, by, note))
    }
}
