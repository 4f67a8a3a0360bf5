//! One inverter through one local day: what its counters say and what it made in each step.

use crate::counter::{Change, Happened, Nature, Track};
use crate::model::{Reading, Site, Timestamp};
use crate::profile::Profile;
use crate::sky;

use super::today::{CURVE_STEP_MS, Energy};

const TOTAL: &str = "energy_total_wh";
const OWN: &str = "energy_today_wh";
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

/// What is known of the counters of an inverter.
#[derive(Debug, Clone, PartialEq)]
pub struct Nameplate {
    rated_power_w: Option<f64>,
    total: Option<Nature>,
    own: Option<Nature>,
}

impl Nameplate {
    /// What a profile and a nameplate say.
    #[must_use]
    pub fn of(profile: Option<&Profile>, rated_power_w: Option<f64>) -> Self {
        let nature = |point| Nature::of(point, profile, rated_power_w);
        Self { rated_power_w, total: nature(TOTAL), own: nature(OWN) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Counter {
    time: Timestamp,
    wh: f64,
}

/// What is remembered of one inverter.
#[derive(Debug, Clone)]
pub(super) struct InverterDay {
    nameplate: Nameplate,
    /// Its total counter, and what that has really counted since we look.
    total: Track,
    counted_wh: f64,
    /// What had been counted in the evening before, at the first and at the newest reading of today.
    evening: Option<Counter>,
    first: Option<Counter>,
    last: Option<Counter>,
    /// The total counter was reset, swapped or stepped back today: what it counted around that is
    /// not known.
    broken: bool,
    /// Its own counter of today, and the energy of today by it.
    own_track: Track,
    own: Option<Counter>,
    /// Power above the noise was seen today.
    produced: bool,
    /// Time of the newest reading of today.
    pub(super) newest: Option<Timestamp>,
    /// Sum and number of the powers in each step.
    steps: Vec<(f64, u32)>,
}

impl InverterDay {
    pub(super) fn new(nameplate: Nameplate) -> Self {
        Self {
            nameplate,
            total: Track::default(),
            counted_wh: 0.0,
            evening: None,
            first: None,
            last: None,
            broken: false,
            own_track: Track::default(),
            own: None,
            produced: false,
            newest: None,
            steps: Vec::new(),
        }
    }

    /// The day after: today's last counter becomes the evening's, if the sun had gone.
    pub(super) fn next(&self, next: &Day) -> Self {
        Self {
            total: self.total.clone(),
            counted_wh: self.counted_wh,
            evening: self.last.filter(|last| next.evening_before(last.time)),
            own_track: self.own_track.clone(),
            ..Self::new(self.nameplate.clone())
        }
    }

    /// Takes a reading of today, or one of the evening before.
    pub(super) fn take(&mut self, day: &Day, reading: &Reading) {
        let time = reading.time;
        if time >= day.end {
            return; // a clock that runs ahead; the day turns by our own
        }
        let total = reading.measured(TOTAL).and_then(|wh| self.take_total(day, reading, wh));
        if time < day.start {
            let newer = self.evening.is_none_or(|evening| evening.time <= time);
            if newer && day.evening_before(time) {
                self.evening = total.or(self.evening);
            }
            return;
        }
        self.newest = self.newest.max(Some(time));
        if let Some(total) = total.filter(|t| self.last.is_none_or(|last| last.time <= t.time)) {
            self.last = Some(total);
            self.first = self.first.or(Some(total));
        }
        let power_w = reading.measured("ac_power_w");
        self.produced |= power_w.is_some_and(|power_w| power_w > PRODUCING_W);
        if let Some(wh) = reading.measured(OWN) {
            self.take_own(day, reading, wh);
        }
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

    /// What has been counted up to this reading; `None` while its value is not believed.
    fn take_total(&mut self, day: &Day, reading: &Reading, wh: f64) -> Option<Counter> {
        let step = self.total.read(self.nameplate.total.as_ref()?, reading, wh);
        self.counted_wh += step.increment;
        let broke =
            |h: Happened| matches!(h.change, Change::Reset | Change::Swap | Change::StepBack);
        self.broken |= reading.time >= day.start && step.happened.is_some_and(broke);
        step.trusted.then_some(Counter { time: reading.time, wh: self.counted_wh })
    }

    /// What its own counter says before it has begun the new day is yesterday's: it counts from
    /// there on. Who speaks in the afternoon has woken up in the morning, seen or not.
    fn take_own(&mut self, day: &Day, reading: &Reading, wh: f64) {
        let Some(nature) = &self.nameplate.own else { return };
        let step = self.own_track.read(nature, reading, wh);
        let begun = self.produced || reading.time > day.sun.transit;
        let before = match self.own {
            Some(own) => own.wh + step.increment,
            None if !step.trusted => return,
            None if begun => wh,
            None => 0.0,
        };
        self.own = Some(Counter { time: reading.time, wh: before });
    }

    /// Mean power in a step; `None` when it said nothing.
    pub(super) fn mean_w(&self, step: usize) -> Option<f64> {
        self.steps.get(step).filter(|(_, n)| *n > 0).map(|(sum, n)| sum / f64::from(*n))
    }

    /// Energy of today. In this order: the total counter since the evening before; the device's
    /// own counter of today; the total counter since the first reading. Where the total counter
    /// broke, the own one may know more.
    pub(super) fn energy(&self, day: &Day) -> Option<Energy> {
        let own = self.own.map(|own| own.wh);
        let reset = self.broken;
        let Some(last) = self.last else { return self.without_total() };
        let since_evening = self.evening.map(|evening| last.wh - evening.wh);
        if let Some(wh) = since_evening.filter(|wh| self.plausible(*wh, day, last.time)) {
            let wh = own.filter(|_| reset).map_or(wh, |own| own.max(wh));
            return Some(Energy { wh, since: None, reset });
        }
        if let Some(wh) = own {
            return Some(Energy { wh, since: None, reset });
        }
        let first = self.first?;
        let wh = (last.wh - first.wh).max(0.0);
        // A night before the first reading hides nothing.
        let whole = day.sun.rise.is_some_and(|rise| first.time <= rise);
        Some(Energy { wh, since: (!whole).then_some(first.time), reset })
    }

    fn without_total(&self) -> Option<Energy> {
        // Its counter has not been heard since the evening: as far as is known, nothing.
        let wh = self.own.map(|own| own.wh).or(self.evening.map(|_| 0.0))?;
        Some(Energy { wh, since: None, reset: false })
    }

    fn plausible(&self, wh: f64, day: &Day, until: Timestamp) -> bool {
        #[allow(clippy::cast_precision_loss)] // at most 25 hours
        let hours = until.since_ms(day.start) as f64 / HOUR_MS;
        let most = self.nameplate.rated_power_w.unwrap_or(f64::INFINITY);
        wh >= 0.0 && wh <= most * hours * PLAUSIBLE_FACTOR + PLAUSIBLE_SLACK_WH
    }
}
