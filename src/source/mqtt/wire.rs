//! The connection to the broker in both versions of the protocol, behind one door.

use std::path::Path;

use rumqttc::v5::mqttbytes::v5 as five;
use rumqttc::{mqttbytes as four, v5};

use crate::model::LinkFault;

use super::acks::{self, Ack};
use super::config::{Config, Version};
use super::session::{KEEP_ALIVE, OUTGOING_MAX, RECEIVE_MAX, REQUESTS, SESSION_EXPIRY_S};
use super::table::Filter;

/// The largest packet that the protocol knows, bytes. With 3.1.1 a client cannot tell the broker
/// what it takes, and a message that is refused by its length alone comes again at every connection
/// and blinds us for ever; so it is read, counted and dropped.
const PACKET_BYTES_V311: usize = 268_435_460;

/// A message.
#[derive(Debug, Clone)]
pub(super) enum Publish {
    V5(five::Publish),
    V311(rumqttc::Publish),
}

impl Publish {
    /// A message without its properties: nothing is read of them, and they would be held with it.
    fn v5(mut publish: five::Publish) -> Self {
        publish.properties = None;
        Self::V5(publish)
    }

    pub(super) fn topic(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::V5(publish) => String::from_utf8_lossy(&publish.topic),
            Self::V311(publish) => std::borrow::Cow::Borrowed(&publish.topic),
        }
    }

    pub(super) fn topic_bytes(&self) -> usize {
        match self {
            Self::V5(publish) => publish.topic.len(),
            Self::V311(publish) => publish.topic.len(),
        }
    }

    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::V5(publish) => &publish.payload,
            Self::V311(publish) => &publish.payload,
        }
    }

    /// The broker had kept it for newcomers.
    pub(super) const fn retained(&self) -> bool {
        match self {
            Self::V5(publish) => publish.retain,
            Self::V311(publish) => publish.retain,
        }
    }

    /// What acknowledges it, if anything has to.
    pub(super) fn ack(&self) -> Option<Ack> {
        match self {
            Self::V5(publish) => acks::ack(publish.qos as u8, publish.pkid),
            Self::V311(publish) => acks::ack(publish.qos as u8, publish.pkid),
        }
    }
}

/// What happened on the connection.
pub(super) enum Event {
    Connected,
    /// So many subscriptions were refused.
    Subscribed(usize),
    Message(Publish),
    Other,
    Lost(Lost),
}

/// Why there is no connection.
pub(super) struct Lost {
    pub(super) fault: LinkFault,
    pub(super) text: String,
    /// The broker may not know this version.
    pub(super) perhaps_version: bool,
}

/// The connection itself.
pub(super) enum Events {
    V5(Box<v5::EventLoop>),
    V311(Box<rumqttc::EventLoop>),
}

/// The way to say something on it.
#[derive(Clone)]
pub(super) enum Client {
    V5(v5::AsyncClient),
    V311(rumqttc::AsyncClient),
}

/// A connection that is not made yet, over the relay's socket.
pub(super) fn open(config: &Config, version: Version, socket: &Path) -> (Client, Events) {
    let socket = socket.display().to_string();
    match version {
        Version::V311 => {
            let mut options = rumqttc::MqttOptions::new(&config.client_id, socket, config.port);
            options
                .set_keep_alive(KEEP_ALIVE)
                .set_clean_session(false)
                .set_max_packet_size(PACKET_BYTES_V311, 65_536)
                .set_inflight(OUTGOING_MAX)
                .set_manual_acks(true);
            if let Some((user, password)) = &config.login {
                options.set_credentials(user, password);
            }
            options.set_transport(rumqttc::Transport::Unix);
            let (client, events) = rumqttc::AsyncClient::new(options, REQUESTS);
            (Client::V311(client), Events::V311(Box::new(events)))
        }
        Version::V5 | Version::Auto => {
            let mut options = v5::MqttOptions::new(&config.client_id, socket, config.port);
            options
                .set_keep_alive(KEEP_ALIVE)
                .set_clean_start(false)
                .set_session_expiry_interval(Some(SESSION_EXPIRY_S))
                .set_receive_maximum(Some(RECEIVE_MAX))
                .set_max_packet_size(Some(config.packet_bytes_max))
                .set_manual_acks(true)
                // The library sets aside 13 MB for what we publish otherwise.
                .set_outgoing_inflight_upper_limit(OUTGOING_MAX);
            if let Some((user, password)) = &config.login {
                options.set_credentials(user, password);
            }
            options.set_transport(rumqttc::Transport::Unix);
            let (client, events) = v5::AsyncClient::new(options, REQUESTS);
            (Client::V5(client), Events::V5(Box::new(events)))
        }
    }
}

impl Events {
    pub(super) async fn next(&mut self) -> Event {
        match self {
            Self::V5(events) => match events.poll().await {
                Ok(v5::Event::Incoming(five::Packet::ConnAck(_))) => Event::Connected,
                Ok(v5::Event::Incoming(five::Packet::SubAck(answer))) => {
                    let granted = |code: &&five::SubscribeReasonCode| {
                        !matches!(code, five::SubscribeReasonCode::Success(_))
                    };
                    Event::Subscribed(answer.return_codes.iter().filter(granted).count())
                }
                Ok(v5::Event::Incoming(five::Packet::Publish(publish))) => {
                    Event::Message(Publish::v5(publish))
                }
                Ok(_) => Event::Other,
                Err(error) => Event::Lost(lost_v5(&error)),
            },
            Self::V311(events) => match events.poll().await {
                Ok(rumqttc::Event::Incoming(rumqttc::Packet::ConnAck(_))) => Event::Connected,
                Ok(rumqttc::Event::Incoming(rumqttc::Packet::SubAck(answer))) => {
                    let refused = |code: &&four::v4::SubscribeReasonCode| {
                        matches!(code, four::v4::SubscribeReasonCode::Failure)
                    };
                    Event::Subscribed(answer.return_codes.iter().filter(refused).count())
                }
                Ok(rumqttc::Event::Incoming(rumqttc::Packet::Publish(publish))) => {
                    Event::Message(Publish::V311(publish))
                }
                Ok(_) => Event::Other,
                Err(error) => Event::Lost(lost_v311(&error)),
            },
        }
    }
}

impl Events {
    /// Ends what is left of a connection: what was not sent is forgotten, and
    /// messages that had been read are handed over, because with 3.1.1 the library would give them
    /// out after the next connection has begun.
    pub(super) fn clean(&mut self) -> Vec<Publish> {
        match self {
            Self::V5(events) => {
                events.clean();
                let left = std::mem::take(&mut events.state.events).into_iter();
                let publish = |event| match event {
                    v5::Event::Incoming(five::Packet::Publish(publish)) => {
                        Some(Publish::v5(publish))
                    }
                    _ => None,
                };
                left.filter_map(publish).collect()
            }
            Self::V311(events) => {
                events.clean();
                let left = std::mem::take(&mut events.state.events).into_iter();
                let publish = |event| match event {
                    rumqttc::Event::Incoming(rumqttc::Packet::Publish(publish)) => {
                        Some(Publish::V311(publish))
                    }
                    _ => None,
                };
                left.filter_map(publish).collect()
            }
        }
    }
}

fn lost_v5(error: &v5::ConnectionError) -> Lost {
    use v5::ConnectionError as Error;
    let (fault, perhaps_version) = match error {
        Error::ConnectionRefused(five::ConnectReturnCode::UnsupportedProtocolVersion) => {
            (LinkFault::Forbidden, true)
        }
        Error::ConnectionRefused(_) => (LinkFault::Forbidden, false),
        // A broker of old hangs up, or says something that cannot be read as an answer.
        Error::MqttState(_) | Error::NotConnAck(_) | Error::Io(_) => (LinkFault::BrokerDown, true),
        _ => (LinkFault::BrokerDown, false),
    };
    Lost { fault, text: error.to_string(), perhaps_version }
}

fn lost_v311(error: &rumqttc::ConnectionError) -> Lost {
    let fault = match error {
        rumqttc::ConnectionError::ConnectionRefused(_) => LinkFault::Forbidden,
        _ => LinkFault::BrokerDown,
    };
    Lost { fault, text: error.to_string(), perhaps_version: true }
}

impl Client {
    /// Subscribes; false when that could not even be sent.
    pub(super) fn subscribe(&self, filters: &[&Filter], share: Option<&str>) -> bool {
        let topic = |filter: &Filter| match share.filter(|_| filter.sharable) {
            Some(group) => format!("$share/{group}/{}", filter.topic),
            None => filter.topic.clone(),
        };
        match self {
            Self::V5(client) => {
                let filters = filters.iter().map(|filter| {
                    let mut one = five::Filter::new(topic(filter), v5::mqttbytes::QoS::AtLeastOnce);
                    // What the broker keeps for newcomers is old news to a session that goes on.
                    one.retain_forward_rule = match filter.kept {
                        true => five::RetainForwardRule::OnEverySubscribe,
                        false => five::RetainForwardRule::OnNewSubscribe,
                    };
                    one
                });
                client.try_subscribe_many(filters).is_ok()
            }
            Self::V311(client) => {
                let filters = filters.iter().map(|filter| {
                    rumqttc::SubscribeFilter::new(topic(filter), rumqttc::QoS::AtLeastOnce)
                });
                client.try_subscribe_many(filters).is_ok()
            }
        }
    }

    /// Leaves the broker; false when that could not even be sent.
    pub(super) fn disconnect(&self) -> bool {
        match self {
            Self::V5(client) => client.try_disconnect().is_ok(),
            Self::V311(client) => client.try_disconnect().is_ok(),
        }
    }

    /// Asks an edge node to be born again: the only thing that is ever published.
    pub(super) fn ask_rebirth(&self, topic: &str, payload: Vec<u8>) -> bool {
        match self {
            Self::V5(client) => {
                client.try_publish(topic, v5::mqttbytes::QoS::AtMostOnce, false, payload).is_ok()
            }
            Self::V311(client) => {
                client.try_publish(topic, rumqttc::QoS::AtMostOnce, false, payload).is_ok()
            }
        }
    }
}
