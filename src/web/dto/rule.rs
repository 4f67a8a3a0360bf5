//! Rules, rehearsals and noise on the wire.

use serde::Serialize;

use crate::alert;
use crate::live::Board;
use crate::model::{DeviceId, Severity, Timestamp};
use crate::rule;

use super::Text;

/// All rules.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Rules {
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
struct Rule {
    id: String,
    severity: &'static str,
    kinds: Vec<&'static str>,
    text: Text,
    advice: Text,
    profiles: Vec<String>,
    labels: rule::Labels,
    /// What is stored suffices to rehearse it.
    rehearsable: bool,
}

impl Rules {
    pub(in crate::web) fn of(rules: &[rule::Rule]) -> Self {
        let rule = |rule: &rule::Rule| Rule {
            id: rule.id.to_string(),
            severity: rule.severity().as_str(),
            kinds: rule.kinds().iter().map(|kind| kind.as_str()).collect(),
            profiles: rule.profiles.clone(),
            labels: rule.labels.clone(),
            text: Text::from(rule.text()),
            advice: Text::from(&rule.advice),
            rehearsable: rule.found().is_none(),
        };
        Self { rules: rules.iter().map(rule).collect() }
    }
}

/// How often a rule would have fired.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Rehearsal {
    rule: String,
    from_ms: i64,
    to_ms: i64,
    data_from_ms: Option<i64>,
    devices_judged: usize,
    firings: usize,
    in_hours: usize,
    out_of_hours: usize,
    told: Vec<Told>,
    devices: Vec<OnDevice>,
    events: Vec<Event>,
    took_ms: i64,
}

#[derive(Debug, Serialize)]
struct Told {
    channel: String,
    count: usize,
}

#[derive(Debug, Serialize)]
struct OnDevice {
    device: String,
    device_name: Text,
    count: usize,
    longest_ms: i64,
}

#[derive(Debug, Serialize)]
struct Event {
    device: Option<String>,
    from_ms: i64,
    to_ms: Option<i64>,
    severity: &'static str,
    in_hours: bool,
    text: Text,
}

fn name_of(device: &DeviceId, board: &Board) -> Text {
    let live = board.get(device.as_str());
    live.map_or_else(
        || crate::model::Text::same(device.as_str()).into(),
        |live| Text::from(&live.device.name),
    )
}

impl Rehearsal {
    pub(in crate::web) fn of(done: alert::Rehearsed, board: &Board, took_ms: i64) -> Self {
        let mut devices: Vec<OnDevice> = done
            .by_device
            .iter()
            .map(|(id, (count, longest_ms))| OnDevice {
                device: id.to_string(),
                device_name: name_of(id, board),
                count: *count,
                longest_ms: *longest_ms,
            })
            .collect();
        devices.sort_by_key(|device| std::cmp::Reverse(device.count));
        let event = |firing: alert::Firing| Event {
            device: firing.device.as_ref().map(ToString::to_string),
            from_ms: firing.from.ms(),
            to_ms: firing.to.map(Timestamp::ms),
            severity: firing.severity.as_str(),
            in_hours: firing.in_hours,
            text: firing.text.into(),
        };
        let told = done.told.into_iter().map(|(channel, count)| Told { channel, count });
        Self {
            rule: done.rule,
            from_ms: done.from.ms(),
            to_ms: done.to.ms(),
            data_from_ms: done.data_from.map(Timestamp::ms),
            devices_judged: done.devices,
            firings: done.firings,
            in_hours: done.in_hours,
            out_of_hours: done.firings - done.in_hours,
            told: told.collect(),
            devices,
            events: done.listed.into_iter().map(event).collect(),
            took_ms,
        }
    }
}

/// How much the alerts talk.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Noise {
    from_ms: i64,
    to_ms: i64,
    alarms: usize,
    told: usize,
    per_shift_mean: f64,
    shifts: Vec<Shift>,
    top: Vec<Noisy>,
    self_cleared: usize,
    acknowledged: usize,
    acknowledge_mean_ms: Option<i64>,
    by_severity: BySeverity,
}

#[derive(Debug, Serialize)]
struct Shift {
    from_ms: i64,
    to_ms: i64,
    alarms: usize,
}

#[derive(Debug, Serialize)]
struct Noisy {
    rule: String,
    device: Option<String>,
    device_name: Text,
    text: Text,
    count: usize,
}

#[derive(Debug, Serialize)]
struct BySeverity {
    critical: usize,
    major: usize,
    minor: usize,
    info: usize,
}

impl Noise {
    pub(in crate::web) fn of(
        noise: &alert::Noise,
        from: Timestamp,
        to: Timestamp,
        board: &Board,
    ) -> Self {
        let shifts = noise.shifts.iter().map(|(from, to, alarms)| Shift {
            from_ms: from.ms(),
            to_ms: to.ms(),
            alarms: *alarms,
        });
        let site = || Text::from(&board.site.name);
        let top = noise.top.iter().map(|noisy| Noisy {
            rule: noisy.rule.clone(),
            device: noisy.device.as_ref().map(ToString::to_string),
            device_name: noisy.device.as_ref().map_or_else(site, |id| name_of(id, board)),
            text: Text::from(&noisy.text),
            count: noisy.count,
        });
        let of = |severity| noise.by_severity.get(&severity).copied().unwrap_or(0);
        #[allow(clippy::cast_precision_loss)] // counts of people's shifts
        let per_shift_mean = noise.alarms as f64 / noise.shifts.len().max(1) as f64;
        Self {
            from_ms: from.ms(),
            to_ms: to.ms(),
            alarms: noise.alarms,
            told: noise.told,
            per_shift_mean,
            shifts: shifts.collect(),
            top: top.collect(),
            self_cleared: noise.self_cleared,
            acknowledged: noise.acknowledged,
            acknowledge_mean_ms: noise.acknowledge_mean_ms,
            by_severity: BySeverity {
                critical: of(Severity::Critical),
                major: of(Severity::Major),
                minor: of(Severity::Minor),
                info: of(Severity::Info),
            },
        }
    }
}
