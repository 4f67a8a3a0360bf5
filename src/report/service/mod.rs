//! The machines over a period: by the alerts and the work orders that the journal keeps for good.
//!
//! A machine counts as out of order from when a major or critical alert of it was first seen until it was
//! over; under a silence, as in maintenance.

mod alerts;
mod consumed;
mod figures;
mod machines;

use std::collections::BTreeMap;

use crate::alert::{Alert, alert_event};
use crate::journal::{Archive, JournalError};
use crate::model::{EventKind, Record, Text, Timestamp};
use crate::repair;

use super::figures::Figure;
use super::make::Reports;

pub(super) use consumed::consumed;
pub use figures::{Consumed, Costly, Fault, Orders, Raised, Served, ServiceFigures};

/// An outage may have begun so long before the period.
const REACH_MS: i64 = 100 * 24 * 3600 * 1000;

/// A span of time, half open.
type Range = (Timestamp, Timestamp);

/// The figures of a period; `None` where nothing serves visitors.
pub(super) fn service(
    reports: &Reports,
    (from, to): Range,
    since: &BTreeMap<String, Timestamp>,
    now: Timestamp,
) -> Result<Option<ServiceFigures>, JournalError> {
    if !reports.devices.iter().any(|known| known.0.kind.is_kiosk()) {
        return Ok(None);
    }
    let archive = reports.books.archive();
    let until = to.min(now);
    let alerts = alerts_of(archive, from, until)?;
    let pauses = archive.pauses(from, until)?;
    let span = machines::Span { range: (from, until), now, pauses: &pauses, since };
    let (all, kinds, worst) = machines::served(reports, &alerts, &span);
    Ok(Some(ServiceFigures {
        all,
        kinds,
        worst,
        faults: alerts::faults(reports, &alerts, (from, until)),
        alerts: alerts::raised(&alerts, (from, until)),
        costly: alerts::costly(&alerts, (from, until)),
        orders: orders(reports, archive, (from, to), now)?,
        consumed: Vec::new(),
    }))
}

/// Every alert that touches a span, as it stood last.
fn alerts_of(
    archive: &Archive,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Alert>, JournalError> {
    let mut alerts: BTreeMap<String, Alert> = BTreeMap::new();
    let end = Timestamp::from_ms(i64::MAX);
    archive.events_between(EventKind::Alert, from.plus_ms(-REACH_MS), end, |event| {
        if let Some(transition) = alert_event(&Record::Event(event)) {
            alerts.insert(transition.alert.id.clone(), transition.alert);
        }
    })?;
    let touches =
        |alert: &Alert| alert.since < to && alert.resolved.is_none_or(|resolved| resolved >= from);
    Ok(alerts.into_values().filter(touches).collect())
}

fn orders(
    reports: &Reports,
    archive: &Archive,
    (from, to): Range,
    now: Timestamp,
) -> Result<Orders, JournalError> {
    let figures = repair::figures_of(archive, &reports.repair, from, (from, to), now)?;
    let all = figures.all;
    let hours = |lapse: Option<crate::service::Lapse>| {
        lapse.map_or_else(|| Figure::none(no_data()), |lapse| Figure::of(hours(lapse.service_ms)))
    };
    let share = |share: Option<f64>| share.map_or_else(|| Figure::none(no_data()), Figure::of);
    Ok(Orders {
        opened: all.orders - all.cancelled,
        closed: all.closed,
        proven: all.proven,
        response_h: hours(all.response),
        repair_h: hours(all.repair),
        first_time_fix: share(all.first_time_fix),
        response_in_time: share(all.response_in_time),
        repair_in_time: share(all.repair_in_time),
        parts: figures.parts.into_iter().map(|part| (part.name, part.count)).collect(),
    })
}

fn no_data() -> Text {
    Text::new("期内没有", "there were none")
}

#[allow(clippy::cast_precision_loss)] // milliseconds of years
fn hours(ms: i64) -> f64 {
    ms as f64 / 3_600_000.0
}
