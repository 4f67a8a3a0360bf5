//! The end of a batch, and what a sink tells: its status, its counters, its log, and the events
//! of lines set aside.

use std::ops::Range;

use crate::journal::{Cursor, JournalError};
use crate::model::{Event, EventKind, Record, Text};
use crate::tally::Happening;

use super::courier::{Courier, Stopped};
use super::sink::Sink;
use super::status::{Class, SinkState, Trouble};
use super::trial::Condemned;

/// Lines of one refusal up to which each gets an event of its own.
const NAMED_EACH_MAX: usize = 200;

impl Courier {
    /// Moves the cursor behind the batch, in one transaction with the events that name the lines
    /// that were condemned: so each is named exactly once.
    pub(super) async fn finish(&mut self, condemned: &[Condemned]) -> Result<(), Stopped> {
        let dead: usize = condemned.iter().map(|found| found.lines.len()).sum();
        let named = condemned.iter().flat_map(|found| self.dead_letters(found));
        let records: Vec<Record> = named.collect();
        self.store_cursor(records).await?;
        self.cursor = self.batch.through;
        let delivered = self.batch.readings.saturating_sub(dead) as u64;
        let dead = dead as u64;
        if delivered > 0 {
            self.sink.tally.add(Happening::Delivered, self.name(), delivered);
        }
        if let Some(first) = condemned.first() {
            self.sink.tally.add(Happening::DeadLetter, self.name(), dead);
            tracing::warn!(sink = %self.name(), lines = dead, message = %first.message,
                "InfluxDB refuses lines for good; they are set aside");
        }
        self.batch.oldest = None;
        let state = if self.batch.full { SinkState::CatchingUp } else { SinkState::Ok };
        if self.sink.status.borrow().state == SinkState::Waiting {
            tracing::info!(sink = %self.name(), "InfluxDB takes readings again");
        }
        self.sink.status.send_modify(|status| {
            status.state = state;
            status.delivered += delivered;
            status.dead_letters += dead;
        });
        self.publish();
        Ok(())
    }

    async fn store_cursor(&self, records: Vec<Record>) -> Result<(), Stopped> {
        let name = Sink::cursor_name(self.name());
        let mut pace = self.sink.pace();
        loop {
            let (name, position) = (name.clone(), self.batch.through);
            let cursor = Cursor { name, position, state: None };
            match self.sink.journal.append_with_cursor(records.clone(), cursor).await {
                Ok(_) => return Ok(()),
                Err(JournalError::Closed) => return Err(Stopped),
                Err(error) => self.trouble(Class::Journal, None, error.to_string()),
            }
            if records.is_empty() {
                // At worst, lines that are stored are sent again after a crash.
                return Ok(());
            }
            self.wait(pace.pause()).await?;
        }
    }

    /// One event for each line. One for all of a large group that was refused as a whole, for
    /// example because it is older than what the server keeps: its readings are in the journal
    /// between `position` and `through`, and writing them a second time would fill the disk.
    fn dead_letters(&self, found: &Condemned) -> Vec<Record> {
        let lines = found.lines.clone();
        if lines.len() > NAMED_EACH_MAX {
            return vec![self.dead_letter(found, &lines)];
        }
        lines.map(|line| self.dead_letter(found, &(line..line.saturating_add(1)))).collect()
    }

    fn dead_letter(&self, found: &Condemned, lines: &Range<usize>) -> Record {
        let first = lines.start..lines.start.saturating_add(1);
        let last = lines.end.saturating_sub(1);
        let body = serde_json::json!({
            "sink": self.sink.config.name,
            "lines": lines.len(),
            "line": self.batch.text(&first).trim_end(),
            "position": self.batch.position(lines.start).0,
            "through": self.batch.position(last).0,
            "status": found.status,
            "message": found.message,
        });
        let time = self.sink.clock.now();
        Record::Event(Event { kind: EventKind::DeadLetter, time, body: body.to_string() })
    }

    /// Counts and shows an error. It is logged when it is another one than before.
    pub(super) fn trouble(&self, class: Class, text: Option<Text>, detail: String) {
        let name = &self.sink.config.name;
        let label = format!("{name}:{}", class.as_str());
        self.sink.tally.count(Happening::SinkError, &label);
        let time = self.sink.clock.now();
        let text = text.unwrap_or_else(|| class.text());
        self.sink.status.send_modify(|status| {
            let waits = !matches!(class, Class::Poison | Class::TooLarge);
            let known = status.last_error.as_ref().is_some_and(|last| last.class == class.as_str());
            if waits && !(known && status.state == SinkState::Waiting) {
                tracing::warn!(sink = %name, error = class.as_str(), %detail, "{}", text.en);
            }
            if waits {
                status.state = SinkState::Waiting;
            }
            status.last_error = Some(Trouble { class: class.as_str(), text, detail, time });
        });
    }

    /// Refreshes the figures of the status.
    pub(super) fn publish(&self) {
        let behind = self.sink.journal.head().0.saturating_sub(self.cursor.0);
        let oldest = self.batch.oldest.filter(|_| behind > 0);
        let age = oldest.map_or(0, |oldest| self.sink.clock.now().since_ms(oldest).max(0));
        self.sink.status.send_if_modified(|status| {
            let same = status.lag_records == behind && status.lag_ms == age;
            status.lag_records = behind;
            status.lag_ms = age;
            !same
        });
    }
}
