//! How well each machine served, each kind, and all.

use std::collections::BTreeMap;

use crate::alert::Alert;
use crate::calendar::Calendar;
use crate::model::{Device, DeviceKind, Severity, Text, Timestamp};
use crate::service::{Condition, Kpi, Stretch, response};

use super::super::figures::{Figure, Words};
use super::super::make::Reports;
use super::figures::Served;
use super::{Range, hours};

/// Contracts ask for a response within so long.
const ON_TIME_MS: i64 = 30 * 60 * 1000;
/// Machines in the list of the worst.
const WORST_MAX: usize = 5;

/// What machines are looked at in.
pub(super) struct Span<'a> {
    pub(super) range: Range,
    pub(super) now: Timestamp,
    /// When no gateway ran.
    pub(super) pauses: &'a [Range],
    /// When each device spoke first.
    pub(super) since: &'a BTreeMap<String, Timestamp>,
}

/// A machine and its figures.
#[derive(Clone, Copy, Default)]
struct Sum {
    machines: u32,
    kpi: Kpi,
    /// Faults that were acknowledged, those in time, and all; and how long it took together.
    acknowledged: u32,
    on_time: u32,
    faults: u32,
    response_ms: i64,
}

impl Sum {
    const fn plus(self, other: Self) -> Self {
        Self {
            machines: self.machines + other.machines,
            kpi: self.kpi.plus(other.kpi),
            acknowledged: self.acknowledged + other.acknowledged,
            on_time: self.on_time + other.on_time,
            faults: self.faults + other.faults,
            response_ms: self.response_ms + other.response_ms,
        }
    }
}

/// All machines, by kind, and the worst of them.
pub(super) fn served(
    reports: &Reports,
    alerts: &[Alert],
    span: &Span<'_>,
) -> (Served, Vec<Served>, Vec<Served>) {
    let mut all = Sum::default();
    let mut kinds: BTreeMap<DeviceKind, Sum> = BTreeMap::new();
    let mut machines: Vec<(f64, Served)> = Vec::new();
    let kiosks = reports.devices.iter().map(|known| &known.0).filter(|d| d.kind.is_kiosk());
    for device in kiosks {
        let zone = reports.repair.hours.zone(&device.zone);
        let Some(calendar) = zone.map(|zone| &*zone.calendar) else { continue };
        let sum = sum(device, calendar, alerts, span);
        all = all.plus(sum);
        let kind = kinds.entry(device.kind).or_default();
        *kind = kind.plus(sum);
        if sum.kpi.failures > 0 || sum.kpi.down_ms > 0 {
            let down = sum.kpi.availability().unwrap_or(1.0);
            machines.push((down, told(device.id.as_str(), device.name.clone(), &sum)));
        }
    }
    machines.sort_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| one.id.cmp(&other.id)));
    let worst = machines.into_iter().take(WORST_MAX).map(|(_, served)| served).collect();
    let of_kind = |(kind, sum): (DeviceKind, Sum)| told(kind.as_str(), kind.text(), &sum);
    let name = Text::new("全部自助设备", "all machines");
    (told("", name, &all), kinds.into_iter().map(of_kind).collect(), worst)
}

fn sum(device: &Device, calendar: &Calendar, alerts: &[Alert], span: &Span<'_>) -> Sum {
    let (from, to) = span.range;
    let faults = alerts.iter().filter(|alert| {
        alert.device.as_ref() == Some(&device.id) && alert.severity >= Severity::Major
    });
    let mut sum = Sum { machines: 1, ..Sum::default() };
    let mut stretches: Vec<Stretch> = Vec::new();
    if let Some(since) = span.since.get(device.id.as_str()) {
        let condition = Condition::Serving;
        stretches.push(Stretch { condition, from: (*since).max(from), to });
    }
    let unknown = Condition::Unknown;
    stretches.extend(span.pauses.iter().map(|(from, to)| Stretch {
        condition: unknown,
        from: *from,
        to: *to,
    }));
    for alert in faults {
        let planned = alert.silenced.is_some();
        let condition = if planned { Condition::Maintenance } else { Condition::Down };
        let until = alert.resolved.unwrap_or(span.now).min(span.now);
        stretches.push(Stretch { condition, from: alert.since, to: until });
        if planned || alert.raised < from || alert.raised >= to {
            continue;
        }
        let open_for = response(calendar, alert.raised, until).service_ms;
        if alert.acknowledged.is_none() && alert.resolved.is_none() && open_for <= ON_TIME_MS {
            // There is still time.
            continue;
        }
        sum.faults += 1;
        if let Some(acknowledged) = &alert.acknowledged {
            let took = response(calendar, alert.raised, acknowledged.at).service_ms;
            sum.acknowledged += 1;
            sum.on_time += u32::from(took <= ON_TIME_MS);
            sum.response_ms += took;
        }
    }
    sum.kpi = Kpi::of(from, to, calendar, &stretches);
    sum
}

fn told(id: &str, name: Text, sum: &Sum) -> Served {
    let kpi = &sum.kpi;
    let in_hours = |ms: Option<i64>, why: fn() -> Text| {
        ms.map_or_else(|| Figure::none(why()), |ms| Figure::of(hours(ms)))
    };
    let none_failed = || Text::new("期内无故障", "nothing failed");
    let none_ended = || Text::new("期内没有修复的故障", "no outage ended");
    Served {
        id: id.to_owned(),
        name: Words::from(name),
        machines: sum.machines,
        service_h: hours(kpi.service_ms),
        down_h: hours(kpi.down_ms),
        maintenance_h: hours(kpi.maintenance_ms),
        unknown_h: hours(kpi.unknown_ms),
        failures: kpi.failures,
        availability: kpi.availability().map_or_else(
            || {
                Figure::none(Text::new(
                    "期内没有服务时间数据",
                    "there are no data of service hours",
                ))
            },
            Figure::of,
        ),
        mtbf_h: in_hours(kpi.mtbf_ms(), none_failed),
        mttr_h: in_hours(kpi.mttr_ms(), none_ended),
        response_min: match sum.acknowledged {
            0 => Figure::none(Text::new("没有被确认的故障", "no fault was acknowledged")),
            count => Figure::of(hours(sum.response_ms) * 60.0 / f64::from(count)),
        },
        response_on_time: match sum.faults {
            0 => Figure::none(none_failed()),
            faults => Figure::of(f64::from(sum.on_time) / f64::from(faults)),
        },
    }
}
