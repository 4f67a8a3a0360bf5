//! How a device is reached: an address and a unit, or a topic. Nobody else may have the same.

use std::collections::BTreeMap;

use crate::model::{DeviceId, DeviceKind, Text, ZoneId, text};
use crate::profile::{BusRules, Profile, Protocol};

use super::address;
use super::section::{Placed, Section};

/// Keys of a device that is asked over Modbus.
const MODBUS_KEYS: [&str; 7] = [
    "modbus",
    "unit",
    "timeout_ms",
    "gap_ms",
    "pause_after_connect_ms",
    "registers_per_read_max",
    "close_after_cycle",
];
/// Keys of a device that publishes.
const MQTT_KEYS: [&str; 2] = ["mqtt", "topic"];

/// Port of Modbus TCP, for checks while the profile is not known.
const PORT: u16 = 502;

/// How one device is reached.
pub(super) enum Link {
    /// Asked.
    Modbus {
        /// `host:port`.
        address: String,
        /// Unit id on the wire.
        unit: u8,
        /// The profile's discipline with the device's overrides.
        bus: BusRules,
    },
    /// Tells.
    Mqtt {
        /// Its topic.
        topic: String,
        /// Expected time between two messages, seconds.
        heartbeat_s: u32,
    },
}

impl Link {
    /// Age from which values are old: three readings missed.
    pub(super) fn stale_after_ms(&self, interval_s: u32) -> i64 {
        match self {
            Self::Modbus { bus, .. } => 3_000 * i64::from(interval_s) + i64::from(bus.timeout_ms),
            Self::Mqtt { heartbeat_s, .. } => 3_000 * i64::from(interval_s.max(*heartbeat_s)),
        }
    }
}

/// Time between readings where the configuration says nothing, seconds.
pub(super) fn interval_s(profile: &Profile) -> u32 {
    match &profile.protocol {
        Protocol::Mqtt(mqtt) => mqtt.heartbeat_s,
        Protocol::Registers { .. } | Protocol::Sunspec { .. } => profile.interval_s,
    }
}

/// What is known of the device so far.
pub(super) struct Who<'a> {
    pub(super) id: Option<&'a DeviceId>,
    pub(super) zone: Option<&'a ZoneId>,
    pub(super) kind: Option<DeviceKind>,
}

/// Addresses and topics in use, with the line where.
#[derive(Default)]
pub(super) struct Taken {
    units: BTreeMap<(String, u8), usize>,
    topics: BTreeMap<String, usize>,
}

/// Reads the keys that say how a device is reached.
pub(super) fn of(
    section: &Section<'_>,
    profile: Option<&Profile>,
    who: &Who<'_>,
    taken: &mut Taken,
) -> Option<Link> {
    match profile.map(|profile| (&profile.protocol, &profile.id)) {
        None => {
            modbus(section, None, taken);
            own_topic(section, taken);
            None
        }
        Some((Protocol::Mqtt(mqtt), id)) => {
            let fits = !misfit(section, &MODBUS_KEYS, id, ["接收 MQTT 消息", "listens to MQTT"]);
            own_topic(section, taken)
                .or_else(|| {
                    if !fits || section.has("topic") || !wants_mqtt(section) {
                        return None;
                    }
                    let topic =
                        mqtt.topic_of(who.zone?.as_str(), who.kind?.as_str(), who.id?.as_str());
                    claim(section, taken, topic, section.key_offset("mqtt"))
                })
                .map(|topic| Link::Mqtt { topic, heartbeat_s: mqtt.heartbeat_s })
        }
        Some((Protocol::Registers { bus, .. } | Protocol::Sunspec { bus, .. }, id)) => {
            let fits = !misfit(section, &MQTT_KEYS, id, ["通过 Modbus 读取", "asks over Modbus"]);
            if fits && !section.has("modbus") {
                let hint = Text::new(
                    "写 modbus = \"192.168.10.11:502\" 和站号 unit",
                    "write modbus = \"192.168.10.11:502\" and unit",
                );
                section.missing("modbus", hint);
            }
            modbus(section, Some(bus), taken)
        }
    }
}

/// Notes keys of the other protocol; only the telling one when it is there.
fn misfit(section: &Section<'_>, keys: &[&str], profile: &str, does: [&str; 2]) -> bool {
    let mut present = keys.iter().filter(|key| section.has(key));
    let Some(first) = present.next() else { return false };
    let rest: Vec<_> = if keys.first() == Some(first) { Vec::new() } else { present.collect() };
    for key in std::iter::once(first).chain(rest) {
        let [zh, en] = does;
        let problem = text!(
            "`{key}` 不适用：设备模板 `{profile}` {zh}",
            "`{key}` does not fit: profile `{profile}` {en}",
        );
        let hint = Text::new("请删除，或换一个设备模板", "remove it, or choose another profile");
        section.note(section.key_offset(key), problem, hint);
    }
    true
}

fn wants_mqtt(section: &Section<'_>) -> bool {
    let hint = Text::new(
        "写 mqtt = true 用模板的主题，或写 topic = \"…\"",
        "write mqtt = true for the profile's topic, or topic = \"…\"",
    );
    if !section.has("mqtt") {
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

fn own_topic(section: &Section<'_>, taken: &mut Taken) -> Option<String> {
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
    claim(section, taken, topic.value, topic.offset)
}

fn claim(section: &Section<'_>, taken: &mut Taken, topic: String, offset: usize) -> Option<String> {
    if let Some(line) = taken.topics.get(&topic) {
        let problem = text!(
            "主题 `{topic}` 已被第 {line} 行的设备占用",
            "topic `{topic}` belongs to the device in line {line}",
        );
        let hint = Text::new("一个主题只能给一台设备", "a topic belongs to one device");
        section.note(offset, problem, hint);
        return None;
    }
    taken.topics.insert(topic.clone(), section.line(section.offset));
    Some(topic)
}

fn modbus(section: &Section<'_>, rules: Option<&BusRules>, taken: &mut Taken) -> Option<Link> {
    let text = section.words("modbus");
    let address = text.as_ref().and_then(|text| address::host_port(section, "modbus", text));
    let unit = unit(section, rules);
    let bus = rules.map(|rules| overrides(section, rules));
    let (address, unit) = (address?, unit?);
    let address = address.with_port(rules.map_or(PORT, |rules| rules.port));
    let key = (address, unit);
    if let Some(line) = taken.units.get(&key) {
        let (address, unit) = key;
        let problem = text!(
            "`{address}` 的站号 `{unit}` 已被第 {line} 行的设备占用",
            "unit `{unit}` at `{address}` belongs to the device in line {line}",
        );
        let offset = text.map_or(section.offset, |text: Placed<String>| text.offset);
        let hint =
            Text::new("改正其中一台的地址或站号", "correct the address or the unit of one of them");
        section.note(offset, problem, hint);
        return None;
    }
    taken.units.insert(key.clone(), section.line(section.offset));
    Some(Link::Modbus { address: key.0, unit, bus: bus? })
}

fn unit(section: &Section<'_>, rules: Option<&BusRules>) -> Option<u8> {
    if !section.has("unit") {
        return rules.map(|rules| rules.unit);
    }
    let unit = section.get::<i64>("unit")?;
    let fits = u8::try_from(unit.value).ok().filter(|unit| *unit <= 247 || *unit == 255);
    if fits.is_none() {
        let problem = text!(
            "`unit = {}` 不是有效的 Modbus 站号",
            "`unit = {}` is not a Modbus unit",
            unit.value,
        );
        let hint = Text::new(
            "0 到 247，或 255（Modbus TCP 设备本身）",
            "0 to 247, or 255 for the Modbus TCP device itself",
        );
        section.note(unit.offset, problem, hint);
    }
    fits
}

fn overrides(section: &Section<'_>, rules: &BusRules) -> BusRules {
    let mut bus = rules.clone();
    let number = |key, bounds, value: &mut u32| {
        if let Some(given) = section.whole::<u32>(key, bounds) {
            *value = given.value;
        }
    };
    number("timeout_ms", 50..=60_000, &mut bus.timeout_ms);
    number("gap_ms", 0..=10_000, &mut bus.gap_ms);
    number("pause_after_connect_ms", 0..=60_000, &mut bus.pause_after_connect_ms);
    if let Some(longest) = section.whole("registers_per_read_max", 1..=125) {
        bus.registers_per_read_max = longest.value;
    }
    if let Some(close) = section.get("close_after_cycle") {
        bus.close_after_cycle = close.value;
    }
    bus
}
