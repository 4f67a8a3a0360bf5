//! What time it is. Nobody else asks the system.
//!
//! Waiting is tokio's business (its clock is monotonic and can be paused in tests); this is the
//! wall clock only, the one that is written beside readings.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::time::Instant;

use crate::model::Timestamp;

/// A clock that moved otherwise than time did, or that is so far ahead of what was last written, is
/// not trusted with deleting.
const STEP_MS_MAX: i64 = 3600 * 1000;
const AHEAD_MS_MAX: i64 = 30 * 24 * 3600 * 1000;

/// The wall clock.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// A clock that is handed from room to room.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    // The one place where the system is asked.
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that stands still until it is set: for tests and for replaying the past.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.ms()))
    }

    /// Moves the clock to `now`.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.ms(), Ordering::SeqCst);
    }

    /// Moves the clock on by `ms` milliseconds.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Whether the wall clock can be trusted with saying what is old enough to be deleted: a clock that
/// jumps must not cost a year of readings.
#[derive(Debug)]
pub struct Trust {
    /// Wall clock and time at the start, while the two agree.
    start: Option<(Timestamp, Instant)>,
}

impl Trust {
    /// From now on, beside the time of what was written last.
    #[must_use]
    pub fn new(now: Timestamp, newest: Option<Timestamp>) -> Self {
        let ahead = newest.is_some_and(|newest| now.since_ms(newest) > AHEAD_MS_MAX);
        if ahead {
            tracing::warn!("the clock is far ahead of the newest record: nothing old is dropped");
        }
        Self { start: (!ahead).then(|| (now, Instant::now())) }
    }

    /// Whether `now` is still what the start and the time since then make of it; once it is not, never
    /// again.
    pub fn holds(&mut self, now: Timestamp) -> bool {
        let Some((wall, since)) = self.start else { return false };
        let passed_ms = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        if now.since_ms(wall).saturating_sub(passed_ms).abs() <= STEP_MS_MAX {
            return true;
        }
        tracing::warn!("the clock was set: nothing old is dropped until the next start");
        self.start = None;
        false
    }
}
