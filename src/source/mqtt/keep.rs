//! The keeper: messages in groups to the journal, and only then their acknowledgements.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::journal::{Journal, JournalError};
use crate::model::{EventKind, LinkFault, Record};
use crate::source::Context;
use crate::tally::Happening;

use super::config::Config;
use super::form::sparkplug;
use super::hearing::{Hearing, Message};
use super::refusal::Refusal;
use super::session::Line;
use super::table::Table;
use super::wire::Publish;

/// Messages kept in one go.
const GROUP: usize = 2048;
/// So many records are worth a commit of their own.
const AT_ONCE: usize = 200;
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

    /// Runs until nothing can arrive any more. While one group is on its way to the disk the next one
    /// is read; the journal gets them in order, one after the other.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Arrived>) {
        let mut group = Vec::with_capacity(GROUP);
        let mut under_way: Option<UnderWay> = None;
        loop {
            let received = tokio::select! {
                biased;
                kept = written(&mut under_way), if under_way.is_some() => {
                    if !self.kept(kept, &mut under_way) {
                        return;
                    }
                    continue;
                }
                received = waiting.recv_many(&mut group, GROUP) => received,
                () = tokio::time::sleep(OWED_PAUSE), if !self.owed.is_empty() => {
                    self.acknowledge();
                    continue;
                }
            };
            if received == 0 {
                break;
            }
            let mut records: Vec<Arc<Record>> = Vec::new();
            for arrived in &group {
                records.extend(self.records(arrived).into_iter().map(Arc::new));
            }
            let messages = group.drain(..).filter_map(|arrived| match arrived {
                Arrived::Message(connection, publish) => Some((connection?, publish)),
                Arrived::Broker(_) => None,
            });
            let messages = messages.collect();
            if under_way.is_some() {
                let kept = written(&mut under_way).await;
                if !self.kept(kept, &mut under_way) {
                    return;
                }
            }
            let append = append(self.context.journal.clone(), records);
            under_way = Some(UnderWay { append: Box::pin(append), messages });
        }
        if under_way.is_some() {
            let kept = written(&mut under_way).await;
            self.kept(kept, &mut under_way);
        }
    }

    /// A group is on disk, and is acknowledged; false when the journal is closed.
    fn kept(&mut self, kept: bool, under_way: &mut Option<UnderWay>) -> bool {
        let Some(group) = under_way.take().filter(|_| kept) else { return false };
        self.owed.extend(group.messages);
        self.acknowledge();
        true
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
                self.hearing.refuse(&publish.topic(), Refusal::TooLarge, now)
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

/// A group on its way to the disk.
struct UnderWay {
    append: Pin<Box<dyn Future<Output = bool> + Send>>,
    /// What is acknowledged then.
    messages: Vec<(u64, Publish)>,
}

/// Waits for the group that is under way; false when the journal is closed.
async fn written(under_way: &mut Option<UnderWay>) -> bool {
    match under_way {
        Some(group) => group.append.as_mut().await,
        None => std::future::pending().await,
    }
}

/// Keeps records for as long as it takes; false when the journal is closed.
async fn append(journal: Journal, records: Vec<Arc<Record>>) -> bool {
    if records.is_empty() {
        return true;
    }
    loop {
        // A broker that holds a backlog sends no more until this is acknowledged.
        let kept = match records.len() >= AT_ONCE {
            true => journal.append_at_once(&records).await,
            false => journal.append_shared(&records).await,
        };
        match kept {
            Ok(_) => return true,
            Err(JournalError::Closed) => return false,
            Err(error) => {
                tracing::warn!(%error, "messages wait for the disk, not acknowledged");
                tokio::time::sleep(DISK_PAUSE).await;
            }
        }
    }
}
