//! JSON messages of machines: which pointer holds which point.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{Decimal, PointName, Text, standard_point, text};

use super::checker::Checker;
use super::file::{MqttFieldFile, MqttFile, MqttTimeFile};
use super::types::Fault;

/// How a JSON value becomes a value of a point.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonType {
    /// A number, or a text that is one.
    Number {
        /// Multiplier into the unit of the point.
        scale: Decimal,
    },
    /// A word of the point's vocabulary: vendor's word -> stored code.
    Word(BTreeMap<String, i64>),
    /// Yes or no.
    Bool,
    /// Text, cut at 64 characters. Only for versions and serial numbers, never for persons.
    Text,
    /// An array of fault codes: vendor's word -> fault code.
    Faults(BTreeMap<String, String>),
}

/// One field that is taken. What no rule names is dropped.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldRule {
    /// RFC 6901 pointer.
    pub pointer: String,
    /// Standard name, or `vendor_…`.
    pub point: PointName,
    /// How it is read.
    pub json: JsonType,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339 with an offset.
    Rfc3339,
    /// Seconds since 1970.
    UnixS,
    /// Milliseconds since 1970.
    UnixMs,
}

/// Where the device's own time is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRule {
    /// RFC 6901 pointer.
    pub pointer: String,
    /// How it is written.
    pub format: TimeFormat,
}

/// What a machine publishes.
#[derive(Debug, Clone, PartialEq)]
pub struct MqttProfile {
    /// Topic with `{zone}`, `{kind}` and `{id}`.
    pub topic: String,
    /// Expected time between two messages, seconds.
    pub heartbeat_s: u32,
    /// Where the time is; without it the time of arrival counts.
    pub time: Option<TimeRule>,
    /// Where the message's number is.
    pub message_id: Option<String>,
    /// Where the device says who it is.
    pub claimed_id: Option<String>,
    /// Pointer and values that mean "gone".
    pub offline: Option<(String, Vec<String>)>,
    /// The allow-list of fields.
    pub fields: Vec<FieldRule>,
}

impl MqttProfile {
    /// The topic of one device.
    #[must_use]
    pub fn topic_of(&self, zone: &str, kind: &str, id: &str) -> String {
        self.topic.replace("{zone}", zone).replace("{kind}", kind).replace("{id}", id)
    }
}

fn words_of(check: &mut Checker, field: &MqttFieldFile) -> Option<BTreeMap<String, i64>> {
    let name = field.point.get_ref();
    let Some(words) = standard_point(name).and_then(|point| point.words) else {
        let problem = text!("测点 `{name}` 不是枚举量", "point `{name}` has no words");
        let hint =
            Text::new("类型 `word` 只用于枚举测点", "type `word` belongs to enumerated points");
        check.at(field.point.span().start, problem, hint);
        return None;
    };
    let mut table: BTreeMap<String, i64> =
        words.words.iter().map(|word| (word.id.to_owned(), word.code)).collect();
    for (vendor, word) in field.values.iter().flat_map(|values| values.get_ref()) {
        match words.by_id(word) {
            Some(word) => {
                table.insert(vendor.clone(), word.code);
            }
            None => {
                let offset = field.values.as_ref().map_or(0, |values| values.span().start);
                check.unknown_word(word, name, words, offset);
            }
        }
    }
    Some(table)
}

fn field_of(
    check: &mut Checker,
    field: &MqttFieldFile,
    faults: &BTreeMap<String, Fault>,
) -> Option<FieldRule> {
    let point = check.point_name(field.point.get_ref(), field.point.span().start)?;
    pointer_of(check, &field.pointer);
    let json = match field.kind.get_ref().as_str() {
        "number" => JsonType::Number { scale: check.scale(field.scale.as_ref()) },
        "word" => JsonType::Word(words_of(check, field)?),
        "bool" => JsonType::Bool,
        "text" => JsonType::Text,
        "faults" => {
            let codes = field.codes.as_ref();
            let offset = codes.map_or(0, |codes| codes.span().start);
            let table = codes.map(|codes| codes.get_ref().clone()).unwrap_or_default();
            table.values().for_each(|code| check.known_fault(code, faults, offset));
            JsonType::Faults(table)
        }
        _ => {
            let allowed = ["number", "word", "bool", "text", "faults"];
            check.unknown(["类型", "type"], &field.kind, &allowed);
            return None;
        }
    };
    Some(FieldRule { pointer: field.pointer.get_ref().clone(), point, json })
}

fn pointer_of(check: &mut Checker, pointer: &Spanned<String>) {
    if !pointer.get_ref().starts_with('/') {
        let problem = text!("`{}` 不是 JSON 指针", "`{}` is no JSON pointer", pointer.get_ref());
        let hint =
            Text::new("写成 `/parts/printer/paper` 这样", "write it as `/parts/printer/paper`");
        check.at(pointer.span().start, problem, hint);
    }
}

fn time_of(check: &mut Checker, time: &MqttTimeFile) -> Option<TimeRule> {
    pointer_of(check, &time.pointer);
    let format = match time.format.get_ref().as_str() {
        "rfc3339" => TimeFormat::Rfc3339,
        "unix_s" => TimeFormat::UnixS,
        "unix_ms" => TimeFormat::UnixMs,
        _ => {
            let allowed = ["rfc3339", "unix_s", "unix_ms"];
            check.unknown(["时间格式", "time format"], &time.format, &allowed);
            return None;
        }
    };
    Some(TimeRule { pointer: time.pointer.get_ref().clone(), format })
}

pub(super) fn compile(
    check: &mut Checker,
    file: &MqttFile,
    faults: &BTreeMap<String, Fault>,
) -> Option<MqttProfile> {
    let topic = file.topic.get_ref();
    if !topic.contains("{id}") || topic.contains(['+', '#']) {
        let problem = text!(
            "主题 `{topic}` 无法区分各台设备",
            "topic `{topic}` does not tell one device from another",
        );
        let hint = Text::new("要含 `{id}`，不能用通配符", "use `{id}`, and no wildcards");
        check.at(file.topic.span().start, problem, hint);
    }
    let fields = file.field.iter().filter_map(|field| field_of(check, field, faults)).collect();
    let time = file.time.as_ref().and_then(|time| time_of(check, time));
    [&file.message_id, &file.claimed_id]
        .into_iter()
        .flatten()
        .for_each(|pointer| pointer_of(check, pointer));
    Some(MqttProfile {
        topic: topic.clone(),
        heartbeat_s: file.heartbeat_s.max(1),
        time,
        message_id: file.message_id.as_ref().map(|p| p.get_ref().clone()),
        claimed_id: file.claimed_id.as_ref().map(|p| p.get_ref().clone()),
        offline: file.offline.as_ref().map(|o| (o.pointer.get_ref().clone(), o.values.clone())),
        fields,
    })
}
