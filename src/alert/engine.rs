//! The engine: pure. (state, device, now) in, transitions out.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::live::{Board, DeviceLive, Peers};
use crate::model::{DeviceId, Timestamp};
use crate::service;
use crate::source::mqtt::Refused;

use super::rule::{Finding, Rule, Verdict};
use super::types::{Acknowledged, Alert, AlertState};

/// Alerts about many machines are kept under the gateway's own id; nobody is shown it.
const OWN_ID: &str = "gateway";
/// How long a condition must be gone before the alert is over: shorter gaps are one alert.
const KEEP_FIRING_MS: i64 = 15_000;
/// Codes that one alert remembers: more than any inverter has at once, fewer than anyone reads.
const CODES_MAX: usize = 64;

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Raised,
    /// Its words or its severity changed.
    Changed,
    Acknowledged,
    Resolved,
}

impl Change {
    pub(super) const ALL: [Self; 4] =
        [Self::Raised, Self::Changed, Self::Acknowledged, Self::Resolved];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Changed => "changed",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// A change and the alert after it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Transition {
    pub(super) change: Change,
    pub(super) alert: Alert,
    /// It became worse, or is new, or is over: people are told.
    pub(super) tell: bool,
}

/// One rule on one device that is not simply well.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Track {
    /// Seen, not for long enough.
    Suspect { since: Timestamp },
    /// Raised.
    Open { alert: Box<Alert>, clear_since: Option<Timestamp> },
}

/// One rule on one part of one device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) rule: Arc<str>,
    pub(super) device: DeviceId,
    /// The point, for rules on several; else empty.
    pub(super) part: Arc<str>,
}

/// All tracks.
#[derive(Debug, Clone, Default)]
pub(super) struct Engine {
    pub(super) rules: Vec<Rule>,
    pub(super) tracks: BTreeMap<Key, Track>,
    /// What was refused of each device last, by reason.
    refused: BTreeMap<DeviceId, Vec<Refused>>,
    /// Rules and devices of which one alert about many says it already.
    said_for_all: HashSet<(&'static str, DeviceId)>,
    /// Judged since the last tick, because they spoke.
    judged: HashSet<DeviceId>,
}

impl Engine {
    pub(super) fn new(rules: Vec<Rule>, tracks: BTreeMap<Key, Track>) -> Self {
        Self {
            rules,
            tracks,
            refused: BTreeMap::new(),
            said_for_all: HashSet::new(),
            judged: HashSet::new(),
        }
    }

    /// Judges all devices that have not been judged since the last tick, and ends alerts of devices
    /// and rules that are no more.
    pub(super) fn tick(
        &mut self,
        board: &Board,
        peers: &Peers,
        found: &[service::Finding],
        now: Timestamp,
    ) -> Vec<Transition> {
        self.said_for_all.clear();
        for one in found {
            let Some(rule) = one.what.stands_for() else { continue };
            let all = one.devices.iter().map(|(device, _)| (rule, device.clone()));
            self.said_for_all.extend(all);
        }
        let judged = std::mem::take(&mut self.judged);
        let silent = board.iter().filter(|live| !judged.contains(&live.device.id));
        let mut out: Vec<_> = silent.flat_map(|live| self.judge(board, live, peers, now)).collect();
        out.extend(self.judge_service(board, found, now));
        let gone = |key: &Key| {
            let kind = board.get(key.device.as_str()).map(|live| live.device.kind);
            !self.rules.iter().any(|rule| rule.judges(&key.rule, kind, &key.part))
        };
        let orphans: Vec<Key> = self.tracks.keys().filter(|key| gone(key)).cloned().collect();
        for key in orphans {
            if let Some(Track::Open { alert, .. }) = self.tracks.remove(&key) {
                out.push(resolved(*alert, now));
            }
        }
        out
    }

    /// Judges what the service room found, and ends what it no longer finds.
    fn judge_service(
        &mut self,
        board: &Board,
        found: &[service::Finding],
        now: Timestamp,
    ) -> Vec<Transition> {
        let Ok(own) = DeviceId::parse(OWN_ID) else { return Vec::new() };
        let mut out = Vec::new();
        for rule in &self.rules {
            let Some(what) = rule.service() else { continue };
            let mut verdicts: BTreeMap<Key, Verdict> = BTreeMap::new();
            for key in self.tracks.keys().filter(|key| key.rule == rule.id) {
                verdicts.insert(key.clone(), Verdict::No);
            }
            for one in found.iter().filter(|one| one.what == what) {
                let live = one.device.as_ref().and_then(|id| board.get(id.as_str()));
                let name = live.map(|live| &live.device.name);
                let device = one.device.clone().unwrap_or_else(|| own.clone());
                let key = Key { rule: rule.id.clone(), device, part: one.part.as_str().into() };
                verdicts.insert(key, Verdict::Yes(rule.found(one, name)));
            }
            for (key, verdict) in verdicts {
                let track = self.tracks.remove(&key);
                let (track, transition) = step(rule, &key, track, verdict, now);
                out.extend(transition);
                if let Some(track) = track {
                    self.tracks.insert(key, track);
                }
            }
        }
        out
    }

    /// Notes that messages were refused; the device is judged with the next tick.
    pub(super) fn note(&mut self, refused: Refused) {
        let known = self.refused.entry(refused.device.clone()).or_default();
        known.retain(|other| other.reason != refused.reason);
        known.push(refused);
    }

    /// Judges a device that spoke. The look at its siblings may be some seconds old.
    pub(super) fn heard(
        &mut self,
        board: &Board,
        live: &DeviceLive,
        peers: &Peers,
        now: Timestamp,
    ) -> Vec<Transition> {
        self.judged.insert(live.device.id.clone());
        self.judge(board, live, peers, now)
    }

    /// Judges one device. The look at its siblings may be some seconds old.
    pub(super) fn judge(
        &mut self,
        board: &Board,
        live: &DeviceLive,
        peers: &Peers,
        now: Timestamp,
    ) -> Vec<Transition> {
        let mut out = Vec::new();
        let health = board.health(live, peers);
        let refused = self.refused.get(&live.device.id).map(Vec::as_slice).unwrap_or_default();
        for rule in self.rules.iter().filter(|rule| rule.is_for(live.device.kind)) {
            for part in &rule.parts {
                if self.said_for_all.contains(&(&*rule.id, live.device.id.clone())) {
                    continue; // one alert says it for all of them
                }
                let verdict = rule.judge(part, live, &health, refused, now);
                if verdict == Verdict::Unknown || verdict == Verdict::No && self.tracks.is_empty() {
                    continue; // it stays as it is
                }
                let (rule_id, device) = (rule.id.clone(), live.device.id.clone());
                let key = Key { rule: rule_id, device, part: part.clone() };
                if verdict == Verdict::No && !self.tracks.contains_key(&key) {
                    continue; // as nearly always
                }
                let track = self.tracks.remove(&key);
                let (track, transition) = step(rule, &key, track, verdict, now);
                out.extend(transition);
                if let Some(track) = track {
                    self.tracks.insert(key, track);
                }
            }
        }
        out
    }

    /// The open alert of this id.
    pub(super) fn find(&self, id: &str) -> Option<&Alert> {
        self.tracks.values().find_map(|track| match track {
            Track::Open { alert, .. } if alert.id == id => Some(&**alert),
            _ => None,
        })
    }

    /// Somebody knows.
    pub(super) fn acknowledge(&mut self, id: &str, who: Acknowledged) -> Option<Transition> {
        let alert = self.tracks.values_mut().find_map(|track| match track {
            Track::Open { alert, .. } if alert.id == id => Some(alert),
            _ => None,
        })?;
        alert.acknowledged = Some(who);
        if alert.state == AlertState::Active {
            alert.state = AlertState::Acknowledged;
        }
        Some(Transition { change: Change::Acknowledged, alert: (**alert).clone(), tell: true })
    }

    /// The alerts whose condition is gone, but not for long enough.
    pub(super) fn recovering(&self) -> Vec<String> {
        let recovering = |track: &Track| match track {
            Track::Open { alert, clear_since: Some(_) } => Some(alert.id.clone()),
            _ => None,
        };
        self.tracks.values().filter_map(recovering).collect()
    }

    /// The open alerts, newest first.
    pub(super) fn open(&self) -> Vec<Alert> {
        let mut open: Vec<Alert> = self
            .tracks
            .values()
            .filter_map(|track| match track {
                Track::Open { alert, .. } => Some((**alert).clone()),
                Track::Suspect { .. } => None,
            })
            .collect();
        open.sort_by(|a, b| b.raised.cmp(&a.raised).then_with(|| a.id.cmp(&b.id)));
        open
    }
}

/// One step of one track.
fn step(
    rule: &Rule,
    key: &Key,
    track: Option<Track>,
    verdict: Verdict,
    now: Timestamp,
) -> (Option<Track>, Option<Transition>) {
    match (track, verdict) {
        (track, Verdict::Unknown) => (track, None),
        (None | Some(Track::Suspect { .. }), Verdict::No) => (None, None),
        (None, Verdict::Yes(_)) if rule.for_ms > 0 => (Some(Track::Suspect { since: now }), None),
        (None, Verdict::Yes(finding)) => raise(rule, key, finding, now, now),
        (Some(Track::Suspect { since }), Verdict::Yes(finding)) => {
            // A clock that was set back must not make it wait for that long.
            let since = since.min(now);
            if now.since_ms(since) < rule.for_ms {
                return (Some(Track::Suspect { since }), None);
            }
            raise(rule, key, finding, since, now)
        }
        (Some(Track::Open { mut alert, .. }), Verdict::Yes(finding)) => {
            alert.state = match alert.acknowledged {
                Some(_) => AlertState::Acknowledged,
                None => AlertState::Active,
            };
            let transition = change(rule, &mut alert, finding);
            (Some(Track::Open { alert, clear_since: None }), transition)
        }
        (Some(Track::Open { mut alert, clear_since }), Verdict::No) => {
            let since = clear_since.unwrap_or(now).min(now);
            if now.since_ms(since) >= KEEP_FIRING_MS {
                return (None, Some(resolved(*alert, now)));
            }
            alert.state = AlertState::Recovering;
            (Some(Track::Open { alert, clear_since: Some(since) }), None)
        }
    }
}

fn raise(
    rule: &Rule,
    key: &Key,
    finding: Finding,
    since: Timestamp,
    now: Timestamp,
) -> (Option<Track>, Option<Transition>) {
    let alert = Alert {
        id: alert_id(key, now),
        rule: rule.id.to_string(),
        severity: finding.severity,
        state: AlertState::Active,
        device: (key.device.as_str() != OWN_ID || rule.service().is_none())
            .then(|| key.device.clone()),
        text: finding.text,
        advice: finding.advice.unwrap_or_else(|| rule.advice.clone()),
        since,
        raised: now,
        resolved: None,
        acknowledged: None,
        evidence: finding.evidence,
        codes: finding.codes,
        topic: finding.topic,
    };
    let transition = Transition { change: Change::Raised, alert: alert.clone(), tell: true };
    (Some(Track::Open { alert: Box::new(alert), clear_since: None }), Some(transition))
}

/// Unique for ever, and made of characters that stand in addresses.
fn alert_id(key: &Key, now: Timestamp) -> String {
    let part = if key.part.is_empty() { String::new() } else { format!("-{}", key.part) };
    format!("{}-{}{part}-{}", key.rule, key.device, now.ms())
}

/// Takes new words. A new code or a worse severity is a new trouble: people are told, and who knew
/// of the old one does not know of this.
fn change(rule: &Rule, alert: &mut Alert, finding: Finding) -> Option<Transition> {
    let same = match finding.topic.as_str() {
        "" => alert.text == finding.text,
        // Its figures change all the time; what it is about does not.
        topic => alert.topic == topic,
    };
    if same && alert.severity == finding.severity {
        return None;
    }
    // A machine that makes codes up without end is told for the first of them only.
    let room = CODES_MAX.saturating_sub(alert.codes.len());
    let new_code = room > 0 && finding.codes.iter().any(|code| !alert.codes.contains(code));
    let tell = new_code || finding.severity > alert.severity;
    if tell {
        alert.acknowledged = None;
        alert.state = AlertState::Active;
    }
    // Codes that come and go are told once.
    let new = finding.codes.into_iter().filter(|code| !alert.codes.contains(code)).take(room);
    let new: Vec<_> = new.collect();
    alert.codes.extend(new);
    alert.codes.sort();
    alert.codes.dedup();
    alert.text = finding.text;
    alert.topic = finding.topic;
    alert.severity = finding.severity;
    alert.advice = finding.advice.unwrap_or_else(|| rule.advice.clone());
    alert.evidence = finding.evidence;
    Some(Transition { change: Change::Changed, alert: alert.clone(), tell })
}

fn resolved(mut alert: Alert, now: Timestamp) -> Transition {
    alert.state = AlertState::Resolved;
    alert.resolved = Some(now);
    Transition { change: Change::Resolved, alert, tell: true }
}

#[cfg(test)]
mod tests;
