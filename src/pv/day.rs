//! One inverter through one local day: what its counters say and what it made in each step.

use crate::model::{Quality, Reading, Site, Timestamp};
use crate::sky;

use super::today::{CURVE_STEP_MS, Energy};

/// Power above which an inverter has certainly produced: above the few watts of night noise.
const PRODUCING_W: f64 = 20.0;
/// Below this sun no energy worth the name is made any more.
const EVENING_ELEVATION_DEG: f64 = 10.0;
/// A counter that ran faster than the nameplate allows, by this factor and these watt-hours, is
/// not believed.
const PLAUSIBLE_FACTOR: f64 = 1.1;
const PLAUSIBLE_SLACK_WH: f64 = 1_000.0;
const HOUR_MS: f64 = 3_600_000.0;
const HALF_DAY_MS: i64 = 12 * 3_600_000;

/// A local day at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Day {
    /// Local midnight.
    pub(super) start: Timestamp,
    /// The next local midnight: 23, 24 or 25 hours later.
    pub(super) end: Timestamp,
    /// The sun's path over the day.
    pub(super) sun: sky::SunTimes,
    /// The sun's highest point on the day before.
    noon_before: Timestamp,
    latitude_deg: f64,
    longitude_deg: f64,
}

impl Day {
    /// The local day that holds `now`; `None` for times beyond the calendar.
    pub(super) fn of(site: &Site, now: Timestamp) -> Option<Self> {
        let moment = jiff::Timestamp::from_millisecond(now.ms()).ok()?;
        let start = moment.to_zoned_datetime(site.time_zone.clone()).start_of_day().ok()?;
        let end = start.tomorrow().ok()?.start_of_day().ok()?;
        let start = Timestamp::from_ms(start.timestamp().as_millisecond());
        let end = Timestamp::from_ms(end.timestamp().as_millisecond());
        let (lat, lon) = (site.latitude_deg, site.longitude_deg);
        let sun = sky::sun_times(lat, lon, start.plus_ms(HALF_DAY_MS));
        let noon_before = sky::sun_times(lat, lon, start.plus_ms(-HALF_DAY_MS)).transit;
        Some(Self { start, end, sun, noon_before, latitude_deg: lat, longitude_deg: lon })
    }

    pub(super) fn holds(&self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }

    /// Whether nothing was made between `time` and the midnight that begins this day: only then
    /// may a counter read at `time` stand for midnight.
    fn evening_before(&self, time: Timestamp) -> bool {
        self.noon_before <= time
            && time < self.start
            && sky::sun(self.latitude_deg, self.longitude_deg, time).elevation_deg
                < EVENING_ELEVATION_DEG
    }

    fn step_of(&self, time: Timestamp) -> Option<usize> {
        usize::try_from(time.since_ms(self.start) / CURVE_STEP_MS).ok()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Counter {
    time: Timestamp,
    wh: f64,
}

/// What is remembered of one inverter.
#[derive(Debug, Clone, Default)]
pub(super) struct InverterDay {
    rated_power_w: Option<f64>,
    /// Total counter in the evening before.
    evening: Option<Counter>,
    /// Total counter at the first, the newest reading of today, and after it last fell.
    first: Option<Counter>,
    last: Option<Counter>,
    after_fall: Option<Counter>,
    /// The device's own counter of today.
    own: Option<Counter>,
    /// Power above the noise was seen today.
    produced: bool,
    /// Time of the newest reading of today.
    pub(super) newest: Option<Timestamp>,
    /// Sum and number of the powers in each step.
    steps: Vec<(f64, u32)>,
}

impl InverterDay {
    pub(super) fn new(rated_power_w: Option<f64>) -> Self {
        Self { rated_power_w, ..Self::default() }
    }

    /// The day after: today's last counter becomes the evening's, if the sun had gone.
    pub(super) fn next(&self, next: &Day) -> Self {
        let mut fresh = Self::new(self.rated_power_w);
        fresh.evening = self.last.filter(|last| next.evening_before(last.time));
        fresh
    }

    /// Takes a reading of today, or one of the evening before.
    pub(super) fn take(&mut self, day: &Day, reading: &Reading) {
        let time = reading.time;
        let total = measured(reading, "energy_total_wh").map(|wh| Counter { time, wh });
        if time < day.start {
            let newer = self.evening.is_none_or(|evening| evening.time <= time);
            if newer && day.evening_before(time) {
                self.evening = total.or(self.evening);
            }
            return;
        }
        if time >= day.end {
            return; // a clock that runs ahead; the day turns by our own
        }
        self.newest = self.newest.max(Some(time));
        if let Some(total) = total {
            self.take_total(total);
        }
        if let Some(wh) = measured(reading, "energy_today_wh")
            && self.own.is_none_or(|own| own.time <= time)
        {
            self.own = Some(Counter { time, wh });
        }
        let power_w = measured(reading, "ac_power_w");
        self.produced |= power_w.is_some_and(|power_w| power_w > PRODUCING_W);
        if let (Some(power_w), Some(step)) = (power_w, day.step_of(time)) {
            if self.steps.len() <= step {
                self.steps.resize(step + 1, (0.0, 0)); // at most 300: the day has an end
            }
            if let Some((sum, n)) = self.steps.get_mut(step) {
                *sum += power_w;
                *n += 1;
            }
        }
    }

    fn take_total(&mut self, total: Counter) {
        if self.last.is_some_and(|last| last.time > total.time) {
            // Came late; it can still be the first.
        } else {
            if self.last.is_some_and(|last| total.wh < last.wh) {
                self.after_fall = Some(total);
            }
            self.last = Some(total);
        }
        if self.first.is_none_or(|first| total.time < first.time) {
            self.first = Some(total);
        }
    }

    /// Mean power in a step; `None` when it said nothing.
    pub(super) fn mean_w(&self, step: usize) -> Option<f64> {
        self.steps.get(step).filter(|(_, n)| *n > 0).map(|(sum, n)| sum / f64::from(*n))
    }

    /// Energy of today. In this order: the total counter since the evening before; the device's
    /// own counter of today, once it must have begun a new day (some keep yesterday's value until
    /// they wake); the total counter since the first reading, or since it fell.
    pub(super) fn energy(&self, day: &Day) -> Option<Energy> {
        let Some(last) = self.last else { return self.without_total(day) };
        let since_evening = self.evening.map(|evening| last.wh - evening.wh);
        let reset = since_evening.is_some_and(|wh| wh < 0.0) || self.after_fall.is_some();
        if let Some(wh) = since_evening.filter(|wh| self.plausible(*wh, day, last.time)) {
            return Some(Energy { wh, since: None, reset });
        }
        if let Some(own) = self.own_today(day) {
            return Some(Energy { wh: own, since: None, reset });
        }
        let base = self.first.filter(|first| first.wh <= last.wh).or(self.after_fall)?;
        let wh = (last.wh - base.wh).max(0.0);
        // A night before the first reading hides nothing.
        let whole = day.sun.rise.is_some_and(|rise| base.time <= rise);
        Some(Energy { wh, since: (!whole).then_some(base.time), reset })
    }

    fn without_total(&self, day: &Day) -> Option<Energy> {
        let wh = match (self.own_today(day), self.newest, self.evening) {
            (Some(own), _, _) => own,
            // Its counter still shows yesterday: it has not begun yet.
            (None, Some(_), _) if self.own.is_some() => 0.0,
            // Its counter has not been heard since the evening: as far as is known, nothing.
            (None, _, Some(_)) => 0.0,
            _ => return None,
        };
        Some(Energy { wh, since: None, reset: false })
    }

    fn own_today(&self, day: &Day) -> Option<f64> {
        // Who speaks in the afternoon has woken up in the morning, seen or not.
        let begun = |own: &Counter| self.produced || own.time > day.sun.transit;
        self.own.filter(begun).map(|own| own.wh).filter(|wh| *wh >= 0.0)
    }

    fn plausible(&self, wh: f64, day: &Day, until: Timestamp) -> bool {
        #[allow(clippy::cast_precision_loss)] // at most 25 hours
        let hours = until.since_ms(day.start) as f64 / HOUR_MS;
        let most = self.rated_power_w.unwrap_or(f64::INFINITY);
        wh >= 0.0 && wh <= most * hours * PLAUSIBLE_FACTOR + PLAUSIBLE_SLACK_WH
    }
}

fn measured(reading: &Reading, point: &str) -> Option<f64> {
    let sample = reading.samples.iter().find(|sample| sample.point.as_str() == point)?;
    match sample.quality {
        Quality::Rejected | Quality::SensorMissing => None,
        _ => sample.value.as_f64().filter(|value| value.is_finite()),
    }
}
