//! When a rule has to be judged: which points it looks at, and whether time or others alone change it.

use crate::live::DeviceLive;
use crate::model::{Quality, Reading, Value};
use crate::rule::{Measure, Name, Rule, Setting, matches};

/// What one rule looks at.
#[derive(Debug, Clone, Default)]
pub(super) struct Need {
    /// Points of the device itself; `{n}` stands for every number.
    points: Vec<String>,
    /// Something else than the device's points is looked at: the clock, siblings, its silence.
    timely: bool,
}

impl Need {
    pub(super) fn of(rule: &Rule) -> Self {
        let mut need = Self::default();
        need.points.extend(rule.parts.iter().map(ToString::to_string));
        for name in rule.names() {
            match name {
                Name::Point(point) | Name::Known(point) => need.points.push(point.clone()),
                Name::Setting(Setting::PowerShare) => need.points.push("ac_power_w".to_owned()),
                Name::Over(_, Measure::Point(point), _) => {
                    need.points.push(point.clone());
                    need.timely = true;
                }
                Name::Value | Name::Parts(_) => {}
                Name::Setting(Setting::RatedW | Setting::DeclaredDemandW) => {}
                _ => need.timely = true,
            }
        }
        need.points.retain(|point| !point.is_empty());
        need.points.sort();
        need.points.dedup();
        need
    }

    /// The points of the device itself; `{n}` stands for every number.
    pub(super) fn points(&self) -> &[String] {
        &self.points
    }

    /// Whether it may come to something else because of this.
    pub(super) fn is_touched(&self, cause: &Cause<'_>) -> bool {
        match cause {
            Cause::Any => true,
            Cause::Time => self.timely,
            Cause::Points(changed) => {
                let touched = |point: &String| changed.iter().any(|name| matches(point, name));
                self.timely || self.points.iter().any(touched)
            }
        }
    }
}

/// Why a device is judged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause<'a> {
    /// It is new, or was silent: everything may be otherwise.
    Any,
    /// A second has passed.
    Time,
    /// These points have another value.
    Points(&'a [&'a str]),
}

/// The points that a reading changes.
pub(super) fn changed<'a>(live: &DeviceLive, reading: &'a Reading) -> Vec<&'a str> {
    let same = |point: &str, value: &Value, quality: Quality| {
        let known = live.points.get(point);
        known.is_some_and(|known| known.value == *value && known.quality == quality)
    };
    let samples = reading.samples.iter();
    let changed = samples.filter(|s| !same(s.point.as_str(), &s.value, s.quality));
    changed.map(|sample| sample.point.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_about_words_wait_for_them_and_rules_about_time_do_not() {
        let rules = crate::rule::default_rules().expect("rules");
        let need = |id: &str| Need::of(rules.iter().find(|rule| *rule.id == *id).expect(id));
        let paper = need("KS003");
        assert!(paper.is_touched(&Cause::Points(&["printer_paper"])) && !paper.timely);
        assert!(!paper.is_touched(&Cause::Points(&["cpu_percent"])));
        assert!(!paper.is_touched(&Cause::Time) && paper.is_touched(&Cause::Any));
        let voltage = need("PV012");
        assert!(voltage.is_touched(&Cause::Points(&["phase_b_voltage_v"])));
        assert!(voltage.is_touched(&Cause::Points(&["ac_power_w"])));
        assert!(need("PV001").is_touched(&Cause::Time), "silence is about time");
    }
}
