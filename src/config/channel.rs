//! The `[[channel]]`s and `[[webhook]]`s: how people and other programs are told.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;

use crate::model::{Text, near, text};
use crate::notify::{
    self, ChannelConfig, Hook, Kind, Language, Method, Mqtt, Net, People, Person, Secret,
};
use crate::source::mqtt;

use super::people::name;
use super::section::{Placed, Section, write};
use super::{address, person, post, robot, secret};

const WEBHOOK: &[&str] = &["name", "url", "authorization_file"];
/// Keys that every channel may have.
const EVERY: &[&str] = &["name", "kind", "language", "mention", "per_minute", "digest_s"];
/// All keys of channels, whatever their kind.
const CHANNEL: &[&str] = &[
    "name",
    "kind",
    "language",
    "mention",
    "per_minute",
    "digest_s",
    "base_url",
    "proxy",
    "ca_file",
    "url",
    "url_file",
    "key_file",
    "token_file",
    "secret_file",
    "address",
    "tls",
    "username",
    "password_file",
    "from",
    "to",
    "method",
    "headers",
    "authorization_file",
    "body",
    "success_pattern",
    "topic",
    "retain",
];

/// A kind of channel: its keys, the messages that it bears in a minute, and how long it collects,
/// seconds.
struct Form {
    kind: &'static str,
    keys: &'static [&'static str],
    per_minute: Option<u32>,
    digest_s: i64,
}

/// The robots' limits are a little below those of the services: their minute is not ours.
const FORMS: [Form; 9] = [
    Form {
        kind: "wecom",
        keys: &["url_file", "key_file", "base_url", "proxy", "ca_file"],
        per_minute: Some(18),
        digest_s: 30,
    },
    Form {
        kind: "dingtalk",
        keys: &["url_file", "token_file", "secret_file", "base_url", "proxy", "ca_file"],
        per_minute: Some(18),
        digest_s: 30,
    },
    Form {
        kind: "feishu",
        keys: &["url_file", "token_file", "secret_file", "base_url", "proxy", "ca_file"],
        per_minute: Some(60),
        digest_s: 30,
    },
    Form {
        kind: "email",
        keys: &["address", "tls", "username", "password_file", "from", "to", "ca_file"],
        per_minute: Some(30),
        digest_s: 30,
    },
    Form {
        kind: "sms",
        keys: &[
            "url",
            "url_file",
            "key_file",
            "method",
            "headers",
            "authorization_file",
            "body",
            "success_pattern",
            "to",
            "proxy",
            "ca_file",
        ],
        per_minute: Some(10),
        digest_s: 30,
    },
    Form {
        kind: "webhook",
        keys: &[
            "url",
            "url_file",
            "method",
            "headers",
            "authorization_file",
            "body",
            "proxy",
            "ca_file",
        ],
        per_minute: None,
        digest_s: 0,
    },
    Form {
        kind: "alertmanager",
        keys: &["url", "proxy", "ca_file"],
        per_minute: None,
        digest_s: 0,
    },
    Form { kind: "mqtt", keys: &["topic", "retain"], per_minute: None, digest_s: 0 },
    Form { kind: "sound", keys: &[], per_minute: None, digest_s: 0 },
];

/// Reads people, rotas, webhooks and channels.
pub(super) fn notify(
    root: &Section<'_>,
    folder: &Path,
    broker: Option<&mqtt::Config>,
    time_zone: Option<&TimeZone>,
) -> notify::Config {
    let people = person::people(root, time_zone);
    let mut lines = BTreeMap::new();
    let webhooks = root.list("webhook", WEBHOOK);
    let mut channels: Vec<ChannelConfig> =
        webhooks.iter().filter_map(|section| webhook(section, folder, &mut lines)).collect();
    for section in root.list("channel", CHANNEL) {
        let reader = Reader { section: &section, root, folder, people: &people };
        channels.extend(reader.channel(&mut lines, broker));
    }
    notify::Config { channels, people }
}

fn webhook(
    section: &Section<'_>,
    folder: &Path,
    lines: &mut BTreeMap<String, usize>,
) -> Option<ChannelConfig> {
    let name = name(section, lines, "webhook", "duty-group");
    let url = address::url(section, "url");
    let authorization = secret::read(section, "authorization_file", folder);
    let headers = authorization.map(|value| ("Authorization".to_owned(), Secret::new(value)));
    let hook = Hook {
        url: Secret::new(url?.value),
        method: Method::Post,
        headers: headers.into_iter().collect(),
        body: None,
    };
    Some(ChannelConfig {
        name: name?,
        kind: Kind::Webhook(hook),
        language: Language::default(),
        mention: Vec::new(),
        per_minute: None,
        digest_ms: 0,
        net: Net::default(),
        plain_webhook: true,
    })
}

/// What is needed to read one `[[channel]]`.
pub(super) struct Reader<'a, 'b> {
    pub(super) section: &'b Section<'a>,
    root: &'b Section<'a>,
    pub(super) folder: &'b Path,
    people: &'b People,
}

impl Reader<'_, '_> {
    fn channel(
        &self,
        lines: &mut BTreeMap<String, usize>,
        broker: Option<&mqtt::Config>,
    ) -> Option<ChannelConfig> {
        let section = self.section;
        let name = name(section, lines, "channel", "duty-group");
        let kinds = FORMS.map(|form| form.kind);
        let word = section.need_words("kind", write("kind = \"wecom\""))?;
        let Some(form) = FORMS.iter().find(|form| form.kind == word.value) else {
            let problem = text!("没有渠道种类 `{}`", "no channel is of kind `{}`", word.value);
            let what = Text::new("可用的种类", "the kinds are");
            section.note(word.offset, problem, near::hint(&word.value, &what, kinds));
            return None;
        };
        self.foreign(form);
        let kind = match form.kind {
            "wecom" => robot::wecom(self),
            "dingtalk" => robot::dingtalk(self),
            "feishu" => robot::feishu(self),
            "email" => post::email(self),
            "sms" => post::sms(self),
            "webhook" => post::webhook(self),
            "alertmanager" => {
                address::url(section, "url").map(|url| Kind::Alertmanager { url: url.value })
            }
            "mqtt" => self.mqtt(broker),
            _ => Some(Kind::Sound),
        };
        let language = self.language();
        let mention = self.names("mention", |_| true, "", |_| false);
        let per_minute = section.whole("per_minute", 1..=1_000).map(|most| most.value);
        let digest_s = section.whole::<i64>("digest_s", 0..=3_600).map(|digest| digest.value);
        let net = self.net();
        Some(ChannelConfig {
            name: name?,
            kind: kind?,
            language: language?,
            mention,
            per_minute: per_minute.or(form.per_minute),
            digest_ms: digest_s.unwrap_or(form.digest_s) * 1_000,
            net,
            plain_webhook: false,
        })
    }

    fn foreign(&self, form: &Form) {
        let belongs = |key: &&str| EVERY.contains(key) || form.keys.contains(key);
        for key in CHANNEL.iter().filter(|key| !belongs(key) && self.section.has(key)) {
            let kinds = FORMS.iter().filter(|form| form.keys.contains(key)).map(|form| form.kind);
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            let kind = form.kind;
            let problem = text!(
                "`{key}` 不用于 kind = \"{kind}\"",
                "`{key}` does not belong to kind = \"{kind}\"",
            );
            let hint = text!("请删除；它用于 {kinds}", "remove it; it belongs to {kinds}");
            self.section.note(self.section.key_offset(key), problem, hint);
        }
    }

    fn language(&self) -> Option<Language> {
        if !self.section.has("language") {
            return Some(Language::default());
        }
        let word = self.section.words("language")?;
        match word.value.as_str() {
            "zh" => Some(Language::Zh),
            "en" => Some(Language::En),
            "both" => Some(Language::Both),
            other => {
                let problem = text!("没有语言 `{other}`", "no language is called `{other}`");
                let hint =
                    Text::new("写 \"zh\"、\"en\" 或 \"both\"", "write \"zh\", \"en\" or \"both\"");
                self.section.note(word.offset, problem, hint);
                None
            }
        }
    }

    fn net(&self) -> Net {
        let has = |key| self.section.has(key);
        let proxy = has("proxy").then(|| address::url(self.section, "proxy")).flatten();
        let ca_file = secret::existing(self.section, "ca_file", self.folder);
        Net { proxy: proxy.map(|url| url.value), ca_file }
    }

    /// Names of people and rotas. `fits` says whether a person can be reached and `needed` by what;
    /// `direct` lets other words stand for themselves.
    pub(super) fn names(
        &self,
        key: &str,
        fits: impl Fn(&Person) -> bool,
        needed: &str,
        direct: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let words = self.section.all_words(key);
        for word in &words {
            let members = self.members(&word.value);
            if members.is_empty() && !direct(&word.value) {
                self.note_unknown(word);
            }
            for person in members.into_iter().filter(|person| !fits(person)) {
                let id = &person.id;
                let problem =
                    text!("人员 `{id}` 没有写 `{needed}`", "person `{id}` has no `{needed}`");
                let hint =
                    text!("在 [[person]] 中添加 {needed}", "add {needed} to that [[person]]");
                self.section.note(word.offset, problem, hint);
            }
        }
        words.into_iter().map(|word| word.value).collect()
    }

    /// The people that a name may ever stand for.
    fn members(&self, name: &str) -> Vec<&Person> {
        let rota = self.people.rotas.iter().find(|rota| rota.id == name);
        let is_member = |person: &&Person| match rota {
            Some(rota) => rota.people.contains(&person.id),
            None => person.id == name,
        };
        self.people.persons.iter().filter(is_member).collect()
    }

    fn note_unknown(&self, word: &Placed<String>) {
        // They may be among what could not be read.
        if self.root.may_lack("person") || self.root.may_lack("rota") {
            return;
        }
        let persons = self.people.persons.iter().map(|person| person.id.as_str());
        let known = persons.chain(self.people.rotas.iter().map(|rota| rota.id.as_str()));
        let what = Text::new("人员和值班表", "persons and rotas");
        let hint = near::hint(&word.value, &what, known);
        let problem = text!("没有人员或值班表 `{}`", "there is no person or rota `{}`", word.value);
        self.section.note(word.offset, problem, hint);
    }

    fn mqtt(&self, broker: Option<&mqtt::Config>) -> Option<Kind> {
        let section = self.section;
        let topic = section.need_words("topic", write("topic = \"hall/alerts\""));
        let topic = topic.and_then(|topic| match address::topic_trouble(&topic.value) {
            None => Some(topic.value),
            Some(Text { zh, en }) => {
                let value = &topic.value;
                let problem = text!("`{value}` 不能作为主题：{zh}", "`{value}` is no topic: {en}");
                section.note(topic.offset, problem, write("topic = \"hall/alerts\""));
                None
            }
        });
        let retain = section.get::<bool>("retain").is_some_and(|retain| retain.value);
        if !self.root.has("mqtt") {
            let hint = Text::new(
                "这个渠道用大厅的消息服务器：添加 [mqtt]",
                "this channel is on the hall's broker: add [mqtt]",
            );
            self.root.missing("mqtt", hint);
        }
        Some(Kind::Mqtt(Mqtt { broker: broker?.clone(), topic: topic?, retain }))
    }
}
