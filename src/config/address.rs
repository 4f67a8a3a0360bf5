//! Addresses as people write them: `host[:port]`, web addresses, MQTT topics.

use crate::model::{Text, text};

use super::section::{Placed, Section, write};

/// Longest topic, in bytes, that the MQTT standard allows.
const TOPIC_BYTES_MAX: usize = 65_535;

/// A host and, if it was written, a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPort {
    /// Name or address, in lower case, IPv6 without its brackets.
    pub(super) host: String,
    /// TCP port.
    pub(super) port: Option<u16>,
}

impl HostPort {
    /// `host:port`, IPv6 in brackets again.
    pub(super) fn with_port(&self, default: u16) -> String {
        let port = self.port.unwrap_or(default);
        if self.host.contains(':') {
            format!("[{}]:{port}", self.host)
        } else {
            format!("{}:{port}", self.host)
        }
    }
}

/// Reads `host[:port]`; `port` is the one of the example that a mistake is told with.
pub(super) fn host_port(
    section: &Section<'_>,
    key: &str,
    text: &Placed<String>,
    port: u16,
) -> Option<HostPort> {
    match parse(text.value.trim()) {
        Ok(address) => Some(address),
        Err(why) => {
            let (value, Text { zh, en }) = (&text.value, why);
            let problem =
                text!("`{value}` 不是有效的地址：{zh}", "`{value}` is not an address: {en}");
            let hint = if value.trim().starts_with("/dev/") {
                text!(
                    "串口要写成总线：[[bus]] 中写 serial = \"{value}\"，设备写 bus = \"…\"",
                    "a serial port is a bus: [[bus]] with serial = \"{value}\", and bus = \"…\" in the \
                     device",
                )
            } else {
                text!(
                    "写主机名或地址，可加 :端口，例如 {key} = \"192.168.10.11:{port}\"",
                    "write host or host:port, as in {key} = \"192.168.10.11:{port}\"",
                )
            };
            section.note(text.offset, problem, hint);
            None
        }
    }
}

fn parse(text: &str) -> Result<HostPort, Text> {
    if text.starts_with("/dev/") {
        return Err(Text::new("这是串口", "it is a serial port"));
    }
    if text.contains("://") || text.contains('/') {
        return Err(Text::new("这是网址或路径", "it is a web address or a path"));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) =
                rest.split_once(']').ok_or_else(|| Text::new("缺少 `]`", "the `]` is missing"))?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| {
                Text::new("方括号里不是 IPv6 地址", "no IPv6 address in the brackets")
            })?;
            match (rest, rest.strip_prefix(':')) {
                ("", _) => (host, None),
                (_, Some(port)) => (host, Some(port)),
                _ => {
                    let en = "a `:` belongs between host and port";
                    return Err(Text::new("主机和端口之间要有 `:`", en));
                }
            }
        }
        None if text.matches(':').count() > 1 => {
            return Err(Text::new("IPv6 地址要加方括号", "IPv6 belongs in brackets"));
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if !text.starts_with('[') {
        check_host(host)?;
    }
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port > 0 => Some(port),
        Some(_) => {
            let en = "the port is not a number from 1 to 65535";
            return Err(Text::new("端口应为 1 到 65535 的数字", en));
        }
    };
    Ok(HostPort { host: host.to_ascii_lowercase(), port })
}

fn check_host(host: &str) -> Result<(), Text> {
    if host.is_empty() {
        return Err(Text::new("缺少主机名", "the host is missing"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.len() > 253 || !host.chars().all(fits) {
        return Err(Text::new(
            "主机名只能由字母、数字、`-` 和 `.` 组成",
            "a host is made of letters, digits, `-` and `.`",
        ));
    }
    let numeric = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if numeric && host.parse::<std::net::Ipv4Addr>().is_err() {
        return Err(Text::new(
            "IPv4 地址由四个 0 到 255 的数字组成",
            "an IPv4 address has four numbers from 0 to 255",
        ));
    }
    Ok(())
}

/// A web address with http or https and a host.
pub(super) fn url(section: &Section<'_>, key: &str) -> Option<Placed<String>> {
    let text = section.need_words(key, write("url = \"http://127.0.0.1:8086\""))?;
    let value = &text.value;
    let refuse = |problem: Text, hint: Text| {
        section.note(text.offset, problem, hint);
        None
    };
    match reqwest::Url::parse(value.trim()) {
        Err(error) => {
            let english = error.to_string();
            let why = url_trouble(&english);
            let problem = text!(
                "`{value}` 不是有效的网址：{why}",
                "`{value}` is not a web address: {english}"
            );
            let hint = Text::new(
                "写完整的网址，例如 \"http://127.0.0.1:8086\"",
                "write the whole address, as in \"http://127.0.0.1:8086\"",
            );
            refuse(problem, hint)
        }
        Ok(url) if !matches!(url.scheme(), "http" | "https") => refuse(
            text!("`{value}` 不是 http(s) 网址", "`{value}` is not a web address"),
            Text::new("以 http:// 或 https:// 开头", "begin with http:// or https://"),
        ),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            let problem = Text::new(
                "地址的 `@` 前写了用户名或密码",
                "the address holds a login before the `@`",
            );
            let hint = Text::new(
                "密码要存在文件里：从地址中删去，改用 `…_file` 配置项",
                "secrets live in files: take it out and use the `…_file` keys",
            );
            refuse(problem, hint)
        }
        Ok(_) => Some(Placed { value: text.value.trim().to_owned(), offset: text.offset }),
    }
}

/// The URL parser's reasons in Chinese, as far as they happen; others in its own words.
fn url_trouble(error: &str) -> &str {
    match error {
        "relative URL without a base" => "开头缺少 http:// 或 https://",
        "empty host" => "缺少主机名",
        "invalid port number" => "端口无效",
        "invalid IPv4 address" => "IPv4 地址无效",
        "invalid IPv6 address" => "IPv6 地址无效",
        "invalid domain character" | "invalid international domain name" => "主机名无效",
        other => other,
    }
}

/// Why this cannot be the topic of one device.
pub(super) fn topic_trouble(topic: &str) -> Option<Text> {
    let wildcard = topic.contains(['+', '#']);
    let empty_level = topic.split('/').any(str::is_empty);
    if wildcard {
        return Some(Text::new(
            "通配符会收到其他设备的消息",
            "a wildcard would take the messages of other devices",
        ));
    }
    if topic.starts_with('$') {
        return Some(Text::new(
            "以 `$` 开头的主题归消息服务器自用",
            "topics that begin with `$` belong to the broker",
        ));
    }
    if topic.chars().any(char::is_control) || topic.len() > TOPIC_BYTES_MAX {
        return Some(Text::new(
            "不能含控制字符，也不能超过 65535 字节",
            "control characters and more than 65535 bytes are not allowed",
        ));
    }
    empty_level
        .then(|| Text::new("多了一个 `/`，有一级为空", "it has an empty level: a `/` too many"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Result<String, Text> {
        parse(text).map(|address| address.with_port(502))
    }

    #[test]
    fn hosts_and_ports_are_read() {
        assert_eq!(whole("192.168.1.10").unwrap(), "192.168.1.10:502");
        assert_eq!(whole("Gateway.local:1502").unwrap(), "gateway.local:1502");
        assert_eq!(whole("[fe80::1]").unwrap(), "[fe80::1]:502");
        assert_eq!(whole("[fe80::1]:503").unwrap(), "[fe80::1]:503");
    }

    #[test]
    fn what_is_no_address_says_why() {
        for bad in
            ["", ":502", "a:b", "a:0", "a:70000", "192.168.1", "192.168.1.300", "http://a", "a b"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("fe80::1").unwrap_err().en, "IPv6 belongs in brackets");
        assert!(parse("[fe80::1").is_err());
        assert!(parse("[x]:1").is_err());
        assert!(parse("[fe80::1]502").is_err());
    }

    #[test]
    fn a_topic_belongs_to_one_device() {
        assert_eq!(topic_trouble("hall/a/b"), None);
        for bad in ["hall/+/b", "hall/#", "$SYS/x", "a//b", "/a", "a/", "a\u{0}b"] {
            assert!(topic_trouble(bad).is_some(), "{bad}");
        }
    }
}
