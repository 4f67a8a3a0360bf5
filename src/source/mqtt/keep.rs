//! The keeper: messages in groups to the journal, and only then their acknowledgements.

use std::collections::VecDeque;
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
use super::session::Line;
use super::table::Table;
use super::wire::Publish;

/// Messages kept in one go.
const GROUP: usize = 256;
/// Pause before a full disk is tried again; meanwhile the broker holds what is not acknowledged.
const DISK_PAUSE: Duration = Duration::from_secs(1);
/// Pause before acknowledgements that are owed are tried again.
const OWED_PAUSE: Duration = Duration::from_millis(10);
/// Descriptions recalled at start, of all devices together.
const DESCRIPTIONS_MAX: usize = 20_000;

/// What goes from the listener to the keeper. Nearly all are messages: boxing them would cost an
/// allocation each.
#[allow(clippy::large_enum_variant)]
pub(super) enum Arrived {
    /// A message, and the number of the connection that brought it, if it is still there.
    Message(Option<u64>, Publish),
    /// The broker is there again, or has not been for a while and why.
    Broker(Option<LinkFault>),
}

/// Keeps what arrives.
pub(super) struct Keep {
    config: Arc<Config>,
    hearing: Hearing,
    context: Context,
    line: Arc<RwLock<Line>>,
    /// Kept, and not acknowledged yet because the way to the broker was full: after a restart a
    /// broker may send more at once than it was told to.
    owed: VecDeque<(u64, Publish)>,
}

impl Keep {
    pub(super) fn new(
        config: Arc<Config>,
        table: Arc<Table>,
        context: Context,
        line: Arc<RwLock<Line>>,
    ) -> Self {
        let archive = context.journal.archive();
        let events = archive.and_then(|a| a.last_events(EventKind::Described, DESCRIPTIONS_MAX));
        let events = events.unwrap_or_else(|error| {
            tracing::warn!(%error, "what devices described before cannot be read");
            Vec::new()
        });
        let hearing = Hearing::new(config.clone(), table, context.tally.clone(), &events);
        Self { config, hearing, context, line, owed: VecDeque::new() }
    }

    /// Runs until nothing can arrive any more.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Arrived>) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let many = waiting.recv_many(&mut group, GROUP);
            let received = match self.owed.is_empty() {
                true => many.await,
                false => match tokio::time::timeout(OWED_PAUSE, many).await {
                    Ok(received) => received,
                    Err(_) => {
                        self.acknowledge();
                        continue;
                    }
                },
            };
            if received == 0 {
                return;
            }
            let mut records: Vec<Record> = Vec::new();
            for arrived in &group {
                records.extend(self.records(arrived));
            }
            if !self.append(records).await {
                return;
            }
            self.owed.extend(group.drain(..).filter_map(|arrived| match arrived {
                Arrived::Message(connection, publish) => Some((connection?, publish)),
                Arrived::Broker(_) => None,
            }));
            self.acknowledge();
        }
    }

    /// Acknowledges what is owed on the present connection, as far as the way takes it; what came on
    /// an older one comes again.
    fn acknowledge(&mut self) {
        // The listener cannot change connections while this holds the line.
        let line = self.line.read().unwrap_or_else(PoisonError::into_inner);
        let Some(client) = &line.client else { return };
        while let Some((connection, publish)) = self.owed.front() {
            if line.connection == Some(*connection) && !client.acknowledge(publish) {
                self.context.tally.count(Happening::Rejected, "ack_not_sent");
                return;
            }
            self.owed.pop_front();
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
        let line = self.line.read().unwrap_or_else(PoisonError::into_inner);
        let asked = line
            .client
            .as_ref()
            .is_some_and(|client| client.ask_rebirth(topic, sparkplug::rebirth(now_ms)));
        tracing::info!(topic, asked, "a Sparkplug node is asked to be born again");
    }
}
