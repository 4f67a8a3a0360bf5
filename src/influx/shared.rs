//! What the two lanes of a sink have in common: its place, and how each of them is.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::journal::{Cursor, Entry, Journal, JournalError};
use crate::model::{Record, Timestamp};

use super::lanes::{Cause, Lanes, Task};
use super::sink::Sink;

/// One of the two ways to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// What comes in.
    Fresh,
    /// What piled up, and what is sent once more.
    Backlog,
}

/// How far a lane has come with its batch.
#[derive(Debug)]
pub(super) enum Advance {
    Fresh,
    Gap,
    /// Number and cause of the job, and the rest of it; `None` ends it.
    Job(u64, Cause, Option<Task>),
}

/// How a lane is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Condition {
    /// The server takes nothing from it at the moment.
    pub(super) waiting: bool,
    /// When the first reading of its batch reached us.
    pub(super) oldest: Option<Timestamp>,
    /// How late its last batch was when the server had it, milliseconds.
    pub(super) late_ms: i64,
    /// More is waiting behind its batch.
    pub(super) full: bool,
}

/// Days, and whether their totals are made again whatever the ledger says.
pub(super) type Touched = BTreeMap<i32, bool>;

/// Shared by the two lanes.
pub(super) struct Shared {
    name: String,
    /// Held while it is stored, so that an older place never follows a newer one.
    lanes: tokio::sync::Mutex<Lanes>,
    /// A copy to look at.
    seen: Mutex<Lanes>,
    conditions: Mutex<[Condition; 2]>,
    /// What is still to go into the ledger, where it could not be stored with its place.
    owed: Mutex<Vec<Entry>>,
    /// Days of which readings were delivered lately.
    touched: Mutex<Touched>,
    /// Something is owed that the backlog's lane does not know of yet.
    pub(super) wake: Notify,
}

impl Shared {
    pub(super) fn new(name: &str, lanes: Lanes) -> Self {
        Self {
            name: Sink::cursor_name(name),
            seen: Mutex::new(lanes.clone()),
            lanes: tokio::sync::Mutex::new(lanes),
            conditions: Mutex::default(),
            owed: Mutex::default(),
            touched: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// The sink's place as it was a moment ago.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Lanes) -> T) -> T {
        look(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the sink's place, and stores it in one transaction with some records and what goes into
    /// the ledger: all of it or nothing.
    pub(super) async fn change<T>(
        &self,
        journal: &Journal,
        records: &[Record],
        entries: &[Entry],
        change: impl Fn(&mut Lanes) -> T,
    ) -> Result<T, JournalError> {
        let mut lanes = self.lanes.lock().await;
        let mut changed = lanes.clone();
        let told = change(&mut changed);
        let cursor = Cursor {
            name: self.name.clone(),
            position: changed.cursor(),
            state: Some(changed.state()),
            entries: self.owed().iter().chain(entries).cloned().collect(),
        };
        let stored = journal.append_with_cursor(records.to_vec(), cursor).await;
        if stored.is_ok() {
            // Only whoever holds the lanes adds to it.
            self.owed().clear();
            self.set(&mut lanes, changed);
        }
        drop(lanes);
        stored.map(|_| told)
    }

    /// Changes the sink's place in memory, where it could not be stored: at worst, lines that are at the
    /// server are sent again after a crash. What goes into the ledger is stored with the next change.
    pub(super) async fn change_unstored(&self, entries: &[Entry], change: impl Fn(&mut Lanes)) {
        let mut lanes = self.lanes.lock().await;
        self.owed().extend_from_slice(entries);
        let mut changed = lanes.clone();
        change(&mut changed);
        self.set(&mut lanes, changed);
    }

    fn owed(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, lanes: &mut Lanes, changed: Lanes) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = changed.clone();
        *lanes = changed;
    }

    /// Readings of these days were delivered: where the ledger says so, their totals are made again.
    /// What somebody had sent once more is made again anyhow.
    pub(super) fn touch(&self, days: impl Iterator<Item = i32>, anyhow: bool) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        for day in days {
            *touched.entry(day).or_default() |= anyhow;
        }
    }

    /// Those from before a day, which are then forgotten.
    pub(super) fn take_touched(&self, today: i32) -> Touched {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = touched.split_off(&today);
        std::mem::replace(&mut touched, rest)
    }

    /// They could not be looked at: they are looked at again.
    pub(super) fn give_back(&self, days: Touched) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        for (day, anyhow) in days {
            *touched.entry(day).or_default() |= anyhow;
        }
    }

    pub(super) fn condition(&self, lane: Lane, change: impl FnOnce(&mut Condition)) {
        let mut conditions = self.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        let [fresh, backlog] = &mut *conditions;
        change(match lane {
            Lane::Fresh => fresh,
            Lane::Backlog => backlog,
        });
    }

    /// How the fresh lane and the backlog's are.
    pub(super) fn conditions(&self) -> [Condition; 2] {
        *self.conditions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;
    use crate::journal;
    use crate::tally::Tally;

    #[tokio::test]
    async fn what_could_not_be_stored_goes_into_the_ledger_with_the_next_change() {
        let folder = tempfile::tempdir().expect("folder");
        let config = journal::Config::new(folder.path().to_owned());
        let journal =
            Journal::open(&config, Arc::new(SystemClock), Tally::new()).expect("a journal");
        let shared = Shared::new("main", Lanes::default());
        let entry = |readings: u64| Entry {
            account: "influx:main:delivered".to_owned(),
            subject: "inv-01".to_owned(),
            day: 20_000,
            readings,
        };
        shared.change_unstored(&[entry(3)], |_| ()).await;
        assert_eq!(journal.ledger(0, i32::MAX).expect("read"), []);
        for _ in 0..2 {
            shared.change(&journal, &[], &[entry(4)], |_| ()).await.expect("stored");
        }
        assert_eq!(journal.ledger(0, i32::MAX).expect("read"), [entry(3 + 4 + 4)]);
        journal.close();
    }
}
