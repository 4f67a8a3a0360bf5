//! Numbers and words in the texts of alerts, as people write them.

use crate::model::{Severity, Text, standard_point};

use super::name::{Kind, Name, point_kind};
use super::scene::{Cell, Scene};
use super::types::{Level, Rule, word_of};
use super::unit::Unit;

/// What the rule's text may be filled with, by key.
pub(super) fn values(
    rule: &Rule,
    level: &Level,
    part: &str,
    scene: &dyn Scene,
) -> Vec<(String, Text)> {
    let mut values = Vec::new();
    let standard = standard_point(part);
    if let Some(standard) = &standard {
        values.push(("part".to_owned(), standard.label.clone()));
    }
    if let Some(word) = word_of(part, scene) {
        values.push(("word".to_owned(), Text::new(word.zh, word.en)));
    }
    if let Some(Cell::Number(number)) = scene.cell(&Name::Value) {
        let unit = standard.map_or("", |standard| standard.unit);
        values.push(("value".to_owned(), Text::same(with_unit(number, unit))));
    }
    for (key, value) in &rule.values {
        let unit = match value.kind {
            Kind::Number(Unit::Of(unit)) => unit,
            _ => "",
        };
        // What cannot be told is told as such: a text with a hole is worse.
        let shown = value.number(scene).map_or_else(|| "–".to_owned(), |n| with_unit(n, unit));
        values.push((key.clone(), Text::same(shown)));
    }
    let severity = match level.severity {
        Severity::Critical => Text::new("严重", "critical"),
        Severity::Major => Text::new("重要", "major"),
        Severity::Minor => Text::new("次要", "minor"),
        Severity::Info => Text::new("提示", "info"),
    };
    values.push(("severity".to_owned(), severity));
    values
}

/// The points that the condition looked at, with what they said.
pub(super) fn evidence(level: &Level, part: &str, scene: &dyn Scene) -> Vec<(Text, String)> {
    let mut seen = Vec::new();
    for name in level.when.names() {
        let point = match name {
            Name::Point(point) => point.as_str(),
            Name::Value => part,
            _ => continue,
        };
        let label = standard_point(point).map_or_else(|| Text::same(point), |known| known.label);
        let shown = match scene.cell(name) {
            Some(Cell::Number(number)) => with_unit(number, unit_of(point)),
            Some(Cell::YesNo(yes)) => if yes { "✓" } else { "✗" }.to_owned(),
            Some(Cell::Word(_)) | None => continue,
        };
        seen.push((label, shown));
    }
    if let Some(left) = scene.cell(&Name::Point(format!("{part}_left_sheets"))) {
        let number = |cell| if let Cell::Number(number) = cell { number } else { f64::NAN };
        seen.push((Text::new("余量", "left"), shown(number(left))));
    }
    seen
}

fn unit_of(point: &str) -> &'static str {
    match point_kind(point) {
        Some(Kind::Number(unit)) => unit.shown(),
        _ => "",
    }
}

fn with_unit(number: f64, unit: &str) -> String {
    match unit {
        "" => shown(number),
        "%" | "°" => format!("{}{unit}", shown(number)),
        unit => format!("{} {unit}", shown(number)),
    }
}

/// Three digits, as many as anybody reads.
fn shown(number: f64) -> String {
    let digits = match number.abs() {
        n if n >= 100.0 || number.fract() == 0.0 => 0,
        n if n >= 10.0 => 1,
        n if n >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{number:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
