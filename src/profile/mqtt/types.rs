//! A checked MQTT profile.

use super::allowed::Allowed;
use super::field::FieldRule;
use super::pointer::Pointer;

/// What messages look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON documents.
    Json,
    /// One value as text, the whole payload.
    Text,
    /// The Homie convention, 4 or 5.
    Homie,
    /// Sparkplug B 3.0.
    Sparkplug,
    /// Home Assistant's discovery: a description says where an entity's state is published.
    HomeAssistant,
}

impl Form {
    /// All forms with their words in files.
    pub const ALL: [(&'static str, Self); 5] = [
        ("json", Self::Json),
        ("text", Self::Text),
        ("homie", Self::Homie),
        ("sparkplug", Self::Sparkplug),
        ("home_assistant", Self::HomeAssistant),
    ];

    /// Whether a message can only be understood by what was said before it.
    #[must_use]
    pub const fn remembers(self) -> bool {
        matches!(self, Self::Sparkplug | Self::HomeAssistant)
    }
}

/// How a time is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339; without an offset it is the site's local time.
    Rfc3339,
    /// Seconds since 1970.
    UnixS,
    /// Milliseconds since 1970.
    UnixMs,
    /// A pattern after strftime; without an offset in it, the site's local time.
    Pattern(String),
}

/// Where the device's own time is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRule {
    /// Where it stands.
    pub pointer: Pointer,
    /// How it is written.
    pub format: TimeFormat,
}

/// One kind of message of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRule {
    /// Topic with `{zone}`, `{kind}`, `{id}` and `{mqtt_id}`.
    pub topic: String,
    /// What its messages look like.
    pub form: Form,
    /// Where the time is; without it the time of arrival counts.
    pub time: Option<TimeRule>,
    /// Where the message's number is.
    pub message_id: Option<Pointer>,
    /// Where the device says who it is.
    pub claimed_id: Option<Pointer>,
    /// Pointer and values that mean "gone".
    pub offline: Option<(Pointer, Vec<String>)>,
    /// The allow-list of fields.
    pub fields: Allowed,
}

/// What a machine publishes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MqttProfile {
    /// Expected time between two messages, seconds; 0 where a machine only speaks when something
    /// changes, and the broker tells when it is gone.
    pub heartbeat_s: u32,
    /// Its kinds of messages, the first one first.
    pub messages: Vec<MessageRule>,
}

/// A device as its topics name it.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// Its zone.
    pub zone: &'a str,
    /// The word of its kind.
    pub kind: &'a str,
    /// Its id.
    pub id: &'a str,
    /// The name that the machine itself uses, which may have several levels.
    pub mqtt_id: &'a str,
}

/// Where one kind of message of one device is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A topic, or a filter with wildcards.
    pub filter: String,
    /// Index of the rule in [`MqttProfile::messages`].
    pub rule: usize,
    /// All devices behind one Sparkplug edge node hear what is published there.
    pub shared: bool,
}

impl MqttProfile {
    /// The topics of one device.
    #[must_use]
    pub fn places(&self, who: &Who<'_>) -> Vec<Place> {
        let of_rule = |(rule, message): (usize, &MessageRule)| message.places(rule, who);
        self.messages.iter().enumerate().flat_map(of_rule).collect()
    }

    /// These messages with those of a profile that extends this one: of the same topic they have
    /// more fields, and where both name a point, the newer one counts.
    #[must_use]
    pub(in super::super) fn extended(&self, own: Option<Self>) -> Self {
        let mut whole = self.clone();
        let Some(own) = own else { return whole };
        whole.heartbeat_s = own.heartbeat_s;
        for message in own.messages {
            match whole.messages.iter_mut().find(|known| known.topic == message.topic) {
                Some(known) => {
                    let new = &message.fields;
                    let old =
                        known.fields.iter().filter(|f| new.iter().all(|n| n.point != f.point));
                    known.fields = old.chain(new.iter()).cloned().collect::<Vec<_>>().into();
                }
                None => whole.messages.push(message),
            }
        }
        whole
    }

    /// The fields of all messages.
    pub fn fields(&self) -> impl Iterator<Item = &FieldRule> {
        self.messages.iter().flat_map(|message| message.fields.iter())
    }

    /// The rule of this index.
    #[must_use]
    pub fn rule(&self, index: usize) -> Option<&MessageRule> {
        self.messages.get(index)
    }

    /// The device's name has to have so many levels: a group, an edge node and perhaps a device.
    #[must_use]
    pub fn levels(&self) -> std::ops::RangeInclusive<usize> {
        match self.messages.iter().any(|message| message.form == Form::Sparkplug) {
            true => 2..=3,
            false => 1..=1,
        }
    }
}

impl MessageRule {
    fn places(&self, rule: usize, who: &Who<'_>) -> Vec<Place> {
        let place = |filter: String, shared: bool| Place { filter, rule, shared };
        match self.form {
            Form::Json | Form::Text | Form::HomeAssistant => {
                let topic = self.topic.replace("{zone}", who.zone).replace("{kind}", who.kind);
                let topic = topic.replace("{id}", who.id).replace("{mqtt_id}", who.mqtt_id);
                vec![place(topic, false)]
            }
            Form::Homie => {
                let base = self.topic.replace("{mqtt_id}", who.mqtt_id).replace("{id}", who.id);
                vec![place(format!("{base}/#"), false)]
            }
            Form::Sparkplug => sparkplug(who.mqtt_id)
                .into_iter()
                .map(|(filter, shared)| place(filter, shared))
                .collect(),
        }
    }
}

/// The topics of `group/edge` or `group/edge/device`, and whether other devices of the edge node
/// share them.
fn sparkplug(name: &str) -> Vec<(String, bool)> {
    let mut levels = name.splitn(3, '/');
    let group = levels.next().unwrap_or_default();
    let edge = levels.next().unwrap_or_default();
    let of_edge = ["NBIRTH", "NDATA", "NDEATH"];
    let mut topics: Vec<(String, bool)> =
        of_edge.iter().map(|kind| (format!("spBv1.0/{group}/{kind}/{edge}"), true)).collect();
    if let Some(device) = levels.next() {
        let of_device = ["DBIRTH", "DDATA", "DDEATH"];
        let topic = |kind: &&str| (format!("spBv1.0/{group}/{kind}/{edge}/{device}"), false);
        topics.extend(of_device.iter().map(topic));
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkplug_device_has_its_own_topics_and_those_of_its_edge_node() {
        let topics = sparkplug("hall/edge1/kiosk7");
        assert_eq!(topics.len(), 6);
        assert_eq!(topics[0], ("spBv1.0/hall/NBIRTH/edge1".to_owned(), true));
        assert_eq!(topics[4], ("spBv1.0/hall/DDATA/edge1/kiosk7".to_owned(), false));
        assert_eq!(sparkplug("hall/edge1").len(), 3);
    }
}
