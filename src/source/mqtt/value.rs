//! One JSON value into one value of a point.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::model::{Decimal, Quality, Sample, Value};
use crate::profile::{FieldRule, JsonType, Pick};

use super::body::Body;
use super::payload::Arrival;
use super::time::moment;

/// Longest text that is kept.
const TEXT_CHARS_MAX: usize = 64;
/// Longest code, bytes.
const CODE_BYTES_MAX: usize = 32;
/// A day.
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Most codes of one message.
const CODES_MAX: usize = 64;

/// What the allowed fields say.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    /// Those that are there and right.
    pub(super) samples: Vec<Sample>,
    /// Pointers of those that are wrong.
    pub(super) wrong: Vec<&'a str>,
    /// Some are there, though they may say nothing.
    pub(super) any: bool,
}

/// Reads the allowed fields.
pub(super) fn fields<'a>(
    rules: impl Iterator<Item = &'a FieldRule>,
    body: &Body,
    arrival: &Arrival<'_>,
) -> Fields<'a> {
    let (mut found, mut unlisted) = (Fields::default(), Vec::new());
    for rule in rules {
        match field(rule, body, arrival) {
            // Faults that a message does not list are over; other things keep what was said last.
            Found::Absent if lists_faults(rule) && matches!(body, Body::Document(_)) => {
                unlisted.push(rule.point.clone());
                continue;
            }
            Found::Absent => continue,
            Found::Nothing => {}
            Found::Wrong => found.wrong.push(rule.pointer.text.as_str()),
            Found::Value(value) => {
                if found.samples.iter().all(|sample| sample.point != rule.point) {
                    let point = rule.point.clone();
                    found.samples.push(Sample { point, value, quality: Quality::Good });
                }
            }
        }
        found.any = true;
    }
    let understood = !found.samples.is_empty();
    for point in unlisted.into_iter().filter(|_| understood) {
        if found.samples.iter().all(|sample| sample.point != point) {
            let value = Value::Codes(Arc::from([]));
            found.samples.push(Sample { point, value, quality: Quality::Good });
        }
    }
    found
}

const fn lists_faults(rule: &FieldRule) -> bool {
    matches!(rule.json, JsonType::Faults(_))
}

enum Found {
    /// It is not there.
    Absent,
    /// It says that it is none, or nothing that is wanted.
    Nothing,
    /// It is there and cannot be.
    Wrong,
    Value(Value),
}

fn field(rule: &FieldRule, body: &Body, arrival: &Arrival<'_>) -> Found {
    let none = |json: &Json| {
        let word = word_of(json);
        word.is_some_and(|word| rule.not_available.contains(&word))
    };
    let mut values = Vec::new();
    let places = body.all(&rule.pointer);
    if places.is_empty() {
        return Found::Absent;
    }
    for found in places {
        if found.is_null() || none(found) {
            continue;
        }
        match value_of(&rule.json, found, arrival) {
            Found::Value(value) => values.push(value),
            Found::Wrong => return Found::Wrong,
            Found::Nothing | Found::Absent => {}
        }
    }
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let best = match rule.pick {
        Pick::First => values.into_iter().next(),
        Pick::Min => values.into_iter().min_by(|a, b| number(a).total_cmp(&number(b))),
        Pick::Max => values.into_iter().max_by(|a, b| number(a).total_cmp(&number(b))),
    };
    best.map_or(Found::Nothing, Found::Value)
}

fn value_of(json: &JsonType, found: &Json, arrival: &Arrival<'_>) -> Found {
    let value = match json {
        JsonType::Number { scale, offset } => number(found, *scale, *offset),
        JsonType::Word { codes, ignore_others } => {
            let code = word_of(found).and_then(|word| codes.get(&word));
            match (code, ignore_others) {
                (None, true) => return Found::Nothing,
                (code, _) => code.map(|code| Value::Decimal(Decimal::whole(*code))),
            }
        }
        JsonType::Flags { codes, otherwise } => flags(codes, *otherwise, found),
        JsonType::Bool { words, ignore_others } => {
            let own = word_of(found).and_then(|word| words.get(&word).copied());
            match (own.or_else(|| bool_of(found)), ignore_others) {
                (None, true) => return Found::Nothing,
                (yes, _) => yes.map(Value::Bool),
            }
        }
        JsonType::Text => text_of(found),
        JsonType::DaysLeft(format) => moment(format, found, arrival.zone).map(|ms| {
            let left_ms = ms.saturating_sub(arrival.now.ms());
            Value::Decimal(Decimal::whole(left_ms.div_euclid(DAY_MS)))
        }),
        JsonType::Faults(codes) => fault_codes(codes, found),
    };
    value.map_or(Found::Wrong, Found::Value)
}

/// What stands there as a word: a text, a number or yes and no.
pub(super) fn word_of(found: &Json) -> Option<String> {
    match found {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

fn bool_of(found: &Json) -> Option<bool> {
    match word_of(found)?.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

fn text_of(found: &Json) -> Option<Value> {
    let clean = found.as_str().filter(|text| !text.chars().any(char::is_control))?;
    let short: String = clean.chars().take(TEXT_CHARS_MAX).collect();
    Some(Value::Text(Arc::from(short)))
}

/// A JSON number, or a text that is one, exactly where it is short enough.
fn number(found: &Json, scale: Decimal, offset: f64) -> Option<Value> {
    let written = match found {
        Json::Number(number) => number.to_string(),
        Json::String(text) if text.len() <= 32 => text.trim().to_owned(),
        _ => return None,
    };
    let exact = written.parse::<i64>().ok().and_then(|n| n.checked_mul(scale.mantissa));
    if let Some(mantissa) = exact.filter(|_| offset == 0.0) {
        return Some(Value::Decimal(Decimal { mantissa, exponent: scale.exponent }));
    }
    let value = written.parse::<f64>().ok()? * scale.to_f64() + offset;
    value.is_finite().then_some(Value::Float(value))
}

/// The worst of the flags that are set: in a list, or as keys that say yes.
fn flags(codes: &[(String, i64)], otherwise: i64, found: &Json) -> Option<Value> {
    let set: Vec<String> = match found {
        Json::Array(list) => list.iter().take(CODES_MAX).filter_map(word_of).collect(),
        Json::Object(object) => {
            let yes = object.iter().filter(|(_, value)| bool_of(value) == Some(true));
            yes.map(|(key, _)| key.clone()).collect()
        }
        _ => return None,
    };
    let worst = codes.iter().find(|(flag, _)| set.contains(flag));
    Some(Value::Decimal(Decimal::whole(worst.map_or(otherwise, |(_, code)| *code))))
}

/// Codes of an array; what no table names keeps the vendor's word, if it can be a code: a text could
/// hold anything.
fn fault_codes(codes: &BTreeMap<String, String>, found: &Json) -> Option<Value> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let code = |item: &Json| {
        let word = word_of(item)?;
        let known = codes.get(&word).cloned();
        let own = (word.len() <= CODE_BYTES_MAX && word.chars().all(fits)).then_some(word);
        known.or(own).map(Arc::from)
    };
    let list = found.as_array()?.iter().take(CODES_MAX);
    let list = list.map(code).collect::<Option<Vec<Arc<str>>>>()?;
    Some(Value::Codes(list.into()))
}
