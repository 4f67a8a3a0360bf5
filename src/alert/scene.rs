//! A device at a moment, as rules see it.

use crate::live::{DeviceLive, Health, HealthState};
use crate::model::{Value, words_of};
use crate::rule::{Cell, Detail, Fact, Measure, Name, Scene, Setting, Together};
use crate::source::mqtt::Refused;

use super::fact;
use super::look::{Look, measured};
use super::span::Spans;

/// A part carries something when it has more than this share of the strongest one.
const CARRIES: f64 = 0.1;

/// A device, and one of its points that is judged.
pub(super) struct DeviceScene<'a> {
    pub(super) look: &'a Look,
    pub(super) spans: &'a Spans,
    pub(super) live: &'a DeviceLive,
    pub(super) health: &'a Health,
    pub(super) refused: &'a [Refused],
    /// The point that is judged; empty where the device is judged as a whole.
    pub(super) part: &'a str,
    /// All points that the rule judges on this device.
    pub(super) parts: &'a [&'a str],
}

impl DeviceScene<'_> {
    /// What it said before it fell silent may still hold, or not.
    fn speaks(&self) -> bool {
        !self.health.silent && self.health.state != HealthState::Waiting
    }

    fn point(&self, point: &str) -> Option<Cell> {
        if !self.speaks() {
            return None;
        }
        if words_of(point).is_some() {
            return self.live.word(point).map(|word| Cell::Word(word.id));
        }
        match self.live.value(point)? {
            Value::Bool(yes) => Some(Cell::YesNo(*yes)),
            value => value.as_f64().map(Cell::Number),
        }
    }

    fn fact(&self, fact: Fact) -> Option<bool> {
        match fact {
            Fact::Offline => fact::offline(self.live, self.health),
            Fact::Idle => self.speaks().then(|| fact::idle(self.health)),
            Fact::Faulted => self.speaks().then(|| fact::faulted(self.live)).flatten(),
            Fact::Dangerous => self.speaks().then(|| fact::dangerous(self.live)).flatten(),
            // What happened has happened, whether it still speaks or not.
            Fact::CounterChanged => Some(fact::counter_event(self.live, self.look.now).is_some()),
        }
    }

    fn setting(&self, setting: Setting) -> Option<Cell> {
        let zone = || self.look.open(&self.live.device.zone);
        match setting {
            Setting::SunDeg => Some(Cell::Number(self.look.sun_deg())),
            Setting::Open => zone().map(|(open, _)| Cell::YesNo(open)),
            Setting::OpenForH => zone().map(|(_, hours)| Cell::Number(hours)),
            Setting::TimeOfDayH => Some(Cell::Number(self.look.time_of_day_h)),
            Setting::IrradianceWm2 => self.look.irradiance_wm2.map(Cell::Number),
            Setting::YieldYesterdayH => {
                let id = &self.live.device.id;
                self.spans.yield_yesterday_h(id, self.look.now).map(Cell::Number)
            }
            Setting::DeclaredDemandW => self.live.declared_demand_w.map(Cell::Number),
            Setting::RatedW => self.live.device.rated_power_w.map(Cell::Number),
            Setting::PowerShare => {
                let share = measured(self.live, &Measure::PowerShare);
                share.filter(|_| self.speaks()).map(Cell::Number)
            }
        }
    }

    /// What the parts of the rule say together.
    fn together(&self, together: Together) -> Option<f64> {
        if !self.speaks() {
            return None;
        }
        let numbers = self.parts.iter().filter_map(|part| self.live.number(part));
        let mut numbers: Vec<f64> = numbers.filter(|number| number.is_finite()).collect();
        numbers.sort_by(f64::total_cmp);
        let carrying = || {
            let least = numbers.last().map_or(0.0, |highest| highest * CARRIES);
            let from = numbers.partition_point(|number| *number <= least);
            numbers.get(from..).unwrap_or_default()
        };
        #[allow(clippy::cast_precision_loss)] // strings of an inverter
        match together {
            Together::Count => Some(numbers.len() as f64),
            Together::Highest => numbers.last().copied(),
            Together::Lowest => numbers.first().copied(),
            Together::Median => median(&numbers),
            Together::SpreadPercent => spread_percent(&numbers),
            Together::CarryingMedian => median(carrying()),
            Together::CarryingSpreadPercent => spread_percent(carrying()),
        }
    }
}

/// The middle one of numbers in order.
fn median(numbers: &[f64]) -> Option<f64> {
    let count = numbers.len();
    let (low, high) = (numbers.get(count.checked_sub(1)? / 2)?, numbers.get(count / 2)?);
    Some(low.midpoint(*high))
}

/// Standard deviation by mean, percent.
#[allow(clippy::cast_precision_loss)] // strings of an inverter
fn spread_percent(numbers: &[f64]) -> Option<f64> {
    let of = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / of;
    let square = numbers.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / of;
    (mean > 0.0).then(|| 100.0 * square.sqrt() / mean)
}

impl Scene for DeviceScene<'_> {
    fn cell(&self, name: &Name) -> Option<Cell> {
        let (live, look) = (self.live, self.look);
        #[allow(clippy::cast_precision_loss)] // devices of a building
        let count = |n: usize| Cell::Number(n as f64);
        match name {
            Name::Point(point) => self.point(point),
            Name::Value => self.point(self.part),
            Name::Fact(fact) => self.fact(*fact).map(Cell::YesNo),
            Name::Setting(setting) => self.setting(*setting),
            Name::Known(point) => Some(Cell::YesNo(self.point(point).is_some())),
            Name::HeldH(point) => {
                let held = self.spans.held_h(&live.device.id, point, look.now);
                held.filter(|_| self.speaks()).map(Cell::Number)
            }
            Name::Over(over, measure, span_ms) => {
                let part = || Measure::Point(self.part.to_owned());
                let own = (*measure == Measure::Value).then(part);
                let (id, measure) = (&live.device.id, own.as_ref().unwrap_or(measure));
                self.spans.over(id, *over, measure, *span_ms, look.now).map(Cell::Number)
            }
            Name::TimeInH(point, word, span_ms) => {
                let code = words_of(point)?.by_id(word)?.code;
                let id = &live.device.id;
                self.spans.time_in_h(id, point, code, *span_ms, look.now).map(Cell::Number)
            }
            Name::Siblings(among, Measure::YieldYesterday) => {
                self.spans.yield_among_h(&live.device.id, *among, look.now).map(Cell::Number)
            }
            Name::Siblings(among, measure) => look.among(live, *among, measure).map(Cell::Number),
            Name::SiblingsCount => look.siblings(live).map(count),
            Name::SiblingsSaying(point, word) => look.saying(live, point, word).map(count),
            Name::Parts(together) => self.together(*together).map(Cell::Number),
            Name::Refused(reasons) => {
                let found = fact::refused(self.refused, reasons, look.now);
                Some(Cell::YesNo(found.is_some()))
            }
        }
    }

    fn detail(&self, name: &Name) -> Option<Detail> {
        match name {
            Name::Fact(Fact::Offline) => Some(fact::offline_detail(self.live, self.health)),
            Name::Fact(Fact::Idle) => Some(fact::idle_detail(self.health)),
            Name::Fact(Fact::Faulted | Fact::Dangerous) => Some(fact::faulted_detail(self.live)),
            Name::Fact(Fact::CounterChanged) => {
                fact::counter_event(self.live, self.look.now).map(fact::counter_detail)
            }
            Name::Refused(reasons) => {
                fact::refused(self.refused, reasons, self.look.now).map(fact::refused_detail)
            }
            _ => None,
        }
    }
}
