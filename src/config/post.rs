//! Channels that post something: e-mail, short messages, any web address.

use crate::model::{Text, text};
use crate::notify::{self, Email, Encryption, Hook, Kind, Method, Secret, Sms};

use super::channel::Reader;
use super::people::login;
use super::person::{is_number, note_address};
use super::section::{Section, write};
use super::{address, secret};

pub(super) fn email(reader: &Reader<'_, '_>) -> Option<Kind> {
    let section = reader.section;
    let encryption = encryption(section);
    let port = match encryption {
        Some(Encryption::Tls) => 465,
        Some(Encryption::None) => 25,
        _ => 587,
    };
    let server = section.need_words("address", write("address = \"smtp.example.org\""));
    let server = server.and_then(|text| address::host_port(section, "address", &text, port));
    let (username, password) = login(section, reader.folder);
    if encryption == Some(Encryption::None) && username.is_some() {
        let told = Text::new(
            "口令会不加密地发给邮件服务器",
            "the password goes to the mail server unencrypted",
        );
        let hint =
            Text::new("写 tls = \"starttls\" 或 \"tls\"", "write tls = \"starttls\" or \"tls\"");
        section.notice(section.value_offset("tls"), told, hint);
    }
    let from = section.need_words("from", write("from = \"hall@example.org\""));
    let from = from.and_then(|word| {
        let fits = notify::is_address(bare(&word.value));
        if !fits {
            note_address(section, &word);
        }
        fits.then_some(word.value)
    });
    let to = to(reader, "email");
    let server = server?;
    Some(Kind::Email(Email {
        host: server.host,
        port: server.port.unwrap_or(port),
        encryption: encryption?,
        login: username.zip(password.map(Secret::new)),
        from: from?,
        to: to?,
    }))
}

/// The address in `name <address>`.
fn bare(mailbox: &str) -> &str {
    let inner = mailbox.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    inner.unwrap_or(mailbox)
}

/// Who gets it; somebody has to.
fn to(reader: &Reader<'_, '_>, by: &'static str) -> Option<Vec<String>> {
    let section = reader.section;
    if section.lacks("to") {
        let hint = Text::new(
            "例如 to = [\"duty\"]，写人员、值班表、地址或号码",
            "write to = [\"duty\"]: people, rotas, addresses or numbers",
        );
        section.missing("to", hint);
    }
    let found = match by {
        "email" => reader.names("to", |person| person.email.is_some(), by, notify::is_address),
        _ => reader.names("to", |person| person.mobile.is_some(), by, is_number),
    };
    if found.is_empty() && section.has("to") {
        let problem = Text::new("`to` 里没有收件人", "nobody is in `to`");
        section.note(section.value_offset("to"), problem, write("to = [\"duty\"]"));
    }
    (!found.is_empty()).then_some(found)
}

fn encryption(section: &Section<'_>) -> Option<Encryption> {
    if !section.has("tls") {
        return Some(Encryption::StartTls);
    }
    let word = section.words("tls")?;
    match word.value.as_str() {
        "starttls" => Some(Encryption::StartTls),
        "tls" => Some(Encryption::Tls),
        "none" => Some(Encryption::None),
        other => {
            let problem = text!("没有加密方式 `{other}`", "no encryption is called `{other}`");
            let hint = Text::new(
                "写 \"starttls\"（587 端口）、\"tls\"（465 端口）或 \"none\"",
                "write \"starttls\" (port 587), \"tls\" (port 465) or \"none\"",
            );
            section.note(word.offset, problem, hint);
            None
        }
    }
}

pub(super) fn webhook(reader: &Reader<'_, '_>) -> Option<Kind> {
    let section = reader.section;
    let (url, method, headers) = (url(reader), method(section, false), headers(reader));
    let body = section.words("body").map(|body| body.value);
    if section.has("body") && body.is_none() {
        return None;
    }
    Some(Kind::Webhook(Hook { url: url?, method: method?, headers: headers?, body }))
}

pub(super) fn sms(reader: &Reader<'_, '_>) -> Option<Kind> {
    let section = reader.section;
    let (url, method, headers) = (url(reader), method(section, true), headers(reader));
    let key = secret::read(section, "key_file", reader.folder).map(Secret::new);
    let to = to(reader, "mobile");
    let pattern = section.words("success_pattern");
    let pattern = pattern.filter(|word| {
        let good = regex::Regex::new(&word.value);
        if let Err(error) = &good {
            let (value, why) = (&word.value, error.to_string());
            let why = why.lines().last().unwrap_or_default().to_owned();
            let problem = text!(
                "`{value}` 不是有效的正则表达式：{why}",
                "`{value}` is no regular expression: {why}",
            );
            section.note(word.offset, problem, write("success_pattern = '\"code\":\\s*0'"));
        }
        good.is_ok()
    });
    let get = method == Some(Method::Get);
    let example = write("body = '{\"mobile\":\"{phone}\",\"content\":\"{text}\"}'");
    let body = match get {
        true => section.words("body"),
        false => section.need_words("body", example.clone()),
    };
    if let Some(body) = &body {
        for place in ["{phone}", "{text}"].iter().filter(|place| !body.value.contains(**place)) {
            let problem = text!("`body` 里没有 `{place}`", "`body` has no `{place}`");
            section.note(body.offset, problem, example.clone());
        }
    }
    let body = body.map(|body| body.value).or_else(|| get.then(String::new));
    Some(Kind::Sms(Sms {
        url: url?,
        method: method?,
        headers: headers?,
        body: body?,
        key,
        success_pattern: pattern.map(|word| word.value),
        to: to?,
    }))
}

/// An address, or a file that holds it because it holds a key.
fn url(reader: &Reader<'_, '_>) -> Option<Secret> {
    let section = reader.section;
    if !section.has("url_file") {
        return address::url(section, "url").map(|url| Secret::new(url.value));
    }
    if section.has("url") {
        let problem = Text::new(
            "`url` 与 `url_file` 只能写一个",
            "only one of `url` and `url_file` is needed",
        );
        let hint = Text::new("删除其中一个", "remove one of them");
        section.note(section.key_offset("url"), problem, hint);
    }
    let url = secret::read(section, "url_file", reader.folder)?;
    let good = reqwest::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !good {
        // The address is a secret: it must not stand in the message.
        let problem =
            Text::new("`url_file` 里不是 http(s) 网址", "`url_file` holds no web address");
        let hint = Text::new("以 http:// 或 https:// 开头", "begin with http:// or https://");
        section.note(section.value_offset("url_file"), problem, hint);
    }
    good.then(|| Secret::new(url))
}

fn method(section: &Section<'_>, get_too: bool) -> Option<Method> {
    if !section.has("method") {
        return Some(Method::Post);
    }
    let word = section.words("method")?;
    match word.value.as_str() {
        "POST" => Some(Method::Post),
        "PUT" => Some(Method::Put),
        "GET" if get_too => Some(Method::Get),
        other => {
            let problem =
                text!("不支持请求方法 `{other}`", "the method `{other}` is not used here");
            let hint = match get_too {
                true => write("method = \"POST\", \"PUT\", \"GET\""),
                false => write("method = \"POST\", \"PUT\""),
            };
            section.note(word.offset, problem, hint);
            None
        }
    }
}

fn headers(reader: &Reader<'_, '_>) -> Option<Vec<(String, Secret)>> {
    let section = reader.section;
    let (mut found, mut good) = (Vec::new(), true);
    for (name, value) in section.pairs("headers") {
        let named = reqwest::header::HeaderName::from_bytes(name.value.as_bytes()).is_ok();
        if !named || reqwest::header::HeaderValue::from_str(&value).is_err() {
            let shown = name.value.escape_debug();
            let problem = text!("`{shown}` 不能作为请求头", "`{shown}` is no header");
            section.note(name.offset, problem, write("headers = { X-System = \"hallwatch\" }"));
            good = false;
        }
        found.push((name.value, Secret::new(value)));
    }
    let authorization = secret::read(section, "authorization_file", reader.folder);
    good &= authorization.is_some() || !section.has("authorization_file");
    found.extend(authorization.map(|value| ("Authorization".to_owned(), Secret::new(value))));
    good.then_some(found)
}
