//! What the web asks of the alerts, so that its routes can be tested without an engine.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;

use crate::alert::{self, AckError, Alert, Silence, SilenceView, Suspect};

/// The answer to what a person said, when it is on disk.
pub type Answer<'a, T = Alert> = Pin<Box<dyn Future<Output = Result<T, AckError>> + Send + 'a>>;

/// A view of the alerts and a way to acknowledge them.
pub trait AlertDesk: Send + Sync {
    /// The open alerts: active, acknowledged and recovering, newest first.
    fn open(&self) -> Vec<Alert>;
    /// The resolved alerts, newest first, at most `limit`.
    fn recent(&self, limit: usize) -> Vec<Alert>;
    /// A number that changes with every change of the lists.
    fn watch(&self) -> watch::Receiver<u64>;
    /// Says that `by` knows of the alert, for so long.
    fn acknowledge<'a>(
        &'a self,
        id: &'a str,
        by: &'a str,
        note: &'a str,
        for_ms: Option<i64>,
    ) -> Answer<'a>;
    /// The silences and maintenance windows.
    fn silences(&self) -> Vec<SilenceView>;
    /// What is about to be an alert.
    fn suspects(&self) -> Answer<'_, Vec<Suspect>>;
    /// Sets one.
    fn silence(&self, silence: Silence) -> Answer<'_, Silence>;
    /// Ends one before its time.
    fn end_silence<'a>(&'a self, id: &'a str, by: &'a str) -> Answer<'a, Silence>;
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

    fn acknowledge<'a>(
        &'a self,
        id: &'a str,
        by: &'a str,
        note: &'a str,
        for_ms: Option<i64>,
    ) -> Answer<'a> {
        Box::pin(Self::acknowledge(self, id, by, note, for_ms))
    }

    fn silences(&self) -> Vec<SilenceView> {
        Self::silences(self)
    }

    fn suspects(&self) -> Answer<'_, Vec<Suspect>> {
        Box::pin(Self::suspects(self))
    }

    fn silence(&self, silence: Silence) -> Answer<'_, Silence> {
        Box::pin(Self::silence(self, silence))
    }

    fn end_silence<'a>(&'a self, id: &'a str, by: &'a str) -> Answer<'a, Silence> {
        Box::pin(Self::end_silence(self, id, by))
    }
}
