//! A rule, and what it makes of a device.

use std::sync::Arc;

use crate::model::{Device, DeviceKind, Severity, Text, Word, words_of};
use crate::service::{self, What};

use super::compile::Condition;
use super::label::Labels;
use super::name::{Fact, Measure, Name};
use super::scene::{Cell, Detail, Scene};
use super::told;

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its id, such as `PV002`.
    pub id: Arc<str>,
    /// The points that are judged, each by itself; a single empty name where the device is judged as a
    /// whole. `{n}` in a name stands for every number.
    pub parts: Vec<Arc<str>>,
    /// The parts are judged together, once for the device.
    pub together: bool,
    /// Where its limits come from; empty where nobody says.
    pub source: String,
    /// What to do.
    pub advice: Text,
    /// So long a condition must be gone before the alert is over, milliseconds; `None` where nothing is
    /// said.
    pub keep_ms: Option<i64>,
    /// Judged also while somebody works on the device.
    pub in_maintenance: bool,
    /// Not judged while one of these rules has an alert open on the device: that says it better.
    pub unless: Vec<Arc<str>>,
    /// Words of the hall's own about it.
    pub labels: Labels,
    /// Ids of the profiles for whose devices it is alone; none where it is for all of its kinds.
    pub profiles: Vec<String>,
    pub(super) kinds: Vec<DeviceKind>,
    pub(super) judged: Judged,
    pub(super) until: Option<Condition>,
    pub(super) values: Vec<(String, Condition)>,
    pub(super) text: Text,
}

/// By what a rule judges.
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    /// Conditions, the worst first.
    Levels(Vec<Level>),
    /// What the watch over the machines found.
    Found {
        /// What it has to find.
        what: What,
        /// How bad that is, where the finding itself does not say it.
        severity: Severity,
        /// It must be found for so long, milliseconds.
        for_ms: i64,
    },
}

/// One severity of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// How bad it is.
    pub severity: Severity,
    /// It must hold for so long, milliseconds.
    pub for_ms: i64,
    pub(super) when: Condition,
    /// In place of the rule's own text.
    pub(super) text: Option<Text>,
}

/// What one level of a rule sees on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The condition holds.
    Yes,
    /// It does not.
    No,
    /// It cannot be told now: the device is silent or does not say it.
    Unknown,
}

/// A condition that holds, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, values filled in.
    pub text: Text,
    /// What to do.
    pub advice: Text,
    /// What was seen: label and value.
    pub evidence: Vec<(Text, String)>,
    /// Codes by which a new trouble is told from the old one.
    pub codes: Vec<String>,
    /// What it is about, where the text holds figures that change by the minute.
    pub topic: String,
}

impl Rule {
    /// Whether the rule is for some devices of this kind.
    #[must_use]
    pub fn is_of_kind(&self, kind: DeviceKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether the rule is for this device.
    #[must_use]
    pub fn is_for(&self, device: &Device) -> bool {
        let of_profile = || self.profiles.contains(&device.profile);
        self.is_of_kind(device.kind) && (self.profiles.is_empty() || of_profile())
    }

    /// Whether what is known of this rule id, device and part is this rule's.
    #[must_use]
    pub fn judges(&self, id: &str, device: Option<&Device>, part: &str) -> bool {
        if self.found().is_some() {
            return *self.id == *id;
        }
        let Some(device) = device else { return false };
        let own = match self.together {
            true => part.is_empty(),
            false => self.parts.iter().any(|own| matches(own, part)),
        };
        *self.id == *id && self.is_for(device) && own
    }

    /// The levels by which a device is judged; none where another room finds it.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        match &self.judged {
            Judged::Levels(levels) => levels,
            Judged::Found { .. } => &[],
        }
    }

    /// What the watch over the machines has to find, and for how long, milliseconds.
    #[must_use]
    pub const fn found(&self) -> Option<(What, i64)> {
        match self.judged {
            Judged::Found { what, for_ms, .. } => Some((what, for_ms)),
            Judged::Levels(_) => None,
        }
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.levels().iter().map(|level| &level.when).chain(&self.until)
    }

    /// Everything that it asks.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.conditions()
            .chain(self.values.iter().map(|(_, value)| value))
            .flat_map(Condition::names)
    }

    /// The worst that it can be by itself.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match &self.judged {
            Judged::Levels(levels) => {
                levels.iter().map(|level| level.severity).max().unwrap_or(Severity::Info)
            }
            Judged::Found { severity, .. } => *severity,
        }
    }

    /// The kinds of devices that it is for.
    #[must_use]
    pub fn kinds(&self) -> &[DeviceKind] {
        &self.kinds
    }

    /// What it tells, with places for what is seen.
    #[must_use]
    pub const fn text(&self) -> &Text {
        &self.text
    }

    /// Whether it is about a device that is silent.
    #[must_use]
    pub fn is_of_silence(&self) -> bool {
        let mut names = self.levels().iter().flat_map(|level| level.when.names());
        names.any(|name| matches!(name, Name::Fact(Fact::Offline)))
    }

    /// The spans that it looks back, milliseconds; of the points that it judges, each by its name, in which
    /// `{n}` may stand for a number.
    pub fn spans(&self) -> impl Iterator<Item = (Measure, i64)> {
        self.names().filter_map(Name::span).flat_map(|(measure, span_ms)| {
            let measures = match measure {
                Measure::Value => {
                    self.parts.iter().map(|part| Measure::Point(part.to_string())).collect()
                }
                measure => vec![measure],
            };
            measures.into_iter().map(move |measure| (measure, span_ms))
        })
    }

    /// Whether the alert that is open ends, as far as the rule has a condition for that.
    #[must_use]
    pub fn ends(&self, scene: &dyn Scene) -> Option<bool> {
        self.until.as_ref().and_then(|until| until.holds(scene))
    }

    /// Whether it ends by a condition of its own.
    #[must_use]
    pub const fn has_end(&self) -> bool {
        self.until.is_some()
    }

    /// What it makes of the device, for people. `part` is the point that was judged.
    #[must_use]
    pub fn finding(&self, level: &Level, part: &str, scene: &dyn Scene, device: &Text) -> Finding {
        let holds = |name: &&Name| {
            matches!(name, Name::Fact(_) | Name::Refused(_))
                && scene.cell(name) == Some(Cell::YesNo(true))
        };
        let detail: Detail = level
            .when
            .names()
            .filter(holds)
            .find_map(|name| scene.detail(name))
            .unwrap_or_default();
        let word = word_of(part, scene);
        let by_word = word.and_then(|word| word.severity);
        let severity = detail.severity.or(by_word.map(|by| by.max(level.severity)));
        let written = level.text.as_ref().unwrap_or(&self.text);
        // Figures that are reckoned change by the second; what it is about does not.
        let topic = match detail.topic.is_empty() && !self.values.is_empty() {
            true => format!("{} {}", written.en, word.map_or("", |word| word.id)),
            false => detail.topic,
        };
        let mut text = written.fill("device", device);
        for (key, value) in told::values(self, level, part, scene) {
            text = text.fill(&key, &value);
        }
        if let Some(reason) = &detail.reason {
            text = text.fill("reason", reason);
        }
        let mut evidence = detail.evidence;
        evidence.extend(told::evidence(level, part, scene));
        Finding {
            severity: severity.unwrap_or(level.severity),
            text,
            advice: detail.advice.unwrap_or_else(|| self.advice.clone()),
            evidence,
            codes: detail.codes,
            topic,
        }
    }
}

impl Rule {
    /// Something that the watch over the machines found, in words. `name` is that of its machine.
    #[must_use]
    pub fn finding_of(&self, found: &service::Finding, name: Option<&Text>) -> Finding {
        let named = name.map_or_else(|| self.text.clone(), |name| self.text.fill("device", name));
        let text = found.words.iter().fold(named, |text, (key, word)| text.fill(key, word));
        let severity = match &self.judged {
            Judged::Found { severity, .. } => *severity,
            Judged::Levels(_) => Severity::Major,
        };
        let mut evidence = Vec::new();
        if !found.devices.is_empty() {
            let all = found.devices.iter().map(|(id, name)| format!("{} [{id}]", name.zh));
            evidence.push((Text::new("设备", "machines"), all.collect::<Vec<_>>().join("、")));
        }
        // A date that is computed anew all the time is no news; lists and counts are.
        let topic = match found.what {
            What::RunsOut => format!("runs out {}", found.part),
            _ => text.en.clone(),
        };
        Finding {
            severity: found.severity.unwrap_or(severity),
            text,
            advice: self.advice.clone(),
            evidence,
            codes: Vec::new(),
            topic,
        }
    }
}

impl Level {
    /// What it sees.
    #[must_use]
    pub fn judge(&self, scene: &dyn Scene) -> Verdict {
        match self.when.holds(scene) {
            Some(true) => Verdict::Yes,
            Some(false) => Verdict::No,
            None => Verdict::Unknown,
        }
    }
}

/// The word that the judged point says.
pub(super) fn word_of(part: &str, scene: &dyn Scene) -> Option<&'static Word> {
    match scene.cell(&Name::Value)? {
        Cell::Word(word) => words_of(part)?.by_id(word),
        _ => None,
    }
}

/// Whether a point is meant by a name in which `{n}` may stand for a number or a phase.
#[must_use]
pub fn matches(pattern: &str, point: &str) -> bool {
    match pattern.split_once("{n}") {
        None => pattern == point,
        Some((before, after)) => {
            let inner = point.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('_'))
        }
    }
}
