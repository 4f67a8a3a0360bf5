//! How a device is reached: an address and a unit, or a topic. Nobody else may have the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Device, DeviceId, DeviceKind, Text, ZoneId, text};
use crate::profile::{BusRules, Place, Profile, Protocol, SunspecPlan};
use crate::source::modbus::{Framing, Transport};

use super::address;
use super::bus::{Buses, note_hang_up};
use super::discipline::{self, Discipline};
use super::section::Section;
use super::topics::{self, Named, Topics};
use super::transport::PORT;

/// Keys of a device that is asked over Modbus, beside those of the discipline.
const MODBUS_KEYS: [&str; 4] = ["modbus", "bus", "unit", INSTANCE];
/// Which device of a SunSpec map.
const INSTANCE: &str = "sunspec_instance";

/// How one device is reached.
pub(super) enum Link {
    /// Asked.
    Modbus {
        /// Id of the bus; `host:port` where it has none of its own.
        bus: String,
        /// How the bus is reached.
        transport: Transport,
        /// Unit id on the wire.
        unit: u8,
        /// Which device of a SunSpec map that holds several.
        sunspec_instance: Option<u16>,
        /// The profile's discipline with the overrides of the bus and the device.
        rules: BusRules,
    },
    /// Tells.
    Mqtt {
        /// The name that it uses itself.
        mqtt_id: String,
        /// Its topics.
        places: Vec<Place>,
        /// Expected time between two messages, seconds.
        heartbeat_s: u32,
    },
}

impl Link {
    /// Age from which values are old: three readings missed.
    pub(super) fn stale_after_ms(&self, interval_s: u32) -> i64 {
        match self {
            Self::Modbus { rules, .. } => {
                3_000 * i64::from(interval_s) + i64::from(rules.timeout_ms)
            }
            // It speaks only when something changes.
            Self::Mqtt { heartbeat_s: 0, .. } => Device::NEVER_STALE_MS,
            Self::Mqtt { heartbeat_s, .. } => 3_000 * i64::from(interval_s.max(*heartbeat_s)),
        }
    }
}

/// Time between readings where the configuration says nothing, seconds.
pub(super) fn interval_s(profile: &Profile) -> u32 {
    match &profile.protocol {
        Protocol::Mqtt(mqtt) if mqtt.heartbeat_s > 0 => mqtt.heartbeat_s,
        Protocol::Mqtt(_) | Protocol::Registers { .. } | Protocol::Sunspec { .. } => {
            profile.interval_s
        }
    }
}

/// What is known of the device so far.
pub(super) struct Who<'a> {
    pub(super) id: Option<&'a DeviceId>,
    pub(super) zone: Option<&'a ZoneId>,
    pub(super) kind: Option<DeviceKind>,
}

/// A unit in use, with the line where.
struct Claim {
    line: usize,
    /// The models that are read of a SunSpec map, and of which device in it.
    part: Option<(BTreeSet<u16>, u16)>,
}

impl Claim {
    /// Two devices may share a unit when they read different devices of its SunSpec map, as an
    /// inverter and the meter behind it.
    fn meets(&self, other: &Self) -> bool {
        match (&self.part, &other.part) {
            (Some((models, one)), Some((others, two))) => !models.is_disjoint(others) && one == two,
            _ => true,
        }
    }
}

/// Addresses and topics in use, with the line where.
#[derive(Default)]
pub(super) struct Taken {
    units: BTreeMap<(String, u8), Vec<Claim>>,
    topics: Topics,
    /// Buses that devices name.
    pub(super) buses: BTreeSet<String>,
    /// Some device may have meant another bus than it names.
    pub(super) bus_unclear: bool,
}

/// Reads the keys that say how a device is reached.
pub(super) fn of(
    section: &Section<'_>,
    profile: Option<&Profile>,
    who: &Who<'_>,
    buses: &Buses,
    taken: &mut Taken,
) -> Option<Link> {
    match profile.map(|profile| (&profile.protocol, &profile.id)) {
        None => {
            modbus(section, None, None, buses, taken);
            topics::own_topic(section, &mut taken.topics);
            None
        }
        Some((Protocol::Mqtt(mqtt), id)) => {
            let keys: Vec<_> = MODBUS_KEYS.into_iter().chain(discipline::KEYS).collect();
            let fits = !misfit(section, &keys, id, ["接收 MQTT 消息", "listens to MQTT"]);
            taken.bus_unclear |= section.has("bus");
            let named = Named { id: who.id, zone: who.zone, kind: who.kind };
            let found = topics::of(section, mqtt, &named, fits, &mut taken.topics);
            let heartbeat_s = mqtt.heartbeat_s;
            found.map(|(mqtt_id, places)| Link::Mqtt { mqtt_id, places, heartbeat_s })
        }
        Some((
            protocol @ (Protocol::Registers { bus, .. } | Protocol::Sunspec { bus, .. }),
            id,
        )) => {
            let sunspec = match protocol {
                Protocol::Sunspec { plan, .. } => Some(plan),
                _ => None,
            };
            if sunspec.is_none() {
                misfit(section, &[INSTANCE], id, ["读取固定的寄存器", "reads fixed registers"]);
            }
            let fits =
                !misfit(section, &topics::KEYS, id, ["通过 Modbus 读取", "asks over Modbus"]);
            if fits && !section.has("modbus") && section.lacks("bus") {
                let hint = Text::new(
                    "写 modbus = \"192.168.10.11:502\"，或写 bus = \"…\" 填某个 [[bus]] 的 id；\
                     再写站号 unit",
                    "write modbus = \"192.168.10.11:502\", or bus = \"…\" with the id of a [[bus]]; \
                     and unit",
                );
                section.missing("modbus", hint);
            }
            modbus(section, Some(bus), sunspec, buses, taken)
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

/// The bus of a device: its name, how it is reached, and what it says of the discipline.
struct Line<'a> {
    name: String,
    /// None while the profile is not known, or when the bus has a mistake.
    transport: Option<Transport>,
    framing: Option<Framing>,
    discipline: Option<&'a Discipline>,
    offset: usize,
}

fn modbus(
    section: &Section<'_>,
    profile: Option<&BusRules>,
    sunspec: Option<&SunspecPlan>,
    buses: &Buses,
    taken: &mut Taken,
) -> Option<Link> {
    let instance = section.whole::<u16>(INSTANCE, 1..=64).map(|instance| instance.value);
    let line = line(section, profile, buses, taken);
    let rules_here = Discipline::of(section);
    let dials_in = |line: &Line<'_>| matches!(line.transport, Some(Transport::DialIn(_)));
    let unit = unit(section, profile, line.as_ref());
    let line = line?;
    if dials_in(&line) && rules_here.close_after_cycle == Some(true) {
        note_hang_up(section);
    }
    let unit = unit?;
    if section.has(INSTANCE) && instance.is_none() {
        return None;
    }
    let part = sunspec.map(|plan| {
        // Every device has a common model.
        let models = plan.models.keys().copied().filter(|model| *model != 1).collect();
        (models, instance.unwrap_or(1))
    });
    claim_unit(section, taken, &line, unit, part)?;
    let profile = profile?;
    let of_bus = line.discipline.map_or_else(|| profile.clone(), |bus| bus.of_bus(profile));
    let mut rules = rules_here.over(&of_bus);
    // The profile says so of a device that we call.
    rules.close_after_cycle &= !dials_in(&line);
    let (bus, transport) = (line.name, line.transport?);
    Some(Link::Modbus { bus, transport, unit, sunspec_instance: instance, rules })
}

/// The bus that a device names, or the address that it gives.
fn line<'a>(
    section: &Section<'_>,
    profile: Option<&BusRules>,
    buses: &'a Buses,
    taken: &mut Taken,
) -> Option<Line<'a>> {
    let name = section.words("bus");
    let address = section.words("modbus");
    taken.bus_unclear |= name.is_none() && !section.lacks("bus");
    if name.is_some() && section.has("modbus") {
        let problem = Text::new("`modbus` 不能与 `bus` 同时写", "`modbus` beside `bus`");
        let hint = Text::new(
            "保留 bus，地址写在它的 [[bus]] 里",
            "keep bus: the address stands in its [[bus]]",
        );
        section.note(section.key_offset("modbus"), problem, hint);
    }
    if let Some(name) = name {
        let Some(bus) = buses.named(section, &name) else {
            taken.bus_unclear = true;
            return None;
        };
        taken.buses.insert(bus.id.clone());
        return Some(Line {
            name: bus.id.clone(),
            transport: bus.transport.clone(),
            framing: bus.framing(),
            discipline: Some(&bus.discipline),
            offset: name.offset,
        });
    }
    let text = address?;
    if let Some(bus) = buses.get(text.value.trim()) {
        taken.buses.insert(bus.id.clone());
        let id = &bus.id;
        let problem = text!("`{id}` 是总线，不是地址", "`{id}` is a bus, not an address");
        let hint = text!("改写成 bus = \"{id}\"", "write bus = \"{id}\" instead");
        section.note(section.key_offset("modbus"), problem, hint);
        return None;
    }
    let address = address::host_port(section, "modbus", &text, PORT)?;
    let name = address.with_port(profile.map_or(PORT, |profile| profile.port));
    if let Some(bus) = buses.at(&name) {
        let id = &bus.id;
        taken.buses.insert(id.clone());
        let problem = text!("`{name}` 已是总线 `{id}`", "`{name}` is bus `{id}` already");
        let hint = text!(
            "改写成 bus = \"{id}\"：同一处不能有两个连接",
            "write bus = \"{id}\" instead: two connections to one door disturb each other",
        );
        section.note(text.offset, problem, hint);
        return None;
    }
    let transport = profile.map(|_| Transport::Tcp(name.clone()));
    let framing = Some(Framing::Tcp);
    Some(Line { name, transport, framing, discipline: None, offset: text.offset })
}

fn claim_unit(
    section: &Section<'_>,
    taken: &mut Taken,
    line: &Line<'_>,
    unit: u8,
    part: Option<(BTreeSet<u16>, u16)>,
) -> Option<()> {
    let sunspec = part.is_some();
    let claim = Claim { line: section.line(section.offset), part };
    let claims = taken.units.entry((line.name.clone(), unit)).or_default();
    if let Some(Claim { line: first, .. }) = claims.iter().find(|other| other.meets(&claim)) {
        let name = &line.name;
        let problem = text!(
            "`{name}` 的站号 `{unit}` 已被第 {first} 行的设备占用",
            "unit `{unit}` at `{name}` belongs to the device in line {first}",
        );
        let hint = if sunspec {
            Text::new(
                "改正其中一台的地址或站号；同一张 SunSpec 表里的第二台设备写 sunspec_instance = 2",
                "correct the address or the unit of one of them; for the second device of the same \
                 SunSpec map write sunspec_instance = 2",
            )
        } else {
            Text::new("改正其中一台的地址或站号", "correct the address or the unit of one of them")
        };
        section.note(line.offset, problem, hint);
        return None;
    }
    claims.push(claim);
    Some(())
}

/// The unit id. With RTU frames 0 is broadcast, which nobody answers, and from 248 on they are
/// reserved.
fn unit(section: &Section<'_>, profile: Option<&BusRules>, line: Option<&Line<'_>>) -> Option<u8> {
    let rtu = line.is_some_and(|line| line.framing == Some(Framing::Rtu));
    let fits = |unit: &u8| match unit {
        0 => !rtu,
        1..=247 => true,
        255 => !rtu,
        _ => false,
    };
    if !section.has("unit") {
        let usual = profile.map(|profile| profile.unit)?;
        if !fits(&usual) {
            let hint = Text::new(
                "填设备上设置的站号，例如 unit = 1",
                "write the address that is set on the device, as in unit = 1",
            );
            section.missing("unit", hint);
            return None;
        }
        return Some(usual);
    }
    let given = section.get::<i64>("unit")?;
    let found = u8::try_from(given.value).ok().filter(fits);
    if found.is_none() {
        let value = given.value;
        let name = line.map(|line| line.name.as_str()).unwrap_or_default();
        let (problem, hint) = match (rtu, value) {
            (true, 0) => (
                text!(
                    "`unit = 0` 在总线 `{name}` 上是广播",
                    "`unit = 0` is broadcast on bus `{name}`"
                ),
                Text::new(
                    "没有设备会应答：填设备上设置的站号，1 到 247",
                    "nobody answers it: write the address set on the device, 1 to 247",
                ),
            ),
            (true, _) => (
                text!(
                    "`unit = {value}` 不是有效的 Modbus 站号",
                    "`unit = {value}` is not a Modbus unit"
                ),
                Text::new("RTU 总线上为 1 到 247", "1 to 247 with RTU frames"),
            ),
            (false, _) => (
                text!(
                    "`unit = {value}` 不是有效的 Modbus 站号",
                    "`unit = {value}` is not a Modbus unit"
                ),
                Text::new(
                    "0 到 247，或 255（Modbus TCP 设备本身）",
                    "0 to 247, or 255 for the Modbus TCP device itself",
                ),
            ),
        };
        section.note(given.offset, problem, hint);
    }
    found
}
