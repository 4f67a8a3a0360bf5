//! The keeper: messages in groups to the journal, and only then their acknowledgements.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::journal::JournalError;
use crate::model::{EventKind, LinkFault, Record};
use crate::source::Context;
use crate::tally::Happening;

use super::config::Config;
use super::form::sparkplug;
use super::hearing::{Hearing, Message};
use super::table::Table;
use super::wire::{Client, Publish};

/// Messages kept in one go.
const GROUP: usize = 256;
/// Pause before a full disk is tried again; meanwhile the broker holds what is not acknowledged.
const DISK_PAUSE: Duration = Duration::from_secs(1);
/// Descriptions recalled at start, of all devices together.
const DESCRIPTIONS_MAX: usize = 20_000;

/// What goes from the listener to the keeper. Nearly all are messages: boxing them would cost an
/// allocation each.
#[allow(clippy::large_enum_variant)]
pub(super) enum Arrived {
    /// A message, and the number of the connection that brought it.
    Message(u64, Publish),
    /// The broker is there again, or has not been for a while and why.
    Broker(Option<LinkFault>),
}

/// Keeps what arrives.
pub(super) struct Keep {
    config: Arc<Config>,
    hearing: Hearing,
    context: Context,
    connection: Arc<AtomicU64>,
    client: Arc<RwLock<Option<Client>>>,
}

impl Keep {
    pub(super) fn new(
        config: Arc<Config>,
        table: Arc<Table>,
        context: Context,
        connection: Arc<AtomicU64>,
        client: Arc<RwLock<Option<Client>>>,
    ) -> Self {
        let archive = context.journal.archive();
        let events = archive.and_then(|a| a.last_events(EventKind::Described, DESCRIPTIONS_MAX));
        let events = events.unwrap_or_else(|error| {
            tracing::warn!(%error, "what devices described before cannot be read");
            Vec::new()
        });
        let hearing = Hearing::new(config.clone(), table, context.tally.clone(), &events);
        Self { config, hearing, context, connection, client }
    }

    /// Runs until nothing can arrive any more.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Arrived>) {
        let mut group = Vec::with_capacity(GROUP);
        while waiting.recv_many(&mut group, GROUP).await > 0 {
            let mut records: Vec<Record> = Vec::new();
            for arrived in &group {
                records.extend(self.records(arrived));
            }
            if !self.append(records).await {
                return;
            }
            self.acknowledge(group.drain(..));
        }
    }

    fn acknowledge(&self, group: impl Iterator<Item = Arrived>) {
        let present = self.connection.load(Ordering::Relaxed);
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner);
        let Some(client) = &*client else { return };
        for arrived in group {
            let Arrived::Message(connection, publish) = arrived else { continue };
            // Fails only when the session has ended; the broker sends it again then.
            if connection == present && !client.acknowledge(&publish) {
                self.context.tally.count(Happening::Rejected, "ack_not_sent");
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

    fn records(&mut self, arrived: &Arrived) -> Vec<Record> {
        let now = self.context.clock.now();
        match arrived {
            Arrived::Broker(fault) => {
                if fault.is_none() {
                    self.hearing.connected();
                }
                self.hearing.broker_changed(*fault, now)
            }
            Arrived::Message(_, publish) if self.is_too_large(publish) => {
                self.context.tally.count(Happening::Rejected, "too_large");
                Vec::new()
            }
            Arrived::Message(_, publish) => {
                let (topic, retained) = (publish.topic(), publish.retained());
                let message = Message { topic: &topic, payload: publish.payload(), retained };
                let heard = self.hearing.hear(message, now);
                if let Some(topic) = heard.rebirth {
                    self.ask_rebirth(&topic, now.ms());
                }
                heard.records
            }
        }
    }

    /// With 3.1.1 a broker does not know what we take.
    fn is_too_large(&self, publish: &Publish) -> bool {
        publish.payload().len() > self.config.packet_bytes_max as usize
    }

    fn ask_rebirth(&self, topic: &str, now_ms: i64) {
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner);
        let asked = client
            .as_ref()
            .is_some_and(|client| client.ask_rebirth(topic, sparkplug::rebirth(now_ms)));
        tracing::info!(topic, asked, "a Sparkplug node is asked to be born again");
    }
}
