//! The past, asked by device, point and time.
//!
//! For now a thin room over the journal's own archive: every question reads the readings of the
//! span from disk, in pages, and folds them while they come, so memory does not grow with the
//! span. The number of readings per question is bounded ([`READINGS_MAX`]); a question that would
//! need more is refused, never answered with a part that looks like the whole.
//!
//! Architecture invariant: answers by time, never by journal position.

use std::sync::Arc;

use crate::journal::{Archive, JournalError};
use crate::model::{DeviceId, Quality, Reading, Timestamp};

/// Readings that one question may read: a month of one device at 5 seconds, and some.
pub const READINGS_MAX: usize = 600_000;
/// Steps that one series may have: the points a chart can show, with room.
pub const STEPS_MAX: i64 = 10_000;
/// Readings fetched from the archive in one go; bounds memory and how long it is held.
const PAGE: usize = 2_000;
/// Readings searched at each end of a span for a value of the point. A slow register table is
/// read every 60th cycle, so this sees it at least three times.
const SEARCH_MAX: usize = 200;

/// Why the past was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The archive could not be read.
    #[error("the archive did not answer")]
    Journal(#[from] JournalError),
    /// More readings in the span than one question may read.
    #[error("more than {READINGS_MAX} readings in the span")]
    TooManyReadings,
    /// More steps than one series may have, or a step that is not positive.
    #[error("a series has 1 to {STEPS_MAX} steps of at least 1 ms")]
    BadSteps,
    /// The thread that read was stopped or panicked.
    #[error("the search was broken off")]
    BrokenOff,
}

/// A value of a counter at two times: the first and the last of a span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FirstAndLast {
    /// Time and value of the first one.
    pub first: (Timestamp, f64),
    /// Time and value of the last one; the same as the first when there is only one.
    pub last: (Timestamp, f64),
}

/// Access to the past. Clones share one connection.
#[derive(Clone)]
pub struct History(Arc<Archive>);

impl History {
    /// The past as this archive has it.
    #[must_use]
    pub fn new(archive: Archive) -> Self {
        Self(Arc::new(archive))
    }

    /// Mean of a point in each step from `from` to `to`; `None` where nothing was measured. The
    /// means are over readings, not over time: devices are read at even intervals.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn series_mean(
        &self,
        device: DeviceId,
        point: &str,
        from: Timestamp,
        to: Timestamp,
        step_ms: i64,
    ) -> Result<Vec<(Timestamp, Option<f64>)>, HistoryError> {
        let steps = series_steps(from, to, step_ms)?;
        let point = point.to_owned();
        let mut sums = vec![(0.0, 0_u32); steps];
        sums = self
            .walk(device, from, to, sums, move |sums, reading| {
                let step = reading.time.since_ms(from) / step_ms;
                let slot = usize::try_from(step).ok().and_then(|step| sums.get_mut(step));
                if let (Some(slot), Some(value)) = (slot, measured(reading, &point)) {
                    *slot = (slot.0 + value, slot.1 + 1);
                }
            })
            .await?;
        let start = |step: i64| from.plus_ms(step.saturating_mul(step_ms));
        let mean = |(sum, n): (f64, u32)| (n > 0).then(|| sum / f64::from(n));
        Ok((0..).map(start).zip(sums.into_iter().map(mean)).collect())
    }

    /// The first and the last value of a point in `from <= time < to`; `None` when there is none.
    /// Looks at the first and the last 200 readings of the span only, so a point that appears
    /// more rarely than that is not found.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn first_and_last(
        &self,
        device: DeviceId,
        point: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Option<FirstAndLast>, HistoryError> {
        let point = point.to_owned();
        self.blocking(move |archive| {
            let value = |reading: &Reading| Some((reading.time, measured(reading, &point)?));
            let head = archive.readings(&device, from, to, SEARCH_MAX)?;
            let Some(first) = head.iter().find_map(value) else { return Ok(None) };
            let tail = archive.last_before(&device, to, SEARCH_MAX)?;
            let last = tail.iter().filter(|reading| reading.time >= from).find_map(value);
            Ok(Some(FirstAndLast { first, last: last.unwrap_or(first) }))
        })
        .await
    }

    /// The last readings of a device before `to`, newest first, at most `max` (and 200).
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn last_before(
        &self,
        device: DeviceId,
        to: Timestamp,
        max: usize,
    ) -> Result<Vec<Reading>, HistoryError> {
        self.blocking(move |archive| Ok(archive.last_before(&device, to, max.min(SEARCH_MAX))?))
            .await
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
        self.blocking(move |archive| {
            let mut seen = 0;
            let mut start = from;
            loop {
                let page = archive.readings(&device, start, to, PAGE)?;
                let full = page.len() >= PAGE;
                let newest = page.last().map_or(start, |reading| reading.time);
                // A full page may end amid readings of one time: they belong to the next page,
                // unless the page holds nothing else.
                let whole = !full || newest == start;
                for reading in page.iter().filter(|reading| whole || reading.time < newest) {
                    seen += 1;
                    visit(&mut gathered, reading);
                }
                if !full {
                    return Ok(gathered);
                }
                if seen > READINGS_MAX {
                    return Err(HistoryError::TooManyReadings);
                }
                start = if whole { newest.plus_ms(1) } else { newest };
            }
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Archive) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let archive = self.0.clone();
        let task = tokio::task::spawn_blocking(move || work(&archive));
        task.await.map_err(|_| HistoryError::BrokenOff)?
    }
}

fn series_steps(from: Timestamp, to: Timestamp, step_ms: i64) -> Result<usize, HistoryError> {
    if step_ms < 1 {
        return Err(HistoryError::BadSteps);
    }
    let steps = to.since_ms(from).max(0).checked_add(step_ms - 1).map(|ms| ms / step_ms);
    match steps {
        Some(steps) if steps <= STEPS_MAX => Ok(usize::try_from(steps).unwrap_or(0)),
        _ => Err(HistoryError::BadSteps),
    }
}

/// The number of a point in a reading, where it is one that was really measured.
fn measured(reading: &Reading, point: &str) -> Option<f64> {
    let sample = reading.samples.iter().find(|sample| sample.point.as_str() == point)?;
    match sample.quality {
        Quality::Rejected | Quality::SensorMissing => None,
        _ => sample.value.as_f64().filter(|value| value.is_finite()),
    }
}

#[cfg(test)]
mod tests;
