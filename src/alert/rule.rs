//! Rules as data, and what each finds on a device.

use std::sync::Arc;

use serde::Deserialize;

use crate::counter::{Change, CounterEvent};
use crate::live::{DeviceLive, Health, HealthState, Why};
use crate::model::{DeviceKind, LinkState, Severity, Text, Timestamp, standard_point, text};
use crate::service::{self, What};
use crate::source::mqtt::{Refusal, Refused};

/// An alert about a counter stands for so long: somebody has to look and to book it.
const COUNTER_HOLD_MS: i64 = 24 * 3600 * 1000;
/// Nonsense that was left out needs no booking; it is told once an hour while it goes on.
const GLITCH_HOLD_MS: i64 = 2 * 3600 * 1000;

/// A clock that is so far off is set right and has the wrong time zone.
const EIGHT_HOURS_S: f64 = 8.0 * 3600.0;
const EIGHT_HOURS_TOLERANCE_S: f64 = 120.0;
/// Refused messages are told once a minute; so long after the last of them it is over.
pub(super) const REFUSED_HOLD_MS: i64 = 10 * 60 * 1000;

const DEFAULT_RULES: &str = include_str!("rules.toml");

/// Why the rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule file: {0}")]
pub struct RuleError(String);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    rule: Vec<RuleFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    id: String,
    kinds: Vec<String>,
    #[serde(default)]
    offline: bool,
    #[serde(default)]
    faults: bool,
    #[serde(default)]
    idle: bool,
    #[serde(default)]
    counter: bool,
    service: Option<String>,
    #[serde(default)]
    refused: Vec<String>,
    #[serde(default)]
    points: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    above: Option<f64>,
    below: Option<f64>,
    for_s: u32,
    severity: String,
    zh: String,
    en: String,
    advice_zh: String,
    advice_en: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Offline,
    Faults,
    Idle,
    Counter,
    /// Messages were refused for one of these reasons.
    Refused(Vec<Refusal>),
    /// The service room found it.
    Service(What),
    /// A point says one of these.
    Words(Vec<String>),
    Limit(Limit),
}

/// A number that must not be passed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
    Above(f64),
    Below(f64),
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) id: Arc<str>,
    /// The points that are judged, each by itself; a single empty name where the device is judged as
    /// a whole.
    pub(super) parts: Vec<Arc<str>>,
    kinds: Vec<DeviceKind>,
    condition: Condition,
    /// The condition must hold this long before the alert is raised.
    pub(super) for_ms: i64,
    severity: Severity,
    text: Text,
    pub(super) advice: Text,
}

/// What a rule sees on a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// The condition holds.
    Yes(Finding),
    /// It does not.
    No,
    /// It cannot be told now: the device is silent or has just begun to speak.
    Unknown,
}

/// A condition that holds, in words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) text: Text,
    pub(super) advice: Option<Text>,
    pub(super) evidence: Vec<(Text, String)>,
    /// The fault codes behind it.
    pub(super) codes: Vec<String>,
    /// What it is about, where the text holds figures that change by the minute.
    pub(super) topic: String,
}

impl Finding {
    fn new(severity: Severity, text: Text) -> Self {
        let (evidence, codes, topic) = (Vec::new(), Vec::new(), String::new());
        Self { severity, text, advice: None, evidence, codes, topic }
    }
}

/// The default rules.
pub(super) fn default_rules() -> Result<Vec<Rule>, RuleError> {
    parse(DEFAULT_RULES)
}

fn parse(source: &str) -> Result<Vec<Rule>, RuleError> {
    let file: RulesFile = toml::from_str(source).map_err(|error| RuleError(error.to_string()))?;
    file.rule.into_iter().map(rule_of).collect()
}

fn rule_of(file: RuleFile) -> Result<Rule, RuleError> {
    let id = file.id.clone();
    let wrong = |what: String| RuleError(format!("rule `{id}`: {what}"));
    let condition = condition_of(&file).map_err(wrong)?;
    let mut kinds = Vec::new();
    for kind in &file.kinds {
        match (kind.as_str(), DeviceKind::parse(kind)) {
            ("kiosk", _) => kinds.extend(DeviceKind::ALL.iter().filter(|k| k.is_kiosk())),
            (_, Some(kind)) => kinds.push(kind),
            (_, None) => return Err(wrong(format!("unknown kind `{kind}`"))),
        }
    }
    let severity = Severity::parse(&file.severity)
        .ok_or_else(|| wrong(format!("unknown severity `{}`", file.severity)))?;
    let whole = Arc::from("");
    let points: Vec<Arc<str>> = file.points.iter().map(|point| Arc::from(&**point)).collect();
    Ok(Rule {
        parts: if points.is_empty() { vec![whole] } else { points },
        kinds,
        condition,
        for_ms: i64::from(file.for_s) * 1000,
        severity,
        text: Text::new(file.zh, file.en),
        advice: Text::new(file.advice_zh, file.advice_en),
        id: file.id.into(),
    })
}

fn condition_of(file: &RuleFile) -> Result<Condition, String> {
    let points = &file.points;
    let limit = match (file.above, file.below) {
        (Some(above), None) => Some(Limit::Above(above)),
        (None, Some(below)) => Some(Limit::Below(below)),
        _ => None,
    };
    let whole = [
        (file.offline, Condition::Offline),
        (file.faults, Condition::Faults),
        (file.idle, Condition::Idle),
        (file.counter, Condition::Counter),
    ];
    let refused = file
        .refused
        .iter()
        .map(|word| Refusal::parse(word).ok_or_else(|| format!("nothing is refused as `{word}`")));
    let refused: Vec<Refusal> = refused.collect::<Result<_, _>>()?;
    let service = file.service.as_deref().map(|word| {
        let known = What::ALL.iter().find(|(known, _)| *known == word);
        known.map(|(_, what)| *what).ok_or_else(|| format!("nothing is found as `{word}`"))
    });
    let service = service.transpose()?;
    let whole = whole.into_iter().filter(|(given, _)| *given).map(|(_, condition)| condition);
    let mut whole = whole
        .chain((!refused.is_empty()).then_some(Condition::Refused(refused)))
        .chain(service.map(Condition::Service));
    match (whole.next(), whole.next(), points.is_empty(), limit) {
        (Some(condition), None, true, None) => return Ok(condition),
        (None, None, false, Some(limit)) if file.words.is_empty() => {
            return match points.iter().find(|point| standard_point(point).is_none()) {
                Some(point) => Err(format!("unknown point `{point}`")),
                None => Ok(Condition::Limit(limit)),
            };
        }
        (None, None, false, None) => {}
        _ => {
            return Err(
                "give one of offline, faults, idle, counter, refused, service, points".to_owned()
            );
        }
    }
    let words_of = |point: &String| standard_point(point).and_then(|p| p.words);
    if let Some(point) = points.iter().find(|point| words_of(point).is_none()) {
        return Err(format!("point `{point}` has no words"));
    }
    let said = |word: &&String| {
        points.iter().filter_map(words_of).any(|words| words.by_id(word).is_some())
    };
    match file.words.iter().find(|word| !said(word)) {
        Some(word) => Err(format!("no point says `{word}`")),
        None => Ok(Condition::Words(file.words.clone())),
    }
}

impl Rule {
    /// Whether the rule is for this kind of device.
    pub(super) fn is_for(&self, kind: DeviceKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether tracks of this rule id, kind and part are this rule's.
    pub(super) fn judges(&self, id: &str, kind: Option<DeviceKind>, part: &str) -> bool {
        if self.service().is_some() {
            return *self.id == *id;
        }
        let Some(kind) = kind else { return false };
        *self.id == *id && self.is_for(kind) && self.parts.iter().any(|own| **own == *part)
    }

    /// What the rule makes of things that the service room found, if it is about them.
    pub(super) const fn service(&self) -> Option<What> {
        match self.condition {
            Condition::Service(what) => Some(what),
            _ => None,
        }
    }

    /// Something that the service room found, in words. `name` is that of its machine.
    pub(super) fn found(&self, found: &service::Finding, name: Option<&Text>) -> Finding {
        let named = name.map_or_else(|| self.text.clone(), |name| self.text.fill("device", name));
        let text = found.words.iter().fold(named, |text, (key, word)| text.fill(key, word));
        let mut finding = Finding::new(found.severity.unwrap_or(self.severity), text);
        if !found.devices.is_empty() {
            let all = found.devices.iter().map(|(id, name)| format!("{} [{id}]", name.zh));
            let label = Text::new("设备", "machines");
            finding.evidence.push((label, all.collect::<Vec<_>>().join("、")));
        }
        // A date that is computed anew all the time is no news; lists and counts are.
        finding.topic = match found.what {
            What::RunsOut => format!("runs out {}", found.part),
            _ => finding.text.en.clone(),
        };
        finding
    }

    /// What the rule sees on one of its parts on a device of this health.
    pub(super) fn judge(
        &self,
        part: &str,
        live: &DeviceLive,
        health: &Health,
        refused: &[Refused],
        now: Timestamp,
    ) -> Verdict {
        // What it said before it fell silent may still hold, or not.
        let unknown = health.silent || health.state == HealthState::Waiting;
        let maintenance = health.state == HealthState::Maintenance;
        let spoken = |judge: &dyn Fn() -> Verdict| match (unknown, maintenance) {
            (true, _) => Verdict::Unknown,
            (_, true) => Verdict::No,
            _ => judge(),
        };
        match &self.condition {
            Condition::Offline => self.silence(live, health),
            Condition::Idle => spoken(&|| self.idle(live, health)),
            Condition::Faults => spoken(&|| self.faults(live)),
            // What happened has happened, whether it still speaks or not.
            Condition::Counter => self.counter(live, now),
            // Judged apart, with all that was found.
            Condition::Service(_) => Verdict::Unknown,
            Condition::Refused(reasons) => self.refused(live, reasons, refused, now),
            Condition::Words(words) => spoken(&|| self.word(live, part, words)),
            Condition::Limit(limit) => spoken(&|| self.limit(live, part, *limit)),
        }
    }

    fn silence(&self, live: &DeviceLive, health: &Health) -> Verdict {
        match health.state {
            HealthState::Waiting => Verdict::Unknown,
            // One alert about the broker says it for all its devices.
            HealthState::Offline if live.unheard() => Verdict::Unknown,
            HealthState::Offline => Verdict::Yes(self.offline(live, health)),
            _ => Verdict::No,
        }
    }

    fn filled(&self, live: &DeviceLive, parts: &[(&str, &Text)]) -> Text {
        let named = self.text.fill("device", &live.device.name);
        parts.iter().fold(named, |text, (key, value)| text.fill(key, value))
    }

    /// Produces nothing while its siblings do.
    fn idle(&self, live: &DeviceLive, health: &Health) -> Verdict {
        let Some(reason) = health.cause().filter(|_| health.why == Why::Idle) else {
            return Verdict::No;
        };
        let mut finding = Finding::new(self.severity, self.filled(live, &[("reason", reason)]));
        finding.topic = "idle".to_owned();
        Verdict::Yes(finding)
    }

    /// What happened lately to a counter of energy, except that it rolled over: that is its nature.
    /// Machines begin their counts anew as they please.
    fn counter(&self, live: &DeviceLive, now: Timestamp) -> Verdict {
        let of_energy = |event: &&CounterEvent| event.point.as_str().starts_with("energy_");
        let lately = |event: &&CounterEvent| {
            let hold_ms = match event.happened.change {
                Change::RollOver => return false,
                Change::Glitch => GLITCH_HOLD_MS,
                Change::Reset | Change::Swap | Change::StepBack => COUNTER_HOLD_MS,
            };
            // Not one from the future either, when the clock was set back.
            (0..hold_ms).contains(&now.since_ms(event.happened.time))
        };
        let mut events = live.counter_events.iter().filter(of_energy).filter(lately);
        let Some(event) = events.next() else { return Verdict::No };
        let text = self.filled(live, &[("reason", &event.text())]);
        let (change, at_ms) = (event.happened.change.as_str(), event.happened.time.ms());
        Verdict::Yes(Finding {
            codes: vec![change.to_owned()],
            topic: format!("{} {change} {at_ms}", event.point),
            ..Finding::new(self.severity, text)
        })
    }

    /// Messages that came on its topics were refused lately.
    fn refused(
        &self,
        live: &DeviceLive,
        reasons: &[Refusal],
        refused: &[Refused],
        now: Timestamp,
    ) -> Verdict {
        // Not those from the future either, when the clock was set back.
        let lately = |r: &&Refused| (0..REFUSED_HOLD_MS).contains(&now.since_ms(r.time));
        let found = refused.iter().filter(|r| reasons.contains(&r.reason)).filter(lately);
        // Always the same one of several, or its text would change by the minute.
        let Some(first) = found.min_by_key(|r| r.reason) else { return Verdict::No };
        let reason = first.reason.text();
        let mut finding = Finding::new(self.severity, self.filled(live, &[("reason", &reason)]));
        finding.evidence = vec![
            (Text::new("主题", "topic"), first.detail.clone()),
            (Text::new("条数", "messages"), first.count.to_string()),
        ];
        finding.topic = first.reason.as_str().to_owned();
        finding.codes = vec![finding.topic.clone()];
        Verdict::Yes(finding)
    }

    /// Its health says why in words; what was seen on the way to it is evidence.
    fn offline(&self, live: &DeviceLive, health: &Health) -> Finding {
        let (fault, detail) = match &live.link {
            Some(LinkState::Down { fault, detail }) => (fault.as_str(), detail.clone()),
            _ => ("", String::new()),
        };
        let unknown = Text::new("超过规定时间没有数据", "no data for too long");
        let reason = health.cause().unwrap_or(&unknown);
        let mut finding = Finding::new(self.severity, self.filled(live, &[("reason", reason)]));
        if !detail.is_empty() {
            finding.evidence.push((Text::new("所见", "seen"), detail));
        }
        finding.topic = format!("{:?} {fault}", health.why);
        finding
    }

    fn faults(&self, live: &DeviceLive) -> Verdict {
        let mut faults = live.faults();
        faults.sort_by(|a, b| b.1.severity.cmp(&a.1.severity).then_with(|| a.0.cmp(&b.0)));
        let state = live.word("state").map(|word| word.id);
        let in_fault_state = state == Some("fault");
        if live.value("fault").is_none()
            && matches!(state, None | Some("off" | "sleeping" | "standby"))
        {
            return Verdict::Unknown; // it does not say, and it is not at work either
        }
        let Some((_, worst)) = faults.first() else {
            if in_fault_state {
                let reason = Text::new("设备自报故障停机", "stopped with a fault by its own word");
                let text = self.filled(live, &[("reason", &reason)]);
                let codes = vec!["state".to_owned()];
                return Verdict::Yes(Finding { codes, ..Finding::new(self.severity, text) });
            }
            return Verdict::No;
        };
        if worst.severity == Severity::Info && !in_fault_state {
            return Verdict::No;
        }
        let words = |pick: fn(&Text) -> &String, stop: &str| {
            let named = faults.iter().map(|(code, f)| format!("{} [{code}]", pick(&f.text)));
            named.collect::<Vec<_>>().join(stop)
        };
        let reason = Text::new(words(|t| &t.zh, "；"), words(|t| &t.en, "; "));
        let severity =
            if in_fault_state { worst.severity.max(self.severity) } else { worst.severity };
        let codes: Vec<&str> = faults.iter().map(|(code, _)| &**code).collect();
        let mut evidence = vec![(Text::new("故障代码", "fault codes"), codes.join(" "))];
        if let Some(power_w) = live.number("ac_power_w") {
            evidence.push((Text::new("交流功率", "AC power"), format!("{power_w:.0} W")));
        }
        let text = self.filled(live, &[("reason", &reason)]);
        let codes = codes.into_iter().map(str::to_owned).collect();
        let advice = worst.advice.clone();
        Verdict::Yes(Finding { advice, evidence, codes, ..Finding::new(severity, text) })
    }

    fn word(&self, live: &DeviceLive, point: &str, words: &[String]) -> Verdict {
        let Some(word) = live.word(point) else { return Verdict::Unknown };
        if !words.iter().any(|wanted| wanted == word.id) {
            return Verdict::No;
        }
        let Some(standard) = standard_point(point) else { return Verdict::Unknown };
        let said = Text::new(word.zh, word.en);
        let severity = self.severity.max(word.severity.unwrap_or(Severity::Info));
        let text = self.filled(live, &[("part", &standard.label), ("word", &said)]);
        let left = live.number(&format!("{point}_left_sheets"));
        let evidence = left.map(|n| (Text::new("余量", "left"), format!("{n}")));
        let evidence = evidence.into_iter().collect();
        Verdict::Yes(Finding { evidence, ..Finding::new(severity, text) })
    }

    fn limit(&self, live: &DeviceLive, point: &str, limit: Limit) -> Verdict {
        let Some(value) = live.number(point) else { return Verdict::Unknown };
        let beyond = match limit {
            Limit::Above(limit) => value > limit,
            Limit::Below(limit) => value < limit,
        };
        if !beyond {
            return Verdict::No;
        }
        let Some(standard) = standard_point(point) else { return Verdict::Unknown };
        let Text { zh, en } = self.filled(live, &[("part", &standard.label)]);
        let hours_off = (value.abs() - EIGHT_HOURS_S).abs() <= EIGHT_HOURS_TOLERANCE_S;
        let text = match point == "clock_skew_s" && hours_off {
            true => text!(
                "{zh} 8 小时：北京时间与 UTC 混淆，时区设置错",
                "{en} by eight hours: Beijing time and UTC are mixed up, its time zone is wrong",
            ),
            false => Text { zh, en },
        };
        let evidence = vec![(standard.label, format!("{value:.0} {}", standard.unit))];
        Verdict::Yes(Finding { evidence, ..Finding::new(self.severity, text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rules_are_sound() {
        let rules = default_rules().expect("rules");
        for rule in &rules {
            assert_eq!(rules.iter().filter(|r| r.id == rule.id).count(), 1, "{} twice", rule.id);
            for text in [&rule.text, &rule.advice] {
                assert!(!text.zh.is_empty() && !text.en.is_empty(), "{}", rule.id);
            }
        }
    }

    /// Nothing that a machine can say of a major trouble goes by unheard.
    #[test]
    fn every_major_word_of_a_machine_has_a_rule() {
        let rules = default_rules().expect("rules");
        for point in crate::model::standard_point_names() {
            let Some(words) = standard_point(point).and_then(|p| p.words) else { continue };
            for word in words.words.iter().filter(|w| w.severity >= Some(Severity::Major)) {
                let named = rules.iter().any(|rule| match &rule.condition {
                    Condition::Words(words) => {
                        rule.parts.iter().any(|part| **part == *point)
                            && words.iter().any(|w| w == word.id)
                    }
                    _ => false,
                });
                // The states of inverters are judged together with their fault codes.
                assert!(named || point == "state", "no rule for {point} = {}", word.id);
            }
        }
    }

    #[test]
    fn a_rule_with_a_wrong_word_is_refused() {
        let source = DEFAULT_RULES.replace("words = [\"jammed\"]", "words = [\"jamed\"]");
        assert_eq!(
            parse(&source).err(),
            Some(RuleError("rule `KS005`: no point says `jamed`".into()))
        );
    }
}
