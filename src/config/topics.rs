//! The topics of a device that publishes. A topic belongs to one device; nobody else's filter may
//! cover it.

use std::collections::BTreeMap;

use crate::model::{DeviceId, DeviceKind, Text, ZoneId, text};
use crate::profile::{Form, MessageRule, MqttProfile, Place, Who};

use super::address;
use super::section::Section;

/// Keys of a device that publishes.
pub(super) const KEYS: [&str; 3] = ["mqtt", "topic", "mqtt_id"];

/// Topics in use, with the line where.
#[derive(Default)]
pub(super) struct Topics {
    exact: BTreeMap<String, usize>,
    /// Filters with wildcards.
    wild: Vec<(String, usize)>,
}

/// What is known of the device so far.
pub(super) struct Named<'a> {
    pub(super) id: Option<&'a DeviceId>,
    pub(super) zone: Option<&'a ZoneId>,
    pub(super) kind: Option<DeviceKind>,
}

/// The name that the machine itself uses, and its topics.
pub(super) fn of(
    section: &Section<'_>,
    profile: &MqttProfile,
    named: &Named<'_>,
    fits: bool,
    topics: &mut Topics,
) -> Option<(String, Vec<Place>)> {
    let mqtt_id = own_name(section, profile, named.id);
    if section.has("topic") {
        let topic = own_topic(section, topics)?;
        // Of these forms a device speaks on many topics.
        let many = |rule: &MessageRule| !matches!(rule.form, Form::Json | Form::Text);
        if profile.messages.len() > 1 || profile.messages.iter().any(many) {
            let problem = Text::new(
                "`topic` 不适用：该模板的设备不止一个主题",
                "`topic` does not fit: devices of this profile have more than one topic",
            );
            let hint = Text::new("改写 mqtt_id = \"…\"", "write mqtt_id = \"…\" instead");
            section.note(section.key_offset("topic"), problem, hint);
            return None;
        }
        return Some((mqtt_id?, vec![Place { filter: topic, rule: 0, shared: false }]));
    }
    if !fits || !wants_mqtt(section) {
        return None;
    }
    let mqtt_id = mqtt_id?;
    let places = profile.places(&Who {
        zone: named.zone?.as_str(),
        kind: named.kind?.as_str(),
        id: named.id?.as_str(),
        mqtt_id: &mqtt_id,
    });
    let offset = section.key_offset(if section.has("mqtt_id") { "mqtt_id" } else { "mqtt" });
    let mut free = true;
    for place in places.iter().filter(|place| !place.shared) {
        free &= topics.claim(section, &place.filter, offset);
    }
    // An edge node by itself has topics only that its devices share; its name is one device's.
    if places.iter().all(|place| place.shared) {
        free &= topics.claim(section, &mqtt_id, offset);
    }
    free.then_some((mqtt_id, places))
}

/// Checks an own topic while the profile is not known.
pub(super) fn own_topic(section: &Section<'_>, topics: &mut Topics) -> Option<String> {
    let topic = section.words("topic")?;
    if let Some(why) = address::topic_trouble(&topic.value) {
        let problem = text!(
            "`{}` 不能作为一台设备的主题",
            "`{}` is not the topic of one device",
            topic.value,
        );
        section.note(topic.offset, problem, why);
        return None;
    }
    topics.claim(section, &topic.value, topic.offset).then_some(topic.value)
}

/// The name in the machine's own topics: its id unless it is said.
fn own_name(section: &Section<'_>, profile: &MqttProfile, id: Option<&DeviceId>) -> Option<String> {
    let levels = profile.levels();
    let (least, most) = (*levels.start(), *levels.end());
    if !section.has("mqtt_id") {
        if least == 1 {
            return id.map(ToString::to_string);
        }
        let hint = Text::new(
            "写 mqtt_id = \"组/边缘节点/设备\"",
            "write mqtt_id = \"group/edge node/device\"",
        );
        section.missing("mqtt_id", hint);
        return None;
    }
    let name = section.words("mqtt_id")?;
    let count = name.value.split('/').count();
    let why = address::topic_trouble(&name.value);
    if why.is_none() && levels.contains(&count) {
        return Some(name.value);
    }
    let value = &name.value;
    let hint = why.unwrap_or_else(|| match most {
        1 => Text::new("只有一级，不含 `/`", "it has one level, without `/`"),
        _ => Text::new("写成 组/边缘节点/设备", "it is group/edge node/device"),
    });
    let problem =
        text!("`{value}` 不能作为设备的 MQTT 名", "`{value}` is no MQTT name of a device");
    section.note(name.offset, problem, hint);
    None
}

fn wants_mqtt(section: &Section<'_>) -> bool {
    let hint = Text::new(
        "写 mqtt = true 用模板的主题，或写 topic = \"…\"",
        "write mqtt = true for the profile's topic, or topic = \"…\"",
    );
    if !section.has("mqtt") {
        if section.has("mqtt_id") {
            return true;
        }
        section.missing("mqtt", hint);
        return false;
    }
    let Some(wants) = section.get::<bool>("mqtt") else { return false };
    if !wants.value {
        let problem = Text::new(
            "写了 `mqtt = false`，就没有办法读取该设备",
            "`mqtt = false` leaves no way to the device",
        );
        section.note(wants.offset, problem, hint);
    }
    wants.value
}

impl Topics {
    /// Whether nobody has this topic; notes it otherwise.
    fn claim(&mut self, section: &Section<'_>, topic: &str, offset: usize) -> bool {
        let wild = topic.contains(['+', '#']);
        let in_wild = self.wild.iter().find(|(other, _)| overlap(other, topic));
        let taken = match (self.exact.get(topic), in_wild) {
            (Some(line), _) => Some((topic, *line)),
            (None, Some((other, line))) => Some((other.as_str(), *line)),
            (None, None) if wild => {
                let found = self.exact.iter().find(|(other, _)| overlap(topic, other));
                found.map(|(other, line)| (other.as_str(), *line))
            }
            _ => None,
        };
        if let Some((other, line)) = taken {
            let problem = text!(
                "主题 `{other}` 已被第 {line} 行的设备占用",
                "topic `{other}` belongs to the device in line {line}",
            );
            let hint = Text::new("一个主题只能给一台设备", "a topic belongs to one device");
            section.note(offset, problem, hint);
            return false;
        }
        let line = section.line(section.offset);
        if wild {
            self.wild.push((topic.to_owned(), line));
        } else {
            self.exact.insert(topic.to_owned(), line);
        }
        true
    }
}

/// Whether some topic is matched by both filters.
fn overlap(one: &str, other: &str) -> bool {
    let (mut ones, mut others) = (one.split('/'), other.split('/'));
    loop {
        match (ones.next(), others.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some(a), Some(b)) if a == b || a == "+" || b == "+" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn filters_overlap_where_a_topic_fits_both() {
        for (one, other) in
            [("a/b", "a/b"), ("a/+", "a/b"), ("a/#", "a"), ("a/#", "a/b/c"), ("+/b", "a/+")]
        {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        for (one, other) in [("a/b", "a/c"), ("a/+", "a/b/c"), ("a/b", "a"), ("a/b/#", "a/c")] {
            assert!(!overlap(one, other) && !overlap(other, one), "{one} {other}");
        }
    }
}
