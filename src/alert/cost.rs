//! What an alert has cost so far: energy that siblings made and this one did not, its price by the
//! tariff in force, and the service time in which a machine did not serve.

use crate::model::{Severity, Timestamp};
use crate::tariff::Tariffs;

use super::desk::Place;
use super::types::Alert;

/// Longer gaps between two looks are not reckoned with: nobody saw what was then.
const GAP_MS_MAX: i64 = 10_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: f64 = 3_600_000.0;

/// What an alert has cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Energy that was not made, Wh.
    pub energy_wh: f64,
    /// What that is worth, in the currency of the tariff; `None` without one.
    pub money: Option<f64>,
    /// Service time in which the machine had this trouble, milliseconds.
    pub service_ms: i64,
}

/// What costs are reckoned with.
#[derive(Debug, Clone, Default)]
pub(super) struct Costs {
    pub(super) tariffs: Tariffs,
    /// When was looked last.
    last: Option<Timestamp>,
}

impl Costs {
    /// Time since the last look, milliseconds; 0 after a gap.
    pub(super) fn step(&mut self, now: Timestamp) -> i64 {
        let passed = self.last.map_or(0, |last| now.since_ms(last));
        self.last = Some(now);
        if (0..=GAP_MS_MAX).contains(&passed) { passed } else { 0 }
    }

    /// What an alert has cost after another `step_ms`; `None` where that is as before, as nearly always:
    /// an alert that is shown elsewhere is copied when it changes.
    pub(super) fn after(&self, alert: &Alert, place: &Place<'_>, step_ms: i64) -> Option<Cost> {
        let live = place.live().filter(|_| alert.device.is_some())?;
        let now = place.look.now;
        let mut cost = alert.cost;
        if live.device.kind.is_kiosk() {
            // Minutes are told, so it is reckoned once a minute, and at the end.
            let minute = |time: Timestamp| time.ms().div_euclid(MINUTE_MS);
            let due = step_ms == 0 || minute(now) != minute(now.plus_ms(-step_ms));
            let calendar = place.calendar().filter(|_| due && alert.severity >= Severity::Major)?;
            cost.service_ms = calendar.open_ms(alert.since, now);
            return (cost != alert.cost).then_some(cost);
        }
        // Who is silent may well produce.
        if place.offline || step_ms == 0 {
            return None;
        }
        let lost_w = place.look.lost_w(live).filter(|lost_w| *lost_w > 0.0)?;
        #[allow(clippy::cast_precision_loss)] // seconds
        let wh = lost_w * step_ms as f64 / HOUR_MS;
        cost.energy_wh += wh;
        if let Some(price) = self.tariffs.price_per_kwh(now, &place.board.site.time_zone) {
            cost.money = Some(cost.money.unwrap_or(0.0) + price * wh / 1000.0);
        }
        Some(cost)
    }
}
