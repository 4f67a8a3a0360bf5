//! An alert, as it is kept and shown.

use std::collections::BTreeMap;

use crate::model::{DeviceId, Severity, Text, Timestamp};
use crate::rule::{Labels, Rule};
use crate::tariff::Tariffs;

use super::cost::Cost;
use super::line::Switch;
use super::policy::Policy;

/// By what is judged, and who is told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Who is told of what, and when.
    pub policy: Policy,
    /// The switches behind which devices are.
    pub switches: Vec<Switch>,
    /// What energy is worth.
    pub tariffs: Tariffs,
    /// What is declared to the grid company for meters, watts.
    pub declared_demand_w: BTreeMap<DeviceId, f64>,
}

/// Where an alert is in its life. ISA-18.2 and the Prometheus life cycle, put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertState {
    /// Raised, and nobody has said that he knows.
    Active,
    /// Somebody knows.
    Acknowledged,
    /// The device is silent or does not say it any more: it may still hold, or not.
    Stale,
    /// The condition is gone, but not for long enough.
    Recovering,
    /// Over.
    Resolved,
}

impl AlertState {
    /// All states.
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Acknowledged, Self::Stale, Self::Recovering, Self::Resolved];

    /// The word used in the API and in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Acknowledged => "acknowledged",
            Self::Stale => "stale",
            Self::Recovering => "recovering",
            Self::Resolved => "resolved",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Who said that he knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Name of the person.
    pub by: String,
    /// What the person wrote.
    pub note: String,
    /// When.
    pub at: Timestamp,
    /// Until when that counts; then it is as if nobody knew.
    pub until: Option<Timestamp>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Unique for ever: rule, device and the time of raising.
    pub id: String,
    /// Id of the rule, e.g. `PV002`.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// Where it is in its life.
    pub state: AlertState,
    /// The device, unless it is about several.
    pub device: Option<DeviceId>,
    /// What is wrong, values filled in.
    pub text: Text,
    /// What to do.
    pub advice: Text,
    /// When the condition was first seen.
    pub since: Timestamp,
    /// When it was raised.
    pub raised: Timestamp,
    /// When it was over.
    pub resolved: Option<Timestamp>,
    /// Who knows.
    pub acknowledged: Option<Acknowledged>,
    /// What was seen: label and value.
    pub evidence: Vec<(Text, String)>,
    /// The fault codes that it is about; a new one among them is a new trouble.
    pub codes: Vec<String>,
    /// What it is about, where its text holds figures that change by the minute: the text stays
    /// while this does. Else empty.
    pub topic: String,
    /// The silence that keeps it from people, by its id.
    pub silenced: Option<String>,
    /// The alert that says it already for many, by its id.
    pub inhibited: Option<String>,
    /// It comes and goes: it is held open until it has been quiet for long.
    pub flapping: bool,
    /// The channels that have been told of it.
    pub told: Vec<String>,
    /// What it has cost so far.
    pub cost: Cost,
    /// The labels of its rule.
    pub labels: Labels,
}

impl Alert {
    /// One that is raised now and of which nothing else is known.
    #[must_use]
    pub fn new(
        id: String,
        rule: &str,
        severity: Severity,
        device: Option<DeviceId>,
        [text, advice]: [Text; 2],
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            rule: rule.to_owned(),
            severity,
            state: AlertState::Active,
            device,
            text,
            advice,
            since: now,
            raised: now,
            resolved: None,
            acknowledged: None,
            evidence: Vec::new(),
            codes: Vec::new(),
            topic: String::new(),
            silenced: None,
            inhibited: None,
            flapping: false,
            told: Vec::new(),
            cost: Cost::default(),
            labels: Labels::new(),
        }
    }
}

/// What is wrong for too short a time to be an alert yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// Id of the rule.
    pub rule: String,
    /// How bad the alert would be.
    pub severity: Severity,
    /// The device, unless it is about several.
    pub device: Option<DeviceId>,
    /// What is wrong, as it was when that was seen first.
    pub text: Text,
    /// When it was seen first.
    pub since: Timestamp,
    /// When it will be an alert, if it goes on.
    pub due: Timestamp,
}

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is new.
    Raised,
    /// Its words or its severity changed.
    Changed,
    /// Somebody knows.
    Acknowledged,
    /// The next ones are told: nobody dealt with it for so long, or the hour has come.
    Escalated,
    /// Somebody knew, but it has taken too long.
    Forgotten,
    /// People are kept from hearing of it from now on: a silence, or an alert that says it for many.
    Muted,
    /// What kept people from hearing of it is over.
    Unmuted,
    /// It is over.
    Resolved,
}

impl Change {
    /// All changes.
    pub const ALL: [Self; 8] = [
        Self::Raised,
        Self::Changed,
        Self::Acknowledged,
        Self::Escalated,
        Self::Forgotten,
        Self::Muted,
        Self::Unmuted,
        Self::Resolved,
    ];

    /// The word used in records and in what channels are told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Changed => "changed",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Forgotten => "forgotten",
            Self::Muted => "muted",
            Self::Unmuted => "unmuted",
            Self::Resolved => "resolved",
        }
    }
}

/// A change and the alert after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// What happened.
    pub change: Change,
    /// The alert after it.
    pub alert: Alert,
    /// It became worse, or is new, or is over: people are told.
    pub tell: bool,
    /// The channels that are told; `None` is all of them.
    pub to: Option<Vec<String>>,
}
