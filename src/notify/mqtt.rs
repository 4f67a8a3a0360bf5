//! A topic on the hall's broker. The connection is not the one by which the devices are heard: that
//! one never publishes.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5 as five;
use rumqttc::{QoS, TlsConfiguration, Transport, v5};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::model::{Text, text};
use crate::source::mqtt::{Version, tls_client};

use super::answer::Answer;
use super::config::Mqtt;
use super::error::NotifyError;
use super::http::{TIMEOUT, shown};

const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// A connection that has been quiet for longer is left: nobody has looked after it.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Requests that may wait in the library: one message and the end.
const REQUESTS: usize = 4;
/// Largest packet that we send, bytes.
const PACKET_BYTES: usize = 1 << 20;

enum Events {
    V5(Box<v5::EventLoop>, v5::AsyncClient),
    V311(Box<rumqttc::EventLoop>, rumqttc::AsyncClient),
}

struct Link {
    events: Events,
    used: Instant,
}

/// One topic.
pub(super) struct Topic {
    config: Mqtt,
    client_id: String,
    tls: Option<std::sync::Arc<rustls::ClientConfig>>,
    link: Mutex<Option<Link>>,
}

impl Topic {
    pub(super) fn new(config: Mqtt, channel: &str) -> Result<Self, NotifyError> {
        let tls = config.broker.tls.as_ref().map(tls_client).transpose()?;
        let client_id = format!("{}-{channel}", config.broker.client_id);
        Ok(Self { config, client_id, tls, link: Mutex::new(None) })
    }

    /// Publishes and waits until the broker has it.
    pub(super) async fn publish(&self, payload: String) -> Answer {
        let mut slot = self.link.lock().await;
        let old = slot.take().filter(|link| link.used.elapsed() < IDLE_MAX);
        let mut link = match old {
            Some(link) => link,
            None => Link { events: self.open(), used: Instant::now() },
        };
        let said = link.say(&self.config, payload);
        let answer = timeout(TIMEOUT, said).await.unwrap_or_else(|_| {
            Answer::Later(Text::new("消息服务器超时未应答", "the broker does not answer in time"))
        });
        if answer == Answer::Taken {
            link.used = Instant::now();
            *slot = Some(link);
        }
        answer
    }

    fn open(&self) -> Events {
        let broker = &self.config.broker;
        let transport = match &self.tls {
            Some(tls) => Transport::Tls(TlsConfiguration::Rustls(tls.clone())),
            None => Transport::Tcp,
        };
        // Every broker that knows 5 knows 3.1.1, and nothing more is needed here.
        if broker.version == Version::V5 {
            let mut options = v5::MqttOptions::new(&self.client_id, &broker.host, broker.port);
            options.set_keep_alive(KEEP_ALIVE).set_clean_start(true).set_transport(transport);
            options.set_outgoing_inflight_upper_limit(1);
            if let Some((user, password)) = &broker.login {
                options.set_credentials(user, password);
            }
            let (client, events) = v5::AsyncClient::new(options, REQUESTS);
            return Events::V5(Box::new(events), client);
        }
        let mut options = rumqttc::MqttOptions::new(&self.client_id, &broker.host, broker.port);
        options.set_keep_alive(KEEP_ALIVE).set_clean_session(true).set_transport(transport);
        options.set_max_packet_size(PACKET_BYTES, PACKET_BYTES).set_inflight(1);
        if let Some((user, password)) = &broker.login {
            options.set_credentials(user, password);
        }
        let (client, events) = rumqttc::AsyncClient::new(options, REQUESTS);
        Events::V311(Box::new(events), client)
    }
}

impl Link {
    async fn say(&mut self, config: &Mqtt, payload: String) -> Answer {
        let (topic, retain) = (config.topic.as_str(), config.retain);
        match &mut self.events {
            Events::V311(events, client) => {
                if client.try_publish(topic, QoS::AtLeastOnce, retain, payload).is_err() {
                    return closed();
                }
                loop {
                    match events.poll().await {
                        Ok(rumqttc::Event::Incoming(rumqttc::Packet::PubAck(_))) => {
                            return Answer::Taken;
                        }
                        Ok(_) => {}
                        Err(error) => {
                            let login =
                                matches!(error, rumqttc::ConnectionError::ConnectionRefused(_));
                            return lost(&error.to_string(), login);
                        }
                    }
                }
            }
            Events::V5(events, client) => {
                if client
                    .try_publish(topic, v5::mqttbytes::QoS::AtLeastOnce, retain, payload)
                    .is_err()
                {
                    return closed();
                }
                loop {
                    match events.poll().await {
                        Ok(v5::Event::Incoming(five::Packet::PubAck(ack))) => return of_ack(&ack),
                        Ok(_) => {}
                        Err(error) => {
                            let login = matches!(error, v5::ConnectionError::ConnectionRefused(_));
                            return lost(&error.to_string(), login);
                        }
                    }
                }
            }
        }
    }
}

fn of_ack(ack: &five::PubAck) -> Answer {
    use five::PubAckReason as Reason;
    let reason = ack.reason;
    let why = text!("消息服务器拒绝：{reason:?}", "the broker refuses it: {reason:?}");
    match reason {
        Reason::Success | Reason::NoMatchingSubscribers => Answer::Taken,
        Reason::NotAuthorized | Reason::TopicNameInvalid => Answer::Shut(why),
        Reason::PayloadFormatInvalid => Answer::Refused(why),
        _ => Answer::Later(why),
    }
}

fn closed() -> Answer {
    Answer::Later(Text::new("与消息服务器的连接已断", "the connection to the broker is gone"))
}

fn lost(words: &str, login: bool) -> Answer {
    let words = shown(words, &[]);
    match login {
        true => {
            Answer::Shut(text!("消息服务器不让连接：{words}", "the broker lets nobody in: {words}"))
        }
        false => Answer::Later(text!(
            "连不上消息服务器：{words}",
            "no connection to the broker: {words}"
        )),
    }
}
