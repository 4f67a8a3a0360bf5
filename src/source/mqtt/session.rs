//! The session with the broker: receive, keep, then acknowledge.
//!
//! Two loops side by side. The listener drives the connection and never waits for the disk; the
//! keeper takes messages in groups, hands them to the journal and acknowledges them. The broker
//! sends at most [`RECEIVE_MAX`] unacknowledged messages, and the queue between the loops holds
//! more than that, so neither loop can block the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::journal::{Journal, JournalError};
use crate::model::{Link, LinkFault, LinkState, Record};
use crate::profile::Protocol;
use crate::source::state::{SourceHealth, SourceState, Sources};
use crate::tally::{Happening, Tally};

use super::config::{Config, Publisher};
use super::payload::parse;
use super::tls::{TlsError, transport};

/// Messages that the broker may have under way to us without acknowledgement.
const RECEIVE_MAX: u16 = 256;
/// Messages between listener and keeper; more than the broker may have under way.
const QUEUE: usize = 512;
/// Messages kept in one go.
const GROUP: usize = 256;
/// Requests to the event loop: subscriptions and acknowledgements of one full window.
const REQUESTS: usize = 1024;
/// How long the broker keeps our session while we are away, seconds.
const SESSION_EXPIRY_S: u32 = 7 * 24 * 3600;
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const RECONNECT_MIN: Duration = Duration::from_secs(1);
const RECONNECT_MAX: Duration = Duration::from_secs(30);
/// Pause before a full disk is tried again; meanwhile the broker holds what is not acknowledged.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// Listens to the broker.
pub struct Session {
    config: Config,
    topics: Arc<BTreeMap<String, Publisher>>,
    journal: Journal,
    clock: SharedClock,
    tally: Tally,
    sources: Sources,
}

impl Session {
    /// A session that is not connected yet.
    #[must_use]
    pub fn new(
        config: Config,
        journal: Journal,
        clock: SharedClock,
        tally: Tally,
        sources: Sources,
    ) -> Self {
        let topics = config.devices.iter().map(|d| (d.topic.clone(), d.clone())).collect();
        Self { config, topics: Arc::new(topics), journal, clock, tally, sources }
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
            .set_outgoing_inflight_upper_limit(1);
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

    fn publish_state(&self, fault: Option<LinkFault>) {
        let health = if fault.is_some() { SourceHealth::Down } else { SourceHealth::Ok };
        let devices = self.topics.len();
        self.sources.set(&self.name(), SourceState { kind: "mqtt", health, devices, fault });
    }

    async fn listen(
        &self,
        mut events: EventLoop,
        client: &AsyncClient,
        queue: &mpsc::Sender<Publish>,
    ) {
        let mut failures = 0u32;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    tracing::info!(broker = %self.name(), "connected to the broker");
                    failures = 0;
                    self.publish_state(None);
                    self.subscribe(client);
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    let refused = answer.return_codes.iter().filter(|code| is_refusal(**code));
                    for _ in refused {
                        tracing::error!("the broker refused a subscription: check its ACL");
                        self.tally.count(Happening::Rejected, "subscription_refused");
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    // Acknowledged messages are bounded by the receive maximum; QoS 0 is not.
                    if queue.try_send(publish).is_err() {
                        self.tally.count(Happening::Rejected, "queue_full");
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(broker = %self.name(), %error, "no connection to the broker");
                    }
                    self.publish_state(Some(fault_of(&error)));
                    tokio::time::sleep(back_off(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// Subscribes anew at every connection: a broker may have lost the session.
    fn subscribe(&self, client: &AsyncClient) {
        for chunk in self.topics.keys().collect::<Vec<_>>().chunks(100) {
            let filters = chunk.iter().map(|topic| Filter::new((*topic).clone(), QoS::AtLeastOnce));
            if let Err(error) = client.try_subscribe_many(filters) {
                tracing::error!(%error, "subscriptions could not be sent");
            }
        }
    }

    async fn keep(&self, mut waiting: mpsc::Receiver<Publish>, client: AsyncClient) {
        let mut group = Vec::with_capacity(GROUP);
        while waiting.recv_many(&mut group, GROUP).await > 0 {
            let records: Vec<Record> = group.iter().flat_map(|m| self.records_of(m)).collect();
            if !self.append(records).await {
                return;
            }
            for publish in group.drain(..) {
                // Fails only when the session has ended; the broker sends it again then.
                if client.try_ack(&publish).is_err() {
                    self.tally.count(Happening::Rejected, "ack_not_sent");
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
            match self.journal.append(records.clone()).await {
                Ok(_) => return true,
                Err(JournalError::Closed) => return false,
                Err(error) => {
                    tracing::warn!(%error, "messages wait for the disk, not acknowledged");
                    tokio::time::sleep(DISK_PAUSE).await;
                }
            }
        }
    }

    /// The reading of a message, and the link of its device; nothing if it was refused.
    fn records_of(&self, publish: &Publish) -> Vec<Record> {
        let topic = String::from_utf8_lossy(&publish.topic);
        let Some(publisher) = self.topics.get(&*topic) else {
            self.tally.count(Happening::Rejected, "unknown_topic");
            return Vec::new();
        };
        let Protocol::Mqtt(profile) = &publisher.profile.protocol else { return Vec::new() };
        if publish.payload.is_empty() {
            return Vec::new(); // a retained message was cleared
        }
        let now = self.clock.now();
        match parse(&publisher.device, profile, &publish.payload, publish.retain, now) {
            Ok(parsed) => {
                if parsed.wrong_fields > 0 {
                    self.tally.add(Happening::Rejected, "wrong_field", parsed.wrong_fields as u64);
                }
                let device = publisher.device.id.clone();
                let gone = || LinkState::Down { fault: LinkFault::LastWill, detail: String::new() };
                let link =
                    parsed.gone.then(|| Record::Link(Link { device, time: now, state: gone() }));
                std::iter::once(Record::Reading(parsed.reading)).chain(link).collect()
            }
            Err(refusal) => {
                tracing::warn!(device = %publisher.device.id, %refusal, "message refused");
                self.tally.count(Happening::Rejected, refusal.as_str());
                Vec::new()
            }
        }
    }
}

fn is_refusal(code: rumqttc::v5::mqttbytes::v5::SubscribeReasonCode) -> bool {
    !matches!(code, rumqttc::v5::mqttbytes::v5::SubscribeReasonCode::Success(_))
}

const fn fault_of(error: &ConnectionError) -> LinkFault {
    match error {
        ConnectionError::ConnectionRefused(_) => LinkFault::Refused,
        _ => LinkFault::BrokerDown,
    }
}

fn back_off(failures: u32) -> Duration {
    let doubled = RECONNECT_MIN.saturating_mul(1 << failures.min(10));
    doubled.min(RECONNECT_MAX).mul_f64(rand::random_range(0.8..1.2))
}
