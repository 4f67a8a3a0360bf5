//! The ways to a bus: a serial port, an address, an encrypted address, or a door of our own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use crate::model::{Text, near, text};
use crate::source::modbus::{DialIn, Framing, Parity, SerialLine, TlsPeer, Transport};

use super::section::{Placed, Section};
use super::{address, secret};

/// Each way, and the keys that belong to it alone.
pub(super) const WAYS: [(&str, &[&str]); 5] = [
    ("serial", &["baud_rate", "parity", "data_bits", "stop_bits"]),
    ("tcp", &[]),
    ("rtu_over_tcp", &[]),
    ("tls", &["server_name", "ca_file", "certificate_file", "key_file"]),
    ("listen", &["framing", "registration"]),
];

/// Port of Modbus TCP where none is written.
pub(super) const PORT: u16 = 502;
/// Port of Modbus/TCP Security where none is written.
const PORT_TLS: u16 = 802;
/// Longest registration of a logger, bytes.
const REGISTRATION_BYTES_MAX: usize = 256;
/// Ports below this one are kept for root.
const PORT_FREE: u16 = 1_024;

/// Reads the way of a bus, and notes it where there is none, more than one, or keys of another.
pub(super) fn of(section: &Section<'_>, folder: &Path) -> Option<Placed<Transport>> {
    let present: Vec<_> = WAYS.iter().filter(|(way, _)| section.has(way)).collect();
    let Some((way, _)) = present.first() else {
        none(section);
        return None;
    };
    for (other, _) in present.iter().skip(1) {
        let problem = text!("`{other}` 不能与 `{way}` 同时写", "`{other}` beside `{way}`");
        let hint = Text::new("一条总线只有一种连接方式", "a bus is reached in one way: keep one");
        section.note(section.key_offset(other), problem, hint);
    }
    if present.len() == 1 {
        let others = WAYS.iter().filter(|(other, _)| other != way);
        let strange = others.flat_map(|(other, keys)| keys.iter().map(move |key| (other, key)));
        for (other, key) in strange.filter(|(_, key)| section.has(key)) {
            let problem =
                text!("`{key}` 不适用于 `{way}`", "`{key}` does not fit a bus with `{way}`");
            let hint = text!("它属于 `{other}`：请删除", "it belongs to `{other}`: remove it");
            section.note(section.key_offset(key), problem, hint);
        }
    }
    let transport = match *way {
        "serial" => serial(section).map(Transport::Serial),
        "tcp" => host(section, way, Some(PORT)).map(Transport::Tcp),
        "rtu_over_tcp" => host(section, way, None).map(Transport::RtuOverTcp),
        "tls" => tls(section, folder).map(Transport::Tls),
        _ => listen(section).map(Transport::DialIn),
    };
    transport.map(|value| Placed { value, offset: section.value_offset(way) })
}

fn none(section: &Section<'_>) {
    if WAYS.iter().all(|(way, _)| section.lacks(way)) {
        let problem = Text::new(
            "[[bus]] 没有写 `serial`、`tcp`、`rtu_over_tcp`、`tls` 或 `listen`",
            "[[bus]] has none of `serial`, `tcp`, `rtu_over_tcp`, `tls` and `listen`",
        );
        let hint = Text::new(
            "写明连接方式，例如 serial = \"/dev/serial/by-id/…\" 或 tcp = \"192.168.10.20:502\"",
            "write how it is reached, as in serial = \"/dev/serial/by-id/…\" or \
             tcp = \"192.168.10.20:502\"",
        );
        section.note(section.offset, problem, hint);
    }
}

/// One of some words; the usual one where nothing or something else is written.
fn choice<T: Copy>(
    section: &Section<'_>,
    key: &str,
    what: &Text,
    usual: T,
    all: &[(&str, T)],
) -> T {
    let Some(word) = section.words(key) else { return usual };
    let found = all.iter().find(|(name, _)| *name == word.value);
    if found.is_none() {
        let hint = near::hint(&word.value, what, all.iter().map(|(name, _)| *name));
        let problem = text!("`{key} = \"{}\"` 无效", "`{key} = \"{}\"` is unknown", word.value);
        section.note(word.offset, problem, hint);
    }
    found.map_or(usual, |(_, value)| *value)
}

fn serial(section: &Section<'_>) -> Option<SerialLine> {
    let path = section.words("serial");
    let path = path.and_then(|path| port(section, &path));
    let baud_rate = section.whole::<u32>("baud_rate", 300..=3_000_000);
    let parities = [("none", Parity::None), ("even", Parity::Even), ("odd", Parity::Odd)];
    let what = Text::new("校验方式", "parities");
    let parity = choice(section, "parity", &what, Parity::None, &parities);
    if let Some(bits) = section.whole::<u8>("data_bits", 7..=8)
        && bits.value != 8
    {
        let problem = Text::new(
            "`data_bits = 7` 不能用于 Modbus RTU",
            "`data_bits = 7` carries no Modbus RTU",
        );
        let hint = Text::new(
            "RTU 用 8 个数据位；7 位是 ASCII 模式，请在设备上改为 RTU",
            "RTU needs 8; 7 bits are for ASCII mode: set the devices to RTU",
        );
        section.note(bits.offset, problem, hint);
    }
    let stop_bits = section.whole::<u8>("stop_bits", 1..=2);
    Some(SerialLine {
        path: path?,
        baud_rate: baud_rate.map_or(9_600, |rate| rate.value),
        data_bits: 8,
        parity,
        stop_bits: stop_bits.map_or(1, |bits| bits.value),
    })
}

fn port(section: &Section<'_>, path: &Placed<String>) -> Option<PathBuf> {
    let name = path.value.trim();
    if !name.starts_with('/') || name.ends_with('/') {
        let problem = text!("`{name}` 不是串口", "`{name}` is not a serial port");
        let hint = Text::new(
            "写串口的完整路径；`ls /dev/serial/by-id/` 列出 USB 串口，主板串口如 /dev/ttyS0",
            "write its whole path; `ls /dev/serial/by-id/` lists USB adapters, on-board ports are \
             like /dev/ttyS0",
        );
        section.note(path.offset, problem, hint);
        return None;
    }
    if !Path::new(name).exists() {
        let told =
            text!("本机目前没有串口 `{name}`", "there is no port `{name}` on this machine now");
        let hint = Text::new(
            "接上转换器，或用 `ls /dev/serial/by-id/` 核对名称",
            "plug the adapter in, or look at `ls /dev/serial/by-id/`",
        );
        section.notice(path.offset, told, hint);
    }
    if ["/dev/ttyUSB", "/dev/ttyACM"].iter().any(|start| name.starts_with(start)) {
        let told = text!(
            "`{name}` 的编号重启或重插后可能变化",
            "the number of `{name}` may change when it is plugged in again",
        );
        let hint = Text::new(
            "改用 /dev/serial/by-id/ 下的固定名称；转换器没有序列号时用 /dev/serial/by-path/",
            "take its name in /dev/serial/by-id/, or in /dev/serial/by-path/ where the adapter has \
             no serial number",
        );
        section.notice(path.offset, told, hint);
    }
    Some(PathBuf::from(name))
}

/// `host:port`; without a usual port it has to be written.
fn host(section: &Section<'_>, key: &str, port: Option<u16>) -> Option<String> {
    let text = section.words(key)?;
    let address = address::host_port(section, key, &text, PORT)?;
    if address.port.is_none() && port.is_none() {
        let problem = text!("`{}` 没有写端口", "`{}` has no port", text.value);
        let hint = text!(
            "串口服务器的端口各不相同，例如 {key} = \"192.168.10.21:4001\"",
            "serial servers differ, so write it, as in {key} = \"192.168.10.21:4001\"",
        );
        section.note(text.offset, problem, hint);
        return None;
    }
    Some(address.with_port(port.unwrap_or(PORT)))
}

fn tls(section: &Section<'_>, folder: &Path) -> Option<TlsPeer> {
    let address = host(section, "tls", Some(PORT_TLS));
    let name = section.words("server_name");
    let server_name = name.as_ref().map(|name| name.value.trim().to_owned());
    if let Some(name) = name
        && ServerName::try_from(name.value.trim()).is_err()
    {
        let problem = text!("`{}` 不是主机名或 IP 地址", "`{}` is no host name", name.value);
        let hint = Text::new(
            "写对方证书中的名称，例如 server_name = \"inverter.local\"",
            "write the name in its certificate, as in server_name = \"inverter.local\"",
        );
        section.note(name.offset, problem, hint);
    }
    let ca_file = certificates(section, "ca_file", folder);
    let certificate = certificates(section, "certificate_file", folder);
    let key = private_key(section, folder);
    let pairs = [("certificate_file", "key_file"), ("key_file", "certificate_file")];
    for (key, other) in pairs {
        if section.has(key) && !section.has(other) {
            let hint = text!(
                "客户端证书和私钥要一起写：添加 {other} = \"…\"",
                "a client certificate goes with its key: add {other} = \"…\"",
            );
            section.missing(other, hint);
        }
    }
    Some(TlsPeer { address: address?, server_name, ca_file, identity: certificate.zip(key) })
}

/// A file of certificates.
fn certificates(section: &Section<'_>, key: &str, folder: &Path) -> Option<PathBuf> {
    let path = secret::existing(section, key, folder)?;
    let good = CertificateDer::pem_file_iter(&path).is_ok_and(|mut found| {
        found.next().is_some_and(|first| first.is_ok()) && found.all(|next| next.is_ok())
    });
    if !good {
        not_pem(section, key, ["证书", "certificate"], "x509");
    }
    Some(path)
}

fn private_key(section: &Section<'_>, folder: &Path) -> Option<PathBuf> {
    let path = secret::existing(section, "key_file", folder)?;
    secret::notice_open(section, "key_file", &path);
    if PrivateKeyDer::from_pem_file(&path).is_err() {
        not_pem(section, "key_file", ["未加密的私钥", "private key without a passphrase"], "pkey");
    }
    Some(path)
}

fn not_pem(section: &Section<'_>, key: &str, what: [&str; 2], command: &str) {
    let [zh, en] = what;
    let problem = text!("`{key}` 里没有{zh}", "`{key}` holds no {en}");
    let hint = text!(
        "应为 PEM 文本；其他格式用 `openssl {command} -in 文件 -out 新文件` 转换",
        "it is PEM text; `openssl {command} -in FILE -out NEW` converts other forms",
    );
    section.note(section.value_offset(key), problem, hint);
}

fn listen(section: &Section<'_>) -> Option<DialIn> {
    let framings = [("rtu", Framing::Rtu), ("tcp", Framing::Tcp)];
    let what = Text::new("帧格式", "framings");
    let framing = choice(section, "framing", &what, Framing::Rtu, &framings);
    let registration = section.words("registration");
    if let Some(text) = &registration
        && text.value.len() > REGISTRATION_BYTES_MAX
    {
        let problem = text!(
            "`registration` 超过 {REGISTRATION_BYTES_MAX} 字节",
            "`registration` is longer than {REGISTRATION_BYTES_MAX} bytes",
        );
        let hint = Text::new(
            "写模块连上后发来的注册包，通常是 IMEI 号",
            "write what the logger says first, usually its IMEI",
        );
        section.note(text.offset, problem, hint);
    }
    let text = section.words("listen")?;
    let Ok(listen) = text.value.trim().parse::<SocketAddr>() else {
        let problem =
            text!("`{}` 不是带端口的 IP 地址", "`{}` is not an address with a port", text.value);
        let hint = Text::new(
            "写本机地址和端口，例如 listen = \"0.0.0.0:5020\"",
            "write an address of this machine and a port, as in listen = \"0.0.0.0:5020\"",
        );
        section.note(text.offset, problem, hint);
        return None;
    };
    if listen.port() == 0 {
        let problem = text!("`{}` 的端口为 0", "port 0 in `{}`", text.value);
        let hint = Text::new("写模块要连接的端口", "write the port that the loggers dial");
        section.note(text.offset, problem, hint);
    } else if listen.port() < PORT_FREE {
        let told = text!("端口 `{}` 只有 root 能监听", "port `{}` is for root", listen.port());
        let hint = Text::new(
            "改用 1024 以上的端口，例如 5020：随附的 systemd 单元不给这个权限",
            "take one from 1024, such as 5020: the systemd unit does not give that right",
        );
        section.notice(text.offset, told, hint);
    }
    if registration.is_none() && !section.has("registration") && !listen.ip().is_loopback() {
        let told = text!(
            "`{listen}` 没有写 `registration`：谁连上来都会被当作设备",
            "`{listen}` has no `registration`: whoever connects is taken for the device",
        );
        let hint = Text::new(
            "在模块上设置注册包并写在这里，或用防火墙只放行已知地址",
            "set a registration packet on the logger and write it here, or let only known \
             addresses through the firewall",
        );
        section.notice(text.offset, told, hint);
    }
    let registration = registration.map(|text| text.value.into_bytes());
    Some(DialIn { listen, framing, registration })
}

/// Whether one cannot listen at both.
pub(super) fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && (any || one.ip() == other.ip())
}

/// The door that a transport knocks at, for finding two that are the same; none for one of ours.
pub(super) fn door(transport: &Transport) -> Option<String> {
    match transport {
        Transport::Tcp(address) | Transport::RtuOverTcp(address) => Some(address.clone()),
        Transport::Tls(peer) => Some(peer.address.clone()),
        // One port has several names: by id, by path and by number.
        Transport::Serial(line) => {
            let port = line.path.canonicalize();
            Some(port.as_ref().unwrap_or(&line.path).display().to_string())
        }
        Transport::DialIn(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_of_one_port_are_one_door() {
        let folder = tempfile::tempdir().unwrap();
        let (port, link) = (folder.path().join("ttyUSB0"), folder.path().join("by-id"));
        std::fs::write(&port, "").unwrap();
        std::os::unix::fs::symlink(&port, &link).unwrap();
        let line = |path: &Path| {
            let (baud_rate, parity) = (9_600, Parity::None);
            let path = path.to_owned();
            door(&Transport::Serial(SerialLine {
                path,
                baud_rate,
                data_bits: 8,
                parity,
                stop_bits: 1,
            }))
        };
        assert_eq!(line(&port), line(&link));
        assert_ne!(line(&port), line(&folder.path().join("ttyUSB1")));
    }

    #[test]
    fn all_networks_and_one_of_them_collide_at_one_port() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(collide(at("0.0.0.0:5020"), at("192.168.1.2:5020")));
        assert!(collide(at("[::]:5020"), at("192.168.1.2:5020")));
        assert!(!collide(at("192.168.1.3:5020"), at("192.168.1.2:5020")));
        assert!(!collide(at("0.0.0.0:5020"), at("0.0.0.0:5021")));
    }
}
