//! Addresses as people write them: `host[:port]`, web addresses, MQTT topics.

use super::section::{Placed, Section};

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

/// Reads `host[:port]`.
pub(super) fn host_port(
    section: &Section<'_>,
    key: &str,
    text: &Placed<String>,
) -> Option<HostPort> {
    match parse(text.value.trim()) {
        Ok(address) => Some(address),
        Err(why) => {
            let problem = format!("`{}` is not an address: {why}", text.value);
            let hint = format!("write host or host:port, as in {key} = \"192.168.10.11:502\"");
            section.note(text.offset, problem, hint);
            None
        }
    }
}

fn parse(text: &str) -> Result<HostPort, &'static str> {
    if text.contains("://") || text.contains('/') {
        return Err("it is a web address or a path");
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("the `]` is missing")?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| "no IPv6 address in the brackets")?;
            match (rest, rest.strip_prefix(':')) {
                ("", _) => (host, None),
                (_, Some(port)) => (host, Some(port)),
                _ => return Err("a `:` belongs between host and port"),
            }
        }
        None if text.matches(':').count() > 1 => return Err("IPv6 belongs in brackets"),
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
        Some(_) => return Err("the port is not a number from 1 to 65535"),
    };
    Ok(HostPort { host: host.to_ascii_lowercase(), port })
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.is_empty() {
        return Err("the host is missing");
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.len() > 253 || !host.chars().all(fits) {
        return Err("a host is made of letters, digits, `-` and `.`");
    }
    let numeric = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if numeric && host.parse::<std::net::Ipv4Addr>().is_err() {
        return Err("an IPv4 address has four numbers from 0 to 255");
    }
    Ok(())
}

/// A web address with http or https and a host.
pub(super) fn url(section: &Section<'_>, key: &str) -> Option<Placed<String>> {
    let text = section.need_words(key, "write url = \"http://127.0.0.1:8086\"")?;
    let refuse = |problem: String, hint: &str| {
        section.note(text.offset, problem, hint);
        None
    };
    match reqwest::Url::parse(text.value.trim()) {
        Err(error) => {
            let hint = "write the whole address, as in \"http://127.0.0.1:8086\"";
            refuse(format!("`{}` is not a web address: {error}", text.value), hint)
        }
        Ok(url) if !matches!(url.scheme(), "http" | "https") => refuse(
            format!("`{}` is not a web address", text.value),
            "begin with http:// or https://",
        ),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            let hint = "secrets live in files: take it out and use the `…_file` keys";
            refuse("the address holds a login before the `@`".to_owned(), hint)
        }
        Ok(_) => Some(Placed { value: text.value.trim().to_owned(), offset: text.offset }),
    }
}

/// Why this cannot be the topic of one device.
pub(super) fn topic_trouble(topic: &str) -> Option<&'static str> {
    let wildcard = topic.contains(['+', '#']);
    let empty_level = topic.split('/').any(str::is_empty);
    if wildcard {
        return Some("a wildcard would take the messages of other devices");
    }
    if topic.starts_with('$') {
        return Some("topics that begin with `$` belong to the broker");
    }
    if topic.chars().any(char::is_control) || topic.len() > TOPIC_BYTES_MAX {
        return Some("control characters and more than 65535 bytes are not allowed");
    }
    empty_level.then_some("it has an empty level: a `/` too many")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Result<String, &'static str> {
        parse(text).map(|address| address.with_port(502))
    }

    #[test]
    fn hosts_and_ports_are_read() {
        assert_eq!(whole("192.168.1.10").as_deref(), Ok("192.168.1.10:502"));
        assert_eq!(whole("Gateway.local:1502").as_deref(), Ok("gateway.local:1502"));
        assert_eq!(whole("[fe80::1]").as_deref(), Ok("[fe80::1]:502"));
        assert_eq!(whole("[fe80::1]:503").as_deref(), Ok("[fe80::1]:503"));
    }

    #[test]
    fn what_is_no_address_says_why() {
        for bad in
            ["", ":502", "a:b", "a:0", "a:70000", "192.168.1", "192.168.1.300", "http://a", "a b"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("fe80::1"), Err("IPv6 belongs in brackets"));
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
