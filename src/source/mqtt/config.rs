//! What the MQTT source has to know.

use std::path::PathBuf;
use std::sync::Arc;

use crate::model::Device;
use crate::profile::Profile;

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
    /// TLS, with this CA file or, if `Some(None)`, the system's.
    pub tls: Option<Option<PathBuf>>,
    /// Largest packet that the broker may send us, bytes.
    pub packet_bytes_max: u32,
    /// The devices, each with its own topic.
    pub devices: Vec<Publisher>,
}

/// One device that publishes.
#[derive(Debug, Clone)]
pub struct Publisher {
    /// The device.
    pub device: Arc<Device>,
    /// How its messages are read; an MQTT profile.
    pub profile: Arc<Profile>,
    /// Its topic, without wildcards.
    pub topic: String,
}
