//! Doors: where they are, and whether they open.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::model::text;
use crate::source::modbus::config::{Framing, SerialLine, Transport};

use super::Scan;
use super::finding::{DoorSeen, DoorState};
use super::plan::Target;

/// Addresses that are knocked at at the same time.
pub(super) const KNOCKS_AT_ONCE: usize = 64;
/// Longest wait for a door to open: a host in the building takes milliseconds.
const OPEN_MAX: Duration = Duration::from_millis(1_500);
/// Time for a device with one connection to notice that the knock is over.
const AFTER_KNOCK: Duration = Duration::from_millis(150);

/// One place to ask, and the ways to try there, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Door {
    /// `host:port`, the serial port, or the bus.
    pub(super) name: String,
    /// Id of the configured bus that it is.
    pub(super) bus: Option<String>,
    pub(super) ways: Vec<Transport>,
    /// Part of a network: that it does not open is no news.
    pub(super) one_of_many: bool,
}

/// All doors of a scan, each once.
pub(super) fn doors(scan: &Scan) -> Vec<Door> {
    let mut all: Vec<Door> = Vec::new();
    for target in &scan.plan.targets {
        for door in doors_of(scan, target) {
            if all.iter().all(|other| other.name != door.name) {
                all.push(door);
            }
        }
    }
    all
}

fn doors_of(scan: &Scan, target: &Target) -> Vec<Door> {
    let plan = &scan.plan;
    match target {
        Target::Serial(path) => {
            let line = |settings: &super::SerialSettings| {
                Transport::Serial(SerialLine {
                    path: path.clone(),
                    baud_rate: settings.baud_rate,
                    data_bits: 8,
                    parity: settings.parity,
                    stop_bits: 1,
                })
            };
            let ways = plan.serial.iter().map(line).collect();
            let name = path.display().to_string();
            vec![Door { name, bus: None, ways, one_of_many: false }]
        }
        Target::Bus(id, transport) => {
            let name = name_of(transport).unwrap_or_else(|| id.clone());
            let ways = vec![transport.clone()];
            vec![Door { name, bus: Some(id.clone()), ways, one_of_many: false }]
        }
        Target::Host(..) | Target::Net(_) => {
            let one_of_many = matches!(target, Target::Net(_));
            let ports = plan.ports_of(target);
            let names = target.hosts().into_iter().flat_map(|host| {
                ports.iter().map(move |port| format!("{host}:{port}")).collect::<Vec<_>>()
            });
            let door = |name: String| {
                let way = match plan.framing {
                    Framing::Tcp => Transport::Tcp(name.clone()),
                    Framing::Rtu => Transport::RtuOverTcp(name.clone()),
                };
                Door { name, bus: None, ways: vec![way], one_of_many }
            };
            names.map(door).collect()
        }
    }
}

/// Where a transport leads; a door of ours leads nowhere.
#[must_use]
pub fn name_of(transport: &Transport) -> Option<String> {
    match transport {
        Transport::Tcp(address) | Transport::RtuOverTcp(address) => Some(address.clone()),
        Transport::Tls(peer) => Some(peer.address.clone()),
        Transport::Serial(line) => Some(line.path.display().to_string()),
        Transport::DialIn(_) => None,
    }
}

/// Knocks. Whether the units behind the door should be asked.
pub(super) async fn opens(scan: &Scan, door: &Door) -> bool {
    if scan.plan.leave_taken && scan.plan.taken_at(&door.name).next().is_some() {
        let mut seen = DoorSeen::new(&door.name, DoorState::LeftAlone);
        seen.notes.push(text!(
            "正在使用，未扫描：设备多半只容一个连接",
            "in use, left alone: most devices bear one connection only",
        ));
        scan.door_done(seen);
        return false;
    }
    let Some(Transport::Tcp(address) | Transport::RtuOverTcp(address)) = door.ways.first() else {
        return true;
    };
    scan.pace.turn().await;
    let knocked = timeout(OPEN_MAX, TcpStream::connect(address)).await;
    let state = match knocked {
        Ok(Ok(stream)) => {
            drop(stream);
            tokio::time::sleep(AFTER_KNOCK).await;
            scan.change(super::News::Open(door.name.clone()), |_| ());
            return true;
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            DoorState::Refused
        }
        Ok(Err(error)) => DoorState::NoWay(error.to_string()),
        Err(_) => DoorState::NoWay(format!("no connection in {} ms", OPEN_MAX.as_millis())),
    };
    if !door.one_of_many {
        scan.door_done(DoorSeen::new(&door.name, state));
    }
    false
}
