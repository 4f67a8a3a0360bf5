//! The engine: pure. (state, device, now) in, transitions out.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::live::{Board, DeviceLive, Health, HealthState};
use crate::model::{DeviceId, DeviceKind, Record, Site, Text};
use crate::rule::{Finding, Labels, Level, Rule, Verdict};
use crate::service;
use crate::source::mqtt::Refused;

use super::desk::{Desk, Place};
use super::look::{self, Look};
use super::need::{self, Cause, Need};
use super::record;
use super::scene::DeviceScene;
use super::silence::{Ended, Silence};
use super::span::{self, Spans};
use super::track::{self, Key, OWN_ID, Seen, Step, Suspicion, Track, nothing};
use super::types::{Acknowledged, Alert, AlertState, Change, Suspect, Transition};

/// More at once nobody reads.
const SUSPECTS_MAX: usize = 200;
const NO_LABELS: Labels = Labels::new();

/// All tracks.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    rules: Arc<[Rule]>,
    /// The rules of each kind of device.
    by_kind: BTreeMap<DeviceKind, Arc<[usize]>>,
    /// What rules want to know of siblings.
    pub(super) wanted: look::Wanted,
    pub(super) tracks: BTreeMap<Key, Track>,
    pub(super) desk: Desk,
    /// The rules about devices that are silent.
    of_silence: HashSet<Arc<str>>,
    pub(super) spans: Spans,
    /// What was refused of each device last, by reason.
    refused: BTreeMap<DeviceId, Vec<Refused>>,
    /// What each of the rules looks at.
    needs: Arc<[Need]>,
    /// Judged since the last tick, because they spoke.
    judged: HashSet<DeviceId>,
    /// Judged as a whole since they were heard: from then on only what changes is.
    known: HashSet<DeviceId>,
    /// The part of rules that judge a device as a whole.
    whole: Arc<str>,
    /// Tracks of devices and rules that are no more have been ended.
    sifted: bool,
}

impl Engine {
    pub(super) fn new(rules: Vec<Rule>, tracks: BTreeMap<Key, Track>) -> Self {
        let mut by_kind: BTreeMap<DeviceKind, Arc<[usize]>> = BTreeMap::new();
        for kind in DeviceKind::ALL {
            let of = rules.iter().enumerate().filter(|(_, rule)| rule.is_of_kind(*kind));
            by_kind.insert(*kind, of.map(|(at, _)| at).collect());
        }
        let wanted = look::Wanted::of(&rules);
        let spans = Spans::new(span::Wanted::of(&rules));
        let of_silence = rules.iter().filter(|rule| rule.is_of_silence());
        let of_silence = of_silence.map(|rule| rule.id.clone()).collect();
        let needs = rules.iter().map(Need::of).collect();
        Self {
            rules: rules.into(),
            needs,
            by_kind,
            wanted,
            tracks,
            spans,
            of_silence,
            desk: Desk::default(),
            refused: BTreeMap::new(),
            judged: HashSet::new(),
            known: HashSet::new(),
            whole: Arc::from(""),
            sifted: false,
        }
    }

    /// Judges all devices that have not been judged since the last tick, and ends alerts of devices
    /// and rules that are no more.
    pub(super) fn tick(
        &mut self,
        board: &Board,
        look: &Look,
        found: &[service::Finding],
    ) -> Vec<Transition> {
        self.desk.turn(board, look.hours.as_deref(), look.now);
        self.desk.cover(found, &self.tracks);
        let judged = std::mem::take(&mut self.judged);
        let quiet = board.iter().filter(|live| !judged.contains(&live.device.id));
        let mut out = Vec::new();
        for live in quiet {
            let known = self.known.contains(&live.device.id);
            let cause = if known { Cause::Time } else { Cause::Any };
            out.extend(self.judge(board, live, look, cause));
        }
        out.extend(self.judge_service(board, found, look));
        if !std::mem::replace(&mut self.sifted, true) {
            out.extend(self.sift(board, look));
        }
        out.extend(self.age(board, look));
        out
    }

    /// Ends alerts of devices and rules that are no more. Both are known from the start on.
    fn sift(&mut self, board: &Board, look: &Look) -> Vec<Transition> {
        let gone = |key: &Key| {
            let device = board.get(key.device.as_str()).map(|live| &*live.device);
            !self.rules.iter().any(|rule| rule.judges(&key.rule, device, &key.part))
        };
        let orphans: Vec<Key> = self.tracks.keys().filter(|key| gone(key)).cloned().collect();
        let mut out = Vec::new();
        for key in orphans {
            let Some(mut track) = self.tracks.remove(&key) else { continue };
            let Some(mut alert) = track.open.take() else { continue };
            let known = board.get(key.device.as_str()).is_some() || key.device.as_str() == OWN_ID;
            track::dismiss(Arc::make_mut(&mut alert), known, look.now);
            let place = Place { key: &key, board, look, offline: false };
            out.extend(self.desk.settle(Step::Over(alert), &place, &mut track));
        }
        out
    }

    /// What time alone does to open alerts.
    fn age(&mut self, board: &Board, look: &Look) -> Vec<Transition> {
        let mut out = Vec::new();
        let step_ms = self.desk.costs.step(look.now);
        for (key, track) in &mut self.tracks {
            let offline = self.of_silence.contains(&key.rule);
            let place = Place { key, board, look, offline };
            out.extend(self.desk.age(&place, track, step_ms));
        }
        self.tracks.retain(|_, track| track.says());
        out
    }

    /// Judges what the service room found, and ends what it no longer finds.
    fn judge_service(
        &mut self,
        board: &Board,
        found: &[service::Finding],
        look: &Look,
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
                let place = Place { key: &key, board, look, offline: false };
                out.extend(self.advance(rule, &place, &seen));
            }
        }
        out
    }

    /// One step of a track in its place among all.
    fn advance(&mut self, rule: &Rule, place: &Place<'_>, seen: &Seen<'_>) -> Option<Transition> {
        let mut track = self.tracks.remove(place.key).unwrap_or_default();
        let step = track.step(rule, place.key, seen, place.look.now);
        let transition = self.desk.settle(step, place, &mut track);
        if track.says() {
            self.tracks.insert(place.key.clone(), track);
        }
        transition
    }

    /// Notes that messages were refused; the device is judged with the next tick.
    pub(super) fn note(&mut self, refused: Refused) {
        let known = self.refused.entry(refused.device.clone()).or_default();
        known.retain(|other| other.reason != refused.reason);
        known.push(refused);
    }

    /// Takes a record to the board, and judges the device that it is about. The look at its siblings
    /// may be some seconds old.
    pub(super) fn take(
        &mut self,
        board: &mut Board,
        record: &Record,
        look: &Look,
    ) -> Vec<Transition> {
        if let Record::Event(event) = record
            && let Some(refused) = Refused::of(event)
        {
            self.note(refused);
        }
        let changed = match record {
            Record::Reading(reading) => {
                let live = board.get(reading.device.as_str());
                live.map(|live| need::changed(live, reading))
            }
            _ => None,
        };
        let Some(id) = board.apply(record).map(|live| live.device.id.clone()) else {
            return Vec::new();
        };
        let Some(live) = board.get(id.as_str()) else { return Vec::new() };
        let cause = match &changed {
            Some(changed) if self.known.contains(&id) => Cause::Points(changed),
            _ => Cause::Any,
        };
        self.remember(live, &board.site);
        let out = self.judge(board, live, look, cause);
        self.judged.insert(id);
        out
    }

    /// Remembers what a device said, for rules that look back.
    fn remember(&mut self, live: &DeviceLive, site: &Site) {
        if let Some(time) = live.last_received {
            self.spans.take(live, time, site);
        }
    }

    /// Judges one device by the rules that have a cause. The look at its siblings may be some seconds
    /// old.
    fn judge(
        &mut self,
        board: &Board,
        live: &DeviceLive,
        look: &Look,
        cause: Cause<'_>,
    ) -> Vec<Transition> {
        let mut out = Vec::new();
        let health = board.health(live, &look.peers);
        match health.silent || health.state == HealthState::Waiting {
            true => _ = self.known.remove(&live.device.id),
            false if !self.known.contains(&live.device.id) => {
                self.known.insert(live.device.id.clone());
            }
            false => {}
        }
        // What it makes while it is broken or worked on is no measure of its modules.
        let broken = health.state == HealthState::Fault && look.sun_deg() > 0.0;
        if live.device.kind == DeviceKind::Inverter
            && (broken || self.desk.in_maintenance(live, "", &NO_LABELS))
        {
            self.spans.spoil_day(&live.device.id);
        }
        let rules = self.rules.clone();
        let needs = self.needs.clone();
        let of_kind = self.by_kind.get(&live.device.kind).cloned().unwrap_or_default();
        let with_need = |at: &usize| rules.get(*at).zip(needs.get(*at));
        let all = of_kind.iter().filter_map(with_need);
        for (rule, need) in all.filter(|(rule, _)| rule.is_for(&live.device)) {
            if need.is_touched(&cause) || self.has_track(&rule.id, &live.device.id) {
                self.judge_by(rule, board, live, look, &health, &mut out);
            }
        }
        out
    }

    /// The time in which another alert spoke for a device is not its own: when the zone has power again,
    /// its machines have as long to start as they would have had to answer.
    fn start_anew(&mut self, rule: &Arc<str>, device: &DeviceId) {
        let first = Key { rule: rule.clone(), device: device.clone(), part: self.whole.clone() };
        let of_it = |key: &Key| key.rule == *rule && key.device == *device;
        let tracks = self.tracks.range_mut(first..).take_while(|(key, _)| of_it(key));
        for (_, track) in tracks.filter(|(_, track)| track.open.is_none()) {
            track.start_anew();
        }
    }

    fn has_track(&self, rule: &Arc<str>, device: &DeviceId) -> bool {
        let first = Key { rule: rule.clone(), device: device.clone(), part: self.whole.clone() };
        let next = self.tracks.range(&first..).next();
        next.is_some_and(|(key, _)| key.rule == *rule && key.device == *device)
    }

    /// Something else is open on the device, or on one of its parts, that says it better.
    fn is_said(&self, rule: &Rule, device: &DeviceId) -> bool {
        rule.unless.iter().any(|other| {
            let (rule, part) = (other.clone(), self.whole.clone());
            let first = Key { rule, device: device.clone(), part };
            let of_it = |key: &Key| key.rule == *other && key.device == *device;
            let mut tracks = self.tracks.range(&first..).take_while(|(key, _)| of_it(key));
            tracks.any(|(_, track)| track.open.is_some())
        })
    }

    fn judge_by(
        &mut self,
        rule: &Rule,
        board: &Board,
        live: &DeviceLive,
        look: &Look,
        health: &Health,
        out: &mut Vec<Transition>,
    ) {
        let offline = self.of_silence.contains(&rule.id);
        if let Some(raised) = self.desk.covering(&live.device.id, &rule.id, offline) {
            if raised {
                self.start_anew(&rule.id, &live.device.id);
            }
            return; // one alert says it for all of them
        }
        let resting = !rule.in_maintenance
            && (health.state == HealthState::Maintenance
                || self.desk.in_maintenance(live, &rule.id, &rule.labels))
            || self.is_said(rule, &live.device.id);
        let all = parts_of(rule, live);
        let names: Vec<&str> = all.iter().map(|part| &**part).collect();
        let whole = [self.whole.clone()];
        let parts: &[Arc<str>] = if rule.together { &whole } else { &all };
        let refused = self.refused.get(&live.device.id).map(Vec::as_slice).unwrap_or_default();
        for part in parts {
            let scene = DeviceScene {
                look,
                spans: &self.spans,
                live,
                health,
                refused,
                part,
                parts: &names,
            };
            let judge = |level: &Level| match resting {
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
                let Some(level) = level(at) else { return nothing(rule) };
                let mut finding = rule.finding(level, part, &scene, name);
                finding.evidence.extend(look.surroundings(live));
                finding
            };
            let ends = rule.has_end().then(|| resting || rule.ends(&scene) == Some(true));
            let for_ms = |at: usize| level(at).map_or(0, |level| level.for_ms);
            let seen = Seen { verdicts, for_ms: &for_ms, ends, finding: &words };
            let mut track = self.tracks.remove(&key).unwrap_or_default();
            let step = track.step(rule, &key, &seen, look.now);
            let place = Place { key: &key, board, look, offline };
            out.extend(self.desk.settle(step, &place, &mut track));
            if track.says() {
                self.tracks.insert(key, track);
            }
        }
    }

    /// The open alert of this id.
    pub(super) fn find(&self, id: &str) -> Option<&Arc<Alert>> {
        let open = self.tracks.values().filter_map(|track| track.open.as_ref());
        open.into_iter().find(|alert| alert.id == id)
    }

    /// Whether there is a rule of this id.
    pub(super) fn has_rule(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| *rule.id == *id)
    }

    /// Whether some rule bears this label.
    pub(super) fn has_label(&self, name: &str, value: &str) -> bool {
        self.rules.iter().any(|rule| rule.labels.get(name).is_some_and(|own| own == value))
    }

    /// Somebody knows.
    pub(super) fn acknowledge(&mut self, id: &str, who: Acknowledged) -> Option<Transition> {
        let alert = self.opened(id)?.alert()?;
        alert.acknowledged = Some(who);
        if alert.state == AlertState::Active {
            alert.state = AlertState::Acknowledged;
        }
        let tell = alert.silenced.is_none() && alert.inhibited.is_none();
        let to = Some(alert.told.clone());
        Some(Transition { change: Change::Acknowledged, alert: alert.clone(), tell, to })
    }

    /// Puts an alert back as it was.
    pub(super) fn put_back(&mut self, alert: Arc<Alert>) {
        if let Some(track) = self.opened(&alert.id) {
            track.open = Some(alert);
        }
    }

    /// Ends a silence before its time.
    pub(super) fn end_silence(&mut self, id: &str, who: Ended) -> Option<Silence> {
        let mut silences = self.desk.silences.iter_mut();
        let silence = silences.find(|silence| silence.id == id && !silence.is_over(who.at))?;
        silence.ended = Some(who);
        Some(silence.clone())
    }

    /// What else was seen when an alert was raised.
    pub(super) fn witness(&mut self, alert: &Alert, seen: &[(Text, String)]) {
        // By its key: of ten thousand that are raised at once each is looked for.
        let track = record::key_of(alert).and_then(|key| self.tracks.get_mut(&key));
        if let Some(alert) = track.and_then(Track::alert) {
            alert.evidence.extend_from_slice(seen);
        }
    }

    /// The track of the open alert of this id.
    fn opened(&mut self, id: &str) -> Option<&mut Track> {
        let of = |track: &&mut Track| track.open.as_ref().is_some_and(|open| open.id == id);
        self.tracks.values_mut().find(of)
    }

    /// The points that a rule looks at; `{n}` stands for every number.
    pub(super) fn points_of(&self, rule: &str) -> &[String] {
        let place = self.rules.iter().position(|known| *known.id == *rule);
        place.and_then(|at| self.needs.get(at)).map(Need::points).unwrap_or_default()
    }

    /// What is about to be an alert, the next one first.
    pub(super) fn suspects(&self) -> Vec<Suspect> {
        let suspect = |(key, track): (&Key, &Track)| {
            let Suspicion { severity, text, since, due } = track.suspicion.as_deref()?;
            let of_many = key.device.as_str() == OWN_ID && !key.part.is_empty();
            Some(Suspect {
                rule: key.rule.to_string(),
                severity: *severity,
                device: (!of_many).then(|| key.device.clone()),
                text: text.clone(),
                since: *since,
                due: *due,
            })
        };
        let mut all: Vec<Suspect> = self.tracks.iter().filter_map(suspect).collect();
        all.sort_by(|a, b| a.due.cmp(&b.due).then_with(|| a.rule.cmp(&b.rule)));
        all.truncate(SUSPECTS_MAX);
        all
    }

    /// Whether something looks otherwise since it was asked last.
    pub(super) fn take_shown(&mut self) -> bool {
        std::mem::take(&mut self.desk.shown)
    }

    /// The open alerts, newest first.
    pub(super) fn open(&self) -> Vec<Arc<Alert>> {
        let open = self.tracks.values().filter_map(|track| track.open.clone());
        let mut open: Vec<Arc<Alert>> = open.collect();
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

#[cfg(test)]
mod day_tests;
#[cfg(test)]
mod default_tests;
#[cfg(test)]
mod life_tests;
#[cfg(test)]
mod tests;
