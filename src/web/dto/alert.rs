//! Alerts on the wire.

use serde::Serialize;

use crate::alert;
use crate::live::Board;
use crate::model::{DeviceId, Timestamp};

use super::Text;

/// A list of alerts, newest first.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Alerts {
    pub(in crate::web) now_ms: i64,
    pub(in crate::web) alerts: Vec<Alert>,
}

/// One alert with the names of its device.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Alert {
    id: String,
    rule: String,
    severity: &'static str,
    state: &'static str,
    device: Option<String>,
    device_name: Text,
    zone: Option<String>,
    kind: Option<&'static str>,
    text: Text,
    advice: Text,
    since_ms: i64,
    raised_ms: i64,
    resolved_ms: Option<i64>,
    acknowledged: Option<Acknowledged>,
    evidence: Vec<Evidence>,
    silenced: Option<String>,
    inhibited: Option<String>,
    flapping: bool,
    told: Vec<String>,
    cost: Cost,
    labels: crate::rule::Labels,
}

/// What it has cost so far.
#[derive(Debug, Serialize)]
struct Cost {
    energy_wh: f64,
    money: Option<f64>,
    service_ms: i64,
}

/// What is about to be an alert, the next one first.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Suspects {
    now_ms: i64,
    suspects: Vec<Suspect>,
}

#[derive(Debug, Serialize)]
struct Suspect {
    rule: String,
    severity: &'static str,
    device: Option<String>,
    device_name: Text,
    zone: Option<String>,
    text: Text,
    since_ms: i64,
    due_ms: i64,
}

impl Suspects {
    pub(in crate::web) fn of(all: Vec<alert::Suspect>, board: &Board, now: Timestamp) -> Self {
        let suspect = |one: alert::Suspect| Suspect {
            device_name: name_of(one.device.as_ref(), board),
            zone: one
                .device
                .as_ref()
                .and_then(|id| board.get(id.as_str()))
                .map(|live| live.device.zone.to_string()),
            rule: one.rule,
            severity: one.severity.as_str(),
            device: one.device.map(|id| id.to_string()),
            text: one.text.into(),
            since_ms: one.since.ms(),
            due_ms: one.due.ms(),
        };
        Self { now_ms: now.ms(), suspects: all.into_iter().map(suspect).collect() }
    }
}

/// Something about several devices carries the name of the building; one that is no longer configured keeps
/// its id.
fn name_of(device: Option<&DeviceId>, board: &Board) -> Text {
    let live = device.and_then(|id| board.get(id.as_str()));
    match (device, live) {
        (_, Some(live)) => Text::from(&live.device.name),
        (Some(id), None) => crate::model::Text::same(id.as_str()).into(),
        (None, None) => Text::from(&board.site.name),
    }
}

/// The silences and maintenance windows, newest first.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Silences {
    now_ms: i64,
    silences: Vec<SilenceView>,
}

#[derive(Debug, Serialize)]
struct SilenceView {
    #[serde(flatten)]
    silence: alert::Silence,
    /// `active`, `scheduled`, `waiting` between two times of a recurring one, or `over`.
    state: &'static str,
}

impl Silences {
    pub(in crate::web) fn of(views: Vec<alert::SilenceView>, now: Timestamp) -> Self {
        let state = |view: &alert::SilenceView| match () {
            () if view.silence.is_over(now) => "over",
            () if now < view.silence.from => "scheduled",
            () if view.active || view.silence.recurring.is_none() => "active",
            () => "waiting",
        };
        let mut silences: Vec<_> = views
            .into_iter()
            .map(|view| SilenceView { state: state(&view), silence: view.silence })
            .collect();
        silences.reverse();
        Self { now_ms: now.ms(), silences }
    }
}

#[derive(Debug, Serialize)]
struct Acknowledged {
    by: String,
    note: String,
    at_ms: i64,
    until_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Evidence {
    label: Text,
    value: String,
}

impl Alert {
    pub(in crate::web) fn of(alert: alert::Alert, board: &Board) -> Self {
        let live = alert.device.as_ref().and_then(|id| board.get(id.as_str()));
        let device = live.map(|live| &live.device);
        let device_name = name_of(alert.device.as_ref(), board);
        let evidence = alert.evidence.into_iter();
        Self {
            id: alert.id,
            rule: alert.rule,
            severity: alert.severity.as_str(),
            state: alert.state.as_str(),
            device: alert.device.as_ref().map(ToString::to_string),
            device_name,
            zone: device.map(|device| device.zone.to_string()),
            kind: device.map(|device| device.kind.as_str()),
            text: alert.text.into(),
            advice: alert.advice.into(),
            since_ms: alert.since.ms(),
            raised_ms: alert.raised.ms(),
            resolved_ms: alert.resolved.map(Timestamp::ms),
            acknowledged: alert.acknowledged.map(|who| Acknowledged {
                by: who.by,
                note: who.note,
                at_ms: who.at.ms(),
                until_ms: who.until.map(Timestamp::ms),
            }),
            evidence: evidence
                .map(|(label, value)| Evidence { label: label.into(), value })
                .collect(),
            silenced: alert.silenced,
            inhibited: alert.inhibited,
            flapping: alert.flapping,
            told: alert.told,
            cost: Cost {
                energy_wh: alert.cost.energy_wh,
                money: alert.cost.money,
                service_ms: alert.cost.service_ms,
            },
            labels: alert.labels,
        }
    }
}
