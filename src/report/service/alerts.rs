//! Faults and alerts: how often, how noisy, what they cost.

use std::collections::BTreeMap;

use crate::alert::Alert;
use crate::model::{Severity, Text};

use super::super::figures::{Figure, Words};
use super::super::make::Reports;
use super::figures::{Costly, Fault, Raised};
use super::{Range, hours};

/// Lines in the lists.
const FAULTS_MAX: usize = 10;
const COSTLY_MAX: usize = 15;
/// What is over by itself within so long was noise.
const NOISE_MS: i64 = 5 * 60 * 1000;

/// Alerts that were raised in a span.
fn within(alerts: &[Alert], (from, to): Range) -> impl Iterator<Item = &Alert> {
    alerts.iter().filter(move |alert| from <= alert.raised && alert.raised < to)
}

/// Faults of the machines by rule.
pub(super) fn faults(reports: &Reports, alerts: &[Alert], range: Range) -> Vec<Fault> {
    let mut faults: BTreeMap<&str, Fault> = BTreeMap::new();
    for alert in within(alerts, range) {
        let Some(id) = &alert.device else { continue };
        let device = reports.devices.iter().map(|known| &known.0).find(|d| d.id == *id);
        let Some(device) = device.filter(|device| device.kind.is_kiosk()) else { continue };
        let fault = faults.entry(&alert.rule).or_insert_with(|| Fault {
            rule: alert.rule.clone(),
            text: Words::from(without(&alert.text, &device.name)),
            count: 0,
            service_h: 0.0,
        });
        fault.count += 1;
        fault.service_h += hours(alert.cost.service_ms);
    }
    let mut faults: Vec<Fault> = faults.into_values().collect();
    faults.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.rule.cmp(&b.rule)));
    faults.truncate(FAULTS_MAX);
    faults
}

/// What a rule says, without the machine's name.
fn without(text: &Text, name: &Text) -> Text {
    let cut = |text: &str, name: &str| text.replacen(name, "", 1).trim().to_owned();
    Text::new(cut(&text.zh, &name.zh), cut(&text.en, &name.en))
}

/// Alerts by severity, the worst first.
pub(super) fn raised(alerts: &[Alert], range: Range) -> Vec<Raised> {
    let of = |severity: Severity| {
        let own: Vec<&Alert> =
            within(alerts, range).filter(|alert| alert.severity == severity).collect();
        let count = u32::try_from(own.len()).unwrap_or(u32::MAX);
        let taken: Vec<i64> = own
            .iter()
            .filter_map(|alert| Some(alert.acknowledged.as_ref()?.at.since_ms(alert.raised)))
            .collect();
        let noise = own.iter().filter(|alert| {
            let short = |ended: crate::model::Timestamp| ended.since_ms(alert.raised) < NOISE_MS;
            alert.acknowledged.is_none() && alert.resolved.is_some_and(short)
        });
        let noise = u32::try_from(noise.count()).unwrap_or(u32::MAX);
        let open = own.iter().filter(|alert| alert.resolved.is_none_or(|ended| ended >= range.1));
        let acknowledged = u32::try_from(taken.len()).unwrap_or(u32::MAX);
        let none = || Figure::none(Text::new("没有", "there were none"));
        Raised {
            severity: severity.as_str().to_owned(),
            count,
            acknowledged,
            acknowledged_min: match acknowledged {
                0 => none(),
                many => Figure::of(hours(taken.iter().sum()) * 60.0 / f64::from(many)),
            },
            noise: match count {
                0 => none(),
                many => Figure::of(f64::from(noise) / f64::from(many)),
            },
            open: u32::try_from(open.count()).unwrap_or(u32::MAX),
        }
    };
    Severity::ALL.into_iter().rev().map(of).collect()
}

/// What cost most, by money, then energy, then service time.
pub(super) fn costly(alerts: &[Alert], range: Range) -> Vec<Costly> {
    let cost = |alert: &Alert| {
        let cost = &alert.cost;
        (cost.money.unwrap_or(0.0), cost.energy_wh, cost.service_ms)
    };
    let mut own: Vec<&Alert> = alerts
        .iter()
        .filter(|alert| alert.since < range.1 && cost(alert) > (0.0, 0.0, 0))
        .collect();
    own.sort_by(|a, b| {
        let (a_cost, b_cost) = (cost(a), cost(b));
        b_cost
            .partial_cmp(&a_cost)
            .unwrap_or(std::cmp::Ordering::Equal)
            .then_with(|| a.id.cmp(&b.id))
    });
    let told = |alert: &Alert| Costly {
        id: alert.id.clone(),
        text: Words::from(alert.text.clone()),
        advice: Words::from(alert.advice.clone()),
        since_ms: alert.since.ms(),
        until_ms: alert.resolved.map(crate::model::Timestamp::ms),
        energy_kwh: alert.cost.energy_wh / 1_000.0,
        money: alert.cost.money,
        service_h: hours(alert.cost.service_ms),
    };
    own.into_iter().take(COSTLY_MAX).map(told).collect()
}
