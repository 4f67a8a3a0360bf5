//! Checks what a profile says of MQTT.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{Text, text};

use super::super::checker::Checker;
use super::super::file::{MqttFile, MqttMessageFile, MqttTimeFile};
use super::super::types::Fault;
use super::field::{field_of, pointer_of};
use super::types::{Form, MessageRule, MqttProfile, TimeFormat, TimeRule};

/// The checked form of `[mqtt]`.
pub(in super::super) fn compile(
    check: &mut Checker,
    file: &Spanned<MqttFile>,
    faults: &BTreeMap<String, Fault>,
) -> MqttProfile {
    let (offset, file) = (file.span().start, file.get_ref());
    let heartbeat_s = file.heartbeat_s;
    let first = file.first();
    let messages = first.as_ref().into_iter().chain(&file.message);
    let messages: Vec<_> =
        messages.filter_map(|message| message_of(check, message, faults)).collect();
    if first.is_none() && file.message.is_empty() {
        let problem = Text::new("[mqtt] 没有主题", "[mqtt] has no topic");
        let hint = Text::new(
            "写 topic = \"…\"，或每种消息一个 [[mqtt.message]]",
            "write topic = \"…\", or a [[mqtt.message]] for each kind of message",
        );
        check.at(offset, problem, hint);
    }
    MqttProfile { heartbeat_s, messages }
}

fn message_of(
    check: &mut Checker,
    file: &MqttMessageFile,
    faults: &BTreeMap<String, Fault>,
) -> Option<MessageRule> {
    let form = match &file.form {
        None => Form::Json,
        Some(word) => match Form::ALL.iter().find(|(known, _)| known == word.get_ref()) {
            Some((_, form)) => *form,
            None => {
                check.unknown(["消息形式", "form"], word, &Form::ALL.map(|(known, _)| known));
                return None;
            }
        },
    };
    let topic = topic_of(check, file.topic.as_ref()?, form);
    if file.field.is_empty() && file.offline.is_none() && form != Form::HomeAssistant {
        let problem = Text::new("消息没有字段", "a message without fields");
        let hint = Text::new("添加 field", "add its fields: what none names is dropped");
        check.at(file.topic.as_ref()?.span().start, problem, hint);
    }
    let fields = file.field.iter().filter_map(|field| field_of(check, field, faults));
    let fields = fields.collect::<Vec<_>>().into();
    let time = file.time.as_ref().and_then(|time| time_of(check, time));
    let mut pointer =
        |given: &Option<Spanned<String>>| given.as_ref().and_then(|given| pointer_of(check, given));
    let (message_id, claimed_id) = (pointer(&file.message_id), pointer(&file.claimed_id));
    let offline = file.offline.as_ref().and_then(|offline| {
        Some((pointer(&Some(offline.pointer.clone()))?, offline.values.clone()))
    });
    Some(MessageRule { topic, form, time, message_id, claimed_id, offline, fields })
}

/// The topic, checked: it has to tell one device from another.
fn topic_of(check: &mut Checker, topic: &Spanned<String>, form: Form) -> String {
    let text = topic.get_ref();
    let offset = topic.span().start;
    let names = text.contains("{id}") || text.contains("{mqtt_id}");
    let wild = |level: &str| level == "+" || level == "#";
    let odd = text.split('/').any(|level| level.contains(['+', '#']) && !wild(level));
    let hash_inside = text.contains('#') && !text.ends_with("/#");
    if form == Form::Sparkplug {
        if text != "spBv1.0/{mqtt_id}" {
            let problem =
                text!("`{text}` 不是 Sparkplug 的主题", "`{text}` is no topic of Sparkplug");
            let hint = Text::new(
                "写 topic = \"spBv1.0/{mqtt_id}\"；设备写 mqtt_id = \"组/边缘节点/设备\"",
                "write topic = \"spBv1.0/{mqtt_id}\", and mqtt_id = \"group/edge/device\" in the device",
            );
            check.at(offset, problem, hint);
        }
    } else if !names || odd || hash_inside || text.starts_with(['$', '/']) {
        let problem = text!(
            "主题 `{text}` 无法区分各台设备",
            "topic `{text}` does not tell one device from another",
        );
        let hint = Text::new(
            "要含 `{id}` 或 `{mqtt_id}`；通配符 `+` 独占一级，`#` 只能在最后",
            "use `{id}` or `{mqtt_id}`; a wildcard `+` takes a whole level, `#` the last one",
        );
        check.at(offset, problem, hint);
    }
    text.clone()
}

fn time_of(check: &mut Checker, time: &MqttTimeFile) -> Option<TimeRule> {
    let pointer = pointer_of(check, &time.pointer);
    let format = format_of(check, &time.format);
    Some(TimeRule { pointer: pointer?, format: format? })
}

/// How times are written.
pub(super) fn format_of(check: &mut Checker, format: &Spanned<String>) -> Option<TimeFormat> {
    match format.get_ref().as_str() {
        "rfc3339" => Some(TimeFormat::Rfc3339),
        "unix_s" => Some(TimeFormat::UnixS),
        "unix_ms" => Some(TimeFormat::UnixMs),
        pattern if pattern.contains('%') => {
            let tried = jiff::fmt::strtime::format(
                pattern,
                &jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(jiff::tz::TimeZone::UTC),
            );
            if tried.is_err() {
                let problem =
                    text!("时间样式 `{pattern}` 无效", "`{pattern}` is no pattern of a time");
                let hint =
                    Text::new("例如 \"%Y-%m-%d %H:%M:%S\"", "write it like \"%Y-%m-%d %H:%M:%S\"");
                check.at(format.span().start, problem, hint);
                return None;
            }
            Some(TimeFormat::Pattern(pattern.to_owned()))
        }
        _ => {
            let allowed = ["rfc3339", "unix_s", "unix_ms", "%Y-%m-%d %H:%M:%S"];
            check.unknown(["时间格式", "time format"], format, &allowed);
            None
        }
    }
}
