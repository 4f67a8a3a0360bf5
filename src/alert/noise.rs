//! How much the alerts talk: what is heard too often is heard no more. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::journal::{Archive, JournalError};
use crate::model::{DeviceId, EventKind, Severity, Text, Timestamp};

use super::record;
use super::types::{Change, Transition};

/// Over by itself within this time: nobody could have done anything about it.
const SELF_CLEARED_MS: i64 = 5 * 60 * 1000;
/// Length of a shift: three in a day, from midnight on.
const SHIFT_H: i8 = 8;
const TOP: usize = 10;

/// Alarms of one rule on one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Noisy {
    /// The rule.
    pub rule: String,
    /// The device, unless it is about several.
    pub device: Option<DeviceId>,
    /// What the last of them said.
    pub text: Text,
    /// How many.
    pub count: usize,
}

/// The figures of a span.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Noise {
    /// Alerts that were raised.
    pub alarms: usize,
    /// Those of them that people were told of.
    pub told: usize,
    /// Begin, end and alarms of each shift, in order.
    pub shifts: Vec<(Timestamp, Timestamp, usize)>,
    /// The ten noisiest, worst first.
    pub top: Vec<Noisy>,
    /// Over within five minutes without anybody.
    pub self_cleared: usize,
    /// Those that somebody acknowledged.
    pub acknowledged: usize,
    /// From raising to the first acknowledgement, milliseconds; `None` where there was none.
    pub acknowledge_mean_ms: Option<i64>,
    /// Alarms by severity.
    pub by_severity: BTreeMap<Severity, usize>,
}

impl Noise {
    /// The figures of what the journal keeps, with `from <= time < to`. Blocks.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn look(
        archive: &Archive,
        from: Timestamp,
        to: Timestamp,
        time_zone: &TimeZone,
    ) -> Result<Self, JournalError> {
        let mut told = Vec::new();
        archive.events_between(EventKind::Alert, from, to, |event| {
            told.extend(record::transition(&event).map(|transition| (event.time, transition)));
        })?;
        Ok(Self::of(told.into_iter(), from, to, time_zone))
    }

    fn of(
        transitions: impl Iterator<Item = (Timestamp, Transition)>,
        from: Timestamp,
        to: Timestamp,
        time_zone: &TimeZone,
    ) -> Self {
        let mut noise = Self { shifts: shifts(from, to, time_zone), ..Self::default() };
        let mut top: BTreeMap<(String, Option<DeviceId>), (usize, Text)> = BTreeMap::new();
        let mut known = BTreeSet::new();
        let mut waited_ms = 0;
        for (time, transition) in transitions {
            let alert = transition.alert;
            match transition.change {
                Change::Raised => {
                    noise.alarms += 1;
                    noise.told += usize::from(transition.tell);
                    *noise.by_severity.entry(alert.severity).or_default() += 1;
                    let of = |(begin, end, _): &&mut (_, _, _)| (*begin..*end).contains(&time);
                    if let Some((_, _, count)) = noise.shifts.iter_mut().find(of) {
                        *count += 1;
                    }
                    let key = (alert.rule, alert.device);
                    let entry = top.entry(key).or_insert((0, alert.text.clone()));
                    *entry = (entry.0 + 1, alert.text);
                }
                Change::Acknowledged if known.insert(alert.id.clone()) => {
                    noise.acknowledged += 1;
                    waited_ms += time.since_ms(alert.raised).max(0);
                }
                Change::Resolved => {
                    let lasted_ms = alert.resolved.unwrap_or(time).since_ms(alert.raised);
                    let alone = alert.acknowledged.is_none() && !known.contains(&alert.id);
                    noise.self_cleared += usize::from(alone && lasted_ms <= SELF_CLEARED_MS);
                }
                _ => {}
            }
        }
        let count = i64::try_from(noise.acknowledged).unwrap_or(i64::MAX);
        noise.acknowledge_mean_ms = (count > 0).then(|| waited_ms / count.max(1));
        let noisy = |((rule, device), (count, text))| Noisy { rule, device, text, count };
        noise.top = top.into_iter().map(noisy).collect();
        noise.top.sort_by_key(|noisy| std::cmp::Reverse(noisy.count));
        noise.top.truncate(TOP);
        noise
    }
}

/// The shifts that reach into a span.
fn shifts(from: Timestamp, to: Timestamp, zone: &TimeZone) -> Vec<(Timestamp, Timestamp, usize)> {
    let local = |time: Timestamp| {
        let time = jiff::Timestamp::from_millisecond(time.ms()).ok()?;
        Some(zone.to_datetime(time).date())
    };
    let (Some(mut day), Some(last)) = (local(from), local(to)) else { return Vec::new() };
    let mut bounds = Vec::new();
    while day <= last {
        for shift in 0..24 / SHIFT_H {
            let at = day.at(shift * SHIFT_H, 0, 0, 0);
            let at = zone.to_timestamp(at).map(jiff::Timestamp::as_millisecond);
            bounds.extend(at.ok().map(Timestamp::from_ms));
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    bounds.extend(local(to).and_then(|day| {
        let at = day.tomorrow().ok()?.at(0, 0, 0, 0);
        Some(Timestamp::from_ms(zone.to_timestamp(at).ok()?.as_millisecond()))
    }));
    let pairs = bounds.iter().zip(bounds.iter().skip(1));
    let within = pairs.filter(|(begin, end)| **end > from && **begin < to);
    within.map(|(begin, end)| (*begin, *end, 0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::AlertRecord;

    const MINUTE: i64 = 60_000;

    fn alert(device: &str, raised: Timestamp) -> super::super::types::Alert {
        let record = serde_json::json!({
            "id": format!("KS003-{device}-{}", raised.ms()), "rule": "KS003", "severity": "minor",
            "state": "active", "device": device, "text": {"zh": device, "en": device},
            "advice": {"zh": "", "en": ""}, "since_ms": raised.ms(), "raised_ms": raised.ms(),
            "resolved_ms": null, "acknowledged": null,
        });
        serde_json::from_value::<AlertRecord>(record).expect("record").alert().expect("alert")
    }

    #[test]
    fn a_morning_of_a_hall_is_counted_by_hand() {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let at = |text: &str| {
            let local: jiff::civil::DateTime = text.parse().expect("time");
            Timestamp::from_ms(zone.to_timestamp(local).expect("time").as_millisecond())
        };
        let (from, to) = (at("2026-06-22T00:00"), at("2026-06-23T00:00"));
        let mut said = Vec::new();
        let mut say = |change, alert: &super::super::types::Alert, time: Timestamp| {
            said.push((time, Transition { change, alert: alert.clone(), tell: true, to: None }));
        };
        // One that is gone after four minutes, twice; one that somebody acknowledges after six.
        for start in ["2026-06-22T07:59", "2026-06-22T09:00"] {
            let mut one = alert("tm-1", at(start));
            say(Change::Raised, &one, one.raised);
            one.resolved = Some(one.raised.plus_ms(4 * MINUTE));
            say(Change::Resolved, &one, one.raised.plus_ms(4 * MINUTE));
        }
        let other = alert("tm-2", at("2026-06-22T16:00"));
        say(Change::Raised, &other, other.raised);
        say(Change::Acknowledged, &other, other.raised.plus_ms(6 * MINUTE));
        say(Change::Acknowledged, &other, other.raised.plus_ms(60 * MINUTE));
        let noise = Noise::of(said.into_iter(), from, to, &zone);
        assert_eq!((noise.alarms, noise.told, noise.self_cleared), (3, 3, 2));
        assert_eq!((noise.acknowledged, noise.acknowledge_mean_ms), (1, Some(6 * MINUTE)));
        let counts: Vec<usize> = noise.shifts.iter().map(|shift| shift.2).collect();
        assert_eq!(counts, [1, 1, 1]);
        assert_eq!(noise.shifts[1].0, at("2026-06-22T08:00"));
        let top: Vec<_> = noise.top.iter().map(|n| (n.text.en.as_str(), n.count)).collect();
        assert_eq!(top, [("tm-1", 2), ("tm-2", 1)]);
        assert_eq!(noise.by_severity, BTreeMap::from([(Severity::Minor, 3)]));
    }
}
