//! One JSON value into one value of a point.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Decimal, PointName, Quality, Sample, Value};
use crate::profile::{Allowed, FieldRule, JsonType, MqttProfile, Pick};

use super::body::{Body, found};
use super::json::Json;
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

/// Which fields are taken of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// Those of one kind of message.
    Of(&'a Allowed),
    /// Those of all kinds, for values that come one by one.
    All(&'a MqttProfile),
    /// None: it is only of interest that something was said.
    Nothing,
}

impl<'a> Fields<'a> {
    /// Reads the allowed fields.
    pub(super) fn read(wanted: Wanted<'a>, body: &Body<'_>, arrival: &Arrival<'_>) -> Self {
        let mut fields = Self { samples: Vec::with_capacity(16), ..Self::default() };
        match (wanted, body) {
            (Wanted::Of(allowed), Body::Document(json)) => {
                let values = found(json, allowed.ways());
                for here in values.chunk_by(|(a, _), (b, _)| a == b) {
                    let rule = here.first().and_then(|(field, _)| allowed.get(*field));
                    let places = here.iter().map(|(_, json)| *json);
                    rule.into_iter().for_each(|rule| fields.take(rule, places.clone(), arrival));
                }
                // Faults that a message does not list are over; other things keep what was said
                // last.
                let listed = |fault: usize| values.iter().any(|(field, _)| *field == fault);
                let understood = !fields.samples.is_empty();
                for fault in allowed.faults().iter().filter(|_| understood) {
                    let rule = allowed.get(*fault).filter(|rule| !fields.has(&rule.point));
                    if let Some(rule) = rule.filter(|_| !listed(*fault)) {
                        fields.put(&rule.point, Value::Codes(Arc::from([])));
                    }
                }
            }
            (Wanted::Of(allowed), Body::Flat(values)) => {
                allowed.iter().for_each(|rule| fields.take(rule, at(values, rule), arrival));
            }
            (Wanted::All(profile), Body::Flat(values)) => {
                profile.fields().for_each(|rule| fields.take(rule, at(values, rule), arrival));
            }
            (Wanted::All(_), Body::Document(_)) | (Wanted::Nothing, _) => {}
        }
        fields
    }

    fn take<'j>(
        &mut self,
        rule: &'a FieldRule,
        places: impl Iterator<Item = &'j Json<'j>>,
        arrival: &Arrival<'_>,
    ) {
        match field(rule, places, arrival) {
            Found::Absent => return,
            Found::Nothing => {}
            Found::Wrong => self.wrong.push(rule.pointer.text.as_str()),
            Found::Value(value) if !self.has(&rule.point) => self.put(&rule.point, value),
            Found::Value(_) => {}
        }
        self.any = true;
    }

    fn has(&self, point: &PointName) -> bool {
        self.samples.iter().any(|sample| sample.point == *point)
    }

    fn put(&mut self, point: &PointName, value: Value) {
        self.samples.push(Sample { point: point.clone(), value, quality: Quality::Good });
    }
}

/// The value that a field leads to, among single values.
fn at<'j>(
    values: &'j [(String, Json<'j>)],
    rule: &FieldRule,
) -> impl Iterator<Item = &'j Json<'j>> {
    let here = values.iter().find(|(at, _)| *at == rule.pointer.text);
    here.map(|(_, value)| value).into_iter()
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

fn field<'j>(
    rule: &FieldRule,
    places: impl Iterator<Item = &'j Json<'j>>,
    arrival: &Arrival<'_>,
) -> Found {
    let none = |json: &Json<'_>| {
        let says = |word: Cow<'_, str>| rule.not_available.iter().any(|none| *none == word);
        !rule.not_available.is_empty() && json.as_word().is_some_and(says)
    };
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let mut best = Found::Absent;
    for json in places {
        let one = match json {
            Json::Null => Found::Nothing,
            json if none(json) => Found::Nothing,
            json => value_of(&rule.json, json, arrival),
        };
        best = match (best, one) {
            (_, Found::Wrong) => return Found::Wrong,
            (Found::Value(old), Found::Value(new)) => {
                let better = match rule.pick {
                    Pick::First => false,
                    Pick::Min => number(&new).total_cmp(&number(&old)).is_lt(),
                    Pick::Max => number(&new).total_cmp(&number(&old)).is_ge(),
                };
                Found::Value(if better { new } else { old })
            }
            (Found::Value(old), _) => Found::Value(old),
            (_, Found::Value(new)) => Found::Value(new),
            _ => Found::Nothing,
        };
    }
    best
}

fn value_of(json: &JsonType, found: &Json<'_>, arrival: &Arrival<'_>) -> Found {
    let value = match json {
        JsonType::Number { scale, offset } => number(found, *scale, *offset),
        JsonType::Word { codes, ignore_others } => {
            let code = found.as_word().and_then(|word| codes.get(&*word));
            match (code, ignore_others) {
                (None, true) => return Found::Nothing,
                (code, _) => code.map(|code| Value::Decimal(Decimal::whole(*code))),
            }
        }
        JsonType::Flags { codes, otherwise } => flags(codes, *otherwise, found),
        JsonType::Bool { words, ignore_others } => {
            let own = found.as_word().and_then(|word| words.get(&*word).copied());
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

fn bool_of(found: &Json<'_>) -> Option<bool> {
    let word = found.as_word()?;
    let says = |words: [&str; 4]| words.iter().any(|own| word.eq_ignore_ascii_case(own));
    if says(["true", "1", "on", "yes"]) {
        return Some(true);
    }
    says(["false", "0", "off", "no"]).then_some(false)
}

fn text_of(found: &Json<'_>) -> Option<Value> {
    let clean = found.as_str().filter(|text| !text.chars().any(char::is_control))?;
    let short: String = clean.chars().take(TEXT_CHARS_MAX).collect();
    Some(Value::Text(Arc::from(short)))
}

/// A JSON number, or a text that is one, exactly where it is short enough.
fn number(found: &Json<'_>, scale: Decimal, offset: f64) -> Option<Value> {
    let (whole, float) = match found {
        Json::Number(number) => (number.as_i64(), number.as_f64()),
        Json::Text(text) if text.len() <= 32 => {
            (text.trim().parse().ok(), text.trim().parse().ok())
        }
        _ => return None,
    };
    let exact = whole.and_then(|whole: i64| whole.checked_mul(scale.mantissa));
    if let Some(mantissa) = exact.filter(|_| offset == 0.0) {
        return Some(Value::Decimal(Decimal { mantissa, exponent: scale.exponent }));
    }
    let value = float? * scale.to_f64() + offset;
    value.is_finite().then_some(Value::Float(value))
}

/// The worst of the flags that are set: in a list, or as keys that say yes.
fn flags(codes: &[(String, i64)], otherwise: i64, found: &Json<'_>) -> Option<Value> {
    let set: Vec<Cow<'_, str>> = match found {
        Json::List(list) => list.iter().take(CODES_MAX).filter_map(Json::as_word).collect(),
        Json::Object(object) => {
            let yes = object.iter().filter(|(_, value)| bool_of(value) == Some(true));
            yes.map(|(key, _)| Cow::Borrowed(&**key)).collect()
        }
        _ => return None,
    };
    let worst = codes.iter().find(|(flag, _)| set.iter().any(|own| own == flag));
    Some(Value::Decimal(Decimal::whole(worst.map_or(otherwise, |(_, code)| *code))))
}

/// Codes of an array; what no table names keeps the vendor's word, if it can be a code: a text could
/// hold anything.
fn fault_codes(codes: &BTreeMap<String, String>, found: &Json<'_>) -> Option<Value> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let code = |item: &Json<'_>| -> Option<Arc<str>> {
        let word = item.as_word()?;
        let own = || (word.len() <= CODE_BYTES_MAX && word.chars().all(fits)).then_some(&*word);
        codes.get(&*word).map(String::as_str).or_else(own).map(Arc::from)
    };
    let list = found.as_list()?.iter().take(CODES_MAX);
    let list = list.map(code).collect::<Option<Vec<Arc<str>>>>()?;
    Some(Value::Codes(list.into()))
}
