//! The past, asked by device, point and time.
//!
//! ```text
//! journal ──(Packer, some minutes behind)──> segments: readings of one device, a column for each point
//!    └───────────── not packed yet ─────────────┐           │
//!                                               └── Span ───┴──> readings, windows
//! ```
//!
//! A segment is some thousand readings of one device that follow one another: their times once, and
//! each point as a column of packed integers. What comes out is what went in, bit for bit. Late
//! readings are merged in. A question sees what is packed and what is not yet as one. It is bounded
//! ([`READINGS_MAX`]): one that would need more is refused, never answered with a part that looks like
//! the whole. A block that is damaged is left out of answers, put aside and named.
//!
//! Architecture invariant: answers by time, never by journal position.

mod check;
mod column;
mod config;
mod copy;
mod error;
mod mark;
mod merge;
mod near;
mod note;
mod packer;
mod presence;
mod repair;
mod rows;
mod segment;
mod span;
mod store;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::journal::{Archive, Journal};
use crate::model::{DeviceId, Reading, Timestamp};

pub use check::{Checked, check};
pub use config::Config;
pub use copy::copy;
pub use error::HistoryError;
pub use note::{Condition, PutAside};
pub use packer::Packer;
pub use presence::Presence;
pub use rows::Visit as RowVisit;
pub use window::{Asked, Folds, STEPS_MAX, Window, Windows};

use near::{last_before, last_numbers, next_numbers};
use presence::Counting;
use span::Span;

/// Readings that one question may show one by one: a month of one device at 5 seconds, and some.
pub const READINGS_MAX: usize = 600_000;
/// Numbers that are looked at for one question in windows: some seconds of work, and six years of one
/// point at 5 seconds.
const NUMBERS_MAX: usize = 40_000_000;
/// Read connections kept for the next question.
const CONNECTIONS_KEPT: usize = 4;

/// Notes that a backup was brought back: of what was before, something may be missing.
///
/// # Errors
/// [`HistoryError`].
pub fn note_restored(folder: &std::path::Path, now: Timestamp) -> Result<(), HistoryError> {
    note::suspect(&store::open_to_write(folder)?, now)
}

/// Whether the database of the folder was found to be corrupt while it was in use: the next start mends
/// it.
#[must_use]
pub fn needs_mending(folder: &Path) -> bool {
    store::is_marked(folder)
}

struct Inner {
    folder: PathBuf,
    archive: Archive,
    /// Identity of the journal whose readings are not packed yet.
    journal: String,
    clock: SharedClock,
    connections: Mutex<Vec<Connection>>,
    /// The database was found to be corrupt.
    corrupt: CancellationToken,
    /// Segments that were found to be damaged.
    damaged: Mutex<BTreeSet<(DeviceId, Timestamp)>>,
    condition: Mutex<Condition>,
}

/// Access to the past. Clones share it.
#[derive(Clone)]
pub struct History(Arc<Inner>);

impl History {
    /// Opens the past beside its journal, or makes it; the packer is to be run.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn open(
        config: &Config,
        journal: &Journal,
        clock: SharedClock,
    ) -> Result<(Self, Packer), HistoryError> {
        match Self::try_open(config, journal, clock.clone()) {
            Err(HistoryError::Corrupt(_)) => {
                // Found a little later than where a database is looked at when it is opened.
                store::mark_corrupt(journal.folder());
                Self::try_open(config, journal, clock)
            }
            opened => opened,
        }
    }

    /// The past of a folder that a gateway may have in use, to look at only.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn look(folder: &Path, clock: SharedClock) -> Result<Self, HistoryError> {
        let (archive, journal) = Archive::look(folder)?;
        let inner = Inner::new(folder, archive, journal, clock);
        // Whoever only looks leaves no mark for the next start.
        inner.corrupt.cancel();
        Ok(Self(Arc::new(inner)))
    }

    fn try_open(
        config: &Config,
        journal: &Journal,
        clock: SharedClock,
    ) -> Result<(Self, Packer), HistoryError> {
        let connection = store::open_or_mend(journal.folder(), clock.now())?;
        let (archive, identity) = (journal.archive()?, journal.identity().to_owned());
        let inner = Arc::new(Inner::new(journal.folder(), archive, identity, clock.clone()));
        inner.set_condition(note::condition(&connection)?);
        let packer =
            Packer::new(inner.clone(), connection, journal.clone(), config.clone(), clock)?;
        Ok((Self(inner), packer))
    }

    /// Blocks that were found to be damaged and are not put aside yet.
    #[must_use]
    pub fn damaged_blocks(&self) -> usize {
        self.0.damaged.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The damaged blocks of a device are put aside and filled again soon: until then what it said is not
    /// all there.
    #[must_use]
    pub fn waits_for_repair(&self, device: &DeviceId) -> bool {
        let damaged = self.0.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        damaged.iter().any(|(known, _)| known == device)
    }

    /// What was damaged of late.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.0.condition.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What points of a device did in each window. One list for each point asked for, in its order.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn windows(
        &self,
        device: DeviceId,
        asked: Vec<Asked>,
        windows: Windows,
    ) -> Result<Vec<Vec<Window>>, HistoryError> {
        let folds = Folds::new(asked, windows);
        let (from, to) = (folds.windows().start(), folds.windows().end());
        Ok(self.fold(device, folds, from, to).await?.end(self.0.clock.now()))
    }

    /// Gathers what is kept here of `from <= time < to`; the rest may be gathered from elsewhere. With the
    /// first window the last values before it are looked up, with the last one those after it.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn fold(
        &self,
        device: DeviceId,
        mut folds: Folds,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Folds, HistoryError> {
        self.blocking(move |inner, connection| {
            let last = to >= folds.windows().end();
            let counters = folds.asked().iter().any(|asked| asked.counter.is_some());
            let points = folds.points();
            let points: Vec<&str> = points.iter().map(String::as_str).collect();
            if from <= folds.windows().start() {
                folds.take_all(last_numbers(inner, connection, &device, &points, from)?);
            }
            let span = Span::new(inner, connection, &device, from, to)?;
            if span.rows_at_most().saturating_mul(points.len()) > NUMBERS_MAX {
                return Err(HistoryError::TooManyReadings);
            }
            span.numbers(&points, |which, time, value| folds.take(which, time, value))?;
            if counters && last {
                // A counter's step over the end belongs to the last window in part.
                folds.take_all(next_numbers(inner, connection, &device, &points, to)?);
            }
            Ok(folds)
        })
        .await
    }

    /// When the oldest reading of a device is that is kept here, those of a clock that had never been set
    /// left out.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn since(&self, device: DeviceId) -> Result<Option<Timestamp>, HistoryError> {
        self.blocking(move |inner, connection| {
            near::since(inner, connection, &device, near::CLOCKS_SET)
        })
        .await
    }

    /// When the oldest reading of a device is that is kept here, whatever clock it is by.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn first(&self, device: DeviceId) -> Result<Option<Timestamp>, HistoryError> {
        let least = Timestamp::from_ms(i64::MIN);
        self.blocking(move |inner, connection| near::since(inner, connection, &device, least)).await
    }

    /// As [`History::since`], for those who may block.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn since_blocking(&self, device: &DeviceId) -> Result<Option<Timestamp>, HistoryError> {
        self.0.with_connection(|connection| {
            near::since(&self.0, connection, device, near::CLOCKS_SET)
        })
    }

    /// Every measured number of a point in `from <= time < to`, in order.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn numbers(
        &self,
        device: DeviceId,
        points: Vec<String>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Vec<(Timestamp, f64)>>, HistoryError> {
        self.blocking(move |inner, connection| {
            let points: Vec<&str> = points.iter().map(String::as_str).collect();
            let mut numbers = vec![Vec::new(); points.len()];
            let span = Span::new(inner, connection, &device, from, to)?;
            span.numbers(&points, |which, time, value| {
                if let Some(numbers) = numbers.get_mut(which) {
                    numbers.push((time, value));
                }
            })?;
            Ok(numbers)
        })
        .await
    }

    /// Shows the numbers of some points in each reading of `from <= time < to`, in order, until the visitor
    /// breaks off. For those who may block.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn rows_blocking(
        &self,
        device: &DeviceId,
        points: &[&str],
        from: Timestamp,
        to: Timestamp,
        visit: &mut RowVisit<'_>,
    ) -> Result<(), HistoryError> {
        self.0.with_connection(|connection| {
            Span::new(&self.0, connection, device, from, to)?.rows(points, visit)
        })
    }

    /// The points of a device that occur in its newest readings and in its oldest, in order. For those who
    /// may block.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn points_blocking(&self, device: &DeviceId) -> Result<Vec<String>, HistoryError> {
        self.0.with_connection(|connection| near::points(&self.0, connection, device))
    }

    /// Every device of which readings are packed, in order. For those who may block.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn devices_blocking(&self) -> Result<Vec<DeviceId>, HistoryError> {
        self.0.with_connection(store::devices)
    }

    /// The times of the oldest and the newest reading that are packed. For those who may block.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn span_blocking(&self) -> Result<Option<(Timestamp, Timestamp)>, HistoryError> {
        self.0.with_connection(|connection| {
            let oldest = store::oldest_time(connection)?;
            Ok(oldest.zip(store::newest_time(connection)?))
        })
    }

    /// Every device of which readings are packed, in order.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn devices(&self) -> Result<Vec<DeviceId>, HistoryError> {
        self.blocking(|_, connection| store::devices(connection)).await
    }

    /// The points of a device that occur between two times, in order; more may come with them.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn points(
        &self,
        device: DeviceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<String>, HistoryError> {
        self.blocking(move |inner, connection| {
            Ok(Span::new(inner, connection, &device, from, to)?.points()?.into_iter().collect())
        })
        .await
    }

    /// Time of the oldest reading that is packed.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn oldest(&self) -> Result<Option<Timestamp>, HistoryError> {
        self.blocking(|_, connection| store::oldest_time(connection)).await
    }

    /// How many readings of a device there are in each window, and the times between two readings, or
    /// at the ends of the span, that are longer than `longest_ms`.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn presence(
        &self,
        device: DeviceId,
        windows: Windows,
        longest_ms: i64,
    ) -> Result<Presence, HistoryError> {
        self.blocking(move |inner, connection| {
            let (from, to) = (windows.start(), windows.end());
            let span = Span::new(inner, connection, &device, from, to)?;
            let mut counting = Counting::new(&windows, longest_ms);
            span.times(|time| counting.take(time))?;
            Ok(counting.end(to))
        })
        .await
    }

    /// The last readings of a device before `to`, newest first, at most `max`.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn last_before(
        &self,
        device: DeviceId,
        to: Timestamp,
        max: usize,
    ) -> Result<Vec<Reading>, HistoryError> {
        self.blocking(move |inner, connection| last_before(inner, connection, &device, to, max))
            .await
    }

    /// As [`History::last_before`], for those who may block.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn last_before_blocking(
        &self,
        device: &DeviceId,
        to: Timestamp,
        max: usize,
    ) -> Result<Vec<Reading>, HistoryError> {
        self.0.with_connection(|connection| last_before(&self.0, connection, device, to, max))
    }

    /// Shows every reading of a device with `from <= time < to` to `visit`, oldest first, and
    /// gives back what it has gathered.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn walk<S: Send + 'static>(
        &self,
        device: DeviceId,
        from: Timestamp,
        to: Timestamp,
        mut gathered: S,
        mut visit: impl FnMut(&mut S, &Reading) + Send + 'static,
    ) -> Result<S, HistoryError> {
        self.blocking(move |inner, connection| {
            let span = Span::new(inner, connection, &device, from, to)?;
            span.readings(|reading| visit(&mut gathered, reading))?;
            Ok(gathered)
        })
        .await
    }

    /// As [`History::walk`], for those who may block.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn walk_blocking(
        &self,
        device: &DeviceId,
        from: Timestamp,
        to: Timestamp,
        visit: &mut dyn FnMut(&Reading),
    ) -> Result<(), HistoryError> {
        self.0.with_connection(|connection| {
            Span::new(&self.0, connection, device, from, to)?.readings(visit)
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &Connection) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let inner = self.0.clone();
        let task = tokio::task::spawn_blocking(move || {
            inner.with_connection(|connection| work(&inner, connection))
        });
        task.await.map_err(|_| HistoryError::BrokenOff)?
    }
}

impl Inner {
    fn new(folder: &Path, archive: Archive, journal: String, clock: SharedClock) -> Self {
        Self {
            folder: folder.to_owned(),
            archive,
            journal,
            clock,
            connections: Mutex::default(),
            corrupt: CancellationToken::new(),
            damaged: Mutex::default(),
            condition: Mutex::default(),
        }
    }

    /// Answers a question from one state of the database, whatever is packed meanwhile.
    fn with_connection<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        let kept = self.connections.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => store::open_read_only(&self.folder)?,
        };
        let state = connection.unchecked_transaction()?;
        let done = work(&state);
        drop(state);
        if let Err(HistoryError::Corrupt(_)) = &done {
            self.note_corrupt();
        }
        // One that failed may be the reason; another one is opened next time.
        if done.is_ok() {
            let mut kept = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < CONNECTIONS_KEPT {
                kept.push(connection);
            }
        }
        done
    }

    fn set_condition(&self, condition: Condition) {
        *self.condition.lock().unwrap_or_else(PoisonError::into_inner) = condition;
    }

    fn note_corrupt(&self) {
        if !self.corrupt.is_cancelled() {
            tracing::error!("the history's database is corrupt: the next start mends it");
            store::mark_corrupt(&self.folder);
            self.corrupt.cancel();
        }
    }

    fn note_damage(&self, device: &DeviceId, start: Timestamp) {
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        if damaged.insert((device.clone(), start)) {
            tracing::error!(%device, time = start.ms(), "a block of the history is damaged");
        }
    }

    fn has_damaged(&self) -> bool {
        !self.damaged.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn take_damaged(&self) -> BTreeSet<(DeviceId, Timestamp)> {
        std::mem::take(&mut *self.damaged.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
