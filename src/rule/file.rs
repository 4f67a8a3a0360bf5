//! Rules as they are written, in TOML.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A file of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) rule: Vec<RuleFile>,
    /// Of rules that are there already.
    #[serde(default)]
    pub(super) change: Vec<ChangeFile>,
}

/// What is different about a rule that is there already.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeFile {
    pub(super) id: Spanned<String>,
    /// It is not wanted here.
    #[serde(default)]
    pub(super) off: bool,
    pub(super) when: Option<Spanned<String>>,
    pub(super) for_s: Option<Spanned<f64>>,
    pub(super) keep_firing_for_s: Option<Spanned<f64>>,
    pub(super) severity: Option<Spanned<String>>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) id: Spanned<String>,
    /// Kinds of devices; `kiosk` stands for every machine that serves people.
    #[serde(default)]
    pub(super) kinds: Vec<Spanned<String>>,
    /// Only devices of these profiles.
    #[serde(default)]
    pub(super) profiles: Vec<Spanned<String>>,
    /// Words of the hall's own about it.
    #[serde(default)]
    pub(super) labels: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Points that are judged each by itself, as `value`.
    #[serde(default)]
    pub(super) points: Vec<Spanned<String>>,
    /// The points are judged together, once for the device.
    #[serde(default)]
    pub(super) together: bool,
    pub(super) when: Option<Spanned<String>>,
    /// What the watch over the machines finds.
    pub(super) found: Option<Spanned<String>>,
    /// Ends the alert, where that is another condition than the beginning.
    pub(super) until: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) for_s: Option<Spanned<f64>>,
    pub(super) keep_firing_for_s: Option<Spanned<f64>>,
    pub(super) severity: Option<Spanned<String>>,
    /// Several severities of one trouble, in place of `when` and `severity`.
    #[serde(default)]
    pub(super) levels: Vec<LevelFile>,
    /// Judged also while somebody works on the device.
    #[serde(default)]
    pub(super) in_maintenance: bool,
    /// Not judged while one of these rules has an alert open on the device.
    #[serde(default)]
    pub(super) unless: Vec<Spanned<String>>,
    /// Numbers for the texts, by name.
    #[serde(default)]
    pub(super) values: BTreeMap<String, Spanned<String>>,
    /// Where its limits come from.
    #[serde(default)]
    pub(super) source: Option<String>,
    // All four are wanted; one that is missing hides no other mistake.
    pub(super) zh: Option<Spanned<String>>,
    pub(super) en: Option<Spanned<String>>,
    pub(super) advice_zh: Option<Spanned<String>>,
    pub(super) advice_en: Option<Spanned<String>>,
}

/// One severity of a rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelFile {
    pub(super) severity: Spanned<String>,
    pub(super) when: Spanned<String>,
    #[serde(default)]
    pub(super) for_s: Option<Spanned<f64>>,
    /// In place of the rule's own text.
    pub(super) zh: Option<Spanned<String>>,
    pub(super) en: Option<Spanned<String>>,
}
