//! When the building uses electricity: in service hours and outside of them, on working days and days
//! off, at night, and over the hours of a day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::energy::SLOT_MS;
use crate::model::{Text, Timestamp};

use super::building::Role;
use super::figures::Figure;
use super::light::Span;
use super::make::Reports;
use super::meters::Counted;

const IMPORT: &str = "energy_import_wh";
const EXPORT: &str = "energy_export_wh";
/// Slots of an hour, and the hours of the night whose mean is the base load.
const SLOTS_PER_H: f64 = 3_600_000.0 / SLOT_MS as f64;
const NIGHT_H: std::ops::Range<i8> = 1..5;

/// When the building used electricity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Used while some zone served visitors, 24-hour zones left out, kWh.
    pub service_kwh: Figure,
    /// Share that was used outside of those hours.
    pub off_hours_share: Figure,
    /// Mean of a working day, kWh.
    pub working_day_kwh: Figure,
    /// Mean of a day off, kWh.
    pub day_off_kwh: Figure,
    /// Mean from one to five at night, kW.
    pub base_load_kw: Figure,
    /// Highest mean of a quarter of an hour, kW.
    pub peak_kw: Figure,
    /// When that began, milliseconds since 1970.
    pub peak_ms: Option<i64>,
    /// Mean of each hour of a day, kWh: drawn from the grid.
    pub import_by_hour_kwh: Vec<f64>,
    /// The same: made and used here.
    pub self_used_by_hour_kwh: Vec<f64>,
    /// The same: given to the grid.
    pub export_by_hour_kwh: Vec<f64>,
}

/// What was drawn, made and given in a quarter of an hour, kWh.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    import: f64,
    made: f64,
    export: f64,
    /// Something of it was shared out over a gap: when it was used is not known.
    shared: bool,
}

impl Slot {
    fn used(&self) -> f64 {
        self.import + self.made - self.export
    }
}

/// When electricity was used.
pub(super) fn usage(reports: &Reports, counted: &[Counted], spans: &[Span]) -> Usage {
    let slots = slots(counted, spans);
    let mut gathered = Gathered::default();
    for span in spans {
        let hours = Hours::of(reports, span.date);
        let end = super::meters::end(span);
        for (time, slot) in slots.range(span.start..end) {
            gathered.take(*time, slot, &hours, reports);
        }
        // A day without a quarter of an hour is no day of the mean.
        if slots.range(span.start..end).next().is_some() {
            gathered.end_day(hours.working);
        }
    }
    let main = counted.iter().any(|one| one.is(Role::Main, IMPORT));
    gathered.told(main)
}

fn slots(counted: &[Counted], spans: &[Span]) -> BTreeMap<Timestamp, Slot> {
    let mut slots: BTreeMap<Timestamp, Slot> = BTreeMap::new();
    for one in counted {
        let made = one.makes;
        let (import, export) = (one.is(Role::Main, IMPORT), one.is(Role::Main, EXPORT));
        if !(made || import || export) {
            continue;
        }
        for (time, sums) in one.known_slots(spans) {
            let kwh = sums.total().units() / 1_000.0;
            let slot = slots.entry(time).or_default();
            slot.shared |= sums.total() != sums.measured;
            match (made, import) {
                (true, _) => slot.made += kwh,
                (false, true) => slot.import += kwh,
                (false, false) => slot.export += kwh,
            }
        }
    }
    slots
}

/// The service hours of a day.
pub(super) struct Hours {
    windows: Vec<(Timestamp, Timestamp)>,
    working: bool,
}

impl Hours {
    pub(super) fn of(reports: &Reports, date: Date) -> Self {
        let zones = reports.repair.hours.zones.iter().filter(|zone| !zone.always);
        let windows = zones.clone().flat_map(|zone| zone.calendar.windows(date)).collect();
        let working = zones.clone().next().is_none_or(|zone| zone.calendar.is_working_day(date));
        Self { windows, working }
    }

    pub(super) fn open(&self, time: Timestamp) -> bool {
        self.windows.iter().any(|(from, to)| *from <= time && time < *to)
    }
}

#[derive(Default)]
struct Gathered {
    all: f64,
    service: f64,
    day: f64,
    working: (f64, u32),
    off: (f64, u32),
    night: (f64, u32),
    peak: Option<(f64, Timestamp)>,
    by_hour: BTreeMap<i8, Slot>,
}

impl Gathered {
    fn take(&mut self, time: Timestamp, slot: &Slot, hours: &Hours, reports: &Reports) {
        let used = slot.used();
        self.all += used;
        self.day += used;
        if hours.open(time) {
            self.service += used;
        }
        let hour = reports.daybook.hour(time);
        if NIGHT_H.contains(&hour) && !slot.shared {
            self.night = (self.night.0 + used, self.night.1 + 1);
        }
        let kw = used * SLOTS_PER_H;
        if !slot.shared && self.peak.is_none_or(|(peak, _)| kw > peak) {
            self.peak = Some((kw, time));
        }
        let sum = self.by_hour.entry(hour).or_default();
        sum.import += slot.import;
        sum.made += slot.made;
        sum.export += slot.export;
    }

    fn end_day(&mut self, working: bool) {
        let of = if working { &mut self.working } else { &mut self.off };
        *of = (of.0 + self.day, of.1 + 1);
        self.day = 0.0;
    }

    fn told(self, main: bool) -> Usage {
        let no_main =
            || Figure::none(Text::new("没有总表读数", "there are no readings of a main meter"));
        let figure = |value: Option<f64>, why: fn() -> Text| match (main, value) {
            (false, _) => no_main(),
            (true, None) => Figure::none(why()),
            (true, Some(value)) => Figure::of(value),
        };
        let mean = |(sum, days): (f64, u32)| (days > 0).then(|| sum / f64::from(days));
        let none = || Text::new("没有这样的日子", "there was no such day");
        let days = f64::from((self.working.1 + self.off.1).max(1));
        let by_hour = |of: fn(&Slot) -> f64| {
            let hours = (0..24).map(|hour| self.by_hour.get(&hour).map_or(0.0, of) / days);
            hours.collect()
        };
        Usage {
            service_kwh: figure(Some(self.service), none),
            off_hours_share: figure(
                (self.all > 0.0).then(|| 1.0 - self.service / self.all),
                || Text::new("没有用电", "nothing was used"),
            ),
            working_day_kwh: figure(mean(self.working), none),
            day_off_kwh: figure(mean(self.off), none),
            base_load_kw: figure(mean(self.night).map(|kwh| kwh * SLOTS_PER_H), none),
            peak_kw: figure(self.peak.map(|(kw, _)| kw), || {
                Text::new("没有连续读数", "there are no readings without a gap")
            }),
            peak_ms: self.peak.map(|(_, time)| time.ms()),
            import_by_hour_kwh: by_hour(|slot| slot.import),
            self_used_by_hour_kwh: by_hour(|slot| (slot.made - slot.export).max(0.0)),
            export_by_hour_kwh: by_hour(|slot| slot.export),
        }
    }
}
