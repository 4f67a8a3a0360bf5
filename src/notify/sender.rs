//! From a message to the wire, whatever the channel is.

use std::sync::Arc;

use reqwest::Client;

use crate::clock::SharedClock;
use crate::model::Text;

use super::alertmanager::{self, Alertmanager};
use super::answer::Answer;
use super::compose::{self, Paper, paper};
use super::config::{ChannelConfig, Email, Hook, Kind, Language, Sms};
use super::email::{self, Mailer};
use super::error::NotifyError;
use super::handle::Surroundings;
use super::hook;
use super::http::client;
use super::kept::Kept;
use super::message::Message;
use super::mqtt::Topic;
use super::names::Names;
use super::people::People;
use super::robot::{self, Dingtalk, Feishu, Wecom};
use super::sms::{self, Gateway};
use super::wall::{Announcement, Wall};

/// Bytes of what stands on the wall.
const WALL_BYTES_MAX: usize = 600;

enum Way {
    Wecom(Wecom),
    Dingtalk(Dingtalk),
    Feishu(Feishu),
    Email(Mailer, Email),
    Hook(Client, Hook),
    Alertmanager(Alertmanager),
    Mqtt(Topic),
    Sms(Gateway, Sms),
    Sound(Wall),
}

/// What sends the messages of one channel.
pub(super) struct Sender {
    pub(super) config: ChannelConfig,
    way: Way,
    names: Arc<Names>,
    people: Arc<People>,
    clock: SharedClock,
}

impl Sender {
    /// Nothing is sent yet.
    pub(super) fn new(config: ChannelConfig, around: &Surroundings) -> Result<Self, NotifyError> {
        let net = &config.net;
        let way = match config.kind.clone() {
            Kind::Wecom { base, key } => {
                Way::Wecom(Wecom { client: client(net, &base)?, base: trimmed(&base), key })
            }
            Kind::Dingtalk { base, token, secret } => {
                let (client, base) = (client(net, &base)?, trimmed(&base));
                Way::Dingtalk(Dingtalk { client, base, token, secret })
            }
            Kind::Feishu { base, token, secret } => {
                let (client, base) = (client(net, &base)?, trimmed(&base));
                Way::Feishu(Feishu { client, base, token, secret })
            }
            Kind::Email(email) => Way::Email(Mailer::new(&email, net)?, email),
            Kind::Webhook(hook) => Way::Hook(client(net, hook.url.reveal())?, hook),
            Kind::Alertmanager { url } => {
                Way::Alertmanager(Alertmanager { client: client(net, &url)?, url })
            }
            Kind::Mqtt(mqtt) => Way::Mqtt(Topic::new(mqtt, &config.name)?),
            Kind::Sms(sms) => {
                Way::Sms(Gateway::new(client(net, sms.url.reveal())?, sms.clone())?, sms)
            }
            Kind::Sound => Way::Sound(around.wall.clone()),
        };
        let Surroundings { names, people, clock, .. } = around.clone();
        Ok(Self { config, way, names, people, clock })
    }

    /// Transitions that the next message may hold, of so many that wait, where `room` messages still
    /// fit into this minute.
    pub(super) fn items_max(&self, waiting: usize, room: Option<usize>) -> usize {
        let crowded = room.is_some_and(|room| waiting > room);
        match &self.way {
            // They are single alerts on the wire all the same.
            Way::Alertmanager(_) => 100,
            _ if self.config.digest_ms > 0 || crowded => 2_000,
            _ => 1,
        }
    }

    /// Whether what is open is told again and again.
    pub(super) const fn repeats(&self) -> bool {
        matches!(self.way, Way::Alertmanager(_))
    }

    fn paper(&self, message: &Message, bytes_max: usize) -> Paper {
        paper(message, &self.names, self.config.language, bytes_max)
    }

    /// Sends a message. `reached` are those who have had it in an earlier try.
    pub(super) async fn send(
        &self,
        message: &Message,
        kept: &Kept,
        reached: &mut Vec<String>,
    ) -> Answer {
        let now = self.clock.now();
        let people = self.people.all_of(&self.config.mention, now);
        let key = message.key.as_str();
        match &self.way {
            Way::Wecom(wecom) => {
                let room = robot::WECOM_BYTES_MAX.saturating_sub(Wecom::calls_bytes(&people));
                wecom.send(&self.paper(message, room).text, &people).await
            }
            Way::Dingtalk(dingtalk) => {
                let text = self.paper(message, robot::DINGTALK_BYTES_MAX).text;
                dingtalk.send(&text, &people, now).await
            }
            Way::Feishu(feishu) => {
                let text = self.paper(message, robot::FEISHU_BYTES_MAX).text;
                feishu.send(&text, &people, now).await
            }
            Way::Email(mailer, config) => {
                let names: Vec<_> = config.to.iter().chain(&self.config.mention).cloned().collect();
                let to = self.people.reach(&names, now, |person| person.email.as_ref());
                if to.is_empty() {
                    return nobody();
                }
                let paper = self.paper(message, email::TEXT_BYTES_MAX);
                mailer.send(&paper, key, &to, reached).await
            }
            Way::Hook(client, config) => {
                let paper = self.paper(message, hook::TEXT_BYTES_MAX);
                let (names, language) = (&self.names, self.config.language);
                hook::send(client, config, message, names, language, &paper).await
            }
            Way::Alertmanager(to) => {
                let (alerts, _) = alertmanager::alerts(message, &kept.open, &self.names, now);
                to.post(&alerts, Some(&hook::header_safe(key))).await
            }
            Way::Mqtt(topic) => {
                let paper = self.paper(message, hook::TEXT_BYTES_MAX);
                topic.publish(hook::json(message, &self.names, &paper).unwrap_or_default()).await
            }
            Way::Sms(gateway, config) => {
                let names: Vec<_> = config.to.iter().chain(&self.config.mention).cloned().collect();
                let to = self.people.reach(&names, now, |person| person.mobile.as_ref());
                if to.is_empty() {
                    return nobody();
                }
                let text = self.paper(message, sms::TEXT_BYTES_MAX).text;
                gateway.send(&text, key, &to, reached).await
            }
            Way::Sound(wall) => {
                let of = |language| paper(message, &self.names, language, WALL_BYTES_MAX);
                let (zh, en) = (of(Language::Zh), of(Language::En));
                wall.announce(Announcement {
                    at: now,
                    channel: self.config.name.clone(),
                    severity: compose::worst(message),
                    title: Text::new(zh.title, en.title),
                    text: Text::new(zh.text, en.text),
                    alerts: message.open_ids(),
                });
                Answer::Taken
            }
        }
    }

    /// Tells again what is open.
    pub(super) async fn repeat(&self, kept: &Kept) -> Answer {
        let Way::Alertmanager(to) = &self.way else { return Answer::Taken };
        let open: Vec<_> = kept.open.values().cloned().collect();
        to.post(&open, None).await
    }

    /// What is remembered after a message was taken.
    pub(super) fn remember(&self, message: &Message, kept: &mut Kept) {
        if self.repeats() {
            let now = self.clock.now();
            kept.open = alertmanager::alerts(message, &kept.open, &self.names, now).1;
        }
    }
}

/// A base address without the slash that may end it.
fn trimmed(base: &str) -> String {
    base.trim_end_matches('/').to_owned()
}

fn nobody() -> Answer {
    Answer::Shut(Text::new(
        "收件人都没有可用的号码或地址：检查 [[person]] 和 to",
        "nobody of the receivers has a number or address: check [[person]] and to",
    ))
}
