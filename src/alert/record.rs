//! Alerts as JSON: what stands in the journal, in the engine's snapshot, and in webhooks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{DeviceId, Event, EventKind, Record, Severity, Text, Timestamp};

use super::engine::{Key, Track};
use super::types::{Acknowledged, Alert, AlertState, Change, Transition};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TextRecord {
    pub(super) zh: String,
    pub(super) en: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AcknowledgedRecord {
    by: String,
    note: String,
    at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct EvidenceRecord {
    label: TextRecord,
    value: String,
}

/// An alert as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AlertRecord {
    pub(super) id: String,
    rule: String,
    severity: String,
    state: String,
    device: Option<String>,
    text: TextRecord,
    advice: TextRecord,
    since_ms: i64,
    raised_ms: i64,
    resolved_ms: Option<i64>,
    acknowledged: Option<AcknowledgedRecord>,
    #[serde(default)]
    evidence: Vec<EvidenceRecord>,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    topic: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    silenced: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inhibited: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    flapping: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
const fn is_false(yes: &bool) -> bool {
    !*yes
}

/// Body of an event of kind `alert`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TransitionRecord {
    pub(super) change: String,
    pub(super) tell: bool,
    pub(super) alert: AlertRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TrackRecord {
    rule: String,
    device: String,
    #[serde(default)]
    part: String,
    /// As it was kept when rules had one level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_ms: Option<i64>,
    #[serde(default)]
    levels_ms: Vec<Option<i64>>,
    clear_since_ms: Option<i64>,
    alert: Option<AlertRecord>,
}

impl From<&Text> for TextRecord {
    fn from(text: &Text) -> Self {
        Self { zh: text.zh.clone(), en: text.en.clone() }
    }
}

impl From<TextRecord> for Text {
    fn from(text: TextRecord) -> Self {
        Self::new(text.zh, text.en)
    }
}

impl From<&Alert> for AlertRecord {
    fn from(alert: &Alert) -> Self {
        let acknowledged = alert.acknowledged.as_ref().map(|a| AcknowledgedRecord {
            by: a.by.clone(),
            note: a.note.clone(),
            at_ms: a.at.ms(),
            until_ms: a.until.map(Timestamp::ms),
        });
        let evidence = alert
            .evidence
            .iter()
            .map(|(label, value)| EvidenceRecord { label: label.into(), value: value.clone() });
        Self {
            id: alert.id.clone(),
            rule: alert.rule.clone(),
            severity: alert.severity.as_str().to_owned(),
            state: alert.state.as_str().to_owned(),
            device: alert.device.as_ref().map(ToString::to_string),
            text: (&alert.text).into(),
            advice: (&alert.advice).into(),
            since_ms: alert.since.ms(),
            raised_ms: alert.raised.ms(),
            resolved_ms: alert.resolved.map(Timestamp::ms),
            acknowledged,
            evidence: evidence.collect(),
            codes: alert.codes.clone(),
            topic: alert.topic.clone(),
            silenced: alert.silenced.clone(),
            inhibited: alert.inhibited.clone(),
            flapping: alert.flapping,
            told: alert.told.clone(),
        }
    }
}

impl AlertRecord {
    /// The alert, unless its words are not ours.
    pub(super) fn alert(self) -> Option<Alert> {
        let device = match self.device {
            Some(device) => Some(DeviceId::parse(&device).ok()?),
            None => None,
        };
        Some(Alert {
            id: self.id,
            rule: self.rule,
            severity: Severity::parse(&self.severity)?,
            state: AlertState::parse(&self.state)?,
            device,
            text: self.text.into(),
            advice: self.advice.into(),
            since: Timestamp::from_ms(self.since_ms),
            raised: Timestamp::from_ms(self.raised_ms),
            resolved: self.resolved_ms.map(Timestamp::from_ms),
            acknowledged: self.acknowledged.map(|a| Acknowledged {
                by: a.by,
                note: a.note,
                at: Timestamp::from_ms(a.at_ms),
                until: a.until_ms.map(Timestamp::from_ms),
            }),
            evidence: self.evidence.into_iter().map(|e| (e.label.into(), e.value)).collect(),
            codes: self.codes,
            topic: self.topic,
            silenced: self.silenced,
            inhibited: self.inhibited,
            flapping: self.flapping,
            told: self.told,
        })
    }
}

/// A transition as an event for the journal.
pub(super) fn event(transition: &Transition, now: Timestamp) -> Option<Event> {
    let record = TransitionRecord {
        change: transition.change.as_str().to_owned(),
        tell: transition.tell,
        alert: (&transition.alert).into(),
        to: transition.to.clone(),
    };
    let body = serde_json::to_string(&record).ok()?;
    Some(Event { kind: EventKind::Alert, time: now, body })
}

/// An event of the journal as a transition.
pub(super) fn transition(event: &Event) -> Option<Transition> {
    let record: TransitionRecord = serde_json::from_str(&event.body).ok()?;
    let change = Change::ALL.into_iter().find(|change| change.as_str() == record.change)?;
    Some(Transition { change, alert: record.alert.alert()?, tell: record.tell, to: record.to })
}

/// The engine's tracks as a snapshot.
pub(super) fn snapshot(tracks: &BTreeMap<Key, Track>) -> Option<Vec<u8>> {
    let record = |(key, track): (&Key, &Track)| TrackRecord {
        rule: key.rule.to_string(),
        device: key.device.to_string(),
        part: key.part.to_string(),
        since_ms: None,
        levels_ms: track.since.iter().map(|since| since.map(Timestamp::ms)).collect(),
        clear_since_ms: track.clear_since.map(Timestamp::ms),
        alert: track.open.as_deref().map(Into::into),
    };
    serde_json::to_vec(&tracks.iter().map(record).collect::<Vec<_>>()).ok()
}

/// The tracks of a snapshot; what cannot be read is left out.
pub(super) fn restore(state: &[u8]) -> BTreeMap<Key, Track> {
    let records: Vec<TrackRecord> = serde_json::from_slice(state).unwrap_or_default();
    let track = |record: TrackRecord| {
        let device = DeviceId::parse(&record.device).ok()?;
        let key = Key { rule: record.rule.into(), device, part: record.part.into() };
        let open = match record.alert {
            Some(alert) => Some(Box::new(alert.alert()?)),
            None => None,
        };
        let levels = record.levels_ms.into_iter().chain(record.since_ms.map(Some));
        let track = Track {
            since: levels.map(|since| since.map(Timestamp::from_ms)).collect(),
            open,
            clear_since: record.clear_since_ms.map(Timestamp::from_ms),
        };
        Some((key, track))
    };
    records.into_iter().filter_map(track).collect()
}

/// What a record of the journal says of an alert, whoever is told of it.
#[must_use]
pub fn alert_event(record: &Record) -> Option<Transition> {
    let Record::Event(event) = record else { return None };
    (event.kind == EventKind::Alert).then(|| transition(event))?
}
