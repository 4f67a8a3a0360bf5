//! The last records, in memory: readers that are up to date never touch the disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Position, Record};

/// Records kept in memory; at most 20 MB of readings of 50 values. A reader that is this far behind
/// goes to the disk, so it has to be more than a busy commit brings.
const RECORDS_MAX: usize = 8192;

struct Ring {
    /// Every record after this position is in the ring.
    complete_after: Position,
    records: VecDeque<(Position, Arc<Record>)>,
}

#[derive(Clone)]
pub(super) struct Tail(Arc<Mutex<Ring>>);

impl Tail {
    pub(super) fn new(head: Position) -> Self {
        Self(Arc::new(Mutex::new(Ring { complete_after: head, records: VecDeque::new() })))
    }

    pub(super) fn push(&self, records: impl IntoIterator<Item = (Position, Arc<Record>)>) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.records.extend(records);
        while ring.records.len() > RECORDS_MAX {
            if let Some((position, _)) = ring.records.pop_front() {
                ring.complete_after = position;
            }
        }
    }

    /// Empties the ring: what lies before `head` is read from disk.
    pub(super) fn forget(&self, head: Position) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.records.clear();
        ring.complete_after = head;
    }

    /// Up to `max` records after `position`; `None` if the ring no longer reaches back so far.
    pub(super) fn after(
        &self,
        position: Position,
        max: usize,
    ) -> Option<Vec<(Position, Arc<Record>)>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if position < ring.complete_after {
            return None;
        }
        let start = ring.records.partition_point(|(at, _)| *at <= position);
        Some(ring.records.iter().skip(start).take(max).cloned().collect())
    }
}
