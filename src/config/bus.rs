//! The `[[bus]]`es: connections and lines with a name, which devices share by naming it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

use crate::model::{DeviceId, Text, near, text};
use crate::source::modbus::{Framing, Transport};

use super::discipline::Discipline;
use super::section::{Placed, Section, write};
use super::site::unique;
use super::transport::{self, collide, door};

const BUS: &[&str] = &[
    "id",
    "serial",
    "baud_rate",
    "parity",
    "data_bits",
    "stop_bits",
    "tcp",
    "rtu_over_tcp",
    "tls",
    "server_name",
    "ca_file",
    "certificate_file",
    "key_file",
    "listen",
    "framing",
    "registration",
    "timeout_ms",
    "gap_ms",
    "pause_after_connect_ms",
    "registers_per_read_max",
    "read_through_max",
    "window_registers",
    "close_after_cycle",
];

/// One bus.
pub(super) struct Bus {
    pub(super) id: String,
    /// Where its id stands.
    pub(super) offset: usize,
    /// How it is reached; none when that is a mistake.
    pub(super) transport: Option<Transport>,
    /// What it says about the discipline of all its devices.
    pub(super) discipline: Discipline,
}

impl Bus {
    /// How its frames look, as far as it is known.
    pub(super) fn framing(&self) -> Option<Framing> {
        self.transport.as_ref().map(Transport::framing)
    }
}

/// All buses.
#[derive(Default)]
pub(super) struct Buses {
    all: Vec<Bus>,
    /// Some could not be read, so one that is not here may be one of them.
    incomplete: bool,
}

/// What the buses listen at and call, with the line.
#[derive(Default)]
struct Doors {
    called: BTreeMap<String, usize>,
    listened: Vec<(SocketAddr, usize)>,
}

/// Reads the `[[bus]]`es. `page` is where the page listens.
pub(super) fn buses(root: &Section<'_>, folder: &Path, page: SocketAddr) -> Buses {
    let mut found = Buses { all: Vec::new(), incomplete: root.may_lack("bus") };
    let (mut lines, mut doors) = (BTreeMap::new(), Doors::default());
    for section in root.list("bus", BUS) {
        let id = id(&section, &mut lines);
        let reached = transport::of(&section, folder);
        let discipline = Discipline::of(&section);
        if let Some(reached) = &reached {
            doors.claim(&section, reached, page);
        }
        let transport = reached.map(|reached| reached.value);
        if matches!(transport, Some(Transport::DialIn(_)))
            && discipline.close_after_cycle == Some(true)
        {
            note_hang_up(&section);
        }
        match id {
            Some(Placed { value: id, offset }) => {
                found.all.push(Bus { id, offset, transport, discipline });
            }
            None => found.incomplete = true,
        }
    }
    found
}

fn id(section: &Section<'_>, lines: &mut BTreeMap<String, usize>) -> Option<Placed<String>> {
    let id = section.need_words("id", write("id = \"roof-485\""))?;
    if let Err(error) = DeviceId::parse(&id.value) {
        let hint = Text::new("取名如 `roof-485`", "name buses like `roof-485`");
        section.note(id.offset, error.text(), hint);
        return None;
    }
    let what = Text::new("总线", "bus");
    unique(section, lines, &what, &id.value, id.offset).then_some(id)
}

/// That a connection which the other side makes cannot be closed to be made again.
pub(super) fn note_hang_up(section: &Section<'_>) {
    let problem = Text::new(
        "`close_after_cycle` 不适用于主动连入的设备",
        "`close_after_cycle` does not fit devices that dial in",
    );
    let hint = Text::new(
        "断开后我们无法再连上它：请删除",
        "once it is closed we cannot call them: remove it",
    );
    section.note(section.key_offset("close_after_cycle"), problem, hint);
}

impl Doors {
    /// Notes a door that another bus has already.
    fn claim(&mut self, section: &Section<'_>, reached: &Placed<Transport>, page: SocketAddr) {
        let line = section.line(reached.offset);
        let Transport::DialIn(dial_in) = &reached.value else {
            let Some(door) = door(&reached.value) else { return };
            if let Some(line) = self.called.get(&door) {
                let hint = Text::new(
                    "同一处的设备写同一条总线、不同站号",
                    "devices behind one door name one bus and differ by unit",
                );
                let shown = match &reached.value {
                    Transport::Serial(line) => line.path.display().to_string(),
                    _ => door,
                };
                taken(section, reached.offset, &shown, *line, hint);
            } else {
                self.called.insert(door, line);
            }
            return;
        };
        let here = dial_in.listen;
        if collide(here, page) {
            let problem =
                text!("`{here}` 已用于页面 [web]", "`{here}` is where the page listens, see [web]");
            let hint = Text::new("换一个端口", "take another port");
            section.note(reached.offset, problem, hint);
        }
        let other = self.listened.iter().find(|(there, _)| collide(here, *there));
        match other {
            Some((_, line)) => {
                let hint = Text::new(
                    "每个模块连入各自的端口",
                    "give each logger a port of its own to dial",
                );
                taken(section, reached.offset, &here.to_string(), *line, hint);
            }
            None => self.listened.push((here, line)),
        }
    }
}

fn taken(section: &Section<'_>, offset: usize, door: &str, line: usize, hint: Text) {
    let problem =
        text!("`{door}` 已被第 {line} 行的总线占用", "`{door}` belongs to the bus in line {line}",);
    section.note(offset, problem, hint);
}

impl Buses {
    /// The bus of this id.
    pub(super) fn get(&self, id: &str) -> Option<&Bus> {
        self.all.iter().find(|bus| bus.id == id)
    }

    /// The bus that calls at this address.
    pub(super) fn at(&self, address: &str) -> Option<&Bus> {
        let calls = |bus: &&Bus| bus.transport.as_ref().and_then(door).as_deref() == Some(address);
        self.all.iter().find(calls)
    }

    /// The bus that a device names; notes a name that no bus has.
    pub(super) fn named(&self, section: &Section<'_>, name: &Placed<String>) -> Option<&Bus> {
        let found = self.get(&name.value);
        if found.is_none() && !self.incomplete {
            let value = &name.value;
            let hint = if value.contains(':') || value.parse::<std::net::IpAddr>().is_ok() {
                text!("地址要写成 modbus = \"{value}\"", "write an address as modbus = \"{value}\"")
            } else {
                let all = self.all.iter().map(|bus| bus.id.as_str());
                near::hint(value, &Text::new("总线", "buses"), all)
            };
            let problem = text!("没有总线 `{value}`", "unknown bus `{value}`");
            section.note(name.offset, problem, hint);
        }
        found
    }

    /// Notes buses that no device names.
    pub(super) fn note_idle(&self, root: &Section<'_>, named: &BTreeSet<String>) {
        for bus in self.all.iter().filter(|bus| !named.contains(&bus.id)) {
            let id = &bus.id;
            let problem = text!("总线 `{id}` 上没有设备", "no device is on bus `{id}`");
            let hint = text!(
                "在设备中写 bus = \"{id}\" 和站号 unit，或删除这条总线",
                "write bus = \"{id}\" and unit in a device, or remove the bus",
            );
            root.note(bus.offset, problem, hint);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bus> {
        self.all.iter()
    }
}
