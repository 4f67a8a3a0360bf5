//! What is scanned, and how hard.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::model::{Text, text};
use crate::source::modbus::config::{Config, Framing, Parity, Transport, Unit};

use super::sweep::name_of;

/// Most hosts of one target, and of one scan.
const HOSTS_MAX: usize = 4_096;
/// Connections and questions a second, where nothing else is said.
pub const RATE_DEFAULT: u32 = 50;
/// Longest wait for an answer, where nothing else is said, milliseconds.
pub const ANSWER_MS_DEFAULT: u32 = 1_000;

/// Why a scan cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Not an address, a network or a serial port.
    #[error(
        "`{0}` is no target: write 192.168.10.11, host:502, 192.168.10.0/24 or /dev/serial/by-id/…"
    )]
    Target(String),
    /// Too large a network.
    #[error("`{0}` has more than {HOSTS_MAX} addresses: scan a smaller network, such as a /24")]
    TooMany(String),
    /// Not unit numbers.
    #[error("`{0}` are no units: write 1-16, 1,3,126 or all (1 to 247)")]
    Units(String),
}

impl ScanError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Target(target) => format!(
                "`{target}` 不是可扫描的目标：写 192.168.10.11、主机:502、192.168.10.0/24 \
                 或 /dev/serial/by-id/…"
            ),
            Self::TooMany(net) => {
                format!("`{net}` 超过 {HOSTS_MAX} 个地址：请缩小网段，例如 /24")
            }
            Self::Units(units) => {
                format!("`{units}` 不是站号：写 1-16、1,3,126 或 all（1 到 247）")
            }
        };
        Text::new(zh, self.to_string())
    }
}

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A host, with its port if it was written.
    Host(String, Option<u16>),
    /// All hosts of a network.
    Net(IpNet),
    /// A serial port of this machine.
    Serial(PathBuf),
    /// A bus of the configuration: its id, and how it is reached.
    Bus(String, Transport),
}

impl Target {
    /// Reads a target as people write it.
    ///
    /// # Errors
    /// [`ScanError`] with the target.
    pub fn parse(written: &str) -> Result<Self, ScanError> {
        let written = written.trim();
        let bad = || ScanError::Target(written.to_owned());
        if written.starts_with('/') {
            return Ok(Self::Serial(PathBuf::from(written)));
        }
        if written.contains('/') {
            let net: IpNet = written.parse().map_err(|_| bad())?;
            let host_bits = net.max_prefix_len().saturating_sub(net.prefix_len());
            if host_bits > 12 {
                return Err(ScanError::TooMany(written.to_owned()));
            }
            return Ok(Self::Net(net.trunc()));
        }
        if let Ok(address) = written.parse::<IpAddr>() {
            return Ok(Self::Host(shown(address), None));
        }
        let (host, port) = match written.rsplit_once(':') {
            Some((host, port)) => {
                let port: u16 = port.parse().map_err(|_| bad())?;
                (host, Some(port).filter(|port| *port > 0).ok_or_else(bad)?.into())
            }
            None => (written, None),
        };
        let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let good = match in_brackets {
            Some(inside) => inside.parse::<IpAddr>().is_ok(),
            None => is_host_name(host),
        };
        if good { Ok(Self::Host(host.to_ascii_lowercase(), port)) } else { Err(bad()) }
    }

    /// Whether it stays on this machine or in a private network. A name may lead anywhere.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match self {
            Self::Host(host, _) => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                bare == "localhost" || bare.parse().is_ok_and(is_private)
            }
            Self::Net(net) => is_private(net.network()) && is_private(net.broadcast()),
            Self::Serial(_) | Self::Bus(..) => true,
        }
    }

    /// Its hosts, as they are written before a port.
    pub(super) fn hosts(&self) -> Vec<String> {
        match self {
            Self::Host(host, _) => vec![host.clone()],
            Self::Net(net) => net.hosts().take(HOSTS_MAX).map(shown).collect(),
            Self::Serial(_) | Self::Bus(..) => Vec::new(),
        }
    }
}

fn shown(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

fn is_host_name(host: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !host.is_empty() && host.len() <= 253 && host.chars().all(fits) && !host.starts_with('-')
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Which units are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitChoice {
    /// Those that profiles have from the factory, and 1 to 16.
    Usual,
    /// 1 to 247.
    All,
    /// These.
    These(Vec<u8>),
}

impl UnitChoice {
    /// Reads `all`, `usual`, `1-16` or `1,3,126`.
    ///
    /// # Errors
    /// [`ScanError::Units`].
    pub fn parse(written: &str) -> Result<Self, ScanError> {
        let bad = || ScanError::Units(written.to_owned());
        match written.trim() {
            "all" => return Ok(Self::All),
            "usual" => return Ok(Self::Usual),
            _ => {}
        }
        let mut units = Vec::new();
        for part in written.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<u8>().map_err(|_| bad());
            let (first, last) = (number(first)?, number(last)?);
            if first > last || last > 247 {
                return Err(bad());
            }
            units.extend((first..=last).filter(|unit| !units.contains(unit)).collect::<Vec<_>>());
        }
        Ok(Self::These(units))
    }
}

/// Settings of a serial line that are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerialSettings {
    /// Bits per second.
    pub baud_rate: u32,
    /// Parity bit.
    pub parity: Parity,
}

/// A device that the configuration has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// `host:port` or the serial port.
    pub door: String,
    /// Unit id.
    pub unit: u8,
    /// The device's id.
    pub device: String,
}

impl Taken {
    /// All devices of these buses.
    #[must_use]
    pub fn of(buses: &[Config]) -> Vec<Self> {
        let of_bus = |bus: &Config| -> Vec<Self> {
            let door = name_of(&bus.transport).unwrap_or_else(|| bus.name.clone());
            let taken = |unit: &Unit| Self {
                door: door.clone(),
                unit: unit.unit,
                device: unit.device.id.to_string(),
            };
            bus.units.iter().map(taken).collect()
        };
        buses.iter().flat_map(of_bus).collect()
    }
}

/// What is scanned, and how hard.
#[derive(Debug, Clone)]
pub struct ScanPlan {
    /// Where to look.
    pub targets: Vec<Target>,
    /// Ports that are knocked at where a target has none of its own.
    pub ports: Vec<u16>,
    /// How hosts frame: `Rtu` for transparent serial servers.
    pub framing: Framing,
    /// Settings tried on serial ports, until something answers.
    pub serial: Vec<SerialSettings>,
    /// Which units are asked.
    pub units: UnitChoice,
    /// Longest wait for an answer, milliseconds.
    pub answer_ms: u32,
    /// Connections and questions a second, of all doors together.
    pub rate_per_s: u32,
    /// Devices that are configured already.
    pub taken: Vec<Taken>,
    /// Doors of configured devices are not knocked at: a running gateway holds them.
    pub leave_taken: bool,
    /// Longest time of the whole scan.
    pub time_max: Duration,
}

impl ScanPlan {
    /// A scan of these targets with the usual settings.
    #[must_use]
    pub fn new(targets: Vec<Target>) -> Self {
        let parities = [Parity::None, Parity::Even];
        let settings = |baud_rate| parities.map(|parity| SerialSettings { baud_rate, parity });
        Self {
            targets,
            ports: vec![502],
            framing: Framing::Tcp,
            serial: [9_600, 19_200].into_iter().flat_map(settings).collect(),
            units: UnitChoice::Usual,
            answer_ms: ANSWER_MS_DEFAULT,
            rate_per_s: RATE_DEFAULT,
            taken: Vec::new(),
            leave_taken: false,
            time_max: Duration::from_secs(3_600),
        }
    }

    /// How many addresses will be knocked at.
    #[must_use]
    pub fn addresses(&self) -> usize {
        self.targets.iter().map(|target| target.hosts().len() * self.ports_of(target).len()).sum()
    }

    /// Whether it is small enough.
    ///
    /// # Errors
    /// [`ScanError::TooMany`] with the last target.
    pub fn check(&self) -> Result<(), ScanError> {
        match self.targets.last() {
            Some(Target::Net(net)) if self.addresses() > HOSTS_MAX => {
                Err(ScanError::TooMany(net.to_string()))
            }
            Some(_) if self.addresses() > HOSTS_MAX => {
                Err(ScanError::TooMany(format!("{} × {}", self.targets.len(), self.ports.len())))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn ports_of(&self, target: &Target) -> Vec<u16> {
        match target {
            Target::Host(_, Some(port)) => vec![*port],
            _ => self.ports.clone(),
        }
    }

    /// Devices of the configuration behind a door.
    pub(super) fn taken_at(&self, door: &str) -> impl Iterator<Item = &Taken> {
        self.taken.iter().filter(move |taken| taken.door == door)
    }

    /// That a device of the configuration is there already.
    pub(super) fn taken_note(&self, door: &str, unit: u8) -> Option<Text> {
        let taken = self.taken_at(door).find(|taken| taken.unit == unit)?;
        Some(text!(
            "配置中已有这台设备：`{}`",
            "the configuration has it already as `{}`",
            taken.device,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_people_write_them() {
        let host = |host: &str, port| Ok(Target::Host(host.to_owned(), port));
        assert_eq!(Target::parse("192.168.10.11"), host("192.168.10.11", None));
        assert_eq!(Target::parse("Inverter.local:6607"), host("inverter.local", Some(6607)));
        assert_eq!(Target::parse("::1"), host("[::1]", None));
        assert_eq!(Target::parse("[fe80::1]:502"), host("[fe80::1]", Some(502)));
        assert_eq!(Target::parse("/dev/ttyS0"), Ok(Target::Serial("/dev/ttyS0".into())));
        let net = Target::parse("192.168.10.7/28").expect("a net");
        assert_eq!(net.hosts().len(), 14, "without the network's and the broadcast address");
        assert_eq!(net.hosts().first().map(String::as_str), Some("192.168.10.1"));
        assert!(matches!(Target::parse("10.0.0.0/8"), Err(ScanError::TooMany(_))));
        for bad in ["", "host:0", "host:99999", "http://host", "a b", "10.0.0.0/40"] {
            assert!(matches!(Target::parse(bad), Err(ScanError::Target(_))), "{bad}");
        }
    }

    #[test]
    fn private_targets_are_told_from_others() {
        for good in ["127.0.0.1", "10.1.2.3:502", "192.168.0.0/24", "fd00::1", "/dev/ttyS0"] {
            assert!(Target::parse(good).expect("a target").is_private(), "{good}");
        }
        for bad in ["8.8.8.8", "inverter.example.org", "172.32.0.0/24", "::ffff:8.8.8.8"] {
            assert!(!Target::parse(bad).expect("a target").is_private(), "{bad}");
        }
    }

    #[test]
    fn units_are_read_as_people_write_them() {
        assert_eq!(UnitChoice::parse("all"), Ok(UnitChoice::All));
        assert_eq!(UnitChoice::parse("1-3, 126"), Ok(UnitChoice::These(vec![1, 2, 3, 126])));
        for bad in ["", "3-1", "248", "x", "1,,2"] {
            assert!(UnitChoice::parse(bad).is_err(), "{bad}");
        }
    }
}
