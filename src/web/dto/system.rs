//! The gateway itself on the wire.

use serde::Serialize;

use crate::journal::{JournalError, Status};
use crate::source::SourceState;
use crate::web::SinkView;
use crate::web::words;

use super::Text;

/// How the gateway is.
#[derive(Debug, Serialize)]
pub(in crate::web) struct System {
    pub(in crate::web) now_ms: i64,
    pub(in crate::web) journal: Journal,
    pub(in crate::web) sinks: Vec<Sink>,
    pub(in crate::web) sources: Vec<Source>,
    pub(in crate::web) rejected: Vec<Rejected>,
}

/// The journal.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Journal {
    state: &'static str,
    readings_committed: u64,
    position: u64,
    size_bytes: u64,
    disk_free_bytes: u64,
}

impl Journal {
    pub(in crate::web) const fn of(status: &Status, readings_committed: u64) -> Self {
        Self {
            state: match &status.trouble {
                None => "ok",
                Some(JournalError::DiskFull) => "disk_full",
                Some(_) => "failed",
            },
            readings_committed,
            position: status.head.0,
            size_bytes: status.size_bytes,
            disk_free_bytes: status.disk_free_bytes,
        }
    }
}

/// A sink.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Sink {
    name: String,
    kind: &'static str,
    state: &'static str,
    delivered: u64,
    lag_readings: u64,
    lag_ms: u64,
    last_error: Option<String>,
    dead_letters: u64,
}

impl From<SinkView> for Sink {
    fn from(sink: SinkView) -> Self {
        Self {
            name: sink.name,
            kind: sink.kind,
            state: sink.state,
            delivered: sink.delivered,
            lag_readings: sink.lag_records,
            lag_ms: sink.lag_ms,
            last_error: sink.last_error,
            dead_letters: sink.dead_letters,
        }
    }
}

/// A connection or a broker.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Source {
    name: String,
    kind: &'static str,
    state: &'static str,
    devices: usize,
    reason: Option<Text>,
}

impl From<(String, SourceState)> for Source {
    fn from((name, source): (String, SourceState)) -> Self {
        Self {
            name,
            kind: source.kind,
            state: source.health.as_str(),
            devices: source.devices,
            reason: source.fault.map(|fault| fault.text().into()),
        }
    }
}

/// Data that was refused, by reason.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Rejected {
    reason: String,
    text: Text,
    count: u64,
}

impl From<(String, u64)> for Rejected {
    fn from((reason, count): (String, u64)) -> Self {
        let text = words::rejection(&reason).into();
        Self { reason, text, count }
    }
}
