//! The daybook: what each device did in each local day, in small: means of five minutes, and what its
//! registers counted in each quarter of an hour.
//!
//! ```text
//! past ──> Day of a device ──> kept in daybook.db ──> months and years of figures, in seconds
//! ```
//!
//! A day is made from the readings of that day and of the two before it, so that a register that is
//! swapped at midnight is seen as at any other time; of nothing else. It is kept with a mark of what it
//! was made from, and made again when that is no longer so. The file may be removed at any time.
//!
//! Architecture invariant: nothing rests here only; whatever is asked for comes out the same with the
//! file and without it.

mod day;
mod error;
mod keep;
mod ledger;
mod points;
mod store;

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::clock::SharedClock;
use crate::history::HistoryError;
use crate::model::{Device, DeviceId, Timestamp};
use crate::past::{Origin, Part, Past};
use crate::profile::Profile;

pub use day::{Day, RECORD_MS, Register};
pub use error::DaybookError;
pub use keep::keep;
pub use ledger::{Booked, Piece, Shown, booked, shown};

use points::Points;
pub use points::string_of;
use store::Store;

/// Raised when days are made in another way: what is kept of before is made again.
const VERSION: i64 = 4;
/// What a day is made from reaches so far back before it.
const BEFORE_MS: i64 = 2 * 24 * 3600 * 1000;
/// Days that are read in one go.
const DAYS_AT_ONCE: usize = 31;
/// After the end of a span, the reading that closes it is looked for in so many days.
const CLOSING_DAYS: i32 = 40;

/// A device, and the profile that says what its registers are.
pub type Known = (Arc<Device>, Option<Arc<Profile>>);

/// Days of a device, in order; and where what they were made from is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Days {
    /// Each date once, those without readings too.
    pub days: Vec<(Date, Arc<Day>)>,
    /// Where the readings of the days that had to be made came from.
    pub parts: Vec<Part>,
}

/// The days of all devices. Clones share them.
#[derive(Clone)]
pub struct Daybook {
    past: Past,
    zone: TimeZone,
    clock: SharedClock,
    store: Arc<Store>,
}

impl Daybook {
    /// The daybook of a folder of data. Where its file cannot be used, days are made each time.
    #[must_use]
    pub fn open(folder: &Path, past: Past, zone: TimeZone, clock: SharedClock) -> Self {
        Self { past, zone, clock, store: Arc::new(Store::open(folder)) }
    }

    /// When a day begins.
    #[must_use]
    pub fn start(&self, date: Date) -> Timestamp {
        let start = self.zone.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
        Timestamp::from_ms(start.map_or(0, jiff::Timestamp::as_millisecond))
    }

    /// The date of a moment.
    #[must_use]
    pub fn date(&self, time: Timestamp) -> Date {
        let moment = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
        self.zone.to_datetime(moment).date()
    }

    /// When a device spoke first, as far as that is kept here.
    ///
    /// # Errors
    /// [`DaybookError`].
    pub async fn since(&self, device: &DeviceId) -> Result<Option<Timestamp>, DaybookError> {
        Ok(self.past.history().since(device.clone()).await?)
    }

    /// The first day of a device: that of its oldest reading here, or a year ago where a database may have
    /// more.
    ///
    /// # Errors
    /// [`DaybookError`].
    pub async fn first_day(&self, device: &DeviceId) -> Result<Option<Date>, DaybookError> {
        let here = self.past.history().since(device.clone()).await?.map(|since| self.date(since));
        let elsewhere = self
            .past
            .asked_before(device)
            .await?
            .map(|_| self.date(self.clock.now()).saturating_sub(jiff::Span::new().years(1)));
        Ok(here.into_iter().chain(elsewhere).min())
    }

    /// What a register showed last in a span, its end in it; `None` where it was not read.
    ///
    /// # Errors
    /// [`DaybookError`].
    pub async fn shown(
        &self,
        device: &DeviceId,
        point: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Option<(Timestamp, f64)>, DaybookError> {
        let points = [point.to_owned()];
        let (numbers, _) =
            self.past.numbers(device, &points, from.plus_ms(1), to.plus_ms(1)).await?;
        Ok(numbers.into_iter().flatten().next_back())
    }

    /// The hour of the day of a moment.
    #[must_use]
    pub fn hour(&self, time: Timestamp) -> i8 {
        let moment = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
        self.zone.to_datetime(moment).hour()
    }

    /// A moment for people: day and minute of the building.
    #[must_use]
    pub fn minute(&self, time: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
        self.zone.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The days from `first` to `last`, both of them in it; those that lie ahead are left out.
    ///
    /// # Errors
    /// [`DaybookError`].
    pub async fn days(
        &self,
        (device, profile): &Known,
        first: Date,
        last: Date,
    ) -> Result<Days, DaybookError> {
        let last = last.min(self.date(self.clock.now()));
        let dates: Vec<Date> =
            first.series(jiff::Span::new().days(1)).take_while(|d| *d <= last).collect();
        let points = Points::of(device, profile.as_deref());
        let mut days = Days::default();
        for dates in dates.chunks(DAYS_AT_ONCE) {
            self.some_days(device, &points, dates, &mut days).await?;
        }
        Ok(days)
    }

    /// As [`Daybook::days`], and after them as far as the first day with a reading: it says what was
    /// counted up to the end.
    ///
    /// # Errors
    /// [`DaybookError`].
    pub async fn closed_days(
        &self,
        known: &Known,
        first: Date,
        last: Date,
    ) -> Result<Days, DaybookError> {
        let mut days = self.days(known, first, last).await?;
        let mut after = last;
        for _ in 0..CLOSING_DAYS {
            let Ok(next) = after.tomorrow() else { break };
            let mut more = self.days(known, next, next).await?;
            let Some((_, day)) = more.days.first() else { break };
            let closes = day.readings > 0;
            days.days.append(&mut more.days);
            if closes {
                break;
            }
            after = next;
        }
        Ok(days)
    }

    /// Days that are read in one go: those that are kept, and the others made.
    async fn some_days(
        &self,
        device: &Arc<Device>,
        points: &Points,
        dates: &[Date],
        days: &mut Days,
    ) -> Result<(), DaybookError> {
        let id = &device.id;
        let spans: Vec<(Timestamp, Timestamp)> =
            dates.iter().map(|date| (self.start(*date), self.end(*date))).collect();
        let around = spans.iter().map(|(from, to)| (from.plus_ms(-BEFORE_MS), *to)).collect();
        let mut marks = self.past.history().marks(id.clone(), around).await?;
        if let Some(asked_before) = self.past.asked_before(id).await? {
            // Nobody says when a database changes: what was made of it is good for a day.
            let today = u64::from(self.date(self.clock.now()).day_of_year().unsigned_abs());
            let remote = |(from, _): &(Timestamp, _)| from.plus_ms(-BEFORE_MS) < asked_before;
            let marks = marks.iter_mut().zip(&spans).filter(|(_, span)| remote(span));
            marks.for_each(|(mark, _)| *mark ^= today);
        }
        let kept = self.store.days(id, dates, &marks, VERSION);
        let missing = |place: &usize| kept.get(*place).is_none_or(Option::is_none);
        let wanted: Vec<usize> = (0..dates.len()).filter(missing).collect();
        let mut made = std::collections::BTreeMap::new();
        if let Some((first, last)) = wanted.first().zip(wanted.last())
            && let Some(spans) = spans.get(*first..=*last)
        {
            let (found, parts) = self.make(device, points, spans).await?;
            days.parts.extend(parts);
            made.extend((*first..).zip(found));
        }
        let mut to_keep = Vec::new();
        for (place, ((date, mark), kept)) in dates.iter().zip(&marks).zip(kept).enumerate() {
            let day = match (kept, made.remove(&place)) {
                (Some(kept), _) => kept,
                (None, Some(made)) => {
                    to_keep.push((*date, *mark, made.clone()));
                    made
                }
                (None, None) => Arc::default(),
            };
            days.days.push((*date, day));
        }
        // Where a database did not answer, what it has is missing.
        let whole = |part: &Part| !matches!(part.origin, Origin::Nowhere(Some(_)));
        if !to_keep.is_empty() && days.parts.iter().all(whole) {
            let (store, id) = (self.store.clone(), id.clone());
            let kept = tokio::task::spawn_blocking(move || store.keep(&id, &to_keep, VERSION));
            kept.await.map_err(|_| HistoryError::BrokenOff)?;
        }
        Ok(())
    }

    fn end(&self, date: Date) -> Timestamp {
        date.tomorrow().map_or_else(|_| self.start(date), |next| self.start(next))
    }

    /// Makes days that follow one another.
    async fn make(
        &self,
        device: &Arc<Device>,
        points: &Points,
        spans: &[(Timestamp, Timestamp)],
    ) -> Result<(Vec<Arc<Day>>, Vec<Part>), DaybookError> {
        let Some((from, to)) = spans.first().map(|s| s.0).zip(spans.last().map(|s| s.1)) else {
            return Ok((Vec::new(), Vec::new()));
        };
        let (names, start) = (points.names(), from.plus_ms(-BEFORE_MS));
        let (mut numbers, parts) = self.past.numbers(&device.id, &names, start, to).await?;
        let (plain, counters) = names.split_at(points.plain().min(names.len()));
        let last = self.past.last_numbers(&device.id, counters, start).await?;
        for (numbers, last) in numbers.iter_mut().skip(plain.len()).zip(last) {
            // What a register showed last, however long ago, is where it goes on.
            numbers.splice(0..0, last);
        }
        let (points, interval_ms, spans) = (points.clone(), device.interval_ms, spans.to_vec());
        let task = tokio::task::spawn_blocking(move || {
            let make = |span: &(Timestamp, Timestamp)| {
                Arc::new(day::make(&points, &numbers, *span, interval_ms))
            };
            spans.iter().map(make).collect()
        });
        Ok((task.await.map_err(|_| HistoryError::BrokenOff)?, parts))
    }
}
