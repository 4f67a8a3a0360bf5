//! A board that follows the journal.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::history::{History, HistoryError};
use crate::journal::{Archive, Journal, JournalError, Kinds};
use crate::model::{DeviceId, EventKind, Record, Timestamp};

use super::board::Board;

/// Devices whose picture changed, told in groups.
pub type Changes = Arc<BTreeSet<DeviceId>>;

/// Groups of changes that a slow watcher may miss before it is told so.
const CHANGES_MAX: usize = 64;
/// Records taken from the journal in one go.
const RECORDS_PER_STEP: usize = 500;
/// Events of counters taken from the archive at start, of all devices together.
const EVENTS_AT_START: usize = 1_000;
/// Readings taken from the archive per device at start; slow tables come every 60th cycle.
const READINGS_AT_START: usize = 3;

/// The shared board. Clones share it.
#[derive(Clone)]
pub struct Live {
    board: Arc<RwLock<Board>>,
    changes: broadcast::Sender<Changes>,
}

impl Live {
    /// Shares a board.
    #[must_use]
    pub fn new(board: Board) -> Self {
        let (changes, _) = broadcast::channel(CHANGES_MAX);
        Self { board: Arc::new(RwLock::new(board)), changes }
    }

    /// Looks at the board. Keep it short: the board does not move meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&self.board.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells which devices changed from now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Changes> {
        self.changes.subscribe()
    }

    /// Follows the journal from its present end until told to stop.
    pub async fn run(self, journal: Journal, stop: CancellationToken) {
        let mut reader = journal.reader_from(journal.head(), Kinds::All);
        loop {
            let batch = tokio::select! {
                () = stop.cancelled() => return,
                batch = reader.next(RECORDS_PER_STEP) => batch,
            };
            match batch {
                Ok(batch) => self.take(batch.records.iter().map(|(_, record)| &**record)),
                Err(JournalError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "the live board cannot read the journal");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }

    fn take<'a>(&self, records: impl Iterator<Item = &'a Record>) {
        let mut changed = BTreeSet::new();
        {
            let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
            for record in records {
                changed.extend(board.apply(record).map(|live| live.device.id.clone()));
            }
        }
        if !changed.is_empty() {
            // Without watchers there is nobody to tell.
            drop(self.changes.send(Arc::new(changed)));
        }
    }
}

impl Board {
    /// Fills the board with what the devices said last before `now`. Blocks.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn recall(
        &mut self,
        archive: &Archive,
        history: &History,
        now: Timestamp,
    ) -> Result<(), HistoryError> {
        let events = archive.last_events(EventKind::Counter, EVENTS_AT_START)?;
        for event in events.into_iter().rev() {
            self.apply(&Record::Event(event));
        }
        let ids: Vec<DeviceId> = self.iter().map(|live| live.device.id.clone()).collect();
        for id in ids {
            let last = history.last_before_blocking(&id, now.plus_ms(1), READINGS_AT_START)?;
            for reading in last.into_iter().rev() {
                self.apply(&Record::Reading(reading));
            }
        }
        Ok(())
    }
}
