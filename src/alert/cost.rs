//! What an alert has cost so far: energy that siblings made and this one did not, its price by the
//! tariff in force, and the service time in which a machine did not serve.

use crate::model::{Severity, Timestamp};
use crate::tariff::Tariffs;

use super::desk::Place;
use super::types::Alert;

/// Longer gaps between two looks are not reckoned with: nobody saw what was then.
const GAP_MS_MAX: i64 = 10_000;
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

    /// Adds what the last `step_ms` have cost.
    pub(super) fn add(&self, alert: &mut Alert, place: &Place<'_>, step_ms: i64) {
        let Some(live) = place.live().filter(|_| alert.device.is_some()) else { return };
        if live.device.kind.is_kiosk() {
            if alert.severity >= Severity::Major
                && let Some(calendar) = place.calendar()
            {
                alert.cost.service_ms = calendar.open_ms(alert.since, place.look.now);
            }
            return;
        }
        // Who is silent may well produce.
        let lost_w = match place.offline || step_ms == 0 {
            true => None,
            false => place.look.lost_w(live),
        };
        let Some(lost_w) = lost_w.filter(|lost_w| *lost_w > 0.0) else { return };
        #[allow(clippy::cast_precision_loss)] // seconds
        let wh = lost_w * step_ms as f64 / HOUR_MS;
        alert.cost.energy_wh += wh;
        let zone = &place.board.site.time_zone;
        if let Some(price) = self.tariffs.price_per_kwh(place.look.now, zone) {
            let money = alert.cost.money.unwrap_or(0.0) + price * wh / 1000.0;
            alert.cost.money = Some(money);
        }
    }
}
