//! One message into one reading. Pure: bytes and the time in, a reading or a refusal out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::model::{Decimal, Device, PointName, Quality, Reading, Sample, Timestamp, Value};
use crate::profile::{FieldRule, JsonType, MqttProfile, TimeFormat, TimeRule};

/// How far a device's clock may be ahead before its message is refused.
const AHEAD_MAX_MS: i64 = 5 * 60 * 1000;
/// 2026-01-01: a gateway whose clock shows less has not been set, and cannot say what is ahead.
const GATEWAY_CLOCK_SET_MS: i64 = 1_767_225_600_000;
/// 2020-01-01: a time before that is a clock that was never set.
const OLDEST_MS: i64 = 1_577_836_800_000;
/// Longest text that is kept.
const TEXT_CHARS_MAX: usize = 64;

/// Why a message was refused. Nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// Not JSON, or nested too deeply.
    #[error("not JSON")]
    NotJson,
    /// The payload claims to come from another device than its topic.
    #[error("claims another id")]
    ForeignId,
    /// A time that cannot be read.
    #[error("no readable time")]
    BadTime,
    /// More than five minutes ahead of the gateway's clock.
    #[error("time in the future")]
    FutureTime,
    /// Before 2020.
    #[error("clock never set")]
    AncientTime,
    /// Kept by the broker from some time ago, and it does not say from when.
    #[error("retained without a time")]
    RetainedWithoutTime,
    /// No field that the profile knows, or none of the right type.
    #[error("no known field")]
    NothingKnown,
}

impl Refusal {
    /// The reason under which it is counted.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::ForeignId => "foreign_id",
            Self::BadTime => "bad_time",
            Self::FutureTime => "future_time",
            Self::AncientTime => "ancient_time",
            Self::RetainedWithoutTime => "retained_without_time",
            Self::NothingKnown => "nothing_known",
        }
    }
}

/// A message that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What the device said.
    pub reading: Reading,
    /// Fields whose value had the wrong type or an unknown word; they were left out.
    pub wrong_fields: usize,
    /// It is the device's last will.
    pub gone: bool,
}

/// Reads a message of `device`. `retained` messages were sent before we listened: they count as
/// heard when they were said.
///
/// # Errors
/// [`Refusal`]; nothing of the message is kept then.
pub fn parse(
    device: &Device,
    profile: &MqttProfile,
    payload: &[u8],
    retained: bool,
    now: Timestamp,
) -> Result<Parsed, Refusal> {
    let text = std::str::from_utf8(payload).map_err(|_| Refusal::NotUtf8)?;
    // serde_json refuses nesting deeper than 128 levels by itself.
    let json: Json = serde_json::from_str(text).map_err(|_| Refusal::NotJson)?;
    if let Some(pointer) = &profile.claimed_id
        && let Some(claimed) = json.pointer(pointer)
        && claimed.as_str() != Some(device.id.as_str())
    {
        return Err(Refusal::ForeignId);
    }
    let gone = profile.offline.as_ref().is_some_and(|(pointer, values)| {
        let said = json.pointer(pointer).and_then(Json::as_str);
        said.is_some_and(|said| values.iter().any(|value| value == said))
    });
    let time = match &profile.time {
        Some(rule) => time_of(rule, &json, now)?,
        None => None,
    };
    let (mut samples, wrong_fields) = fields(&profile.fields, &json);
    if samples.is_empty() && !gone {
        return Err(Refusal::NothingKnown);
    }
    if let Ok(point) = PointName::parse("online") {
        samples.push(Sample { point, value: Value::Bool(!gone), quality: Quality::Good });
    }
    if retained && time.is_none() && !gone {
        return Err(Refusal::RetainedWithoutTime);
    }
    let said = time.unwrap_or(now);
    let message = profile.message_id.as_ref().and_then(|pointer| message_number(pointer, &json));
    let reading = Reading {
        device: device.id.clone(),
        time: said,
        received: if retained { said.min(now) } else { now },
        // Without a number of its own a message is known by its words.
        message: message.unwrap_or_else(|| fnv1a(payload)),
        samples,
    };
    Ok(Parsed { reading, wrong_fields, gone })
}

/// The device's time; `None` where the message has none (a last will cannot know it).
fn time_of(rule: &TimeRule, json: &Json, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let Some(found) = json.pointer(&rule.pointer) else { return Ok(None) };
    let ms = match rule.format {
        TimeFormat::Rfc3339 => {
            let text = found.as_str().ok_or(Refusal::BadTime)?;
            text.parse::<jiff::Timestamp>().map_err(|_| Refusal::BadTime)?.as_millisecond()
        }
        TimeFormat::UnixS => seconds(found).ok_or(Refusal::BadTime)?,
        TimeFormat::UnixMs => found.as_i64().ok_or(Refusal::BadTime)?,
    };
    // A gateway without a battery-backed clock starts in the past; it must not refuse the present.
    let clock_set = now.ms() >= GATEWAY_CLOCK_SET_MS;
    if clock_set && ms > now.ms().saturating_add(AHEAD_MAX_MS) {
        return Err(Refusal::FutureTime);
    }
    if ms < OLDEST_MS {
        return Err(Refusal::AncientTime);
    }
    Ok(Some(Timestamp::from_ms(ms)))
}

fn seconds(found: &Json) -> Option<i64> {
    if let Some(whole) = found.as_i64() {
        return whole.checked_mul(1000);
    }
    let ms = found.as_f64()? * 1000.0;
    #[allow(clippy::cast_possible_truncation)]
    ms.is_finite().then(|| ms.round() as i64)
}

/// The number that the device gives its message: a whole number itself, a text by its hash.
fn message_number(pointer: &str, json: &Json) -> Option<u64> {
    match json.pointer(pointer)? {
        Json::Number(number) => number.as_u64(),
        Json::String(text) => Some(fnv1a(text.as_bytes())),
        _ => None,
    }
}

/// FNV-1a, 64 bits: stored in the journal, so it must be the same in every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The allowed fields that are there and right, and the number of those that are wrong.
fn fields(rules: &[FieldRule], json: &Json) -> (Vec<Sample>, usize) {
    let mut samples: Vec<Sample> = Vec::new();
    let mut wrong = 0;
    for rule in rules {
        let found = match json.pointer(&rule.pointer) {
            None | Some(Json::Null) => continue,
            Some(found) => found,
        };
        match value_of(&rule.json, found) {
            Some(value) if samples.iter().all(|sample| sample.point != rule.point) => {
                let point = rule.point.clone();
                samples.push(Sample { point, value, quality: Quality::Good });
            }
            Some(_) => {}
            None => wrong += 1,
        }
    }
    (samples, wrong)
}

fn value_of(json: &JsonType, found: &Json) -> Option<Value> {
    match json {
        JsonType::Number { scale } => number(found, *scale),
        JsonType::Word(words) => {
            let code = words.get(&word_of(found)?)?;
            Some(Value::Decimal(Decimal::whole(*code)))
        }
        JsonType::Bool => found.as_bool().map(Value::Bool),
        JsonType::Text => {
            let clean = found.as_str().filter(|text| !text.chars().any(char::is_control))?;
            let short: String = clean.chars().take(TEXT_CHARS_MAX).collect();
            Some(Value::Text(Arc::from(short)))
        }
        JsonType::Faults(codes) => fault_codes(codes, found),
    }
}

fn word_of(found: &Json) -> Option<String> {
    match found {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// A JSON number, or a text that is one, exactly where it is short enough.
fn number(found: &Json, scale: Decimal) -> Option<Value> {
    let written = match found {
        Json::Number(number) => number.to_string(),
        Json::String(text) if text.len() <= 32 => text.clone(),
        _ => return None,
    };
    if let Some(mantissa) = written.parse::<i64>().ok().and_then(|n| n.checked_mul(scale.mantissa))
    {
        return Some(Value::Decimal(Decimal { mantissa, exponent: scale.exponent }));
    }
    let value = written.parse::<f64>().ok()? * scale.to_f64();
    value.is_finite().then_some(Value::Float(value))
}

/// Codes of an array; what no table names keeps the vendor's word, made fit for a code.
fn fault_codes(codes: &BTreeMap<String, String>, found: &Json) -> Option<Value> {
    let code = |item: &Json| {
        let word = word_of(item)?;
        let known = codes.get(&word).cloned();
        Some(Arc::from(known.unwrap_or_else(|| {
            let clean = word.chars().filter(|c| c.is_alphanumeric() || *c == '-').take(32);
            clean.collect::<String>()
        })))
    };
    let list = found.as_array()?.iter().take(64).map(code).collect::<Option<Vec<Arc<str>>>>()?;
    Some(Value::Codes(list.into()))
}

#[cfg(test)]
mod tests;
