//! The past in windows: hours, local days, months, or any step.

use crate::counter::{Nature, Track};
use crate::model::Timestamp;

use super::error::HistoryError;

/// Windows that one series may have: the points a chart can show, with room.
pub const STEPS_MAX: usize = 10_000;

/// Windows that follow one another without a gap. They need not be of one length: a local day has 23
/// to 25 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows(Vec<Timestamp>);

impl Windows {
    /// From `from` to `to` in steps; the last one may be shorter.
    ///
    /// # Errors
    /// [`HistoryError::BadSteps`].
    pub fn every_ms(from: Timestamp, to: Timestamp, step_ms: i64) -> Result<Self, HistoryError> {
        let length = to.since_ms(from);
        let steps = usize::try_from(length.max(0)).ok().zip(usize::try_from(step_ms).ok());
        match steps {
            Some((length, step)) if step > 0 && length.div_ceil(step) <= STEPS_MAX => {}
            _ => return Err(HistoryError::BadSteps),
        }
        let mut edges = vec![from];
        let mut next = from;
        while next < to {
            next = next.plus_ms(step_ms).min(to);
            edges.push(next);
        }
        Ok(Self(edges))
    }

    /// The local days that `from <= time < to` touches, whole.
    ///
    /// # Errors
    /// [`HistoryError::BadSteps`].
    pub fn days(
        from: Timestamp,
        to: Timestamp,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Self, HistoryError> {
        let first = date_of(from, zone)?;
        Self::of_dates(first, to, zone, |date| date.tomorrow())
    }

    /// The local months that `from <= time < to` touches, whole.
    ///
    /// # Errors
    /// [`HistoryError::BadSteps`].
    pub fn months(
        from: Timestamp,
        to: Timestamp,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Self, HistoryError> {
        let first = date_of(from, zone)?.first_of_month();
        let month = jiff::Span::new().months(1);
        Self::of_dates(first, to, zone, |date| date.checked_add(month))
    }

    fn of_dates(
        first: jiff::civil::Date,
        to: Timestamp,
        zone: &jiff::tz::TimeZone,
        next: impl Fn(jiff::civil::Date) -> Result<jiff::civil::Date, jiff::Error>,
    ) -> Result<Self, HistoryError> {
        let mut date = first;
        let mut edges = vec![midnight(date, zone)?];
        while edges.last().is_some_and(|last| *last < to) {
            date = next(date).map_err(|_| HistoryError::BadSteps)?;
            edges.push(midnight(date, zone)?);
            if edges.len() > STEPS_MAX + 1 {
                return Err(HistoryError::BadSteps);
            }
        }
        Ok(Self(edges))
    }

    /// Where the first window begins.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.0.first().copied().unwrap_or(Timestamp::from_ms(0))
    }

    /// Where the last window ends.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.0.last().copied().unwrap_or(Timestamp::from_ms(0))
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Beginning and end of a window.
    pub(super) fn span(&self, which: usize) -> Option<(Timestamp, Timestamp)> {
        Some((*self.0.get(which)?, *self.0.get(which.checked_add(1)?)?))
    }

    fn spans(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        self.0.iter().copied().zip(self.0.iter().copied().skip(1))
    }
}

fn date_of(time: Timestamp, zone: &jiff::tz::TimeZone) -> Result<jiff::civil::Date, HistoryError> {
    let moment =
        jiff::Timestamp::from_millisecond(time.ms()).map_err(|_| HistoryError::BadSteps)?;
    Ok(moment.to_zoned_datetime(zone.clone()).date())
}

fn midnight(date: jiff::civil::Date, zone: &jiff::tz::TimeZone) -> Result<Timestamp, HistoryError> {
    // Where midnight is left out by the clocks, the day begins with its first moment.
    let start = date.to_zoned_datetime(zone.clone()).and_then(|day| day.start_of_day());
    let start = start.map_err(|_| HistoryError::BadSteps)?;
    Ok(Timestamp::from_ms(start.timestamp().as_millisecond()))
}

/// What a point did in one window. Without a measured value, all but the span is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
    /// Measured values.
    pub count: u64,
    /// Mean over the values.
    pub mean: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// The first, and when.
    pub first: Option<(Timestamp, f64)>,
    /// The last, and when.
    pub last: Option<(Timestamp, f64)>,
    /// Mean over time: each value holds until the next, but not longer than asked.
    pub time_weighted_mean: Option<f64>,
    /// Milliseconds of the window for which a value held.
    pub covered_ms: i64,
    /// What a counter counted, resets and roll-overs taken out. What it counted between two readings
    /// is shared out over the time between them. `None` for what is no counter.
    pub increase: Option<f64>,
}

/// Which point, and what it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The point.
    pub point: String,
    /// What its counter can do, where it is one and its increase is wanted.
    pub counter: Option<Nature>,
    /// How long a value holds when no other follows, milliseconds.
    pub hold_ms: i64,
}

/// Gathers the values of some points into windows. The values of each point come in order.
pub struct Folds {
    asked: Vec<Asked>,
    windows: Windows,
    folds: Vec<Fold>,
}

impl Folds {
    /// Nothing gathered yet.
    #[must_use]
    pub fn new(asked: Vec<Asked>, windows: Windows) -> Self {
        let folds = asked.iter().map(|_| Fold::new(&windows)).collect();
        Self { asked, windows, folds }
    }

    /// What is asked of which points.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// The windows.
    #[must_use]
    pub const fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Takes the next value of the point with this number. One from before the first window counts for
    /// what holds into it, one from after the last for what was counted up to there.
    pub fn take(&mut self, which: usize, time: Timestamp, value: f64) {
        if let (Some(fold), Some(asked)) = (self.folds.get_mut(which), self.asked.get(which)) {
            fold.take(asked, time, value);
        }
    }

    /// Takes the numbers of each point, in the order of the points.
    pub fn take_all<N>(&mut self, numbers: impl IntoIterator<Item = N>)
    where
        N: IntoIterator<Item = (Timestamp, f64)>,
    {
        for (which, numbers) in numbers.into_iter().enumerate() {
            for (time, value) in numbers {
                self.take(which, time, value);
            }
        }
    }

    /// Names of the points, in their order.
    #[must_use]
    pub fn points(&self) -> Vec<String> {
        self.asked.iter().map(|asked| asked.point.clone()).collect()
    }

    /// The windows of each point. The last value holds until `now` at most.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Vec<Vec<Window>> {
        let ended = self.folds.into_iter().zip(&self.asked);
        ended.map(|(fold, asked)| fold.end(asked, now)).collect()
    }
}

/// Gathers the values of one point.
struct Fold {
    windows: Vec<Window>,
    integral: Vec<f64>,
    /// The window that the next value falls into, or a later one.
    at: usize,
    before: Option<(Timestamp, f64)>,
    track: Track,
    counted: Option<Timestamp>,
}

impl Fold {
    fn new(windows: &Windows) -> Self {
        let empty = |(start, end)| Window {
            start,
            end,
            count: 0,
            mean: None,
            min: None,
            max: None,
            first: None,
            last: None,
            time_weighted_mean: None,
            covered_ms: 0,
            increase: None,
        };
        let windows: Vec<Window> = windows.spans().map(empty).collect();
        let integral = vec![0.0; windows.len()];
        let (at, before, track, counted) = (0, None, Track::default(), None);
        Self { windows, integral, at, before, track, counted }
    }

    fn take(&mut self, asked: &Asked, time: Timestamp, value: f64) {
        self.hold_until(asked, time);
        self.before = Some((time, value));
        self.count(asked, time, value);
        while self.windows.get(self.at).is_some_and(|window| window.end <= time) {
            self.at += 1;
        }
        let Some(window) = self.windows.get_mut(self.at).filter(|window| window.start <= time)
        else {
            return;
        };
        window.count += 1;
        // Summed up here, divided at the end.
        window.mean = Some(window.mean.unwrap_or(0.0) + value);
        window.min = Some(window.min.map_or(value, |min| min.min(value)));
        window.max = Some(window.max.map_or(value, |max| max.max(value)));
        window.first.get_or_insert((time, value));
        window.last = Some((time, value));
    }

    /// The value before held until now, or as long as it may.
    fn hold_until(&mut self, asked: &Asked, time: Timestamp) {
        let Some((since, value)) = self.before else { return };
        let until = time.min(since.plus_ms(asked.hold_ms));
        for (window, integral) in self.windows.iter_mut().zip(&mut self.integral).skip(self.at) {
            if window.start >= until {
                break;
            }
            let ms = until.min(window.end).since_ms(since.max(window.start));
            if ms > 0 {
                window.covered_ms += ms;
                #[allow(clippy::cast_precision_loss)] // within a window
                let weight = ms as f64;
                *integral += value * weight;
            }
        }
    }

    /// Shares out what a counter counted since the value before.
    fn count(&mut self, asked: &Asked, time: Timestamp, value: f64) {
        let Some(nature) = &asked.counter else { return };
        let step = self.track.take(nature, time, value);
        let since = self.counted.replace(time);
        let Some(since) = since.filter(|since| *since < time) else { return };
        #[allow(clippy::cast_precision_loss)] // within a span of readings
        let whole = time.since_ms(since) as f64;
        for window in self.windows.iter_mut().skip(self.at) {
            if window.start >= time {
                break;
            }
            let ms = time.min(window.end).since_ms(since.max(window.start));
            if ms > 0 {
                #[allow(clippy::cast_precision_loss)] // within a window
                let share = step.increment * (ms as f64 / whole);
                window.increase = Some(window.increase.unwrap_or(0.0) + share);
            }
        }
    }

    fn end(mut self, asked: &Asked, now: Timestamp) -> Vec<Window> {
        self.hold_until(asked, now);
        for (window, integral) in self.windows.iter_mut().zip(self.integral) {
            #[allow(clippy::cast_precision_loss)] // numbers of readings
            let count = window.count as f64;
            window.mean = window.mean.map(|sum| sum / count);
            #[allow(clippy::cast_precision_loss)] // within a window
            let covered = window.covered_ms as f64;
            window.time_weighted_mean = (window.covered_ms > 0).then(|| integral / covered);
        }
        self.windows
    }
}
