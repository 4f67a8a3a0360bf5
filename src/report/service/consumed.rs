//! What the machines used up: pages and tickets by their counters, and what that will be next time.

use jiff::civil::Date;

use crate::model::{DeviceKind, Text, standard_point};

use super::super::figures::{Figure, Words};
use super::super::light::Span;
use super::super::make::Reports;
use super::super::meters::{Counted, end};
use super::super::period::Period;
use super::figures::Consumed;

/// A rate of fewer working days says nothing.
const DAYS_MIN: u32 = 3;

/// What each kind of machine counted in a period, and what it will need in the next one.
pub(in super::super) fn consumed(
    reports: &Reports,
    machines: &[Counted],
    spans: &[Span],
    period: Period,
) -> Vec<Consumed> {
    let mut consumed: Vec<Consumed> = Vec::new();
    let now = reports.clock.now();
    let passed = spans.iter().filter(|span| end(span) <= now).map(|span| span.date);
    let (days, ahead) = (working(reports, passed), working(reports, period.next().days()));
    for one in machines {
        let Some(kind) = one.device.as_ref().map(|device| device.kind) else { continue };
        let count = one.sums(spans).total().units();
        let known = consumed.iter_mut().find(|c| c.kind == kind.as_str() && c.point == one.point);
        match known {
            Some(known) => {
                known.machines += 1;
                known.count += count;
            }
            None => consumed.push(first(kind, one.point, count)),
        }
    }
    for one in &mut consumed {
        let rate = one.count / f64::from(days.max(1));
        let known = days >= DAYS_MIN;
        let too_few =
            || Figure::none(Text::new("不足 3 个工作日", "fewer than three working days"));
        one.per_working_day = if known { Figure::of(rate) } else { too_few() };
        one.next_period = if known { Figure::of(rate * f64::from(ahead)) } else { too_few() };
    }
    consumed.sort_by(|a, b| (a.point.as_str(), &a.kind).cmp(&(b.point.as_str(), &b.kind)));
    consumed
}

fn first(kind: DeviceKind, point: &str, count: f64) -> Consumed {
    let label = standard_point(point).map_or_else(|| Text::same(point), |point| point.label);
    Consumed {
        kind: kind.as_str().to_owned(),
        name: Words::from(kind.text()),
        point: point.to_owned(),
        what: Words::from(label),
        machines: 1,
        count,
        per_working_day: Figure { value: None, why: None },
        next_period: Figure { value: None, why: None },
    }
}

/// Days on which visitors are served: those of the zones that are not open always.
fn working(reports: &Reports, days: impl Iterator<Item = Date>) -> u32 {
    let zone = reports.repair.hours.zones.iter().find(|zone| !zone.always);
    let works = |day: &Date| zone.is_none_or(|zone| zone.calendar.is_working_day(*day));
    u32::try_from(days.filter(works).count()).unwrap_or(u32::MAX)
}
