//! The broker.

use std::path::Path;

use crate::model::{Text, text};
use crate::source::mqtt;

use super::people::login;
use super::section::{Section, write};
use super::{address, secret};

const MQTT: &[&str] = &[
    "address",
    "client_id",
    "username",
    "password_file",
    "ca_file",
    "cert_file",
    "key_file",
    "tls",
    "version",
    "share",
    "sparkplug_rebirth",
    "packet_bytes_max",
];

/// Port without TLS where none is written.
const PORT: u16 = 1883;
/// Port with TLS where none is written.
const PORT_TLS: u16 = 8883;
/// Largest packet where nothing is written: a kiosk's message is 2 kB, its log is none of ours.
const PACKET_BYTES: u32 = 262_144;

/// Reads `[mqtt]`; its devices are added later. `None` also when a part of it is wrong.
pub(super) fn broker(
    root: &Section<'_>,
    folder: &Path,
    time_zone: Option<&jiff::tz::TimeZone>,
) -> Option<mqtt::Config> {
    let section = root.table("mqtt", MQTT)?;
    let address = section.need_words("address", write("address = \"localhost:8883\""));
    let address = address.and_then(|text| address::host_port(&section, "address", &text, PORT));
    let (username, password) = login(&section, folder);
    let tls = tls(&section, folder);
    let client_id = client_id(&section);
    let version = version(&section);
    let share = share(&section);
    let rebirth = section.get::<bool>("sparkplug_rebirth").is_some_and(|yes| yes.value);
    let packet_bytes_max = section.whole("packet_bytes_max", 1_024..=16_777_216);
    let address = address?;
    let port = address.port.unwrap_or(if tls.is_some() { PORT_TLS } else { PORT });
    if tls.is_none() {
        notice_plain(&section, &address.host, port, username.is_some());
    }
    Some(mqtt::Config {
        host: address.host,
        port,
        client_id: client_id?,
        login: username.zip(password),
        tls,
        version: version?,
        share,
        rebirth,
        packet_bytes_max: packet_bytes_max.map_or(PACKET_BYTES, |bytes| bytes.value),
        time_zone: time_zone?.clone(),
        devices: Vec::new(),
    })
}

/// Notices what TLS is missing for.
fn notice_plain(section: &Section<'_>, host: &str, port: u16, login: bool) {
    let offset = section.value_offset("address");
    let hint = Text::new(
        "写 tls = true；自建 CA 还要写 ca_file",
        "write tls = true, and ca_file with a private CA",
    );
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if port == PORT_TLS {
        let told = text!(
            "{port} 是加密端口，但没有写 `tls`",
            "{port} is the port for TLS, and there is no `tls`",
        );
        section.notice(offset, told, hint);
    } else if login && !here {
        let told =
            text!("口令会不加密地发给 `{host}`", "the password goes to `{host}` unencrypted",);
        section.notice(offset, told, hint);
    } else if here {
        let told = text!(
            "到 `{host}` 未加密：Mosquitto 会逐条清空积压，磁盘慢时积压越来越长，满了就丢",
            "no TLS to `{host}`: Mosquitto empties its queue message by message, and drops what does not \
             fit where the disk is slow",
        );
        let hint = Text::new(
            "Mosquitto 请写 address = \"localhost:8883\" 和 ca_file（deploy/README.md 第 3 节）；其他服务器不必改",
            "write address = \"localhost:8883\" and ca_file for Mosquitto (deploy/README.md, 3); with other \
             brokers it may stay",
        );
        section.notice(offset, told, hint);
    }
}

/// The name of the session at the broker. Of two sessions with one name the broker ends the older,
/// so that gateways that share their devices would throw each other out for ever.
fn client_id(section: &Section<'_>) -> Option<String> {
    if section.has("client_id") {
        return section.words("client_id").map(|id| id.value);
    }
    if section.has("share") {
        let hint = Text::new(
            "几台网关分担时各写各的，例如 client_id = \"hallwatch-1\"",
            "of gateways that share, each has its own: client_id = \"hallwatch-1\"",
        );
        section.missing("client_id", hint);
        return None;
    }
    Some("hallwatch".to_owned())
}

/// The certificates; nothing where the connection is not encrypted.
fn tls(section: &Section<'_>, folder: &Path) -> Option<mqtt::Tls> {
    let ca_file = secret::existing(section, "ca_file", folder);
    let cert_file = secret::existing(section, "cert_file", folder);
    let key_file = secret::existing(section, "key_file", folder);
    if let Some(path) = &key_file {
        secret::notice_open(section, "key_file", path);
    }
    let written = section.get::<bool>("tls").map(|tls| tls.value);
    let files = ["ca_file", "cert_file", "key_file"];
    let mut given = files.into_iter().filter(|key| section.has(key));
    if let Some(key) = given.next().filter(|_| written == Some(false)) {
        let problem = text!("`{key}` 与 `tls = false` 矛盾", "`{key}` with `tls = false`");
        let hint = text!("写 tls = true，或删除 {key}", "write tls = true, or remove {key}");
        section.note(section.key_offset(key), problem, hint);
    }
    for (one, other) in [("cert_file", "key_file"), ("key_file", "cert_file")] {
        if section.has(one) && section.lacks(other) {
            let problem = text!("有 `{one}`，没有 `{other}`", "`{one}` without `{other}`");
            let hint = text!(
                "添加 {other}：客户端证书和私钥要成对",
                "add {other}: a client's certificate and its key go together",
            );
            section.note(section.key_offset(one), problem, hint);
        }
    }
    let used = written.unwrap_or_else(|| files.iter().any(|key| section.has(key)));
    used.then(|| mqtt::Tls { ca_file, client: cert_file.zip(key_file) })
}

fn version(section: &Section<'_>) -> Option<mqtt::Version> {
    if !section.has("version") {
        return Some(mqtt::Version::Auto);
    }
    let word = section.words("version")?;
    match word.value.as_str() {
        "5" => Some(mqtt::Version::V5),
        "3.1.1" => Some(mqtt::Version::V311),
        value => {
            let problem = text!("没有 MQTT 版本 `{value}`", "no version `{value}` of MQTT");
            let hint = Text::new(
                "写 \"5\" 或 \"3.1.1\"；不写则先试 5，不行再用 3.1.1",
                "write \"5\" or \"3.1.1\"; without it 5 is tried first, then 3.1.1",
            );
            section.note(word.offset, problem, hint);
            None
        }
    }
}

/// The name of the group of gateways that share messages; one topic level.
fn share(section: &Section<'_>) -> Option<String> {
    let share = section.words("share")?;
    if share.value.contains(['/', '+', '#']) {
        let problem = text!("`{}` 不能作为组名", "`{}` is no name of a group", share.value);
        let hint = Text::new("不含 `/`、`+`、`#`", "without `/`, `+` and `#`");
        section.note(share.offset, problem, hint);
        return None;
    }
    Some(share.value)
}
