//! The session with the broker: receive, keep, then acknowledge.
//!
//! Two loops side by side. The listener drives the connection and never waits for the disk; the
//! keeper takes messages in groups, hands them to the journal and acknowledges them. The broker
//! is told to send at most [`RECEIVE_MAX`] unacknowledged messages on a connection; the queue between
//! the loops holds those of three connections, and messages that need no acknowledgement only get
//! what is left. It is bounded in bytes, too. When it is full all the same, because the disk is, the
//! listener waits; after a while the broker hangs up, and sends again what was not acknowledged. The
//! keeper never waits for the listener, so they cannot block each other.
//!
//! A message is acknowledged on the connection that brought it and on no other: packet numbers begin
//! anew with each, so a late acknowledgement would be taken for that of another message, which the
//! broker would then forget. It sends again what was not acknowledged.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::model::LinkFault;
use crate::source::Context;
use crate::source::state::{SourceHealth, SourceState};
use crate::tally::Happening;

use super::acks::{Ack, Acks};
use super::config::{Config, Version};
use super::keep::Keep;
use super::queue::{Arrived, Entry, Exit, queue};
use super::relay::Relay;
use super::table::Table;
use super::tls::{self, TlsError};
use super::wire::{Client, Event, Events, Lost, open};

/// Messages that the broker may have under way to us without acknowledgement.
pub(super) const RECEIVE_MAX: u16 = 12_000;
/// Subscriptions under way at a time.
pub(super) const OUTGOING_MAX: u16 = 64;
/// Requests to the event loop: subscriptions, a hundred filters each.
pub(super) const REQUESTS: usize = 1_024;
/// How long the broker keeps our session while we are away, seconds: half a year, as the shipped
/// settings of Mosquitto allow.
pub(super) const SESSION_EXPIRY_S: u32 = 180 * 24 * 3600;
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Short: while we are away messages wait in the broker's memory.
const RECONNECT_MIN: Duration = Duration::from_millis(100);
const RECONNECT_MAX: Duration = Duration::from_secs(30);
/// Time after which the devices are said to be out of reach: a restart of the broker is over by
/// then.
const TOLD_AFTER: Duration = Duration::from_secs(7);
/// Longest wait for the last acknowledgements to be sent, once told to stop.
const GOOD_BYE: Duration = Duration::from_millis(250);
/// Failed attempts after which the other version is tried, where both may be spoken.
const FAILURES_OF_VERSION: u32 = 2;

/// Pause before another relay is opened where there is none.
const RELAY_PAUSE: Duration = Duration::from_secs(5);

/// How long there has been no connection.
#[derive(Debug, Default)]
struct Outage {
    failures: u32,
    since: Option<Instant>,
    /// The devices are said to be out of reach.
    told: bool,
}

/// Why listening in one version over one relay ended.
enum Ended {
    /// Nobody takes what is heard any more.
    Closed,
    /// The relay is gone.
    NoRelay,
    /// The other version may be the right one.
    OtherVersion,
}

/// Listens to the broker.
pub struct Session {
    config: Arc<Config>,
    table: Arc<Table>,
    context: Context,
    line: Arc<RwLock<Line>>,
}

/// The way to the broker, as listener and keeper share it.
#[derive(Default)]
pub(super) struct Line {
    /// Number of the present connection; none while there is none.
    pub(super) connection: Option<u64>,
    /// The way to say something on it.
    pub(super) client: Option<Client>,
    /// What acknowledges messages on it.
    acks: Option<Acks>,
    made: u64,
    /// We are about to go: that the connection ends is no news.
    leaving: bool,
}

impl Line {
    fn connected(&mut self) {
        self.made += 1;
        self.connection = Some(self.made);
    }

    /// Acknowledges what the present connection brought; what came on an older one comes again.
    pub(super) fn acknowledge(&self, acks: &[(u64, Ack)]) {
        let Some(way) = &self.acks else { return };
        let of_this = acks.iter().filter(|(connection, _)| Some(*connection) == self.connection);
        way.put(of_this.map(|(_, ack)| *ack));
    }
}

impl Session {
    /// Whether the configured certificates can be used, told before anything runs.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn check(config: &Config) -> Result<(), TlsError> {
        config.tls.as_ref().map_or(Ok(()), |tls| tls::client(tls).map(drop))
    }

    /// A session that is not connected yet.
    #[must_use]
    pub fn new(config: Config, context: Context) -> Self {
        let table = Arc::new(Table::new(&config.devices));
        Self { config: Arc::new(config), table, context, line: Arc::default() }
    }

    /// Listens until told to stop.
    ///
    /// # Errors
    /// [`TlsError`] when the configured certificates cannot be used.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TlsError> {
        let (queue, waiting) = queue();
        let (config, table) = (self.config.clone(), self.table.clone());
        let line = self.line.clone();
        // A task of its own, so that it can use the other core; it ends with this one.
        let (mut keeper, leave) = (JoinSet::new(), CancellationToken::new());
        let keep = Keep::new(config, table, self.context.clone(), line);
        keeper.spawn(keep.run(waiting, leave.clone()));
        let ended = self.until_told(&stop, &queue, &mut keeper, &leave).await;
        drop(queue);
        keeper.join_next().await.map(outcome);
        ended
    }

    /// Listens until told to stop; then what is there is kept and acknowledged, or it would all come
    /// again.
    async fn until_told(
        &self,
        stop: &CancellationToken,
        queue: &Entry,
        keeper: &mut JoinSet<Exit>,
        leave: &CancellationToken,
    ) -> Result<(), TlsError> {
        let listening = self.listen(queue);
        tokio::pin!(listening);
        tokio::select! {
            ended = &mut listening => return ended,
            kept = keeper.join_next() => {
                kept.map(outcome);
                return Ok(());
            }
            () = stop.cancelled() => leave.cancel(),
        }
        // The queue lives until the end: the listener would leave where nobody takes what it puts.
        let _exit = tokio::select! {
            ended = &mut listening => return ended,
            kept = keeper.join_next() => kept.map(outcome),
        };
        tokio::select! {
            ended = &mut listening => ended,
            _ = timeout(GOOD_BYE, self.say_good_bye()) => Ok(()),
        }
    }

    /// Sends the last acknowledgements, and leaves the broker.
    async fn say_good_bye(&self) {
        let (client, acks) = {
            let line = self.line();
            (line.client.clone(), line.acks.clone())
        };
        while acks.as_ref().is_some_and(Acks::are_waiting) {
            tokio::time::sleep(GOOD_BYE / 50).await;
        }
        self.line().leaving = true;
        if client.is_some_and(|client| client.disconnect()) {
            while self.line().connection.is_some() {
                tokio::time::sleep(GOOD_BYE / 50).await;
            }
        }
    }

    fn line(&self) -> RwLockWriteGuard<'_, Line> {
        self.line.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self) -> String {
        format!("{}:{}", self.config.host, self.config.port)
    }

    fn publish_state(&self, health: SourceHealth, fault: Option<LinkFault>) {
        let devices = self.config.devices.len();
        let state = SourceState { kind: "mqtt", health, devices, fault };
        self.context.sources.set(&self.name(), state);
    }

    /// Listens in one version of the protocol after the other, until one fits.
    async fn listen(&self, queue: &Entry) -> Result<(), TlsError> {
        let Config { host, port, tls, .. } = &*self.config;
        let tls = tls.as_ref().map(tls::client).transpose()?;
        let mut outage = Outage::default();
        loop {
            let (relay, serving) = match Relay::open(host, *port, tls.clone()) {
                Ok(opened) => opened,
                Err(error) => {
                    tracing::error!(%error, "no socket for the way to the broker");
                    self.publish_state(SourceHealth::Down, Some(LinkFault::BrokerDown));
                    tokio::time::sleep(RELAY_PAUSE).await;
                    continue;
                }
            };
            let closed = tokio::select! {
                () = serving => false,
                closed = self.listen_over(&relay, queue, &mut outage) => closed,
            };
            if closed {
                return Ok(());
            }
        }
    }

    /// Listens over a relay, in one version of the protocol after the other; false when the relay is
    /// of no use any more.
    async fn listen_over(&self, relay: &Relay, queue: &Entry, outage: &mut Outage) -> bool {
        let mut version = self.config.version;
        loop {
            let (client, events) = open(&self.config, version, relay.socket());
            {
                let mut line = self.line();
                line.client = Some(client.clone());
                line.acks = Some(relay.acks());
            }
            match self.listen_in(events, &client, queue, relay, outage).await {
                Ended::Closed => return true,
                Ended::NoRelay => return false,
                Ended::OtherVersion => {}
            }
            version = if version == Version::V311 { Version::V5 } else { Version::V311 };
            tracing::info!(broker = %self.name(), ?version, "trying the other version of MQTT");
        }
    }

    /// Listens until that is of no use.
    async fn listen_in(
        &self,
        mut events: Events,
        client: &Client,
        queue: &Entry,
        relay: &Relay,
        outage: &mut Outage,
    ) -> Ended {
        let (mut of_version, mut connected) = (0u32, false);
        let old = matches!(events, Events::V311(_));
        loop {
            match events.next().await {
                Event::Connected => {
                    tracing::info!(broker = %self.name(), "connected to the broker");
                    (of_version, connected) = (0, true);
                    *outage = Outage::default();
                    self.line().connected();
                    self.publish_state(SourceHealth::Ok, None);
                    // The keeper has to know it before the first message of this connection.
                    if queue.put(Arrived::Broker(None)).await.is_err() {
                        return Ended::Closed;
                    }
                    self.subscribe(client);
                }
                Event::Subscribed(refused) => {
                    for _ in 0..refused {
                        tracing::error!("the broker refused a subscription: check its ACL");
                        self.context.tally.count(Happening::Rejected, "subscription_refused");
                        self.publish_state(SourceHealth::Degraded, Some(LinkFault::Forbidden));
                    }
                }
                Event::Message(publish) => {
                    let droppable = publish.ack().is_none();
                    // What the library had read before the connection was lost may come now.
                    let connection = self.line().connection;
                    let arrived = Arrived::Message(connection, publish);
                    if droppable && !queue.has_room_to_spare() {
                        self.context.tally.count(Happening::Rejected, "queue_full");
                    } else if queue.put(arrived).await.is_err() {
                        return Ended::Closed;
                    }
                }
                Event::Other => {}
                Event::Lost(lost) => {
                    let Some(perhaps_version) =
                        self.lost(lost, &mut events, queue, relay, outage).await
                    else {
                        return Ended::Closed;
                    };
                    if !relay.is_there() {
                        return Ended::NoRelay;
                    }
                    of_version += u32::from(perhaps_version && !connected);
                    // After an outage the newer version is tried again, too.
                    let other = connected && old || of_version >= FAILURES_OF_VERSION;
                    if other && self.config.version == Version::Auto {
                        return Ended::OtherVersion;
                    }
                }
            }
        }
    }

    /// There is no connection: hands over what had been read, says so after a while, and waits a
    /// little. Whether the broker may not know this version; nothing when nobody listens any more.
    async fn lost(
        &self,
        lost: Lost,
        events: &mut Events,
        queue: &Entry,
        relay: &Relay,
        outage: &mut Outage,
    ) -> Option<bool> {
        self.line().connection = None;
        for publish in events.clean() {
            queue.put(Arrived::Message(None, publish)).await.ok()?;
        }
        let Lost { fault, text, perhaps_version } = match relay.trouble() {
            // It never came to speaking.
            Some((fault, text)) => Lost { fault, text, perhaps_version: false },
            None => lost,
        };
        if outage.failures == 0 {
            outage.since = Some(Instant::now());
            if self.line().leaving {
                tracing::debug!(broker = %self.name(), "left the broker");
            } else {
                tracing::warn!(broker = %self.name(), error = %text, "no connection to the broker");
            }
        }
        self.publish_state(SourceHealth::Down, Some(fault));
        let lasting = outage.since.is_some_and(|since| since.elapsed() >= TOLD_AFTER);
        if !outage.told && lasting {
            outage.told = true;
            queue.try_put(Arrived::Broker(Some(fault)));
        }
        tokio::time::sleep(back_off(outage.failures)).await;
        outage.failures = outage.failures.saturating_add(1);
        Some(perhaps_version)
    }

    /// Subscribes anew at every connection: a broker may have lost the session.
    fn subscribe(&self, client: &Client) {
        let share = self.config.share.as_deref();
        for chunk in self.table.filters.iter().collect::<Vec<_>>().chunks(100) {
            if !client.subscribe(chunk, share) {
                tracing::error!("subscriptions could not be sent");
            }
        }
    }
}

/// The keeper's end of the queue; a panic goes on here.
fn outcome(kept: Result<Exit, JoinError>) -> Option<Exit> {
    match kept {
        Ok(exit) => Some(exit),
        Err(died) if died.is_panic() => std::panic::resume_unwind(died.into_panic()),
        Err(_) => None,
    }
}

fn back_off(failures: u32) -> Duration {
    let doubled = RECONNECT_MIN.saturating_mul(1 << failures.min(10));
    doubled.min(RECONNECT_MAX).mul_f64(rand::random_range(0.8..1.2))
}
