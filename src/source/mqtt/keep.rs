//! The keeper: messages in groups to the journal, and only then their acknowledgements.

use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::journal::{Journal, JournalError};
use crate::model::{EventKind, Record};
use crate::source::Context;

use super::acks::Ack;
use super::config::Config;
use super::form::sparkplug;
use super::hearing::{Hearing, Message};
use super::queue::{Arrived, Exit};
use super::session::Line;
use super::table::Table;

/// Messages kept in one go.
const GROUP: usize = 4096;
/// So many records are worth a commit of their own.
const AT_ONCE: usize = 200;
/// Pause before a full disk is tried again; meanwhile the broker holds what is not acknowledged.
const DISK_PAUSE: Duration = Duration::from_secs(1);
/// Descriptions recalled at start, of all devices together.
const DESCRIPTIONS_MAX: usize = 20_000;

/// Keeps what arrives.
pub(super) struct Keep {
    hearing: Hearing,
    context: Context,
    line: Arc<RwLock<Line>>,
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
        let hearing = Hearing::new(config, table, context.tally.clone(), &events);
        Self { hearing, context, line }
    }

    /// Runs until nothing can arrive any more, or until told to leave: then what was taken is kept
    /// still. While one group is on its way to the disk the next one is gathered; the journal gets
    /// them in order, one after the other.
    pub(super) async fn run(mut self, mut waiting: Exit, leave: CancellationToken) -> Exit {
        let mut arrived = Vec::with_capacity(GROUP);
        let (mut next, mut under_way) = (Group::default(), None);
        let mut open = true;
        while open || under_way.is_some() || !next.is_empty() {
            if under_way.is_none() && !next.is_empty() {
                under_way = Some(self.send(std::mem::take(&mut next)));
            }
            let room = GROUP.saturating_sub(next.messages);
            tokio::select! {
                biased;
                kept = written(&mut under_way), if under_way.is_some() => {
                    if !self.kept(kept, &mut under_way) {
                        break;
                    }
                }
                () = leave.cancelled(), if open => open = false,
                received = waiting.take(&mut arrived, room), if open && room > 0 => {
                    open = received > 0;
                    for arrived in arrived.drain(..) {
                        self.hear(arrived, &mut next, &waiting);
                    }
                    if under_way.is_some() && next.records.len() >= AT_ONCE {
                        self.context.journal.hurry();
                    }
                }
            }
        }
        waiting
    }

    fn hear(&mut self, arrived: Arrived, group: &mut Group, waiting: &Exit) {
        group.messages += 1;
        group.records.extend(self.records(&arrived).into_iter().map(Arc::new));
        waiting.done(&arrived);
        if let Arrived::Message(Some(connection), publish) = arrived
            && let Some(ack) = publish.ack()
        {
            group.acks.push((connection, ack));
        }
    }

    fn send(&self, group: Group) -> UnderWay {
        let append = append(self.context.journal.clone(), group.records);
        UnderWay { append: Box::pin(append), acks: group.acks }
    }

    /// A group is on disk, and is acknowledged; false when the journal is closed.
    fn kept(&self, kept: bool, under_way: &mut Option<UnderWay>) -> bool {
        let Some(group) = under_way.take().filter(|_| kept) else { return false };
        // The listener cannot change connections while this holds the line.
        let line = self.line.read().unwrap_or_else(PoisonError::into_inner);
        line.acknowledge(&group.acks);
        true
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

    fn ask_rebirth(&self, topic: &str, now_ms: i64) {
        let line = self.line.read().unwrap_or_else(PoisonError::into_inner);
        let asked = line
            .client
            .as_ref()
            .is_some_and(|client| client.ask_rebirth(topic, sparkplug::rebirth(now_ms)));
        tracing::info!(topic, asked, "a Sparkplug node is asked to be born again");
    }
}

/// Messages that are kept in one go: what is to be known of them, and what is said then, on which
/// connections.
#[derive(Default)]
struct Group {
    messages: usize,
    records: Vec<Arc<Record>>,
    acks: Vec<(u64, Ack)>,
}

impl Group {
    const fn is_empty(&self) -> bool {
        self.messages == 0
    }
}

/// A group on its way to the disk.
struct UnderWay {
    append: Pin<Box<dyn Future<Output = bool> + Send>>,
    acks: Vec<(u64, Ack)>,
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
