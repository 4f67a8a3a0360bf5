//! All inverters through one local day.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{DeviceId, Reading, Site, Timestamp};
use crate::sky::SunTimes;

use super::day::{Day, InverterDay, Nameplate};

/// Length of a step of the curve.
pub const CURVE_STEP_MS: i64 = 300_000;
/// A reading that claims to be from further in our future is not believed.
const AHEAD_MS: i64 = 300_000;

/// Energy of a day so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Energy {
    /// Watt-hours.
    pub wh: f64,
    /// Set when the day is not whole: counted only since then.
    pub since: Option<Timestamp>,
    /// A total counter was reset, swapped or stepped back during the day.
    pub reset: bool,
}

/// Today, as the readings so far tell it.
#[derive(Debug, Clone)]
pub struct Today {
    site: Arc<Site>,
    day: Day,
    inverters: BTreeMap<DeviceId, InverterDay>,
}

impl Today {
    /// The local day that holds `now`, without readings; `None` for times beyond the calendar.
    #[must_use]
    pub fn new(
        site: Arc<Site>,
        inverters: impl IntoIterator<Item = (DeviceId, Nameplate)>,
        now: Timestamp,
    ) -> Option<Self> {
        let day = Day::of(&site, now)?;
        let inverters =
            inverters.into_iter().map(|(id, plate)| (id, InverterDay::new(plate))).collect();
        Some(Self { site, day, inverters })
    }

    /// Takes a reading; readings of others and of other days are left out.
    pub fn take(&mut self, reading: &Reading, now: Timestamp) {
        if reading.time.since_ms(now) > AHEAD_MS {
            return;
        }
        if let Some(inverter) = self.inverters.get_mut(&reading.device) {
            inverter.take(&self.day, reading);
        }
    }

    /// Turns to the day of `now` if this one is over. False when `now` is in neither this day nor
    /// the next (a clock was set): then the day has to be built anew.
    pub fn turn(&mut self, now: Timestamp) -> bool {
        if self.day.holds(now) {
            return true;
        }
        let Some(next) = Day::of(&self.site, now).filter(|next| next.start == self.day.end) else {
            return false;
        };
        for inverter in self.inverters.values_mut() {
            *inverter = inverter.next(&next);
        }
        self.day = next;
        true
    }

    /// Energy of all inverters so far; `None` while none has said anything. When some count only
    /// since a later time, the latest of these is given.
    #[must_use]
    pub fn energy(&self) -> Option<Energy> {
        let sum = |a: Energy, b: Energy| Energy {
            wh: a.wh + b.wh,
            since: a.since.max(b.since),
            reset: a.reset || b.reset,
        };
        self.inverters.values().filter_map(|inverter| inverter.energy(&self.day)).reduce(sum)
    }

    /// Energy of one inverter.
    #[must_use]
    pub fn energy_of(&self, device: &str) -> Option<Energy> {
        self.inverters.get(device)?.energy(&self.day)
    }

    /// Mean power of the roof in each step so far, the running one included. A step is the sum of
    /// the means of those inverters that reported in it, so the curve dips when one drops out; a
    /// step in which none reported is a gap.
    #[must_use]
    pub fn curve(&self, now: Timestamp) -> Vec<(Timestamp, Option<f64>)> {
        let until = now.min(self.day.end.plus_ms(-1));
        let running = until.since_ms(self.day.start).div_euclid(CURVE_STEP_MS);
        let begun = usize::try_from(running + 1).unwrap_or(0);
        let starts = (0..).map(|step: i64| self.day.start.plus_ms(step * CURVE_STEP_MS));
        let means = (0..begun).map(|step| {
            let reported = self.inverters.values().filter_map(|inverter| inverter.mean_w(step));
            reported.reduce(|a, b| a + b)
        });
        starts.zip(means).collect()
    }

    /// The sun's path over the day.
    #[must_use]
    pub const fn sun(&self) -> SunTimes {
        self.day.sun
    }

    pub(super) const fn day(&self) -> Day {
        self.day
    }

    pub(super) fn ids(&self) -> Vec<DeviceId> {
        self.inverters.keys().cloned().collect()
    }

    pub(super) fn inverter(&self, id: &DeviceId) -> Option<&InverterDay> {
        self.inverters.get(id)
    }

    pub(super) fn set_inverter(&mut self, id: DeviceId, inverter: InverterDay) {
        self.inverters.insert(id, inverter);
    }
}
