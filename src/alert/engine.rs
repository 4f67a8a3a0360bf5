//! The engine: pure. (state, device, now) in, transitions out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::live::{Board, DeviceLive, HealthState};
use crate::model::{DeviceId, DeviceKind, Severity, Timestamp};
use crate::rule::{Finding, Level, Rule, Verdict};
use crate::service;
use crate::source::mqtt::Refused;

use super::look::{self, Look};
use super::scene::DeviceScene;
use super::span::{self, Spans};
use super::types::{Acknowledged, Alert, AlertState, Change, Transition};

/// Alerts about many machines are kept under the gateway's own id; nobody is shown it.
const OWN_ID: &str = "gateway";
/// How long a condition must be gone before the alert is over, where the rule does not say it: shorter
/// gaps are one alert.
const KEEP_FIRING_MS: i64 = 15_000;
/// Codes that one alert remembers: more than any inverter has at once, fewer than anyone reads.
const CODES_MAX: usize = 64;

/// One rule on one device that is not simply well.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Track {
    /// Since when each level of the rule has held, the worst first.
    pub(super) since: Vec<Option<Timestamp>>,
    /// Raised.
    pub(super) open: Option<Box<Alert>>,
    /// Since when the condition of the open alert has been gone.
    pub(super) clear_since: Option<Timestamp>,
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
    rules: Arc<[Rule]>,
    /// The rules of each kind of device.
    by_kind: BTreeMap<DeviceKind, Vec<usize>>,
    /// What rules want to know of siblings.
    pub(super) wanted: look::Wanted,
    pub(super) tracks: BTreeMap<Key, Track>,
    spans: Spans,
    /// What was refused of each device last, by reason.
    refused: BTreeMap<DeviceId, Vec<Refused>>,
    /// Rules of each device of which one alert about many says it already.
    said_for_all: HashMap<DeviceId, Vec<&'static str>>,
    /// Judged since the last tick, because they spoke.
    judged: HashSet<DeviceId>,
}

/// What one rule sees on one part of a device.
struct Seen<'a> {
    /// Of each level, the worst first.
    verdicts: Vec<Verdict>,
    /// So long each level must hold, milliseconds.
    for_ms: &'a dyn Fn(usize) -> i64,
    /// The alert's own end, where the rule has one.
    ends: Option<bool>,
    /// In words, when a level has held for long enough.
    finding: &'a dyn Fn(usize) -> Finding,
}

impl Engine {
    pub(super) fn new(rules: Vec<Rule>, tracks: BTreeMap<Key, Track>) -> Self {
        let mut by_kind: BTreeMap<DeviceKind, Vec<usize>> = BTreeMap::new();
        for kind in DeviceKind::ALL {
            let of = rules.iter().enumerate().filter(|(_, rule)| rule.is_for(*kind));
            by_kind.insert(*kind, of.map(|(at, _)| at).collect());
        }
        let wanted = look::Wanted::of(&rules);
        let spans = Spans::new(span::Wanted::of(&rules));
        Self { rules: rules.into(), by_kind, wanted, tracks, spans, ..Self::default() }
    }

    /// Judges all devices that have not been judged since the last tick, and ends alerts of devices
    /// and rules that are no more.
    pub(super) fn tick(
        &mut self,
        board: &Board,
        look: &Look,
        found: &[service::Finding],
    ) -> Vec<Transition> {
        self.said_for_all.clear();
        for one in found {
            let Some(rule) = one.what.stands_for() else { continue };
            for (device, _) in &one.devices {
                self.said_for_all.entry(device.clone()).or_default().push(rule);
            }
        }
        let judged = std::mem::take(&mut self.judged);
        let silent = board.iter().filter(|live| !judged.contains(&live.device.id));
        let mut out: Vec<_> = silent.flat_map(|live| self.judge(board, live, look)).collect();
        out.extend(self.judge_service(board, found, look.now));
        let gone = |key: &Key| {
            let kind = board.get(key.device.as_str()).map(|live| live.device.kind);
            !self.rules.iter().any(|rule| rule.judges(&key.rule, kind, &key.part))
        };
        let orphans: Vec<Key> = self.tracks.keys().filter(|key| gone(key)).cloned().collect();
        for key in orphans {
            if let Some(Track { open: Some(alert), .. }) = self.tracks.remove(&key) {
                out.push(resolved(*alert, look.now));
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
        for rule in self.rules.clone().iter() {
            let Some((what, for_ms)) = rule.found() else { continue };
            let mut findings: BTreeMap<Key, Option<Finding>> = BTreeMap::new();
            for key in self.tracks.keys().filter(|key| key.rule == rule.id) {
                findings.insert(key.clone(), None);
            }
            for one in found.iter().filter(|one| one.what == what) {
                let live = one.device.as_ref().and_then(|id| board.get(id.as_str()));
                let name = live.map(|live| &live.device.name);
                let device = one.device.clone().unwrap_or_else(|| own.clone());
                let key = Key { rule: rule.id.clone(), device, part: one.part.as_str().into() };
                findings.insert(key, Some(rule.finding_of(one, name)));
            }
            for (key, finding) in findings {
                let verdict = if finding.is_some() { Verdict::Yes } else { Verdict::No };
                let words = |_| finding.clone().unwrap_or_else(|| nothing(rule));
                let (verdicts, ends) = (vec![verdict], None);
                let seen = Seen { verdicts, for_ms: &|_| for_ms, ends, finding: &words };
                out.extend(advance(&mut self.tracks, rule, key, &seen, now));
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
        look: &Look,
    ) -> Vec<Transition> {
        self.judged.insert(live.device.id.clone());
        self.remember(live);
        self.judge(board, live, look)
    }

    /// Remembers what a device said, for rules that look back.
    pub(super) fn remember(&mut self, live: &DeviceLive) {
        if let Some(time) = live.last_received {
            self.spans.take(live, time);
        }
    }

    /// Judges one device. The look at its siblings may be some seconds old.
    pub(super) fn judge(
        &mut self,
        board: &Board,
        live: &DeviceLive,
        look: &Look,
    ) -> Vec<Transition> {
        let mut out = Vec::new();
        let health = board.health(live, &look.peers);
        let maintenance = health.state == HealthState::Maintenance;
        let refused = self.refused.get(&live.device.id).cloned().unwrap_or_default();
        let said = self.said_for_all.get(&live.device.id).cloned().unwrap_or_default();
        let rules = self.rules.clone();
        let of_kind = self.by_kind.get(&live.device.kind).cloned().unwrap_or_default();
        for rule in of_kind.into_iter().filter_map(|at| rules.get(at)) {
            if said.iter().any(|id| **id == *rule.id) {
                continue; // one alert says it for all of them
            }
            let all = parts_of(rule, live);
            let names: Vec<&str> = all.iter().map(|part| &**part).collect();
            let parts = if rule.together { vec![Arc::from("")] } else { all.clone() };
            for part in &parts {
                let scene = DeviceScene {
                    look,
                    spans: &self.spans,
                    live,
                    health: &health,
                    refused: &refused,
                    part,
                    parts: &names,
                };
                let judge = |level: &Level| match maintenance && !rule.in_maintenance {
                    true => Verdict::No,
                    false => level.judge(&scene),
                };
                let verdicts: Vec<Verdict> = rule.levels().iter().map(judge).collect();
                let (rule_id, device) = (rule.id.clone(), live.device.id.clone());
                let key = Key { rule: rule_id, device, part: part.clone() };
                let quiet = verdicts.iter().all(|verdict| *verdict != Verdict::Yes);
                if quiet && !self.tracks.contains_key(&key) {
                    continue; // as nearly always
                }
                let name = &live.device.name;
                let level = |at: usize| rule.levels().get(at);
                let words = |at: usize| {
                    level(at).map_or_else(|| nothing(rule), |l| rule.finding(l, part, &scene, name))
                };
                let ends = rule.has_end().then(|| rule.ends(&scene) == Some(true));
                let for_ms = |at: usize| level(at).map_or(0, |level| level.for_ms);
                let seen = Seen { verdicts, for_ms: &for_ms, ends, finding: &words };
                out.extend(advance(&mut self.tracks, rule, key, &seen, look.now));
            }
        }
        out
    }

    /// The open alert of this id.
    pub(super) fn find(&self, id: &str) -> Option<&Alert> {
        self.tracks.values().find_map(|track| track.open.as_deref().filter(|alert| alert.id == id))
    }

    /// Somebody knows.
    pub(super) fn acknowledge(&mut self, id: &str, who: Acknowledged) -> Option<Transition> {
        let mut open = self.tracks.values_mut().filter_map(|track| track.open.as_deref_mut());
        let alert = open.find(|alert| alert.id == id)?;
        alert.acknowledged = Some(who);
        if alert.state == AlertState::Active {
            alert.state = AlertState::Acknowledged;
        }
        Some(Transition {
            change: Change::Acknowledged,
            alert: alert.clone(),
            tell: true,
            to: None,
        })
    }

    /// The alerts whose condition is gone, but not for long enough.
    pub(super) fn recovering(&self) -> Vec<String> {
        let recovering = self.tracks.values().filter(|track| track.clear_since.is_some());
        recovering.filter_map(|track| track.open.as_ref()).map(|alert| alert.id.clone()).collect()
    }

    /// The open alerts, newest first.
    pub(super) fn open(&self) -> Vec<Alert> {
        let open = self.tracks.values().filter_map(|track| track.open.as_deref());
        let mut open: Vec<Alert> = open.cloned().collect();
        open.sort_by(|a, b| b.raised.cmp(&a.raised).then_with(|| a.id.cmp(&b.id)));
        open
    }
}

/// The points of a device that a rule judges; a pattern stands for all that there are.
fn parts_of(rule: &Rule, live: &DeviceLive) -> Vec<Arc<str>> {
    let mut parts = Vec::with_capacity(rule.parts.len());
    for part in &rule.parts {
        match part.contains("{n}") {
            false => parts.push(part.clone()),
            true => {
                let names = live.points.iter().map(|(name, _)| name.as_str());
                parts.extend(names.filter(|name| crate::rule::matches(part, name)).map(Arc::from));
            }
        }
    }
    parts
}

/// Words for a rule that holds no longer while it is put into words.
fn nothing(rule: &Rule) -> Finding {
    Finding {
        severity: Severity::Info,
        text: crate::model::Text::same(&*rule.id),
        advice: rule.advice.clone(),
        evidence: Vec::new(),
        codes: Vec::new(),
        topic: String::new(),
    }
}

/// One step of a track in its place among all.
fn advance(
    tracks: &mut BTreeMap<Key, Track>,
    rule: &Rule,
    key: Key,
    seen: &Seen<'_>,
    now: Timestamp,
) -> Option<Transition> {
    let (track, transition) = step(rule, &key, tracks.remove(&key), seen, now);
    if let Some(track) = track {
        tracks.insert(key, track);
    }
    transition
}

/// One step of one track.
fn step(
    rule: &Rule,
    key: &Key,
    track: Option<Track>,
    seen: &Seen<'_>,
    now: Timestamp,
) -> (Option<Track>, Option<Transition>) {
    let mut track = track.unwrap_or_default();
    track.since.resize(seen.verdicts.len(), None);
    for (since, verdict) in track.since.iter_mut().zip(&seen.verdicts) {
        match verdict {
            // A clock that was set back must not make it wait for that long.
            Verdict::Yes => *since = Some(since.unwrap_or(now).min(now)),
            Verdict::No => *since = None,
            Verdict::Unknown => {}
        }
    }
    let holds = seen.verdicts.contains(&Verdict::Yes);
    if !holds && seen.verdicts.contains(&Verdict::Unknown) {
        return (kept(track), None); // it stays as it is
    }
    // The worst that has held for long enough.
    let ripe =
        track.since.iter().zip(&seen.verdicts).enumerate().find_map(|(at, (since, verdict))| {
            let since = since.filter(|_| *verdict == Verdict::Yes)?;
            (now.since_ms(since) >= (seen.for_ms)(at)).then_some((at, since))
        });
    match (track.open.take(), ripe) {
        (None, Some((at, since))) => {
            let transition = raise(rule, key, (seen.finding)(at), since, now);
            track.open = Some(Box::new(transition.alert.clone()));
            track.clear_since = None;
            (Some(track), Some(transition))
        }
        (None, None) => (kept(track), None),
        (Some(mut alert), ripe) if holds || seen.ends == Some(false) => {
            alert.state = match alert.acknowledged {
                Some(_) => AlertState::Acknowledged,
                None => AlertState::Active,
            };
            let transition = ripe.and_then(|(at, _)| change(&mut alert, (seen.finding)(at)));
            (track.open, track.clear_since) = (Some(alert), None);
            (Some(track), transition)
        }
        (Some(mut alert), _) => {
            let since = track.clear_since.unwrap_or(now).min(now);
            if now.since_ms(since) >= rule.keep_ms.unwrap_or(KEEP_FIRING_MS) {
                return (None, Some(resolved(*alert, now)));
            }
            alert.state = AlertState::Recovering;
            (track.open, track.clear_since) = (Some(alert), Some(since));
            (Some(track), None)
        }
    }
}

/// A track that still says something.
fn kept(track: Track) -> Option<Track> {
    (track.open.is_some() || track.since.iter().any(Option::is_some)).then_some(track)
}

fn raise(rule: &Rule, key: &Key, finding: Finding, since: Timestamp, now: Timestamp) -> Transition {
    let alert = Alert {
        id: alert_id(key, now),
        rule: rule.id.to_string(),
        severity: finding.severity,
        state: AlertState::Active,
        device: (key.device.as_str() != OWN_ID || rule.found().is_none())
            .then(|| key.device.clone()),
        text: finding.text,
        advice: finding.advice,
        since,
        raised: now,
        resolved: None,
        acknowledged: None,
        evidence: finding.evidence,
        codes: finding.codes,
        topic: finding.topic,
        silenced: None,
        inhibited: None,
        flapping: false,
        told: Vec::new(),
    };
    Transition { change: Change::Raised, alert, tell: true, to: None }
}

/// Unique for ever, and made of characters that stand in addresses.
fn alert_id(key: &Key, now: Timestamp) -> String {
    let part = if key.part.is_empty() { String::new() } else { format!("-{}", key.part) };
    format!("{}-{}{part}-{}", key.rule, key.device, now.ms())
}

/// Takes new words. A new code or a worse severity is a new trouble: people are told, and who knew
/// of the old one does not know of this.
fn change(alert: &mut Alert, finding: Finding) -> Option<Transition> {
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
    alert.advice = finding.advice;
    alert.evidence = finding.evidence;
    Some(Transition { change: Change::Changed, alert: alert.clone(), tell, to: None })
}

fn resolved(mut alert: Alert, now: Timestamp) -> Transition {
    alert.state = AlertState::Resolved;
    alert.resolved = Some(now);
    Transition { change: Change::Resolved, alert, tell: true, to: None }
}

#[cfg(test)]
mod default_tests;
#[cfg(test)]
mod tests;
