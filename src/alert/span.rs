//! What devices did in spans that end now, since when their values hold, and what inverters made yesterday.
//! After a start it is filled with what the history says.

mod days;
mod past;
mod ring;

use std::collections::BTreeMap;

use crate::live::DeviceLive;
use crate::model::{Device, DeviceId, DeviceKind, Site, Timestamp, ZoneId, words_of};
use crate::rule::{Among, Measure, Name, Over, Rule, Setting, matches};

use super::look::measured;
use days::Days;
pub(super) use past::{Recalled, recall};
use ring::Ring;

/// A value that is older than this by its device's own interval no longer holds.
const HOLDS_INTERVALS: i64 = 3;
const HOUR_MS: f64 = 3_600_000.0;
/// The counters that a day's energy is taken from, the first that a device has; whether it begins anew
/// each day.
const COUNTERS: [(&str, bool); 2] = [("energy_total_wh", false), ("energy_today_wh", true)];

/// What rules want to know of the past of a kind of device.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// `{n}` in a point stands for every number.
    spans: BTreeMap<DeviceKind, Vec<(Measure, i64)>>,
    /// Points of which it is to be known since when they have had their value.
    held: BTreeMap<DeviceKind, Vec<String>>,
    /// What was made yesterday is wanted.
    days: Vec<DeviceKind>,
}

impl Wanted {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut wanted = Self::default();
        for rule in rules {
            for kind in DeviceKind::ALL.iter().filter(|kind| rule.is_of_kind(**kind)) {
                wanted.take(rule, *kind);
            }
        }
        wanted
    }

    fn take(&mut self, rule: &Rule, kind: DeviceKind) {
        let spans = self.spans.entry(kind).or_default();
        spans.extend(rule.spans());
        spans.sort();
        spans.dedup();
        let held = self.held.entry(kind).or_default();
        held.extend(rule.names().filter_map(|name| match name {
            Name::HeldH(point) => Some(point.clone()),
            _ => None,
        }));
        held.sort();
        held.dedup();
        let of_days = |name: &Name| {
            let measure = Measure::YieldYesterday;
            *name == Name::Setting(Setting::YieldYesterdayH)
                || matches!(name, Name::Siblings(_, of) if *of == measure)
        };
        if rule.names().any(of_days) && !self.days.contains(&kind) {
            self.days.push(kind);
        }
    }

    /// Spans that are wanted of a kind of device.
    fn of_kind(&self, kind: DeviceKind) -> &[(Measure, i64)] {
        self.spans.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    fn held(&self, kind: DeviceKind) -> &[String] {
        self.held.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    fn is_nothing(&self, kind: DeviceKind) -> bool {
        let (spans, held) = (self.of_kind(kind), self.held(kind));
        spans.is_empty() && held.is_empty() && !self.days.contains(&kind)
    }
}

/// Since when a point has had its value.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    point: String,
    value: f64,
    since: Timestamp,
    /// It has never had another one since it was heard first.
    steady: bool,
}

/// What is kept of one device.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    zone: ZoneId,
    rated_w: Option<f64>,
    rings: Vec<((Measure, i64), Ring)>,
    held: Vec<Held>,
    /// Its days, and by which of the counters.
    days: Option<(Days, usize)>,
}

impl Kept {
    fn new(device: &Device) -> Self {
        let (zone, rated_w) = (device.zone.clone(), device.rated_power_w);
        Self { zone, rated_w, rings: Vec::new(), held: Vec::new(), days: None }
    }

    fn hold(&mut self, point: &str, value: f64, time: Timestamp) {
        match self.held.iter_mut().find(|held| held.point == point) {
            #[allow(clippy::float_cmp)] // the same value again
            Some(held) if held.value == value => held.since = time.min(held.since),
            Some(held) => (held.value, held.since, held.steady) = (value, time, false),
            None => {
                let point = point.to_owned();
                self.held.push(Held { point, value, since: time, steady: true });
            }
        }
    }

    fn take(&mut self, measure: &Measure, span_ms: i64, of: (&Device, Timestamp), value: f64) {
        let (device, time) = of;
        let known = |(known, of): &(Measure, i64)| known == measure && *of == span_ms;
        if let Some((_, ring)) = self.rings.iter_mut().find(|(span, _)| known(span)) {
            return ring.take(time, value);
        }
        let words = matches!(measure, Measure::Point(point) if words_of(point).is_some());
        let mut ring = Ring::new(span_ms, holds_ms(device), words);
        ring.take(time, value);
        self.rings.push(((measure.clone(), span_ms), ring));
    }

    /// One of its counters says this; the first that it had is gone by.
    fn count(&mut self, which: usize, counted_wh: f64, time: Timestamp, site: &Site) {
        let Some(rated_w) = self.rated_w else { return };
        let (days, by) = self.days.get_or_insert_with(|| (Days::default(), which));
        if *by == which {
            days.take(time, counted_wh, is_daily(which), rated_w, site);
        }
    }

    /// Puts what the history says in front of what has been heard since.
    fn follow(&mut self, before: Self, site: &Site) {
        for (span, past) in before.rings {
            match self.rings.iter_mut().find(|(known, _)| *known == span) {
                Some((_, ring)) => ring.follow(past),
                None => self.rings.push((span, past)),
            }
        }
        for past in before.held {
            match self.held.iter_mut().find(|held| held.point == past.point) {
                #[allow(clippy::float_cmp)] // the same value again
                Some(held) if held.steady && held.value == past.value => {
                    (held.since, held.steady) = (past.since.min(held.since), past.steady);
                }
                Some(_) => {}
                None => self.held.push(past),
            }
        }
        match (&mut self.days, before.days, self.rated_w) {
            (Some((days, by)), Some((past, which)), Some(rated_w)) if *by == which => {
                days.follow(past, is_daily(which), rated_w, site);
            }
            (days, Some(past), _) => *days = Some(past),
            (_, None, _) => {}
        }
    }
}

/// A value of this device holds for so long, milliseconds.
fn holds_ms(device: &Device) -> i64 {
    (device.interval_ms.max(1_000) * HOLDS_INTERVALS).max(device.stale_after_ms)
}

fn is_daily(which: usize) -> bool {
    COUNTERS.get(which).is_some_and(|(_, daily)| *daily)
}

/// What a counter of it says, and when it was read: the one that is gone by, else the first that it has.
fn counted(live: &DeviceLive, by: Option<usize>) -> Option<(usize, Timestamp, f64)> {
    let has = |which: &usize| {
        COUNTERS.get(*which).is_some_and(|(point, _)| live.points.get(point).is_some())
    };
    let which = by.or_else(|| (0..COUNTERS.len()).find(has))?;
    let latest = live.points.get(COUNTERS.get(which)?.0)?;
    let counted_wh = latest.value.as_f64().filter(|_| latest.quality.is_measured())?;
    Some((which, latest.time, counted_wh))
}

/// The spans of all devices.
#[derive(Debug, Clone, Default)]
pub(super) struct Spans {
    wanted: Wanted,
    devices: BTreeMap<DeviceId, Kept>,
}

impl Spans {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, devices: BTreeMap::new() }
    }

    /// What is wanted of the past.
    pub(super) const fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// A device spoke.
    pub(super) fn take(&mut self, live: &DeviceLive, time: Timestamp, site: &Site) {
        let (device, kind) = (&*live.device, live.device.kind);
        let Self { wanted, devices } = self;
        if wanted.is_nothing(kind) {
            return;
        }
        let kept = match devices.get_mut(&device.id) {
            Some(kept) => kept,
            None => devices.entry(device.id.clone()).or_insert_with(|| Kept::new(device)),
        };
        for point in wanted.held(kind) {
            if let Some(value) = live.number(point) {
                kept.hold(point, value, time);
            }
        }
        for (measure, span_ms) in wanted.of_kind(kind) {
            match measure {
                Measure::Point(pattern) if pattern.contains("{n}") => {
                    let names = live.points.iter().map(|(name, _)| name.as_str());
                    for name in names.filter(|name| matches(pattern, name)) {
                        let measure = Measure::Point(name.to_owned());
                        if let Some(value) = measured(live, &measure) {
                            kept.take(&measure, *span_ms, (device, time), value);
                        }
                    }
                }
                measure => {
                    if let Some(value) = measured(live, measure) {
                        kept.take(measure, *span_ms, (device, time), value);
                    }
                }
            }
        }
        if wanted.days.contains(&kind)
            && let Some((which, read, counted_wh)) =
                counted(live, kept.days.as_ref().map(|(_, by)| *by))
        {
            kept.count(which, counted_wh, read, site);
        }
    }

    /// Takes what the history says of a device.
    pub(super) fn take_past(&mut self, (id, past): Recalled, site: &Site) {
        match self.devices.get_mut(&id) {
            Some(kept) => kept.follow(past, site),
            None => _ = self.devices.insert(id, past),
        }
    }

    /// Somebody works on an inverter: its day is not to be compared with others.
    pub(super) fn spoil_day(&mut self, device: &DeviceId) {
        let kept = self.devices.get_mut(device);
        if let Some((days, _)) = kept.and_then(|kept| kept.days.as_mut()) {
            days.spoil();
        }
    }

    fn ring(&self, device: &DeviceId, measure: &Measure, span_ms: i64) -> Option<&Ring> {
        let mut rings = self.devices.get(device)?.rings.iter();
        let wanted = rings.find(|((known, span), _)| known == measure && *span == span_ms);
        wanted.map(|(_, ring)| ring)
    }

    /// A number over a span that ends now; `None` while most of the span is not known.
    pub(super) fn over(
        &self,
        device: &DeviceId,
        over: Over,
        measure: &Measure,
        span_ms: i64,
        now: Timestamp,
    ) -> Option<f64> {
        self.ring(device, measure, span_ms)?.over(over, span_ms, now)
    }

    /// Hours of a span that ends now in which a point said the word of this code.
    pub(super) fn time_in_h(
        &self,
        device: &DeviceId,
        point: &str,
        code: i64,
        span_ms: i64,
        now: Timestamp,
    ) -> Option<f64> {
        let measure = Measure::Point(point.to_owned());
        self.ring(device, &measure, span_ms)?.time_in_h(code, span_ms, now)
    }

    /// For how many hours a point has had its value.
    pub(super) fn held_h(&self, device: &DeviceId, point: &str, now: Timestamp) -> Option<f64> {
        let held = self.devices.get(device)?.held.iter().find(|held| held.point == point)?;
        #[allow(clippy::cast_precision_loss)] // times of our days
        Some(now.since_ms(held.since).max(0) as f64 / HOUR_MS)
    }

    /// What an inverter made yesterday, hours of full power.
    pub(super) fn yield_yesterday_h(&self, device: &DeviceId, now: Timestamp) -> Option<f64> {
        yesterday_h(self.devices.get(device)?, now)
    }

    /// What its siblings made yesterday, hours of full power: those of its zone, else of the site.
    pub(super) fn yield_among_h(
        &self,
        device: &DeviceId,
        among: Among,
        now: Timestamp,
    ) -> Option<f64> {
        let zone = &self.devices.get(device)?.zone;
        let others =
            || self.devices.iter().filter(|(id, kept)| *id != device && kept.days.is_some());
        let near = others().any(|(_, kept)| kept.zone == *zone);
        let group = others().filter(|(_, kept)| !near || kept.zone == *zone);
        let mut yields: Vec<f64> = group.filter_map(|(_, kept)| yesterday_h(kept, now)).collect();
        yields.sort_by(f64::total_cmp);
        let (last, count) = (yields.last().copied()?, yields.len());
        match among {
            Among::Best => Some(last),
            Among::Median => {
                let (low, high) = (yields.get((count - 1) / 2)?, yields.get(count / 2)?);
                Some(low.midpoint(*high))
            }
        }
    }
}

fn yesterday_h(kept: &Kept, now: Timestamp) -> Option<f64> {
    let rated_w = kept.rated_w.filter(|rated_w| *rated_w > 0.0)?;
    let (days, _) = kept.days.as_ref()?;
    days.yesterday_wh(now).map(|wh| wh / rated_w)
}
