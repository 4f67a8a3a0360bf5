//! The gateway itself on the wire.

use serde::Serialize;

use crate::influx::{Cause, JobStatus, Kept, SinkStatus, Trouble};
use crate::journal::{JournalError, Status};
use crate::source::SourceState;
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

/// A database that readings go to. Its counts are those since its first reading.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Sink {
    name: String,
    kind: &'static str,
    state: &'static str,
    delivered: u64,
    without_line: u64,
    dead_letters: u64,
    dead_letters_waiting: u64,
    resent: u64,
    lag_readings: u64,
    backlog_readings: u64,
    lag_ms: i64,
    fresh_lag_ms: i64,
    last_error: Option<SinkError>,
    jobs: Vec<Job>,
    jobs_done: Vec<Job>,
}

/// What went wrong last at a sink.
#[derive(Debug, Serialize)]
struct SinkError {
    class: &'static str,
    text: Text,
    detail: String,
    time_ms: i64,
}

/// Old readings that are sent once more.
#[derive(Debug, Serialize)]
struct Job {
    id: u64,
    cause: &'static str,
    dead_letters_again: bool,
    from_ms: i64,
    to_ms: i64,
    next_ms: i64,
    lines: u64,
    dead_letters: u64,
    /// Lines to be sent, where that is known.
    of: Option<u64>,
}

impl From<SinkStatus> for Sink {
    fn from(sink: SinkStatus) -> Self {
        Self {
            name: sink.name,
            kind: "influxdb",
            state: sink.state.as_str(),
            delivered: sink.totals.delivered,
            without_line: sink.totals.without_line,
            dead_letters: sink.totals.dead_letters,
            dead_letters_waiting: sink.letters_waiting,
            resent: sink.totals.resent,
            lag_readings: sink.lag_records,
            backlog_readings: sink.backlog_records,
            lag_ms: sink.lag_ms,
            fresh_lag_ms: sink.fresh_lag_ms,
            last_error: sink.last_error.map(SinkError::from),
            jobs: sink.jobs.into_iter().map(Job::from).collect(),
            jobs_done: sink.jobs_done.into_iter().map(Job::from).collect(),
        }
    }
}

impl From<Trouble> for SinkError {
    fn from(trouble: Trouble) -> Self {
        let Trouble { class, text, detail, time } = trouble;
        Self { class, text: text.into(), detail, time_ms: time.ms() }
    }
}

impl From<JobStatus> for Job {
    fn from(job: JobStatus) -> Self {
        Self {
            id: job.id,
            cause: match job.cause {
                Cause::Asked => "asked",
                Cause::Cut => "cut",
            },
            dead_letters_again: job.letters,
            from_ms: job.from.ms(),
            to_ms: job.to.ms(),
            next_ms: job.next.ms(),
            lines: job.lines,
            dead_letters: job.dead_letters,
            of: job.of,
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

/// Lines that a sink refused for good and that have not been tried again.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Letters {
    pub(in crate::web) now_ms: i64,
    pub(in crate::web) letters: Vec<Letter>,
}

/// A line, or a group of them that was refused as a whole.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Letter {
    position: u64,
    time_ms: i64,
    lines: usize,
    line: String,
    device: Option<String>,
    from_ms: i64,
    to_ms: i64,
    status: u16,
    message: String,
}

impl From<Kept> for Letter {
    fn from(kept: Kept) -> Self {
        let letter = kept.letter;
        Self {
            position: kept.position.0,
            time_ms: kept.time.ms(),
            lines: letter.lines,
            line: letter.line,
            device: letter.device,
            from_ms: letter.from_ms,
            to_ms: letter.to_ms,
            status: letter.status,
            message: letter.message,
        }
    }
}
