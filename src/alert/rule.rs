//! Rules as data, and what each finds on a device.

use serde::Deserialize;

use crate::live::{DeviceLive, HealthState};
use crate::model::{DeviceKind, Severity, Text, standard_point};

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
    points: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    for_s: u32,
    severity: String,
    zh: String,
    en: String,
    advice_zh: String,
    advice_en: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Offline,
    Faults,
    Words { points: Vec<String>, words: Vec<String> },
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: String,
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
    let wrong = |what: String| RuleError(format!("rule `{}`: {what}", file.id));
    let condition = match (file.offline, file.faults, file.points.is_empty()) {
        (true, false, true) => Condition::Offline,
        (false, true, true) => Condition::Faults,
        (false, false, false) => {
            for point in &file.points {
                let words = standard_point(point).and_then(|p| p.words);
                if words.is_none() {
                    return Err(wrong(format!("point `{point}` has no words")));
                }
            }
            for word in &file.words {
                let known = |point: &String| {
                    let words = standard_point(point).and_then(|p| p.words);
                    words.is_some_and(|words| words.by_id(word).is_some())
                };
                if !file.points.iter().any(known) {
                    return Err(wrong(format!("no point says `{word}`")));
                }
            }
            Condition::Words { points: file.points.clone(), words: file.words.clone() }
        }
        _ => return Err(wrong("give one of offline, faults, points".to_owned())),
    };
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
    Ok(Rule {
        kinds,
        condition,
        for_ms: i64::from(file.for_s) * 1000,
        severity,
        text: Text::new(file.zh, file.en),
        advice: Text::new(file.advice_zh, file.advice_en),
        id: file.id,
    })
}

impl Rule {
    /// Whether the rule is for this kind of device.
    pub(super) fn is_for(&self, kind: DeviceKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// What the rule sees on a device of this health.
    pub(super) fn judge(&self, live: &DeviceLive, health: HealthState) -> Verdict {
        match (&self.condition, health) {
            (_, HealthState::Waiting) => Verdict::Unknown,
            (Condition::Offline, HealthState::Offline) => Verdict::Yes(self.offline(live)),
            (Condition::Offline, _) => Verdict::No,
            (_, HealthState::Maintenance) => Verdict::No,
            // What it said before it fell silent may still hold, or not.
            (_, HealthState::Offline) => Verdict::Unknown,
            (_, HealthState::Asleep) if live.word("state").is_none() => Verdict::Unknown,
            (Condition::Faults, _) => self.faults(live),
            (Condition::Words { points, words }, _) => self.words(live, points, words),
        }
    }

    fn filled(&self, live: &DeviceLive, parts: &[(&str, &Text)]) -> Text {
        let named = self.text.fill("device", &live.device.name);
        parts.iter().fold(named, |text, (key, value)| text.fill(key, value))
    }

    fn offline(&self, live: &DeviceLive) -> Finding {
        let (reason, detail) = match &live.link {
            Some(crate::model::LinkState::Down { fault, detail }) => (fault.text(), detail.clone()),
            _ => (Text::new("超过规定时间没有数据", "no data for too long"), String::new()),
        };
        let mut evidence = Vec::new();
        if !detail.is_empty() {
            evidence.push((Text::new("所见", "seen"), detail));
        }
        let text = self.filled(live, &[("reason", &reason)]);
        Finding { severity: self.severity, text, advice: None, evidence }
    }

    fn faults(&self, live: &DeviceLive) -> Verdict {
        let mut faults = live.faults();
        faults.sort_by(|a, b| b.1.severity.cmp(&a.1.severity).then_with(|| a.0.cmp(&b.0)));
        let in_fault_state = live.word("state").is_some_and(|word| word.id == "fault");
        let Some((_, worst)) = faults.first() else {
            if in_fault_state {
                let reason = Text::new("设备自报故障停机", "stopped with a fault by its own word");
                let text = self.filled(live, &[("reason", &reason)]);
                let evidence = Vec::new();
                let severity = self.severity;
                return Verdict::Yes(Finding { severity, text, advice: None, evidence });
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
        Verdict::Yes(Finding { severity, text, advice: worst.advice.clone(), evidence })
    }

    fn words(&self, live: &DeviceLive, points: &[String], words: &[String]) -> Verdict {
        let mut known = false;
        let mut found: Option<Finding> = None;
        for point in points {
            let Some(word) = live.word(point) else { continue };
            known = true;
            let Some(standard) = standard_point(point) else { continue };
            if !words.iter().any(|wanted| wanted == word.id) {
                continue;
            }
            let said = Text::new(word.zh, word.en);
            let severity = self.severity.max(word.severity.unwrap_or(Severity::Info));
            let text = self.filled(live, &[("part", &standard.label), ("word", &said)]);
            let left = live.number(&format!("{point}_left_sheets"));
            let evidence = left.map(|n| (Text::new("余量", "left"), format!("{n}")));
            let worse = found.as_ref().is_none_or(|other| severity > other.severity);
            if worse {
                let evidence = evidence.into_iter().collect();
                found = Some(Finding { severity, text, advice: None, evidence });
            }
        }
        match (found, known) {
            (Some(finding), _) => Verdict::Yes(finding),
            (None, true) => Verdict::No,
            (None, false) => Verdict::Unknown,
        }
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

    #[test]
    fn a_rule_with_a_wrong_word_is_refused() {
        let source = DEFAULT_RULES.replace("words = [\"jammed\"]", "words = [\"jamed\"]");
        assert_eq!(
            parse(&source).err(),
            Some(RuleError("rule `KS005`: no point says `jamed`".into()))
        );
    }
}
