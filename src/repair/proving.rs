//! Whether a machine that was repaired has shown that it works.

use crate::calendar::Calendar;
use crate::live::{Board, DeviceLive};
use crate::model::{DeviceId, Quality, Text, Timestamp, standard_point, text};
use crate::service::{Condition, Overview};

use super::types::Order;

/// Counters of visitors, the first that a machine has.
const VISITS: [&str; 2] = ["tickets_total", "transactions_total"];
/// How long a machine that counts nobody has to serve, milliseconds of service time; and how long an
/// inverter or a meter has to be without its fault, milliseconds.
pub(super) const HOLD_MS: i64 = 10 * 60_000;

/// What is seen of a machine at one look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sight {
    /// A machine for visitors: proven by serving. Else by data without the fault.
    pub(super) for_visitors: bool,
    /// It serves, or its data are good and no alert says that the fault is there.
    pub(super) well: bool,
    /// What its counter of visitors says since it was done.
    pub(super) served: Option<u64>,
    /// It has such a counter.
    pub(super) counts: bool,
}

/// What is remembered between two looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Witness {
    /// The counter at the first look after it was done.
    base: Option<u64>,
    /// Since when it has been well without a break.
    well_since: Option<Timestamp>,
}

impl Witness {
    /// Takes a look; the proof in words, once there is one.
    pub(super) fn look(
        &mut self,
        sight: &Sight,
        calendar: Option<&Calendar>,
        now: Timestamp,
    ) -> Option<Text> {
        if !sight.well {
            self.well_since = None;
        } else if self.well_since.is_none_or(|since| since > now) {
            // Also with a clock that was set back.
            self.well_since = Some(now);
        }
        if sight.for_visitors && sight.counts {
            return self.served(sight);
        }
        let since = self.well_since?;
        let held_ms = match calendar {
            Some(calendar) if sight.for_visitors => calendar.open_ms(since, now),
            _ => now.since_ms(since),
        };
        if held_ms < HOLD_MS {
            return None;
        }
        Some(match sight.for_visitors {
            true => Text::new(
                "修复后在服务时间内正常服务满 10 分钟",
                "it has served for 10 minutes of service time",
            ),
            false => Text::new(
                "修复后 10 分钟内数据正常，故障未再出现",
                "10 minutes of good data without the fault",
            ),
        })
    }

    fn served(&mut self, sight: &Sight) -> Option<Text> {
        let served = sight.served?;
        // A counter that began anew counts from there.
        let base = *self.base.get_or_insert(served);
        let base = base.min(served);
        self.base = Some(base);
        let count = served - base;
        (sight.well && count > 0).then(|| {
            text!("修复后已为 {count} 人次正常服务", "it has served {count} since the repair")
        })
    }
}

/// Looks at the machine of an order that is done. `alerts` are the rules of its open alerts.
pub(super) fn sight(
    order: &Order,
    board: &Board,
    overview: &Overview,
    alerts: &[(DeviceId, String)],
    now: Timestamp,
) -> Option<Sight> {
    let live = board.get(order.device.as_str())?;
    let done = order.done?;
    if !live.device.kind.is_kiosk() {
        let faulty = alerts.iter().any(|(device, rule)| {
            *device == order.device && order.rule.as_ref().is_none_or(|own| own == rule)
        });
        let well = !faulty && good_data(live, done, now);
        return Some(Sight { well, ..Sight::default() });
    }
    let machine = overview.machines.iter().find(|machine| machine.device == order.device);
    let of_now = overview.now.is_some_and(|looked| looked > done);
    let serves = machine.is_some_and(|machine| machine.condition == Condition::Serving);
    let counter = VISITS.iter().find_map(|point| live.points.get(point));
    let served = counter.filter(|latest| latest.time > done).and_then(|l| l.value.as_f64());
    Some(Sight {
        for_visitors: true,
        well: of_now && serves,
        counts: counter.is_some(),
        served: served.and_then(whole),
    })
}

/// It has spoken since it was done and speaks still, and of what it said last something was measured
/// and no headline is missing.
fn good_data(live: &DeviceLive, done: Timestamp, now: Timestamp) -> bool {
    let (Some(seen), Some(received)) = (live.last_seen, live.last_received) else { return false };
    if received <= done || now.since_ms(received) > live.device.stale_after_ms {
        return false;
    }
    let mut newest = live.points.iter().filter(|(_, latest)| latest.time == seen).peekable();
    newest.peek().is_some()
        && newest.all(|(point, latest)| {
            let headline = standard_point(point.as_str()).is_some_and(|point| point.headline);
            latest.quality == Quality::Good || !headline
        })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked
fn whole(number: f64) -> Option<u64> {
    (0.0..9e15).contains(&number).then_some(number as u64)
}
