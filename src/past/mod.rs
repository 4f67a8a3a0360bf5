//! The past wherever it is kept: in the history of this gateway, and what was before that in an
//! InfluxDB that it was sent to.
//!
//! A gateway that was set up anew, or whose history reaches less far back, answers all the same; each
//! part of an answer says where it comes from, and where nothing could be had it says why. Numbers from
//! both go through the same windows: a counter that goes on from one to the other is one counter.
//!
//! The same past answers InfluxQL ([`Tables`]), with the measurements, tags and fields of InfluxDB.
//!
//! Architecture invariant: what is kept here is never asked for elsewhere.

mod known;
mod tables;

pub use known::{former, remember};
pub use tables::Tables;

use tokio::time::{Duration, Instant, timeout_at};

use crate::clock::SharedClock;
use crate::history::{Asked, Folds, History, HistoryError, Window, Windows};
use crate::influx::{InfluxError, Recall};
use crate::model::{DeviceId, Timestamp};

/// The longest span that is fetched from an InfluxDB for one answer: what a page waits for.
const RECALL_MS_MAX: i64 = 400 * 24 * 3600 * 1000;
/// How long it may take, so that what is here is told all the same.
const PATIENCE: Duration = Duration::from_secs(12);
/// So far beyond the span is looked, for what reaches into it.
const AROUND_MS: i64 = 2 * 24 * 3600 * 1000;

/// Times without readings that are asked about where something was lost, and how many of them.
const HOLE_MS_MIN: i64 = 10 * 60 * 1000;
const HOLES_MAX: usize = 16;

/// Where a part of an answer comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// The history of this gateway.
    Here,
    /// The InfluxDB of this name.
    Influx(String),
    /// Nowhere: none of the databases has it. Why one did not answer, where that was so.
    Nowhere(Option<InfluxError>),
}

/// Where the numbers of a span come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// From when on.
    pub from: Timestamp,
    /// Up to when.
    pub to: Timestamp,
    /// Where they come from.
    pub origin: Origin,
}

/// What points did in windows, and how that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// One list for each point asked for, in its order.
    pub series: Vec<Vec<Window>>,
    /// Where it comes from, in the order of time.
    pub parts: Vec<Part>,
}

/// Access to the past.
#[derive(Clone)]
pub struct Past {
    history: History,
    databases: Vec<Recall>,
    clock: SharedClock,
}

impl Past {
    /// The past of this history, and of these databases where it is not enough.
    #[must_use]
    pub const fn new(history: History, databases: Vec<Recall>, clock: SharedClock) -> Self {
        Self { history, databases, clock }
    }

    /// What points of a device did in each window.
    ///
    /// # Errors
    /// [`HistoryError`]. Databases that do not answer are no error: that part is said to be missing.
    pub async fn windows(
        &self,
        device: &DeviceId,
        asked: Vec<Asked>,
        windows: Windows,
    ) -> Result<Told, HistoryError> {
        let now = self.clock.now();
        let (start, end) = (windows.start(), windows.end().min(now));
        let since = self.history.since(device.clone()).await?.unwrap_or(now);
        let mut folds = Folds::new(asked, windows);
        let mut parts = Vec::new();
        if start < since {
            // What holds into the span, and what a counter counted over its ends, lies beside it.
            let around = (start.plus_ms(-AROUND_MS), end.plus_ms(AROUND_MS).min(since));
            let points = folds.points();
            let mut take = |numbers| folds.take_all(numbers);
            parts = self.recall(device, &points, &mut take, around).await;
            for part in &mut parts {
                (part.from, part.to) = (part.from.max(start), part.to.min(end));
            }
            parts.retain(|part| part.from < part.to);
        }
        if since < end {
            let mut at = since.max(start);
            for (from, to) in self.holes(device, &folds, (at, end)).await? {
                folds = self.history.fold(device.clone(), folds, at, from).await?;
                parts.push(Part { from: at, to: from, origin: Origin::Here });
                let points = folds.points();
                let mut take = |numbers| folds.take_all(numbers);
                for part in self.recall(device, &points, &mut take, (from, to)).await {
                    // Nobody has anything: nothing was said then.
                    let nothing = part.origin == Origin::Nowhere(None);
                    let origin = if nothing { Origin::Here } else { part.origin };
                    parts.push(Part { origin, ..part });
                }
                at = to;
            }
            parts.push(Part { from: at, to: end, origin: Origin::Here });
            let last = folds.windows().end();
            folds = self.history.fold(device.clone(), folds, at, last).await?;
        }
        Ok(Told { series: folds.end(now), parts: joined(parts) })
    }

    /// Every measured number of some points in `from <= time < to`, each in the order of time, from here
    /// and, before that, from the databases; and where they come from. Of what was before, at most a year
    /// and some is looked for.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn numbers(
        &self,
        device: &DeviceId,
        points: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Vec<Vec<(Timestamp, f64)>>, Vec<Part>), HistoryError> {
        let since = self.history.since(device.clone()).await?.unwrap_or(to);
        let (mut numbers, mut parts) = (vec![Vec::new(); points.len()], Vec::new());
        if from < since.min(to) {
            let mut take = |found: Vec<Vec<(Timestamp, f64)>>| {
                numbers.iter_mut().zip(found).for_each(|(all, found)| all.extend(found));
            };
            parts = self.recall(device, points, &mut take, (from, since.min(to))).await;
        }
        if since < to {
            let start = since.max(from);
            let points = points.to_vec();
            let own = self.history.numbers(device.clone(), points, start, to).await?;
            numbers.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
            parts.push(Part { from: start, to, origin: Origin::Here });
        }
        Ok((numbers, joined(parts)))
    }

    /// The last measured number of each point before `to`: here, or where nothing is here, in the
    /// databases.
    ///
    /// # Errors
    /// [`HistoryError`]. A database that does not answer is no error: nothing is known then.
    pub async fn last_numbers(
        &self,
        device: &DeviceId,
        points: &[String],
        to: Timestamp,
    ) -> Result<Vec<Option<(Timestamp, f64)>>, HistoryError> {
        let mut last = self.history.last_numbers(device.clone(), points.to_vec(), to).await?;
        let late = Instant::now() + PATIENCE;
        for (last, point) in last.iter_mut().zip(points).filter(|(last, _)| last.is_none()) {
            for database in &self.databases {
                let told = timeout_at(late, database.last_number(device, point, to)).await;
                *last = told.ok().and_then(Result::ok).flatten();
                if last.is_some() {
                    break;
                }
            }
        }
        Ok(last)
    }

    /// What was before this time is asked of the databases; `None` where there are none.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn asked_before(&self, device: &DeviceId) -> Result<Option<Timestamp>, HistoryError> {
        if self.databases.is_empty() {
            return Ok(None);
        }
        let since = self.history.since(device.clone()).await?;
        Ok(Some(since.unwrap_or_else(|| self.clock.now())))
    }

    /// The history of this gateway.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Times of which nothing is kept here because something was lost: a database may have them.
    async fn holes(
        &self,
        device: &DeviceId,
        folds: &Folds,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<(Timestamp, Timestamp)>, HistoryError> {
        let suspect =
            self.history.condition().suspect_before.filter(|_| !self.databases.is_empty());
        let Some(to) = suspect.map(|suspect| suspect.min(to)).filter(|to| from < *to) else {
            return Ok(Vec::new());
        };
        let Ok(span) = Windows::every_ms(from, to, to.since_ms(from)) else {
            return Ok(Vec::new());
        };
        let mut gaps = self.history.presence(device.clone(), span, HOLE_MS_MIN).await?.gaps;
        gaps.sort_by_key(|(from, to)| std::cmp::Reverse(to.since_ms(*from)));
        gaps.truncate(HOLES_MAX);
        gaps.sort();
        // Not the readings themselves at both ends.
        let start = folds.windows().start();
        let inside = |(from, to): (Timestamp, Timestamp)| match from <= start {
            true => (from, to),
            false => (from.plus_ms(1), to),
        };
        Ok(gaps.into_iter().map(inside).collect())
    }

    /// Gathers what the databases have of `from <= time < to`: of each piece from the first that has
    /// something.
    async fn recall(
        &self,
        device: &DeviceId,
        points: &[String],
        take: &mut (dyn FnMut(Vec<Vec<(Timestamp, f64)>>) + Send),
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<Part> {
        let span_ms = Recall::span_ms(points.len());
        let mut at = from.max(to.plus_ms(-RECALL_MS_MAX));
        let mut parts = Vec::new();
        let mut add = |from: Timestamp, to: Timestamp, origin: Origin| match parts.last_mut() {
            Some(Part { to: last, origin: same, .. }) if *same == origin => *last = to,
            _ => parts.push(Part { from, to, origin }),
        };
        if from < at {
            add(from, at, Origin::Nowhere(None));
        }
        let late = Instant::now() + PATIENCE;
        // Who failed once is not asked again, so that the page does not wait for each piece.
        let mut why = vec![None; self.databases.len()];
        while at < to {
            let end = at.plus_ms(span_ms).min(to);
            let mut origin = None;
            for (database, why) in
                self.databases.iter().zip(&mut why).filter(|(_, why)| why.is_none())
            {
                let told = timeout_at(late, database.numbers(device, points, at, end)).await;
                match told.unwrap_or_else(|_| Err(database.too_slow())) {
                    Ok(numbers) if numbers.iter().all(Vec::is_empty) => {}
                    Ok(numbers) => {
                        take(numbers);
                        origin = Some(Origin::Influx(database.name().to_owned()));
                        break;
                    }
                    Err(error) => *why = Some(error),
                }
            }
            let error = || why.iter().flatten().next().cloned();
            add(at, end, origin.unwrap_or_else(|| Origin::Nowhere(error())));
            at = end;
        }
        parts
    }
}

/// Neighbours of one origin are one.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts.into_iter().filter(|part| part.from < part.to) {
        match joined.last_mut() {
            Some(last) if last.origin == part.origin => last.to = part.to,
            _ => joined.push(part),
        }
    }
    joined
}
