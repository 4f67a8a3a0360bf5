//! Home Assistant's discovery: a kept description of each entity says where its state is published
//! and how that is written. Descriptions are learnt, and kept in the journal, so that what waited
//! at the broker while the gateway was down is still understood.
//!
//! A description may only name states on topics of its own device: else a machine could pass off
//! what another one says as its own. Where it names others as telling whether it is there, those are
//! not listened to.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::source::mqtt::body::Body;
use crate::source::mqtt::json::Json;
use crate::source::mqtt::payload::{Said, fnv1a};
use crate::source::mqtt::refusal::Refusal;

/// Longest description, bytes.
const DESCRIPTION_BYTES_MAX: usize = 64 * 1024;
/// Most topics that tell of one entity whether it is there.
const AVAILABILITY_MAX: usize = 8;
/// Most entities of one device.
const ENTITIES_MAX: usize = 200;

/// One entity as its description has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entity {
    /// Its name in pointers.
    id: String,
    state: Option<String>,
    /// The way into a JSON state, where the description gives one.
    path: Option<Vec<String>>,
    /// What a yes-or-no entity says for yes and no.
    words: Option<(String, String)>,
    /// Where it publishes more that is of no use here.
    attributes: Option<String>,
    /// Topics that tell whether it is there, with their words for it.
    availability: Vec<(String, String, String)>,
}

/// All that a device has described, by the topic of the description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Described {
    entities: BTreeMap<String, Vec<Entity>>,
}

impl Described {
    /// As it is kept in the journal.
    pub(crate) fn to_json(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Reads that back.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Takes a description; whether it changed anything. `own` says which topics are the device's.
    pub(crate) fn learn(
        &mut self,
        topic: &str,
        payload: &[u8],
        own: impl Fn(&str) -> bool,
    ) -> Result<bool, Refusal> {
        if payload.len() > DESCRIPTION_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
        let Body::Document(json) = Body::document(payload)? else { return Ok(false) };
        let mut entities = entities(topic, &json);
        if !entities.iter().filter_map(|entity| entity.state.as_deref()).all(&own) {
            return Err(Refusal::ForeignTopic);
        }
        // A bridge's own presence, as Zigbee2MQTT has it in each description, is not the device's.
        for entity in &mut entities {
            entity.availability.retain(|(topic, _, _)| own(topic));
        }
        entities.retain(|entity| entity.state.is_some() || !entity.availability.is_empty());
        let full = self.entities.values().map(Vec::len).sum::<usize>() >= ENTITIES_MAX;
        match (entities.is_empty(), self.entities.get(topic)) {
            (true, known) => {
                let changed = known.is_some();
                self.entities.remove(topic);
                Ok(changed)
            }
            (_, Some(known)) if *known == entities => Ok(false),
            (_, None) if full => Ok(false),
            _ => {
                self.entities.insert(topic.to_owned(), entities);
                Ok(true)
            }
        }
    }

    /// Reads a message on a topic that a description named.
    pub(crate) fn said<'a>(&self, topic: &str, payload: &'a [u8]) -> Result<Said<'a>, Refusal> {
        let text = std::str::from_utf8(payload).map_err(|_| Refusal::NotUtf8)?.trim();
        let (mut values, mut present, mut known) = (Vec::new(), None, false);
        // Many entities may share one JSON state.
        let mut document: Option<Option<Json<'_>>> = None;
        for entity in self.entities.values().flatten() {
            for (_, yes, no) in entity.availability.iter().filter(|(at, _, _)| at == topic) {
                known = true;
                present = if text == no {
                    Some(false)
                } else {
                    (text == yes).then_some(true).or(present)
                };
            }
            known |= entity.attributes.as_deref() == Some(topic);
            if entity.state.as_deref() == Some(topic) {
                known = true;
                let value = entity.value(text, &mut document);
                values.extend(value.map(|json| (format!("/{}", entity.id), json)));
            }
        }
        if !known {
            return Err(Refusal::NotDescribed);
        }
        let message = fnv1a(topic.as_bytes()) ^ fnv1a(payload);
        Ok(Said { body: Body::Flat(values), time_ms: None, message, present, state: true })
    }
}

impl Entity {
    fn value<'a>(
        &self,
        text: &'a str,
        document: &mut Option<Option<Json<'a>>>,
    ) -> Option<Json<'a>> {
        let value = match &self.path {
            None => text.into(),
            Some(path) => {
                let json = document.get_or_insert_with(|| Json::read(text).ok()).as_ref()?;
                path.iter().try_fold(json, |json, key| json.get(key))?.clone()
            }
        };
        let Some((yes, no)) = &self.words else { return Some(value) };
        let word = value.as_word()?;
        match (word == *yes, word == *no) {
            (true, _) => Some(Json::Bool(true)),
            (_, true) => Some(Json::Bool(false)),
            _ => Some(value),
        }
    }
}

/// A key under its full name or its abbreviation.
fn get<'j, 'a>(json: &'j Json<'a>, full: &str, short: &str) -> Option<&'j Json<'a>> {
    json.get(full).or_else(|| json.get(short))
}

/// The entities of a description: one, or those of a whole device.
fn entities(topic: &str, json: &Json<'_>) -> Vec<Entity> {
    let levels: Vec<&str> = topic.split('/').collect();
    let base = json.get("~").and_then(Json::as_str).unwrap_or_default();
    if let Some(components) = get(json, "components", "cmps").and_then(Json::as_object) {
        let entity = |(id, part): &(Cow<'_, str>, Json<'_>)| {
            let platform = get(part, "platform", "p").and_then(Json::as_str).unwrap_or_default();
            let base = part.get("~").and_then(Json::as_str).unwrap_or(base);
            entity(id, platform, base, &[part, json])
        };
        return components.iter().take(ENTITIES_MAX).filter_map(entity).collect();
    }
    // <prefix>/<platform>/[<node>/]<object>/config
    let from_end = |n: usize| levels.len().checked_sub(n).and_then(|at| levels.get(at)).copied();
    let platform = levels.get(1).copied().unwrap_or_default();
    let id = from_end(2).unwrap_or_default();
    entity(id, platform, base, &[json]).into_iter().collect()
}

/// An entity; `of` are the places where its keys may stand, the nearest first.
fn entity(id: &str, platform: &str, base: &str, of: &[&Json<'_>]) -> Option<Entity> {
    let find = |full: &str, short: &str| of.iter().find_map(|json| get(json, full, short));
    let text = |full: &str, short: &str| find(full, short).and_then(Json::as_str);
    let whole = |topic: &str| match (topic.strip_prefix('~'), topic.strip_suffix('~')) {
        (Some(rest), _) => format!("{base}{rest}"),
        (_, Some(rest)) => format!("{rest}{base}"),
        _ => topic.to_owned(),
    };
    let word = |full: &str, short: &str, usual: &str| {
        let json = find(full, short);
        json.and_then(Json::as_word).map_or_else(|| usual.to_owned(), Cow::into_owned)
    };
    let state = text("state_topic", "stat_t").map(whole);
    let attributes = text("json_attributes_topic", "json_attr_t").map(whole);
    let mut availability = Vec::new();
    if let Some(topic) = text("availability_topic", "avty_t") {
        let yes = word("payload_available", "pl_avail", "online");
        let no = word("payload_not_available", "pl_not_avail", "offline");
        availability.push((whole(topic), yes, no));
    }
    let listed = find("availability", "avty").and_then(Json::as_list).into_iter().flatten();
    for one in listed.take(AVAILABILITY_MAX) {
        let Some(topic) = get(one, "topic", "t").and_then(Json::as_str) else { continue };
        let word = |full: &str, short: &str, usual: &str| {
            get(one, full, short).and_then(Json::as_str).unwrap_or(usual).to_owned()
        };
        let yes = word("payload_available", "pl_avail", "online");
        availability.push((
            whole(topic),
            yes,
            word("payload_not_available", "pl_not_avail", "offline"),
        ));
    }
    if state.is_none() && availability.is_empty() {
        return None;
    }
    let words = (platform == "binary_sensor")
        .then(|| (word("payload_on", "pl_on", "ON"), word("payload_off", "pl_off", "OFF")));
    let path = text("value_template", "val_tpl").map(template);
    Some(Entity { id: id.to_owned(), state, path, words, attributes, availability })
}

/// `{{ value_json.a.b }}` or `{{ value_json['a'] }}`: the way; anything else is no way that leads
/// anywhere, because templates are programs and are not run.
fn template(text: &str) -> Vec<String> {
    let inner = text.trim().trim_start_matches("{{").trim_end_matches("}}");
    let inner = inner.split('|').next().unwrap_or_default().trim();
    let Some(rest) = inner.strip_prefix("value_json") else { return vec![inner.to_owned()] };
    let split = rest.split(['.', '[', ']', '\'', '"']).map(str::trim);
    split.filter(|key| !key.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "homeassistant/binary_sensor/tm3/paper_low/config";

    fn described(topic: &str, payload: &str) -> Described {
        let mut described = Described::default();
        let own = |topic: &str| topic.starts_with("hmd/");
        assert_eq!(described.learn(topic, payload.as_bytes(), own), Ok(true));
        described
    }

    fn value<'a>(described: &Described, topic: &str, payload: &'a str) -> Vec<(String, Json<'a>)> {
        match described.said(topic, payload.as_bytes()).expect("said").body {
            Body::Flat(values) => values,
            Body::Document(_) => panic!("not flat"),
        }
    }

    #[test]
    fn a_state_is_read_as_its_description_says() {
        let described = described(
            CONFIG,
            r#"{"stat_t":"~/state","~":"hmd/tm3","pl_on":"on","pl_off":"off","avty_t":"~/there"}"#,
        );
        assert_eq!(value(&described, "hmd/tm3/state", "on"), [("/paper_low".into(), true.into())]);
        let gone = described.said("hmd/tm3/there", b"offline").expect("said");
        assert_eq!(gone.present, Some(false));
        assert_eq!(described.said("hmd/tm3/else", b"1"), Err(Refusal::NotDescribed));
        let again = Described::from_json(&described.to_json().expect("JSON"));
        assert_eq!(again, Some(described));
    }

    #[test]
    fn a_device_describes_all_its_entities_at_once() {
        let described = described(
            "homeassistant/device/tm3/config",
            r#"{"dev":{"ids":"tm3"},"stat_t":"hmd/tm3","cmps":{
                "temp":{"p":"sensor","val_tpl":"{{ value_json.host.temp_c | round(1) }}"},
                "door":{"p":"binary_sensor","value_template":"{{ value_json['door'] }}","pl_on":"open","pl_off":"shut"}}}"#,
        );
        let found = value(&described, "hmd/tm3", r#"{"host":{"temp_c":41.5},"door":"shut"}"#);
        assert_eq!(
            found,
            [("/door".into(), false.into()), ("/temp".into(), Json::number(41.5).expect("finite"))]
        );
    }

    #[test]
    fn a_description_cannot_take_another_devices_topic() {
        let mut described = Described::default();
        let own = |topic: &str| topic.starts_with("hmd/tm3/");
        for foreign in
            [r#"{"state_topic":"hmd/tm4/state"}"#, r#"{"~":"hmd/tm4","stat_t":"~/state"}"#]
        {
            let learnt = described.learn(CONFIG, foreign.as_bytes(), own);
            assert_eq!(learnt, Err(Refusal::ForeignTopic), "{foreign}");
        }
        assert_eq!(described, Described::default());
    }

    #[test]
    fn who_else_is_named_as_telling_of_its_presence_is_not_heard() {
        let mut described = Described::default();
        let own = |topic: &str| topic == "zigbee2mqtt/0x00158d0001234567";
        // As Zigbee2MQTT describes a sensor, shortened.
        let description = r#"{"availability":[{"topic":"zigbee2mqtt/bridge/state",
            "value_template":"{{ value_json.state }}"}],"availability_mode":"all",
            "object_id":"0x00158d0001234567_temperature","unique_id":"0x1_temperature_zigbee2mqtt",
            "state_topic":"zigbee2mqtt/0x00158d0001234567","unit_of_measurement":"°C",
            "value_template":"{{ value_json.temperature }}"}"#;
        let topic = "homeassistant/sensor/0x00158d0001234567/temperature/config";
        assert_eq!(described.learn(topic, description.as_bytes(), own), Ok(true));
        let said = described.said("zigbee2mqtt/bridge/state", b"offline");
        assert_eq!(said.map(|said| said.present), Err(Refusal::NotDescribed));
        let payload = r#"{"battery":97,"temperature":21.5}"#;
        let found = value(&described, "zigbee2mqtt/0x00158d0001234567", payload);
        assert_eq!(found, [("/temperature".into(), Json::number(21.5).expect("finite"))]);
        let nothing = r#"{"availability_topic":"hall/z/k/status"}"#;
        assert_eq!(
            described.learn("homeassistant/x/y/z/config", nothing.as_bytes(), own),
            Ok(false)
        );
    }

    #[test]
    fn an_empty_description_takes_the_entity_away() {
        let mut described = described(CONFIG, r#"{"state_topic":"hmd/tm3/state"}"#);
        let own = |_: &str| true;
        assert_eq!(described.learn(CONFIG, b"{}", own), Ok(true));
        assert_eq!(described, Described::default());
    }
}
