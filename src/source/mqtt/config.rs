//! What the MQTT source has to know.

use std::path::PathBuf;
use std::sync::Arc;

use crate::model::Device;
use crate::profile::{MqttProfile, Place, Profile, Protocol};

/// Which version of the protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 5, and 3.1.1 with a broker that does not know it.
    Auto,
    /// 5.
    V5,
    /// 3.1.1.
    V311,
}

/// Certificates for TLS; all files are PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authority that signed the broker's certificate; the system's if none.
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its key, where the broker asks for one.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// The broker and the devices that publish there.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Stable: the broker keeps what came while we were away under this name.
    pub client_id: String,
    /// User name and password.
    pub login: Option<(String, String)>,
    /// TLS, if it is used.
    pub tls: Option<Tls>,
    /// Which version is spoken.
    pub version: Version,
    /// Gateways with the same word share the messages of plain devices.
    pub share: Option<String>,
    /// A Sparkplug edge node may be asked to say again what it has: the one thing that is ever
    /// published.
    pub rebirth: bool,
    /// Largest packet that the broker may send us, bytes.
    pub packet_bytes_max: u32,
    /// Local times without an offset are this zone's.
    pub time_zone: jiff::tz::TimeZone,
    /// The devices, each with its own topics.
    pub devices: Vec<Publisher>,
}

/// One device that publishes.
#[derive(Debug, Clone)]
pub struct Publisher {
    /// The device.
    pub device: Arc<Device>,
    /// How its messages are read; an MQTT profile.
    pub profile: Arc<Profile>,
    /// The name that it uses itself.
    pub mqtt_id: String,
    /// Its topics.
    pub places: Vec<Place>,
}

impl Publisher {
    /// How its messages are read; nothing where the profile asks over Modbus.
    #[must_use]
    pub fn rules(&self) -> Option<&MqttProfile> {
        match &self.profile.protocol {
            Protocol::Mqtt(profile) => Some(profile),
            _ => None,
        }
    }
}
