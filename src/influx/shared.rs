//! What the two lanes of a sink have in common: its place, and how each of them is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

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
            entries: entries.to_vec(),
        };
        let stored = journal.append_with_cursor(records.to_vec(), cursor).await;
        if stored.is_ok() {
            self.set(&mut lanes, changed);
        }
        drop(lanes);
        stored.map(|_| told)
    }

    /// Changes the sink's place in memory, where it could not be stored: at worst, lines that are at the
    /// server are sent again after a crash.
    pub(super) async fn change_unstored(&self, change: impl Fn(&mut Lanes)) {
        let mut lanes = self.lanes.lock().await;
        let mut changed = lanes.clone();
        change(&mut changed);
        self.set(&mut lanes, changed);
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
