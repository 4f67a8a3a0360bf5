//! Alerts as JSON: what stands in the journal, in the engine's snapshot, and in webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{DeviceId, Event, EventKind, Record, Severity, Text, Timestamp};
use crate::rule::Labels;

use super::cost::Cost;
use super::silence::Silence;
use super::track::{Key, OWN_ID, Track};
use super::types::{Acknowledged, Alert, AlertState, Change, Transition};

/// What was told at about this time is the same as in the snapshot.
const SAME_MS: i64 = 3_000;

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<CostRecord>,
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    labels: Labels,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct CostRecord {
    energy_wh: f64,
    money: Option<f64>,
    service_ms: i64,
}

impl CostRecord {
    fn of(cost: Cost) -> Option<Self> {
        let Cost { energy_wh, money, service_ms } = cost;
        (cost != Cost::default()).then_some(Self { energy_wh, money, service_ms })
    }
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<(i64, String)>,
    #[serde(default, skip_serializing_if = "is_false")]
    owed: bool,
}

/// What the engine knows beside the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    tracks: Vec<TrackRecord>,
    #[serde(default)]
    silences: Vec<Silence>,
}

/// What a snapshot says.
#[derive(Debug, Default)]
pub(super) struct Restored {
    pub(super) tracks: BTreeMap<Key, Track>,
    pub(super) silences: Vec<Silence>,
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
            cost: CostRecord::of(alert.cost),
            labels: alert.labels.clone(),
        }
    }
}

impl AlertRecord {
    /// Without what is for this program alone.
    #[must_use]
    pub fn for_others(alert: &Alert) -> Self {
        Self { topic: String::new(), ..alert.into() }
    }

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
            cost: self.cost.map_or_else(Cost::default, |cost| Cost {
                energy_wh: cost.energy_wh,
                money: cost.money,
                service_ms: cost.service_ms,
            }),
            labels: self.labels,
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

/// A silence that was set or ended, as an event for the journal.
pub(super) fn silence_event(silence: &Silence, now: Timestamp) -> Option<Event> {
    let body = serde_json::to_string(silence).ok()?;
    Some(Event { kind: EventKind::Silence, time: now, body })
}

/// An event of the journal as a silence.
pub(super) fn silence(event: &Event) -> Option<Silence> {
    let own = event.kind == EventKind::Silence;
    own.then(|| serde_json::from_str(&event.body).ok()).flatten()
}

/// Where an alert has its track; its id says it.
pub(super) fn key_of(alert: &Alert) -> Option<Key> {
    let own = || DeviceId::parse(OWN_ID).ok();
    let device = alert.device.clone().or_else(own)?;
    let rest = alert.id.strip_prefix(&format!("{}-{device}", alert.rule))?;
    let (part, _) = rest.rsplit_once('-')?;
    let part = part.strip_prefix('-').unwrap_or_default();
    Some(Key { rule: alert.rule.as_str().into(), device, part: part.into() })
}

/// What the engine knows, as a snapshot.
pub(super) fn snapshot(tracks: &BTreeMap<Key, Track>, silences: &[Silence]) -> Option<Vec<u8>> {
    let told = |track: &Track| {
        let told = track.told.iter();
        told.map(|(at, severity)| (at.ms(), severity.as_str().to_owned())).collect()
    };
    let record = |(key, track): (&Key, &Track)| TrackRecord {
        rule: key.rule.to_string(),
        device: key.device.to_string(),
        part: key.part.to_string(),
        since_ms: None,
        levels_ms: track.since.iter().map(|since| since.map(Timestamp::ms)).collect(),
        clear_since_ms: track.clear_since.map(Timestamp::ms),
        alert: track.open.as_deref().map(Into::into),
        told: told(track),
        owed: track.owed,
    };
    let tracks = tracks.iter().map(record).collect();
    serde_json::to_vec(&Snapshot { tracks, silences: silences.to_vec() }).ok()
}

/// The state in a snapshot; what cannot be read is left out.
pub(super) fn restore(state: &[u8]) -> Restored {
    let old = || {
        // As it was kept before there were silences.
        let tracks = serde_json::from_slice(state).unwrap_or_default();
        Snapshot { tracks, silences: Vec::new() }
    };
    let snapshot = serde_json::from_slice::<Snapshot>(state).unwrap_or_else(|_| old());
    let track = |record: TrackRecord| {
        let device = DeviceId::parse(&record.device).ok()?;
        let key = Key { rule: record.rule.into(), device, part: record.part.into() };
        let open = match record.alert {
            Some(alert) => Some(Arc::new(alert.alert()?)),
            None => None,
        };
        let levels = record.levels_ms.into_iter().chain(record.since_ms.map(Some));
        let told = record.told.into_iter().filter_map(|(at_ms, severity)| {
            Some((Timestamp::from_ms(at_ms), Severity::parse(&severity)?))
        });
        let track = Track {
            since: levels.map(|since| since.map(Timestamp::from_ms)).collect(),
            open,
            clear_since: record.clear_since_ms.map(Timestamp::from_ms),
            told: told.collect(),
            owed: record.owed,
            suspicion: None,
        };
        Some((key, track))
    };
    let tracks = snapshot.tracks.into_iter().filter_map(track).collect();
    Restored { tracks, silences: snapshot.silences }
}

impl Restored {
    /// Takes a decision that was kept after the snapshot. What it knows already is known once.
    pub(super) fn replay(&mut self, event: &Event) {
        if let Some(silence) = silence(event) {
            self.silences.retain(|known| known.id != silence.id);
            self.silences.push(silence);
        }
        if event.kind != EventKind::Alert {
            return;
        }
        let Some(transition) = transition(event) else { return };
        let Some(key) = key_of(&transition.alert) else { return };
        let track = self.tracks.entry(key).or_default();
        let told = (event.time, transition.alert.severity);
        let counts =
            matches!(transition.change, Change::Raised | Change::Changed | Change::Resolved);
        let new = |(at, _): &(Timestamp, Severity)| event.time.since_ms(*at).abs() > SAME_MS;
        if transition.tell && counts && track.told.iter().all(new) {
            track.told.push_back(told);
        }
        match transition.change {
            Change::Resolved => {
                track.open = track.open.take().filter(|open| open.id != transition.alert.id);
                track.clear_since = None;
            }
            _ => track.open = Some(Arc::new(transition.alert)),
        }
    }
}

/// What a record of the journal says of an alert, whoever is told of it.
#[must_use]
pub fn alert_event(record: &Record) -> Option<Transition> {
    let Record::Event(event) = record else { return None };
    (event.kind == EventKind::Alert).then(|| transition(event))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_alert_says_where_its_track_is() {
        let alert = |rule: &str, device: Option<&str>, id: &str| {
            let record = serde_json::json!({
                "id": id, "rule": rule, "severity": "major", "state": "active", "device": device,
                "text": {"zh": "", "en": ""}, "advice": {"zh": "", "en": ""},
                "since_ms": 0, "raised_ms": 0, "resolved_ms": null, "acknowledged": null,
            });
            let record: AlertRecord = serde_json::from_value(record).expect("record");
            let key = key_of(&record.alert().expect("alert")).expect("key");
            (key.device.to_string(), key.part.to_string())
        };
        let plain = alert("KS001", Some("tm-01"), "KS001-tm-01-1782014400000");
        assert_eq!(plain, ("tm-01".to_owned(), String::new()));
        let part = alert("KS009", Some("tm-01"), "KS009-tm-01-face_camera-1782014400000");
        assert_eq!(part, ("tm-01".to_owned(), "face_camera".to_owned()));
        let many = alert("KS021", None, "KS021-gateway-zone-z-1-1782014400000");
        assert_eq!(many, ("gateway".to_owned(), "zone-z-1".to_owned()));
    }
}
