//! What faces people and other programs: the page, the InfluxDB targets and the rules.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use crate::model::{DeviceId, Mistake, Text, text};
use crate::profile::{Catalog, Profile};
use crate::rule::{self, Rule};
use crate::{alert, influx, web};

use super::section::{Section, write};
use super::site::unique;
use super::{address, secret, vendor};

const WEB: &[&str] = &["listen", "password_hash_file", "public_url"];
const INFLUX: &[&str] = &[
    "name",
    "url",
    "version",
    "database",
    "username",
    "password_file",
    "org",
    "bucket",
    "token_file",
    "totals",
];
/// The largest file of rules.
const RULES_BYTES_MAX: u64 = 1_000_000;

/// Where the page is served.
#[derive(Clone, PartialEq, Eq)]
pub struct WebSettings {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Argon2 hash (PHC string) of the password; without one everybody who can connect may look.
    pub password_hash: Option<String>,
    /// Where people open the page: messages lead there, and it stands on the labels of the
    /// machines. Without a slash at the end.
    pub public_url: Option<String>,
}

impl fmt::Debug for WebSettings {
    /// Leaves out the hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSettings").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// One InfluxDB that gets every reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfluxTarget {
    /// Name in messages and of its cursor.
    pub name: String,
    /// Where it listens, with an optional path.
    pub url: String,
    /// Which interface it has.
    pub version: InfluxVersion,
    /// Whether the totals of days and months go there as well.
    pub totals: bool,
}

impl InfluxTarget {
    /// What the sink has to know.
    #[must_use]
    pub fn sink(&self, site: &str) -> influx::Config {
        let secret = influx::Secret::new;
        let version = match self.version.clone() {
            InfluxVersion::V1 { database, username, password } => {
                influx::Version::V1 { database, username, password: password.map(secret) }
            }
            InfluxVersion::V2 { org, bucket, token } => {
                influx::Version::V2 { org, bucket, token: secret(token) }
            }
            InfluxVersion::V3 { database, token } => {
                influx::Version::V3 { database, token: token.map(secret) }
            }
        };
        let config = influx::Config::new(&self.name, &self.url, version, site);
        influx::Config { totals: self.totals, ..config }
    }
}

/// The write interfaces of InfluxDB.
#[derive(Clone, PartialEq, Eq)]
pub enum InfluxVersion {
    /// 1.x, and what imitates it.
    V1 {
        /// Database.
        database: String,
        /// User, if it asks for one.
        username: Option<String>,
        /// The user's password.
        password: Option<String>,
    },
    /// 2.x.
    V2 {
        /// Organisation.
        org: String,
        /// Bucket.
        bucket: String,
        /// Token with the right to write.
        token: String,
    },
    /// 3 Core and Enterprise.
    V3 {
        /// Database.
        database: String,
        /// Token with the right to write, if it asks for one.
        token: Option<String>,
    },
}

impl fmt::Debug for InfluxVersion {
    /// Leaves out what is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V1 { database, username, .. } => f
                .debug_struct("V1")
                .field("database", database)
                .field("username", username)
                .finish_non_exhaustive(),
            Self::V2 { org, bucket, .. } => f
                .debug_struct("V2")
                .field("org", org)
                .field("bucket", bucket)
                .finish_non_exhaustive(),
            Self::V3 { database, .. } => {
                f.debug_struct("V3").field("database", database).finish_non_exhaustive()
            }
        }
    }
}

/// Reads `[web]`.
pub(super) fn web(root: &Section<'_>, folder: &Path) -> WebSettings {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    let Some(section) = root.table("web", WEB) else {
        return WebSettings { listen: default, password_hash: None, public_url: None };
    };
    let public_url = vendor::public_url(&section);
    let password_hash =
        secret::made_by(&section, "password_hash_file", folder, "hallwatch password");
    if let Some(hash) = &password_hash
        && !web::is_password_hash(hash)
    {
        let problem = Text::new(
            "`password_hash_file` 里不是 Argon2 密码散列",
            "`password_hash_file` holds no Argon2 hash",
        );
        let hint = Text::new(
            "用 `hallwatch password` 生成；不要直接写密码",
            "make it with `hallwatch password`; a plain password does not belong there",
        );
        section.note(section.key_offset("password_hash_file"), problem, hint);
    }
    let listen = section.words("listen").and_then(|listen| match listen.value.parse() {
        Ok(address) => Some((address, listen.offset)),
        Err(_) => {
            let value = &listen.value;
            let problem =
                text!("`{value}` 不是带端口的 IP 地址", "`{value}` is not an address with a port");
            let hint = Text::new(
                "例如 listen = \"127.0.0.1:8080\"；对所有网络开放则写 \"0.0.0.0:8080\"",
                "write listen = \"127.0.0.1:8080\", or \"0.0.0.0:8080\" for all networks",
            );
            section.note(listen.offset, problem, hint);
            None
        }
    });
    if let Some((address, offset)) = listen
        && !SocketAddr::ip(&address).is_loopback()
        && !section.has("password_hash_file")
    {
        let problem = text!(
            "`{address}` 可从其他机器访问，却没有设密码",
            "`{address}` can be reached from other machines, without a password",
        );
        let hint = Text::new(
            "添加 password_hash_file = \"…\"，或只监听 127.0.0.1 并放在反向代理之后",
            "add password_hash_file = \"…\", or listen on 127.0.0.1 behind a proxy",
        );
        section.note(offset, problem, hint);
    }
    let listen = listen.map_or(default, |(address, _)| address);
    WebSettings { listen, password_hash, public_url }
}

/// The name of a target; it also names its cursor.
pub(super) fn name(
    section: &Section<'_>,
    lines: &mut BTreeMap<String, usize>,
    what: &str,
    example: &str,
) -> Option<String> {
    let name = section.need_words("name", write(&format!("name = \"{example}\"")))?;
    if let Err(error) = DeviceId::parse(&name.value) {
        let hint = text!(
            "取名如 `{example}`；发送进度按这个名称保存",
            "name it like `{example}`; its place in the journal is kept by name",
        );
        section.note(name.offset, error.text(), hint);
        return None;
    }
    unique(section, lines, &Text::same(what), &name.value, name.offset).then_some(name.value)
}

/// Reads the `[[influxdb]]`s.
pub(super) fn influx(root: &Section<'_>, folder: &Path) -> Vec<InfluxTarget> {
    let mut lines = BTreeMap::new();
    let sections = root.list("influxdb", INFLUX);
    let targets = sections.iter().filter_map(|section| {
        let name = name(section, &mut lines, "influxdb", "main");
        let url = address::url(section, "url");
        let hint = || {
            Text::new(
                "写 version = 1 和 database；version = 2 和 org、bucket、token_file；\
                 或 version = 3 和 database、token_file",
                "write version = 1 with database, version = 2 with org, bucket, token_file, or \
                 version = 3 with database, token_file",
            )
        };
        let version = match section.need::<i64>("version", hint()).map(|v| (v.value, v.offset)) {
            Some((1, _)) => version_1(section, folder),
            Some((2, _)) => version_2(section, folder),
            Some((3, _)) => version_3(section, folder),
            Some((other, offset)) => {
                let problem =
                    text!("不支持 `version = {other}`", "`version = {other}` is not known");
                section.note(offset, problem, hint());
                None
            }
            None => None,
        };
        let totals = section.get::<bool>("totals").is_none_or(|totals| totals.value);
        Some(InfluxTarget { name: name?, url: url?.value, version: version?, totals })
    });
    targets.collect()
}

fn version_1(section: &Section<'_>, folder: &Path) -> Option<InfluxVersion> {
    foreign(section, &["org", "bucket"], "2");
    foreign(section, &["token_file"], "2/3");
    let database = section.need_words("database", write("database = \"hall\""));
    let (username, password) = login(section, folder);
    Some(InfluxVersion::V1 { database: database?.value, username, password })
}

fn version_2(section: &Section<'_>, folder: &Path) -> Option<InfluxVersion> {
    foreign(section, &["database"], "1/3");
    foreign(section, &["username", "password_file"], "1");
    let org = section.need_words("org", write("org = \"hall\""));
    let bucket = section.need_words("bucket", write("bucket = \"hall\""));
    if !section.has("token_file") {
        let hint = Text::new(
            "例如 token_file = \"influx.token\"，文件里存令牌",
            "write token_file = \"influx.token\", a file with the token",
        );
        section.missing("token_file", hint);
    }
    let token = secret::read(section, "token_file", folder);
    Some(InfluxVersion::V2 { org: org?.value, bucket: bucket?.value, token: token? })
}

fn version_3(section: &Section<'_>, folder: &Path) -> Option<InfluxVersion> {
    foreign(section, &["org", "bucket"], "2");
    foreign(section, &["username", "password_file"], "1");
    let database = section.need_words("database", write("database = \"hall\""));
    let token = secret::read(section, "token_file", folder);
    if section.has("token_file") && token.is_none() {
        return None;
    }
    Some(InfluxVersion::V3 { database: database?.value, token })
}

fn foreign(section: &Section<'_>, keys: &[&str], version: &str) {
    for key in keys.iter().filter(|key| section.has(key)) {
        let (zh, en) = (version.replace('/', " 或 "), version.replace('/', " or "));
        let problem = text!("`{key}` 只用于 version = {zh}", "`{key}` belongs to version {en}");
        let hint = text!("请删除，或写 version = {zh}", "remove it, or write version = {en}");
        section.note(section.key_offset(key), problem, hint);
    }
}

/// A user name and a password; one without the other is a mistake.
pub(super) fn login(section: &Section<'_>, folder: &Path) -> (Option<String>, Option<String>) {
    let username = section.words("username").filter(|name| {
        let good = !name.value.chars().any(char::is_control);
        if !good {
            let problem =
                text!("`{}` 不能作为用户名", "`{}` is no user name", name.value.escape_debug(),);
            let hint = Text::new("不含换行等控制字符", "without line breaks and the like");
            section.note(name.offset, problem, hint);
        }
        good
    });
    let username = username.map(|name| name.value);
    let password = secret::read(section, "password_file", folder);
    match (section.has("username"), section.has("password_file")) {
        (true, false) => {
            let hint = Text::new(
                "添加 password_file，文件第一行写密码",
                "add password_file, a file with the password on its first line",
            );
            let problem = Text::new(
                "有 `username`，没有 `password_file`",
                "`username` without `password_file`",
            );
            section.note(section.key_offset("username"), problem, hint);
        }
        (false, true) => {
            let problem = Text::new(
                "有 `password_file`，没有 `username`",
                "`password_file` without `username`",
            );
            let hint = Text::new("添加 username", "add username");
            section.note(section.key_offset("password_file"), problem, hint);
        }
        _ => {}
    }
    (username, password)
}

/// Reads the rules.
pub(super) fn alert(
    root: &Section<'_>,
    folder: &Path,
    catalog: Option<&Catalog>,
    of_files: &mut Vec<Mistake>,
) -> alert::Config {
    // Who is told of what depends on the zones and devices, which are read later.
    let policy = alert::Policy::default();
    let rules = rules(root, folder, catalog, of_files);
    alert::Config { rules, policy, ..alert::Config::default() }
}

/// The rules that the program ships, those that profiles bring, and those of the file that `rules` names.
fn rules(
    root: &Section<'_>,
    folder: &Path,
    catalog: Option<&Catalog>,
    of_files: &mut Vec<Mistake>,
) -> Vec<Rule> {
    let shipped = rule::default_rules().unwrap_or_else(|mistakes| {
        of_files.extend(mistakes);
        Vec::new()
    });
    let shipped = with_brought(catalog, shipped, of_files);
    let profiles: Vec<&str> =
        catalog.into_iter().flat_map(Catalog::iter).map(|profile| profile.id.as_str()).collect();
    let Some(own) = root.words("rules") else { return shipped };
    let path = folder.join(&own.value);
    let fits =
        std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= RULES_BYTES_MAX);
    if path.exists() && !fits {
        let problem = text!("`{}` 不是规则文件", "`{}` is no file of rules", own.value);
        let hint =
            Text::new("规则是不超过 1 MB 的文本文件", "rules are a text file of at most 1 MB");
        root.note(own.offset, problem, hint);
        return shipped;
    }
    let loaded = match std::fs::read_to_string(path) {
        Ok(source) => rule::load(&own.value, &source, shipped.clone(), &profiles),
        Err(error) => {
            let problem = secret::unreadable(&own.value, &error);
            let hint = Text::new("规则是 UTF-8 文本文件", "rules are a UTF-8 text file");
            root.note(own.offset, problem, hint);
            return shipped;
        }
    };
    loaded.unwrap_or_else(|mistakes| {
        of_files.extend(mistakes);
        shipped
    })
}

/// The rules that there are, and those that profiles bring for their own devices and those of profiles that
/// extend them.
fn with_brought(
    catalog: Option<&Catalog>,
    there: Vec<Rule>,
    of_files: &mut Vec<Mistake>,
) -> Vec<Rule> {
    let profiles = || catalog.into_iter().flat_map(Catalog::iter);
    let mut rules = there;
    for profile in profiles() {
        let Some(brought) = &profile.rules else { continue };
        let bears = |other: &&Arc<Profile>| other.rules.as_ref() == Some(brought);
        // The first that has them speaks for all.
        if profiles().find(bears).is_some_and(|first| first.id != profile.id) {
            continue;
        }
        let of: Vec<String> = profiles().filter(bears).map(|other| other.id.clone()).collect();
        match rule::bring(brought, &of, profile.kind, rules.clone()) {
            Ok(all) => rules = all,
            Err(mistakes) => of_files.extend(mistakes),
        }
    }
    rules
}
