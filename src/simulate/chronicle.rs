//! What the devices of the hall said in the weeks before a gateway heard them: a month that can be looked
//! back on, reported and closed.
//!
//! Pure. Readings are as coarse as the coarsest register of the hall, so that none of its registers is behind
//! what it showed before.

use jiff::tz::TimeZone;

use crate::model::{
    Decimal, DeviceId, PointName, Quality, Reading, Record, Sample, Timestamp, Value, words_of,
};

use super::inverter::Condition;
use super::kiosk::Kiosk;
use super::plant::Plant;
use super::roster::{self, Shown};
use super::values::{SimValue, Values};
use super::weather::Place;

/// Devices behind Modbus say something so often, machines so often.
const STEP_MS: i64 = 5 * 60 * 1000;
const KIOSK_STEPS: i64 = 12;
const HOUR_MS: i64 = 3600 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What is told of the past, with the exponent of its last digit: enough for history, reports and diagnosis.
const INVERTER: &[(&str, i8)] = &[
    ("state", 0),
    ("ac_power_w", 0),
    ("dc_power_w", 0),
    ("cabinet_temp_c", -1),
    ("energy_total_wh", 3),
];
/// What one make shows besides.
const HUAWEI: &[(&str, i8)] = &[
    ("insulation_ohm", 3),
    ("string_1_current_a", -2),
    ("string_2_current_a", -2),
    ("string_3_current_a", -2),
    ("string_4_current_a", -2),
    ("string_5_current_a", -2),
    ("string_6_current_a", -2),
    ("string_7_current_a", -2),
    ("string_8_current_a", -2),
];
const METER: &[(&str, i8)] = &[("ac_power_w", 0), ("energy_import_wh", 3), ("energy_export_wh", 3)];
const WEATHER: &[(&str, i8)] = &[
    ("irradiance_poa_wm2", 0),
    ("module_temp_c", -1),
    ("ambient_temp_c", -1),
    ("wind_speed_ms", -1),
];

/// Hours of a day, so many days before the end of the past.
struct Span {
    days_ago: i64,
    hours: std::ops::Range<i64>,
}

/// When inverters stood still, by their numbers and alarms. In every month that is over lies one of them,
/// whatever day it is.
const TRIPS: [(Span, usize, &str); 4] = [
    (Span { days_ago: 4, hours: 9..12 }, 1, "2032"),
    (Span { days_ago: 17, hours: 10..15 }, 0, "2062"),
    (Span { days_ago: 32, hours: 8..13 }, 2, "2051"),
    (Span { days_ago: 47, hours: 11..14 }, 1, "2032"),
];
/// When nobody heard anything.
const SILENCE: Span = Span { days_ago: 33, hours: 13..14 };

impl Span {
    fn has(&self, (days_ago, hour): (i64, i64)) -> bool {
        self.days_ago == days_ago && self.hours.contains(&hour)
    }
}

/// A hall in the past, step by step: each is what its devices say at a moment.
#[derive(Debug)]
pub struct Chronicle {
    plant: Plant,
    kiosks: Vec<Kiosk>,
    devices: Vec<(DeviceId, Shown, Vec<Told>)>,
    time_zone: TimeZone,
    now: Timestamp,
    until: Timestamp,
}

/// A point and the exponent of its last digit.
type Told = (PointName, i8);

/// How the hall is at the end of its past.
#[derive(Debug, Clone)]
pub struct Lived {
    pub(super) plant: Plant,
    pub(super) kiosks: Vec<Kiosk>,
}

impl Lived {
    /// A hall whose registers go on from what they showed last, by device and point: it was switched off
    /// since then. What nobody remembers is as in a new one.
    #[must_use]
    pub fn resumed(
        place: &Place,
        start: Timestamp,
        shown: impl Fn(&str, &str) -> Option<f64>,
    ) -> Self {
        let Self { mut plant, mut kiosks } = Self::new(place, start);
        plant.go_on(&shown);
        kiosks.iter_mut().for_each(|kiosk| kiosk.go_on(&shown));
        Self { plant, kiosks }
    }

    /// A hall that has run for years.
    pub(super) fn new(place: &Place, start: Timestamp) -> Self {
        let specs = roster::inverters().into_iter().map(|inverter| inverter.spec).collect();
        let kiosk = |spec| Kiosk::new(spec, place.seed, start, place.time_zone.clone());
        Self {
            plant: Plant::new(place.clone(), specs, start),
            kiosks: roster::kiosks().into_iter().map(|(spec, _)| kiosk(spec)).collect(),
        }
    }
}

impl Chronicle {
    /// The time from `from` to `until`, neither of them in it.
    #[must_use]
    pub fn new(place: &Place, from: Timestamp, until: Timestamp) -> Self {
        let from = Timestamp::from_ms(from.ms().div_euclid(STEP_MS) * STEP_MS);
        let Lived { plant, kiosks } = Lived::new(place, from);
        let device = |(id, profile, shown): (String, &str, Shown)| {
            let told = told(shown, profile).filter_map(|(point, last)| {
                PointName::parse(point).ok().map(|point| (point, *last))
            });
            Some((DeviceId::parse(&id).ok()?, shown, told.collect()))
        };
        Self {
            plant,
            kiosks,
            devices: roster::behind_modbus().into_iter().filter_map(device).collect(),
            time_zone: place.time_zone.clone(),
            now: from,
            until,
        }
    }

    /// How the hall is now: the machines have been looked after.
    #[must_use]
    pub fn lived(self) -> Lived {
        let Self { plant, kiosks, until, .. } = self;
        Lived { plant, kiosks: kiosks.into_iter().map(|kiosk| kiosk.begun(until)).collect() }
    }

    /// How many days ago it is, seen from the end, and the hour of the day.
    fn when(&self) -> (i64, i64) {
        let local_ms = |time: Timestamp| {
            let utc = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
            time.ms() + i64::from(self.time_zone.to_offset(utc).seconds()) * 1000
        };
        let (now, until) = (local_ms(self.now), local_ms(self.until));
        let days_ago = until.div_euclid(DAY_MS) - now.div_euclid(DAY_MS);
        (days_ago, now.rem_euclid(DAY_MS) / HOUR_MS)
    }

    fn trip(&mut self, when: (i64, i64)) {
        for number in 0..self.plant.len() {
            let mut own = TRIPS.iter().filter(|(span, of, _)| *of == number && span.has(when));
            let fault = own.next().map(|(.., code)| Condition::Fault(vec![(*code).to_owned()]));
            self.plant.set_condition(number, fault.unwrap_or_default());
        }
    }

    fn said(&self, device: &DeviceId, told: &[Told], values: &Values) -> Record {
        let sample = |(point, last): &Told| {
            let value = match values.get(point.as_str())? {
                SimValue::Number(number) => rounded(*number, *last),
                SimValue::Word(word) => Decimal::whole(words_of(point.as_str())?.by_id(word)?.code),
                SimValue::Text(_) | SimValue::Codes(_) => return None,
            };
            let value = Value::Decimal(value);
            Some(Sample { point: point.clone(), value, quality: Quality::Good })
        };
        let samples = told.iter().filter_map(sample).collect();
        let (device, time) = (device.clone(), self.now);
        Record::Reading(Reading { device, time, received: time, message: 0, samples })
    }

    fn machines(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for place in 0..self.kiosks.len() {
            let Some(kiosk) = self.kiosks.get_mut(place) else { continue };
            kiosk.step(self.now, &[]);
            let (served, pages) = kiosk.counters_shown();
            let Some(by_kind) = kiosk.spec().counts() else { continue };
            let mut values = Values::default();
            #[allow(clippy::cast_precision_loss)] // visitors
            values.number(by_kind, served as f64);
            #[allow(clippy::cast_precision_loss)]
            values.number("pages_total", pages as f64);
            let points =
                [by_kind, "pages_total"].into_iter().filter_map(|p| PointName::parse(p).ok());
            let told: Vec<Told> = points.map(|point| (point, 0)).collect();
            let Ok(id) = DeviceId::parse(&kiosk.spec().id) else { continue };
            records.push(self.said(&id, &told, &values));
        }
        records
    }
}

impl Iterator for Chronicle {
    type Item = Vec<Record>;

    /// What is said at the next moment; nothing in an outage.
    fn next(&mut self) -> Option<Vec<Record>> {
        let next = self.now.plus_ms(STEP_MS);
        if next >= self.until {
            return None;
        }
        self.now = next;
        let when = self.when();
        self.trip(when);
        self.plant.step(next);
        let mut records = match next.ms().div_euclid(STEP_MS) % KIOSK_STEPS {
            0 => self.machines(),
            _ => Vec::new(),
        };
        if SILENCE.has(when) {
            return Some(Vec::new());
        }
        let devices = self.devices.iter();
        records.extend(
            devices.map(|(id, shown, told)| self.said(id, told, &shown.values(&self.plant))),
        );
        Some(records)
    }
}

fn told(shown: Shown, profile: &str) -> impl Iterator<Item = &'static (&'static str, i8)> {
    let all = match shown {
        Shown::Inverter(_) => INVERTER,
        Shown::GridMeter | Shown::PvMeter => METER,
        Shown::Weather => WEATHER,
    };
    let more = if profile == roster::HUAWEI { HUAWEI } else { &[] };
    all.iter().chain(more)
}

/// The whole part of a number in units of its last digit.
#[allow(clippy::cast_possible_truncation)] // a device's registers hold less
fn rounded(number: f64, exponent: i8) -> Decimal {
    let mantissa = (number / 10_f64.powi(i32::from(exponent))).floor() as i64;
    Decimal { mantissa, exponent }
}
