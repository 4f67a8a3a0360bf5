//! Hours, holidays and the time zone together: when a zone is open, and for how long.

use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::model::Timestamp;

use super::holidays::{DayKind, Holidays};
use super::hours::Hours;

/// How far ahead the calendar is searched, days: a year and its longest holiday.
pub const HORIZON_DAYS: i64 = 400;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// 1900-01-01 and 2200-01-01, Unix milliseconds: a clock that says something else is wrong, and
/// nothing is open then.
const FIRST_MS: i64 = -25_567 * DAY_MS;
const LAST_MS: i64 = 84_006 * DAY_MS;

/// When one zone is open.
///
/// All times between are half open: a zone that serves from 09:00 to 17:00 is open at 09:00 and
/// shut at 17:00. Where the clocks change, a time of the wall clock that is skipped is the moment
/// of the change and one that comes twice is the first of both, so a day of 25 hours that is open
/// from midnight to midnight has 25.
#[derive(Debug, Clone)]
pub struct Calendar {
    hours: Hours,
    holidays: Arc<Holidays>,
    time_zone: TimeZone,
}

impl Calendar {
    /// Joins the three.
    #[must_use]
    pub const fn new(hours: Hours, holidays: Arc<Holidays>, time_zone: TimeZone) -> Self {
        Self { hours, holidays, time_zone }
    }

    /// The service hours, as configured.
    #[must_use]
    pub const fn hours(&self) -> &Hours {
        &self.hours
    }

    /// The holidays that it goes by.
    #[must_use]
    pub fn holidays(&self) -> &Holidays {
        &self.holidays
    }

    /// The zone of the tz database that it goes by.
    #[must_use]
    pub const fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// What a day is, whatever the service hours.
    #[must_use]
    pub fn day(&self, date: Date) -> DayKind {
        self.holidays.day(date)
    }

    /// The local date of a moment.
    #[must_use]
    pub fn date_of(&self, at: Timestamp) -> Date {
        let ms = at.ms().clamp(FIRST_MS, LAST_MS);
        let moment = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.time_zone.to_datetime(moment).date()
    }

    /// The windows of a local date, in order, each from its first moment to the first after it.
    #[must_use]
    pub fn windows(&self, date: Date) -> Vec<(Timestamp, Timestamp)> {
        let windows = self.hours.of(date, self.holidays.class(date)).as_slice();
        let moments = windows.iter().filter_map(|window| {
            let from = self.moment(date, window.from_min())?;
            let to = self.moment(date, window.to_min())?;
            // A window that the clocks skip has no moments.
            (from < to).then_some((from, to))
        });
        moments.collect()
    }

    /// The times between two moments in which it is open, in order, cut at both ends; windows that
    /// touch, as those of two days of a 24-hour zone do, are one.
    pub fn spans(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let from = from.max(Timestamp::from_ms(FIRST_MS));
        let to = to.min(Timestamp::from_ms(LAST_MS));
        // A day more at both ends: where clocks go back over midnight, the date does, too.
        let first = self.date_of(from).yesterday().ok();
        let last = self.date_of(to).tomorrow().ok();
        let dates = std::iter::successors(first, |date| date.tomorrow().ok());
        let mut windows = dates
            .take_while(move |date| last.is_none_or(|last| *date <= last))
            .flat_map(|date| self.windows(date))
            .map(move |(begin, end)| (begin.max(from), end.min(to)))
            .filter(|(begin, end)| begin < end)
            .peekable();
        std::iter::from_fn(move || {
            let (begin, mut end) = windows.next()?;
            while let Some((_, later)) = windows.next_if(|(next, _)| *next <= end) {
                end = end.max(later);
            }
            Some((begin, end))
        })
    }

    /// Whether it is open at a moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.spans(at, at.plus_ms(1)).next().is_some()
    }

    /// Open time between two moments, milliseconds; zero when the second is not after the first.
    #[must_use]
    pub fn open_ms(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.spans(from, to).map(|(begin, end)| end.since_ms(begin)).sum()
    }

    /// The first moment after `at` at which it goes from shut to open; `None` when there is none
    /// in [`HORIZON_DAYS`], as in a zone that never shuts.
    #[must_use]
    pub fn opens_next(&self, at: Timestamp) -> Option<Timestamp> {
        // Cut at `at`, what is open then begins there, and that is no opening.
        let mut spans = self.spans(at, horizon(at));
        spans.find(|(begin, _)| *begin > at).map(|(begin, _)| begin)
    }

    /// The first moment after `at` at which it goes from open to shut; `None` when there is none
    /// in [`HORIZON_DAYS`], as in a zone that never shuts.
    #[must_use]
    pub fn closes_next(&self, at: Timestamp) -> Option<Timestamp> {
        let end = horizon(at);
        self.spans(at, end).map(|(_, close)| close).next().filter(|close| *close < end)
    }

    /// The first moment after `open_ms` milliseconds of open time from `at`; `None` when the
    /// calendar has less in [`HORIZON_DAYS`].
    #[must_use]
    pub fn after_open_ms(&self, at: Timestamp, open_ms: i64) -> Option<Timestamp> {
        let mut left_ms = open_ms.max(0);
        self.spans(at, horizon(at)).find_map(|(begin, end)| {
            let span_ms = end.since_ms(begin);
            let inside = left_ms <= span_ms;
            let found = begin.plus_ms(left_ms);
            left_ms -= span_ms;
            inside.then_some(found)
        })
    }

    /// Whether it is open at all on a local date.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        !self.windows(date).is_empty()
    }

    /// When it shuts for the last time on a local date; `None` when it is shut all day.
    #[must_use]
    pub fn close_of(&self, date: Date) -> Option<Timestamp> {
        self.windows(date).last().map(|(_, end)| *end)
    }

    /// The dates from this one on, itself included, on which it is open at all; those of
    /// [`HORIZON_DAYS`], so that a zone that never opens has none and no loop is endless.
    pub fn working_days(&self, from: Date) -> impl Iterator<Item = Date> + '_ {
        std::iter::successors(Some(from), |date| date.tomorrow().ok())
            .zip(0..HORIZON_DAYS)
            .map(|(date, _)| date)
            .filter(|date| self.is_working_day(*date))
    }

    /// The moment at which the clock on the wall shows this minute of the day, 1440 being the
    /// midnight after it.
    fn moment(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
        let (date, hour) = if hour == 24 { (date.tomorrow().ok()?, 0) } else { (date, hour) };
        let time = Time::new(hour, minute, 0, 0).ok()?;
        let local = self.time_zone.to_ambiguous_timestamp(date.to_datetime(time));
        let moment = if let AmbiguousOffset::Gap { .. } = local.offset() {
            // Read by the offset before, it lies as far behind the change as into the gap.
            let after = local.later().ok()?.as_millisecond();
            let after = jiff::Timestamp::from_millisecond(after.checked_add(1)?).ok()?;
            self.time_zone.preceding(after).next()?.timestamp()
        } else {
            local.earlier().ok()?
        };
        Some(Timestamp::from_ms(moment.as_millisecond()))
    }
}

/// As far as the calendar is searched.
const fn horizon(at: Timestamp) -> Timestamp {
    at.plus_ms(HORIZON_DAYS * DAY_MS)
}
