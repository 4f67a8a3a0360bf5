//! The session with the broker: receive, keep, then acknowledge.
//!
//! Two loops side by side. The listener drives the connection and never waits for the disk; the
//! keeper takes messages in groups, hands them to the journal and acknowledges them. The broker
//! sends at most [`RECEIVE_MAX`] unacknowledged messages on a connection; the queue between the
//! loops holds those of three connections, and messages that need no acknowledgement only get what
//! is left. When it is full all the same, after hours of a full disk, the listener waits and the
//! broker keeps the rest; the keeper never waits for the listener, so they cannot block each other.
//!
//! A message is acknowledged on the connection that brought it: packet numbers begin anew with
//! each, and the broker sends again what was not acknowledged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish, RetainForwardRule};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::journal::JournalError;
use crate::model::{DeviceId, Link, LinkFault, LinkState, Record, Timestamp};
use crate::profile::Protocol;
use crate::source::Context;
use crate::source::state::{SourceHealth, SourceState};
use crate::tally::Happening;

use super::config::{Config, Publisher};
use super::payload::parse;
use super::tls::{TlsError, transport};

/// Messages that the broker may have under way to us without acknowledgement.
const RECEIVE_MAX: u16 = 256;
/// Messages between listener and keeper, and the part that is kept free for acknowledged ones.
const QUEUE: usize = 1024;
const QUEUE_RESERVE: usize = 3 * RECEIVE_MAX as usize;
/// Subscriptions under way at a time.
const OUTGOING_MAX: u16 = 64;
/// Messages kept in one go.
const GROUP: usize = 256;
/// Requests to the event loop: subscriptions and acknowledgements of one full window.
const REQUESTS: usize = 1024;
/// How long the broker keeps our session while we are away, seconds: half a year, as the shipped
/// settings of Mosquitto allow.
const SESSION_EXPIRY_S: u32 = 180 * 24 * 3600;
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const RECONNECT_MIN: Duration = Duration::from_secs(1);
const RECONNECT_MAX: Duration = Duration::from_secs(30);
/// Failed attempts after which the devices are said to be out of reach: a restart of the broker
/// is over by then.
const FAILURES_TOLD: u32 = 3;
/// Pause before a full disk is tried again; meanwhile the broker holds what is not acknowledged.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// Listens to the broker.
pub struct Session {
    config: Config,
    topics: Arc<BTreeMap<String, Publisher>>,
    context: Context,
    /// Number of the present connection.
    connection: AtomicU64,
    /// What was last said of each device's link.
    links: Mutex<BTreeMap<DeviceId, LinkState>>,
}

/// What goes from the listener to the keeper. Nearly all are messages: boxing them would cost an
/// allocation each.
#[allow(clippy::large_enum_variant)]
enum Arrived {
    /// A message, and the number of the connection that brought it.
    Message(u64, Publish),
    /// The broker is there again, or has not been for a while and why.
    Broker(Option<LinkFault>),
}

impl Session {
    /// Whether the configured certificates can be used, told before anything runs.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn check(config: &Config) -> Result<(), TlsError> {
        config.tls.as_ref().map_or(Ok(()), |ca_file| transport(ca_file.as_deref()).map(drop))
    }

    /// A session that is not connected yet.
    #[must_use]
    pub fn new(config: Config, context: Context) -> Self {
        let topics = config.devices.iter().map(|d| (d.topic.clone(), d.clone())).collect();
        let (connection, links) = (AtomicU64::new(0), Mutex::default());
        let topics = Arc::new(topics);
        Self { config, topics, context, connection, links }
    }

    /// Listens until told to stop.
    ///
    /// # Errors
    /// [`TlsError`] when the configured certificates cannot be used.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TlsError> {
        let (client, events) = AsyncClient::new(self.options()?, REQUESTS);
        let (queue, waiting) = mpsc::channel(QUEUE);
        let keeper = self.keep(waiting, client.clone());
        let listener = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.listen(events, &client, &queue) => {}
            }
            drop(queue);
        };
        tokio::join!(listener, keeper);
        Ok(())
    }

    fn options(&self) -> Result<MqttOptions, TlsError> {
        let config = &self.config;
        let mut options = MqttOptions::new(&config.client_id, &config.host, config.port);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_start(false)
            .set_session_expiry_interval(Some(SESSION_EXPIRY_S))
            .set_receive_maximum(Some(RECEIVE_MAX))
            .set_max_packet_size(Some(config.packet_bytes_max))
            .set_manual_acks(true)
            // We publish nothing; the library sets aside 13 MB for it otherwise.
            .set_outgoing_inflight_upper_limit(OUTGOING_MAX);
        if let Some((user, password)) = &config.login {
            options.set_credentials(user, password);
        }
        if let Some(ca_file) = &config.tls {
            options.set_transport(transport(ca_file.as_deref())?);
        }
        Ok(options)
    }

    fn name(&self) -> String {
        format!("{}:{}", self.config.host, self.config.port)
    }

    fn publish_state(&self, health: SourceHealth, fault: Option<LinkFault>) {
        let devices = self.topics.len();
        self.context
            .sources
            .set(&self.name(), SourceState { kind: "mqtt", health, devices, fault });
    }

    async fn listen(
        &self,
        mut events: EventLoop,
        client: &AsyncClient,
        queue: &mpsc::Sender<Arrived>,
    ) {
        let mut failures = 0u32;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    tracing::info!(broker = %self.name(), "connected to the broker");
                    failures = 0;
                    self.connection.fetch_add(1, Ordering::Relaxed);
                    self.publish_state(SourceHealth::Ok, None);
                    drop(queue.try_send(Arrived::Broker(None)));
                    self.subscribe(client);
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    let refused = answer.return_codes.iter().filter(|code| is_refusal(**code));
                    for _ in refused {
                        tracing::error!("the broker refused a subscription: check its ACL");
                        self.context.tally.count(Happening::Rejected, "subscription_refused");
                        self.publish_state(SourceHealth::Degraded, Some(LinkFault::Forbidden));
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let droppable = publish.qos == QoS::AtMostOnce;
                    let connection = self.connection.load(Ordering::Relaxed);
                    let arrived = Arrived::Message(connection, publish);
                    if droppable && queue.capacity() <= QUEUE_RESERVE {
                        self.context.tally.count(Happening::Rejected, "queue_full");
                    } else if queue.send(arrived).await.is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(broker = %self.name(), %error, "no connection to the broker");
                    }
                    self.publish_state(SourceHealth::Down, Some(fault_of(&error)));
                    if failures == FAILURES_TOLD {
                        drop(queue.try_send(Arrived::Broker(Some(fault_of(&error)))));
                    }
                    tokio::time::sleep(back_off(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// Subscribes anew at every connection: a broker may have lost the session.
    fn subscribe(&self, client: &AsyncClient) {
        for chunk in self.topics.keys().collect::<Vec<_>>().chunks(100) {
            let filters = chunk.iter().map(|topic| {
                let mut filter = Filter::new((*topic).clone(), QoS::AtLeastOnce);
                // What the broker keeps for newcomers is old news to a session that goes on.
                filter.retain_forward_rule = RetainForwardRule::OnNewSubscribe;
                filter
            });
            if let Err(error) = client.try_subscribe_many(filters) {
                tracing::error!(%error, "subscriptions could not be sent");
            }
        }
    }

    async fn keep(&self, mut waiting: mpsc::Receiver<Arrived>, client: AsyncClient) {
        let mut group = Vec::with_capacity(GROUP);
        while waiting.recv_many(&mut group, GROUP).await > 0 {
            let records: Vec<Record> =
                group.iter().flat_map(|arrived| self.records(arrived)).collect();
            if !self.append(records).await {
                return;
            }
            let present = self.connection.load(Ordering::Relaxed);
            for arrived in group.drain(..) {
                let Arrived::Message(connection, publish) = arrived else { continue };
                // Fails only when the session has ended; the broker sends it again then.
                if connection == present && client.try_ack(&publish).is_err() {
                    self.context.tally.count(Happening::Rejected, "ack_not_sent");
                }
            }
        }
    }

    /// Keeps records for as long as it takes; false when the journal is closed.
    async fn append(&self, records: Vec<Record>) -> bool {
        if records.is_empty() {
            return true;
        }
        loop {
            match self.context.journal.append(records.clone()).await {
                Ok(_) => return true,
                Err(JournalError::Closed) => return false,
                Err(error) => {
                    tracing::warn!(%error, "messages wait for the disk, not acknowledged");
                    tokio::time::sleep(DISK_PAUSE).await;
                }
            }
        }
    }

    fn records(&self, arrived: &Arrived) -> Vec<Record> {
        match arrived {
            Arrived::Message(_, publish) => self.records_of(publish),
            Arrived::Broker(fault) => self.broker_change(*fault),
        }
    }

    /// The reading of a message, and the link of its device; nothing if it was refused.
    fn records_of(&self, publish: &Publish) -> Vec<Record> {
        let topic = String::from_utf8_lossy(&publish.topic);
        let Some(publisher) = self.topics.get(&*topic) else {
            self.context.tally.count(Happening::Rejected, "unknown_topic");
            return Vec::new();
        };
        let Protocol::Mqtt(profile) = &publisher.profile.protocol else { return Vec::new() };
        if publish.payload.is_empty() {
            return Vec::new(); // a retained message was cleared
        }
        let now = self.context.clock.now();
        match parse(&publisher.device, profile, &publish.payload, publish.retain, now) {
            Ok(parsed) => {
                if parsed.wrong_fields > 0 {
                    self.context.tally.add(
                        Happening::Rejected,
                        "wrong_field",
                        parsed.wrong_fields as u64,
                    );
                }
                let link = self.link_change(&publisher.device.id, parsed.gone, now);
                std::iter::once(Record::Reading(parsed.reading)).chain(link).collect()
            }
            Err(refusal) => {
                tracing::warn!(device = %publisher.device.id, %refusal, "message refused");
                self.context.tally.count(Happening::Rejected, refusal.as_str());
                Vec::new()
            }
        }
    }
}

impl Session {
    /// News of a device's link: its last will, or that it speaks (again).
    fn link_change(&self, device: &DeviceId, gone: bool, time: Timestamp) -> Option<Record> {
        let state = match gone {
            true => LinkState::Down { fault: LinkFault::LastWill, detail: String::new() },
            false => LinkState::Up,
        };
        self.news(device, state, time)
    }

    /// Without the broker no device can be heard, which is no fault of theirs; with it again, those
    /// that had not said good-bye are expected to speak.
    fn broker_change(&self, fault: Option<LinkFault>) -> Vec<Record> {
        let time = self.context.clock.now();
        let known = self.links.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let change = |device: &DeviceId| {
            let state = match (fault, known.get(device)) {
                (_, Some(LinkState::Down { fault: LinkFault::LastWill, .. })) => return None,
                (Some(fault), _) => LinkState::Down { fault, detail: String::new() },
                (None, Some(LinkState::Down { .. })) => LinkState::Up,
                (None, _) => return None,
            };
            self.news(device, state, time)
        };
        self.config.devices.iter().filter_map(|publisher| change(&publisher.device.id)).collect()
    }

    fn news(&self, device: &DeviceId, state: LinkState, time: Timestamp) -> Option<Record> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.insert(device.clone(), state.clone()).as_ref() == Some(&state) {
            return None;
        }
        Some(Record::Link(Link { device: device.clone(), time, state }))
    }
}

fn is_refusal(code: rumqttc::v5::mqttbytes::v5::SubscribeReasonCode) -> bool {
    !matches!(code, rumqttc::v5::mqttbytes::v5::SubscribeReasonCode::Success(_))
}

const fn fault_of(error: &ConnectionError) -> LinkFault {
    match error {
        ConnectionError::ConnectionRefused(_) => LinkFault::Forbidden,
        _ => LinkFault::BrokerDown,
    }
}

fn back_off(failures: u32) -> Duration {
    let doubled = RECONNECT_MIN.saturating_mul(1 << failures.min(10));
    doubled.min(RECONNECT_MAX).mul_f64(rand::random_range(0.8..1.2))
}
