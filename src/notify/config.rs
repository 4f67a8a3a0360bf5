//! What the channels have to know.

use std::fmt;
use std::path::PathBuf;

use crate::source::mqtt;

use super::people::People;

/// Where the robots of WeCom are.
pub const WECOM: &str = "https://qyapi.weixin.qq.com";
/// Where the robots of DingTalk are.
pub const DINGTALK: &str = "https://oapi.dingtalk.com";
/// Where the robots of Feishu are.
pub const FEISHU: &str = "https://open.feishu.cn";

/// All channels, and the people who can be named in them.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The channels, in the order of the file.
    pub channels: Vec<ChannelConfig>,
    /// The people and who of them is on call.
    pub people: People,
}

/// A text that is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the wire only.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    /// Leaves it out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// In which language a channel is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
    /// Chinese, and English below.
    Both,
}

/// One channel.
#[derive(Debug, Clone)]
pub struct ChannelConfig {
    /// Name; also of its cursor, so keep it.
    pub name: String,
    /// Where it leads.
    pub kind: Kind,
    /// In which language.
    pub language: Language,
    /// Ids of people and rotas who are called by name.
    pub mention: Vec<String>,
    /// Messages within a minute, at most.
    pub per_minute: Option<u32>,
    /// What comes within so many milliseconds after a message is collected; 0 collects nothing.
    pub digest_ms: i64,
    /// How the network is reached.
    pub net: Net,
    /// It was configured as a `[[webhook]]`, whose cursors have a name of their own.
    pub plain_webhook: bool,
}

impl ChannelConfig {
    /// Name of its cursor in the journal.
    #[must_use]
    pub fn cursor(&self) -> String {
        match self.plain_webhook {
            true => format!("webhook:{}", self.name),
            false => format!("channel:{}", self.name),
        }
    }
}

/// How the network is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Net {
    /// An HTTP proxy, `http://host:port`.
    pub proxy: Option<String>,
    /// PEM file of an authority that is trusted beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// Where a channel leads.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A group robot of WeCom.
    Wecom {
        /// Where it is, without a path.
        base: String,
        /// Its key.
        key: Secret,
    },
    /// A group robot of DingTalk.
    Dingtalk {
        /// Where it is, without a path.
        base: String,
        /// Its token.
        token: Secret,
        /// With what it wants to be signed.
        secret: Option<Secret>,
    },
    /// A group robot of Feishu.
    Feishu {
        /// Where it is, without a path.
        base: String,
        /// Its token.
        token: Secret,
        /// With what it wants to be signed.
        secret: Option<Secret>,
    },
    /// E-mail.
    Email(Email),
    /// Any web address.
    Webhook(Hook),
    /// An Alertmanager of Prometheus.
    Alertmanager {
        /// Its address, with an optional path.
        url: String,
    },
    /// A topic on the hall's broker.
    Mqtt(Mqtt),
    /// A gateway for short messages.
    Sms(Sms),
    /// The display on the wall.
    Sound,
}

impl Kind {
    /// The word used in files and in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Wecom { .. } => "wecom",
            Self::Dingtalk { .. } => "dingtalk",
            Self::Feishu { .. } => "feishu",
            Self::Email(_) => "email",
            Self::Webhook(_) => "webhook",
            Self::Alertmanager { .. } => "alertmanager",
            Self::Mqtt(_) => "mqtt",
            Self::Sms(_) => "sms",
            Self::Sound => "sound",
        }
    }
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// In the clear at first, then TLS; nothing is sent without.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None.
    None,
}

/// E-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// Name or address of the server.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How it is spoken to.
    pub encryption: Encryption,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// The sender's address.
    pub from: String,
    /// Addresses, and ids of people and rotas.
    pub to: Vec<String>,
}

/// How a web address is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET; nothing but the address is sent.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
}

/// Any web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Where the message goes; robots carry their key in it.
    pub url: Secret,
    /// How.
    pub method: Method,
    /// Further headers.
    pub headers: Vec<(String, Secret)>,
    /// The body with `{title}`, `{text}` and others in it; without one the alert as JSON.
    pub body: Option<String>,
}

/// A gateway for short messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sms {
    /// Where the message goes, perhaps with `{phone}`, `{text}` and `{key}` in it.
    pub url: Secret,
    /// How.
    pub method: Method,
    /// Further headers.
    pub headers: Vec<(String, Secret)>,
    /// The body: JSON where it begins with a brace, else a form.
    pub body: String,
    /// What stands for `{key}`.
    pub key: Option<Secret>,
    /// What the body of an answer has to hold where the message was taken.
    pub success_pattern: Option<String>,
    /// Numbers, and ids of people and rotas.
    pub to: Vec<String>,
}

/// A topic on the hall's broker.
#[derive(Clone)]
pub struct Mqtt {
    /// The broker.
    pub broker: mqtt::Config,
    /// Where the messages are published.
    pub topic: String,
    /// The broker keeps the last one for newcomers.
    pub retain: bool,
}

impl fmt::Debug for Mqtt {
    /// Leaves out the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mqtt")
            .field("host", &self.broker.host)
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}
