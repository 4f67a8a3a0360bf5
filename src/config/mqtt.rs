//! The broker.

use std::path::Path;

use crate::model::Text;
use crate::source::mqtt;

use super::people::login;
use super::section::{Section, write};
use super::{address, secret};

const MQTT: &[&str] =
    &["address", "client_id", "username", "password_file", "ca_file", "tls", "packet_bytes_max"];

/// Port without TLS where none is written.
const PORT: u16 = 1883;
/// Port with TLS where none is written.
const PORT_TLS: u16 = 8883;
/// Largest packet where nothing is written: a kiosk's message is 2 kB, its log is none of ours.
const PACKET_BYTES: u32 = 262_144;

/// Reads `[mqtt]`; its devices are added later. `None` also when a part of it is wrong.
pub(super) fn broker(root: &Section<'_>, folder: &Path) -> Option<mqtt::Config> {
    let section = root.table("mqtt", MQTT)?;
    let address = section.need_words("address", write("address = \"127.0.0.1:1883\""));
    let address = address.and_then(|text| address::host_port(&section, "address", &text));
    let (username, password) = login(&section, folder);
    let ca_file = secret::existing(&section, "ca_file", folder);
    let tls = section.get::<bool>("tls").map(|tls| tls.value);
    if section.has("ca_file") && tls == Some(false) {
        let problem = Text::new("`ca_file` 与 `tls = false` 矛盾", "`ca_file` with `tls = false`");
        let hint =
            Text::new("写 tls = true，或删除 ca_file", "write tls = true, or remove ca_file");
        section.note(section.key_offset("ca_file"), problem, hint);
    }
    let tls = tls.unwrap_or(section.has("ca_file"));
    let client_id = match section.has("client_id") {
        true => section.words("client_id").map(|id| id.value),
        false => Some("hallwatch".to_owned()),
    };
    let packet_bytes_max = section.whole("packet_bytes_max", 1_024..=16_777_216);
    let address = address?;
    let port = address.port.unwrap_or(if tls { PORT_TLS } else { PORT });
    Some(mqtt::Config {
        host: address.host,
        port,
        client_id: client_id?,
        login: username.zip(password),
        tls: tls.then_some(ca_file),
        packet_bytes_max: packet_bytes_max.map_or(PACKET_BYTES, |bytes| bytes.value),
        devices: Vec::new(),
    })
}
