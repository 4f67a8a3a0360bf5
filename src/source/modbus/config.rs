//! What the Modbus source has to know.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::Device;
use crate::profile::{BusRules, Profile};

/// How frames look on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Modbus TCP: a header with a transaction number and a length.
    Tcp,
    /// Modbus RTU: a checksum at the end, silence between frames.
    Rtu,
}

/// Parity bit of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parity {
    /// None: what most devices leave the factory with.
    None,
    /// Even: the standard's own default.
    Even,
    /// Odd.
    Odd,
}

/// A serial port and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SerialLine {
    /// Device file, best by a name that stays: `/dev/serial/by-id/…`.
    pub path: PathBuf,
    /// Bits per second.
    pub baud_rate: u32,
    /// 7 or 8.
    pub data_bits: u8,
    /// Parity bit.
    pub parity: Parity,
    /// 1 or 2.
    pub stop_bits: u8,
}

/// A peer that speaks Modbus/TCP Security.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsPeer {
    /// `host:port`, usually port 802.
    pub address: String,
    /// Name in the peer's certificate; the host of the address where it is not given.
    pub server_name: Option<String>,
    /// PEM file with the authorities that are trusted; the system's where it is not given.
    pub ca_file: Option<PathBuf>,
    /// PEM files of our own certificate (with its chain) and key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Devices that dial in to us, as 4G loggers do: we listen, they connect, we ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DialIn {
    /// Where we listen; one bus an address.
    pub listen: SocketAddr,
    /// How they frame.
    pub framing: Framing,
    /// What a logger says first after it has connected; who says something else is sent away.
    pub registration: Option<Vec<u8>>,
}

/// How the units of a bus are reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Modbus TCP at `host:port`.
    Tcp(String),
    /// RTU frames over TCP at `host:port`: a transparent serial server.
    RtuOverTcp(String),
    /// Modbus TCP inside TLS.
    Tls(TlsPeer),
    /// RTU on a serial line of this machine.
    Serial(SerialLine),
    /// They come to us.
    DialIn(DialIn),
}

impl Transport {
    /// How its frames look.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        match self {
            Self::Tcp(_) | Self::Tls(_) => Framing::Tcp,
            Self::RtuOverTcp(_) | Self::Serial(_) => Framing::Rtu,
            Self::DialIn(dial_in) => dial_in.framing,
        }
    }

    /// The word of the configuration, also used in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::RtuOverTcp(_) => "rtu_over_tcp",
            Self::Tls(_) => "tls",
            Self::Serial(_) => "serial",
            Self::DialIn(_) => "listen",
        }
    }
}

/// One bus: a connection or a line, and the units behind it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Id in the configuration, or `host:port` where it has none of its own.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
    /// The devices that are asked, one after the other.
    pub units: Vec<Unit>,
}

/// One device on a bus.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The device.
    pub device: Arc<Device>,
    /// How it is read; a register or SunSpec profile.
    pub profile: Arc<Profile>,
    /// Unit id on the wire.
    pub unit: u8,
    /// Which device of a SunSpec map that holds several, from 1; all of them where it is not given.
    pub sunspec_instance: Option<u16>,
    /// The profile's discipline with the configuration's overrides.
    pub bus: BusRules,
}
