//! Availability, failures and repair of a machine, or of many, over a period.

use std::iter::Sum;

use crate::calendar::Calendar;
use crate::model::Timestamp;

use super::condition::{Condition, Stretch, in_order};
use super::outage::{Lapse, outages_in};

/// What a machine did in the service hours of a period.
///
/// The five parts add up to [`service_ms`](Self::service_ms). The figures of neighbouring periods
/// add up to those of both together, and those of several machines to those of the fleet: a sum
/// weighs each machine by its service time.
///
/// Planned maintenance and time without data are taken out of the service time first: the plan is
/// no fault of the machine, and what nobody saw is no merit. What is left is the time that the
/// figures below are about,
///
/// ```text
/// answerable = service − maintenance − unknown
/// availability = 1 − down / answerable
/// MTBF = (answerable − down) / failures
/// MTTR = service time of the outages that ended / their number
/// ```
///
/// which is the usual MTBF = (S − down) / n with the same S as in the availability, so that
/// availability = MTBF / (MTBF + MTTR) for a period that no outage reaches out of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kpi {
    /// Service hours of the period, milliseconds.
    pub service_ms: i64,
    /// Of it, time in which the machine served all, milliseconds.
    pub serving_ms: i64,
    /// Of it, time in which it served, but not everything or not well, milliseconds. It counts as
    /// available.
    pub degraded_ms: i64,
    /// Of it, time in which it was down or offline, milliseconds.
    pub down_ms: i64,
    /// Of it, planned maintenance, milliseconds.
    pub maintenance_ms: i64,
    /// Of it, time without data, milliseconds.
    pub unknown_ms: i64,
    /// Outages whose first service millisecond lies in the period.
    pub failures: u32,
    /// Outages that ended in the period.
    pub repairs: u32,
    /// All that those took together, from their first service millisecond on.
    pub repair: Lapse,
}

impl Kpi {
    /// The figures of the period from `from` until before `to`.
    ///
    /// Stretches may come in any order, overlap and have gaps (see [`Condition`]). They should
    /// reach back before the period as far as an outage does, or it counts as a failure of this
    /// period, and forward as far as is known, or its end is not seen.
    #[must_use]
    pub fn of(from: Timestamp, to: Timestamp, calendar: &Calendar, stretches: &[Stretch]) -> Self {
        let story = in_order(stretches);
        let mut kpi = Self { service_ms: calendar.open_ms(from, to), ..Self::default() };
        for stretch in &story {
            let ms = calendar.open_ms(stretch.from.max(from), stretch.to.min(to));
            match stretch.condition {
                Condition::Serving => kpi.serving_ms += ms,
                Condition::Degraded => kpi.degraded_ms += ms,
                Condition::Down | Condition::Offline => kpi.down_ms += ms,
                Condition::Maintenance => kpi.maintenance_ms += ms,
                Condition::Unknown => {}
            }
        }
        let known_ms = kpi.serving_ms + kpi.degraded_ms + kpi.down_ms + kpi.maintenance_ms;
        kpi.unknown_ms = kpi.service_ms - known_ms;
        let holds = |moment: Timestamp| from <= moment && moment < to;
        for outage in outages_in(calendar, &story) {
            kpi.failures += u32::from(holds(outage.counts_from));
            if outage.ended.is_some_and(holds) {
                kpi.repairs += 1;
                kpi.repair.service_ms += outage.lasted.service_ms;
                kpi.repair.calendar_ms += outage.lasted.calendar_ms;
            }
        }
        kpi
    }

    /// Service time for which the machine has to answer: without maintenance and without the time
    /// of which there is no data, milliseconds.
    #[must_use]
    pub const fn answerable_ms(&self) -> i64 {
        self.service_ms - self.maintenance_ms - self.unknown_ms
    }

    /// Share of the answerable time in which it could be used, 0 to 1; `None` when there was none.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // milliseconds of years, not of ages
    pub fn availability(&self) -> Option<f64> {
        let answerable_ms = self.answerable_ms();
        // Up by answerable, so that the whole is 1 and nothing is 0, to the last bit.
        (answerable_ms > 0).then(|| (answerable_ms - self.down_ms) as f64 / answerable_ms as f64)
    }

    /// Mean answerable time between two failures, milliseconds, rounded down; `None` when nothing
    /// failed.
    #[must_use]
    pub fn mtbf_ms(&self) -> Option<i64> {
        (self.answerable_ms() - self.down_ms).checked_div(i64::from(self.failures))
    }

    /// Mean service time from failure to repair of the outages that ended, milliseconds, rounded
    /// down; `None` when none did.
    #[must_use]
    pub fn mttr_ms(&self) -> Option<i64> {
        self.repair.service_ms.checked_div(i64::from(self.repairs))
    }

    /// The same by the clock, as contracts have it.
    #[must_use]
    pub fn mttr_calendar_ms(&self) -> Option<i64> {
        self.repair.calendar_ms.checked_div(i64::from(self.repairs))
    }

    /// Both together: two periods of a machine, or two machines.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            service_ms: self.service_ms + other.service_ms,
            serving_ms: self.serving_ms + other.serving_ms,
            degraded_ms: self.degraded_ms + other.degraded_ms,
            down_ms: self.down_ms + other.down_ms,
            maintenance_ms: self.maintenance_ms + other.maintenance_ms,
            unknown_ms: self.unknown_ms + other.unknown_ms,
            failures: self.failures + other.failures,
            repairs: self.repairs + other.repairs,
            repair: Lapse {
                service_ms: self.repair.service_ms + other.repair.service_ms,
                calendar_ms: self.repair.calendar_ms + other.repair.calendar_ms,
            },
        }
    }
}

/// The figures of a fleet, each machine weighed by its service time.
impl Sum for Kpi {
    fn sum<I: Iterator<Item = Self>>(kpis: I) -> Self {
        kpis.fold(Self::default(), Self::plus)
    }
}

impl<'a> Sum<&'a Kpi> for Kpi {
    fn sum<I: Iterator<Item = &'a Kpi>>(kpis: I) -> Self {
        kpis.copied().sum()
    }
}

/// How long an alert waited for a person. One that was acknowledged before it was raised, as clocks
/// have it that are set back, did not wait.
#[must_use]
pub fn response(calendar: &Calendar, raised: Timestamp, acknowledged: Timestamp) -> Lapse {
    Lapse::between(calendar, raised, acknowledged)
}
