//! The life of one alert: one rule on one part of one device. Pure.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{DeviceId, Severity, Text, Timestamp};
use crate::rule::{Finding, Rule, Verdict};

use super::types::{Alert, AlertState, Change};

/// Alerts about many machines are kept under the gateway's own id; nobody is shown it.
pub(super) const OWN_ID: &str = "gateway";
/// How long a condition must be gone before the alert is over, where the rule does not say it: shorter
/// gaps are one alert.
const KEEP_FIRING_MS: i64 = 15_000;
/// Codes that one alert remembers: more than any inverter has at once, fewer than anyone reads.
pub(super) const CODES_MAX: usize = 64;
/// An alert that comes again within this time comes and goes.
pub(super) const FLAPPING_MS: i64 = 3600 * 1000;
/// People are told of one thing so often within that time and no more, unless it becomes worse.
pub(super) const TOLD_MAX: usize = 3;
/// One that comes and goes must be gone for so long before it is over.
const QUIET_MS: i64 = 10 * 60 * 1000;

/// One rule on one part of one device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) rule: Arc<str>,
    pub(super) device: DeviceId,
    /// The point, for rules on several; else empty.
    pub(super) part: Arc<str>,
}

/// One rule on one device that is not simply well.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Track {
    /// Since when each level of the rule has held, the worst first.
    pub(super) since: Vec<Option<Timestamp>>,
    /// Raised.
    pub(super) open: Option<Arc<Alert>>,
    /// Since when the condition of the open alert has been gone.
    pub(super) clear_since: Option<Timestamp>,
    /// When people were told of it lately, and how bad it was.
    pub(super) told: VecDeque<(Timestamp, Severity)>,
    /// There was something to tell, and it would have been too much talk.
    pub(super) owed: bool,
    /// Its condition holds, and not for long enough. It is not kept: a start sees it anew.
    pub(super) suspicion: Option<Box<Suspicion>>,
}

/// What a track looks like that is no alert yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suspicion {
    pub(super) severity: Severity,
    pub(super) text: Text,
    pub(super) since: Timestamp,
    pub(super) due: Timestamp,
}

/// What one rule sees on one part of a device.
pub(super) struct Seen<'a> {
    /// Of each level, the worst first.
    pub(super) verdicts: Vec<Verdict>,
    /// So long each level must hold, milliseconds.
    pub(super) for_ms: &'a dyn Fn(usize) -> i64,
    /// The alert's own end, where the rule has one.
    pub(super) ends: Option<bool>,
    /// In words, when a level has held for long enough.
    pub(super) finding: &'a dyn Fn(usize) -> Finding,
}

/// What one step made of a track.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Nothing,
    /// It looks otherwise, and nothing has been decided.
    Shown,
    /// The alert of the track, after this; whether that is news.
    Happened(Change, bool),
    /// It is over, and no longer in the track.
    Over(Arc<Alert>),
}

impl Track {
    /// Whether it still says something.
    pub(super) fn says(&self) -> bool {
        self.open.is_some() || self.since.iter().any(Option::is_some) || !self.told.is_empty()
    }

    /// Forgets what was told long ago, or will be by a clock that was set back.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.told.retain(|(at, _)| (0..FLAPPING_MS).contains(&now.since_ms(*at)));
    }

    /// Whether people may be told once more of something this bad.
    pub(super) fn has_room(&self, severity: Severity) -> bool {
        self.told.len() < TOLD_MAX || self.told.iter().all(|(_, before)| *before < severity)
    }

    /// The open alert, to be changed.
    pub(super) fn alert(&mut self) -> Option<&mut Alert> {
        self.open.as_mut().map(Arc::make_mut)
    }

    fn show(&mut self, state: AlertState) -> Step {
        match self.alert() {
            Some(alert) if alert.state != state => {
                alert.state = state;
                Step::Shown
            }
            _ => Step::Nothing,
        }
    }

    /// One step at `now`.
    pub(super) fn step(&mut self, rule: &Rule, key: &Key, seen: &Seen<'_>, now: Timestamp) -> Step {
        self.forget(now);
        self.since.resize(seen.verdicts.len(), None);
        for (since, verdict) in self.since.iter_mut().zip(&seen.verdicts) {
            match verdict {
                // A clock that was set back must not make it wait for that long.
                Verdict::Yes => *since = Some(since.unwrap_or(now).min(now)),
                Verdict::No => *since = None,
                Verdict::Unknown => {}
            }
        }
        let holds = seen.verdicts.contains(&Verdict::Yes);
        if !holds && seen.verdicts.contains(&Verdict::Unknown) {
            return self.show(AlertState::Stale); // all else stays as it is
        }
        let ripe = self.ripe(seen, now);
        if self.open.is_none() {
            let Some((at, since)) = ripe else {
                self.suspect(seen);
                return Step::Nothing;
            };
            self.suspicion = None;
            let mut alert = raise(rule, key, (seen.finding)(at), since, now);
            alert.flapping = !self.told.is_empty();
            (self.open, self.clear_since) = (Some(Arc::new(alert)), None);
            return Step::Happened(Change::Raised, true);
        }
        if holds || seen.ends == Some(false) {
            self.clear_since = None;
            return self.goes_on(ripe.map(|(at, _)| (seen.finding)(at)));
        }
        let since = self.clear_since.unwrap_or(now).min(now);
        self.clear_since = Some(since);
        self.recovers(rule, now.since_ms(since), now)
    }

    /// Notes the worst level that holds, in the words of the moment when it began to.
    fn suspect(&mut self, seen: &Seen<'_>) {
        let levels = self.since.iter().zip(&seen.verdicts).enumerate();
        let holding = levels.into_iter().find_map(|(at, (since, verdict))| {
            let since = since.filter(|_| *verdict == Verdict::Yes)?;
            Some((at, since, since.plus_ms((seen.for_ms)(at))))
        });
        let Some((at, since, due)) = holding else {
            self.suspicion = None;
            return;
        };
        if self.suspicion.as_ref().is_some_and(|known| (known.since, known.due) == (since, due)) {
            return;
        }
        let Finding { severity, text, .. } = (seen.finding)(at);
        self.suspicion = Some(Box::new(Suspicion { severity, text, since, due }));
    }

    /// It begins anew, as if it had never been seen.
    pub(super) fn start_anew(&mut self) {
        self.since.fill(None);
        self.suspicion = None;
    }

    /// The worst level that has held for long enough.
    fn ripe(&self, seen: &Seen<'_>, now: Timestamp) -> Option<(usize, Timestamp)> {
        let levels = self.since.iter().zip(&seen.verdicts).enumerate();
        levels.into_iter().find_map(|(at, (since, verdict))| {
            let since = since.filter(|_| *verdict == Verdict::Yes)?;
            (now.since_ms(since) >= (seen.for_ms)(at)).then_some((at, since))
        })
    }

    fn goes_on(&mut self, finding: Option<Finding>) -> Step {
        let Some(alert) = self.open.as_deref() else { return Step::Nothing };
        let state = match alert.acknowledged {
            Some(_) => AlertState::Acknowledged,
            None => AlertState::Active,
        };
        let shown = self.show(state);
        match finding.and_then(|finding| self.alert().and_then(|alert| change(alert, finding))) {
            Some(tell) => Step::Happened(Change::Changed, tell),
            None => shown,
        }
    }

    /// The condition has been gone for `clear_ms`.
    fn recovers(&mut self, rule: &Rule, clear_ms: i64, now: Timestamp) -> Step {
        let Some(alert) = self.open.as_deref() else { return Step::Nothing };
        let keep_ms = rule.keep_ms.unwrap_or(KEEP_FIRING_MS);
        let keep_ms = if alert.flapping { keep_ms.max(QUIET_MS) } else { keep_ms };
        // It is held open when saying that it is over would be too much talk; those who have heard
        // of it are to hear of its end.
        let muted = alert.silenced.is_some() || alert.inhibited.is_some();
        let silent = muted && alert.told.is_empty();
        if clear_ms >= keep_ms && (silent || self.has_room(alert.severity)) {
            let Some(mut alert) = self.open.take() else { return Step::Nothing };
            self.clear_since = None;
            self.since.iter_mut().for_each(|since| *since = None);
            end(Arc::make_mut(&mut alert), now);
            return Step::Over(alert);
        }
        if clear_ms >= keep_ms && !alert.flapping {
            let Some(alert) = self.alert() else { return Step::Nothing };
            (alert.flapping, alert.state) = (true, AlertState::Recovering);
            return Step::Happened(Change::Changed, false);
        }
        self.show(AlertState::Recovering)
    }
}

/// Over at `now`.
pub(super) fn end(alert: &mut Alert, now: Timestamp) {
    alert.state = AlertState::Resolved;
    alert.resolved = Some(now);
}

/// Over because nobody looks any more: nothing has been repaired, and people are not to think so.
pub(super) fn dismiss(alert: &mut Alert, device_known: bool, now: Timestamp) {
    let why = match device_known {
        true => {
            Text::new("（规则已停用，不再监测）", " (its rule is off: it is watched no longer)")
        }
        false => Text::new(
            "（设备已从配置中移除，不再监测）",
            " (the device was removed from the configuration: it is watched no longer)",
        ),
    };
    let Text { zh, en } = &alert.text;
    alert.text = Text::new(format!("{zh}{}", why.zh), format!("{en}{}", why.en));
    end(alert, now);
}

fn raise(rule: &Rule, key: &Key, finding: Finding, since: Timestamp, now: Timestamp) -> Alert {
    let of_many = key.device.as_str() == OWN_ID && rule.found().is_some();
    let device = (!of_many).then(|| key.device.clone());
    let texts = [finding.text, finding.advice];
    Alert {
        since,
        evidence: finding.evidence,
        codes: finding.codes,
        topic: finding.topic,
        labels: rule.labels.clone(),
        ..Alert::new(alert_id(key, now), &rule.id, finding.severity, device, texts, now)
    }
}

/// Unique for ever, and made of characters that stand in addresses.
fn alert_id(key: &Key, now: Timestamp) -> String {
    let part = if key.part.is_empty() { String::new() } else { format!("-{}", key.part) };
    format!("{}-{}{part}-{}", key.rule, key.device, now.ms())
}

/// Takes new words; `None` when they are none, else whether people are told: a new code or a worse
/// severity is a new trouble, and who knew of the old one does not know of this.
fn change(alert: &mut Alert, finding: Finding) -> Option<bool> {
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
    Some(tell)
}

/// Words for a rule that holds no longer while it is put into words.
pub(super) fn nothing(rule: &Rule) -> Finding {
    Finding {
        severity: Severity::Info,
        text: Text::same(&*rule.id),
        advice: rule.advice.clone(),
        evidence: Vec::new(),
        codes: Vec::new(),
        topic: String::new(),
    }
}
