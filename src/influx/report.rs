//! The end of a batch, and what a sink tells: its status, its counters, its log, and the events
//! of lines set aside.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::journal::{Entry, JournalError};
use crate::model::{Event, EventKind, Record, Text, Timestamp};
use crate::tally::Happening;

use super::account;
use super::courier::{Courier, Stopped};
use super::lanes::{Cause, Lanes};
use super::letter::Letter;
use super::shared::{Advance, Condition};
use super::sink::Sink;
use super::status::{Class, JobStatus, SinkState, Trouble};
use super::trial::Condemned;

/// Lines of one refusal up to which each gets an event of its own.
const NAMED_EACH_MAX: usize = 200;

impl Courier {
    /// Moves the cursor behind the batch, in one transaction with the events that name the lines
    /// that were condemned: so each is named exactly once.
    pub(super) async fn finish(
        &mut self,
        condemned: &[Condemned],
        advance: Advance,
    ) -> Result<(), Stopped> {
        let dead: usize = condemned.iter().map(|found| found.lines.len()).sum();
        let again = matches!(advance, Advance::Job(..));
        let letters = condemned.iter().flat_map(|found| self.dead_letters(found));
        let letters: Vec<Letter> =
            letters.filter(|letter| !(again && self.known.contains(&letter.line))).collect();
        let set_aside = letters.iter().map(|letter| letter.lines as u64).sum();
        let records: Vec<Record> = letters.iter().map(|letter| self.event(letter)).collect();
        let entries = match advance {
            // What somebody asked for again was counted the first time.
            Advance::Job(_, Cause::Asked, _) => Vec::new(),
            Advance::Job(_, Cause::Cut, _) => self.entries(condemned, account::RECOVERED),
            Advance::Fresh | Advance::Gap => self.entries(condemned, account::DELIVERED),
        };
        self.store(&records, &entries, (dead as u64, set_aside), &advance).await?;
        self.touch(&advance);
        if again {
            self.known.extend(letters.into_iter().map(|letter| letter.line));
        }
        let lines = self.batch.len().saturating_sub(dead) as u64;
        if self.batch.readings > dead {
            let taken = self.batch.readings.saturating_sub(dead) as u64;
            self.sink.tally.add(Happening::Delivered, self.name(), taken);
        }
        if let Some(first) = condemned.first() {
            self.sink.tally.add(Happening::DeadLetter, self.name(), dead as u64);
            tracing::warn!(sink = %self.name(), lines = dead, message = %first.message,
                "InfluxDB refuses lines for good; they are set aside");
        }
        self.taken(lines > 0);
        Ok(())
    }

    /// The days of the batch have totals that may have to be made again.
    fn touch(&self, advance: &Advance) {
        if self.sink.config.totals {
            let mut days = self.sink.journal.days();
            let days = self.batch.origins().map(|(_, time)| days.of(time));
            self.shared.touch(days, matches!(advance, Advance::Job(_, Cause::Asked, _)));
        }
    }

    /// The batch is done, and with it whatever the server had against it.
    pub(super) fn taken(&self, lines: bool) {
        let (full, now) = (self.batch.full, self.sink.clock.now());
        let late = self.batch.oldest.map(|oldest| now.since_ms(oldest).max(0));
        let mut waited = false;
        self.shared.condition(self.lane, |condition| {
            let late_ms = late.unwrap_or(condition.late_ms);
            waited = condition.waiting;
            *condition = Condition { waiting: false, oldest: None, late_ms, full };
        });
        if waited && lines && !self.shared.conditions().iter().any(|lane| lane.waiting) {
            tracing::info!(sink = %self.name(), "InfluxDB takes readings again");
        }
        self.publish();
    }

    async fn store(
        &self,
        records: &[Record],
        entries: &[Entry],
        (dead, set_aside): (u64, u64),
        advance: &Advance,
    ) -> Result<(), Stopped> {
        let batch = &self.batch;
        let (readings, lines) = (batch.readings as u64, batch.len() as u64);
        let change = |lanes: &mut Lanes| {
            match advance {
                Advance::Fresh => lanes.fresh_through(batch.through),
                Advance::Gap => lanes.gap_through(batch.through),
                Advance::Job(id, _, task) => {
                    let taken = lines.saturating_sub(dead);
                    return lanes.job_through(*id, task.clone(), taken, dead, set_aside);
                }
            }
            let totals = lanes.totals_mut();
            totals.delivered += lines.saturating_sub(dead);
            totals.without_line += readings.saturating_sub(lines);
            lanes.set_aside(dead);
        };
        let mut pace = self.sink.pace();
        loop {
            match self.shared.change(&self.sink.journal, records, entries, change).await {
                Ok(()) => return Ok(()),
                Err(JournalError::Closed) => return Err(Stopped),
                Err(error) => self.trouble(Class::Journal, None, error.to_string()),
            }
            if records.is_empty() {
                self.shared.change_unstored(entries, change).await;
                return Ok(());
            }
            self.wait(pace.pause()).await?;
        }
    }

    /// What became of the readings of the batch, for the ledger.
    fn entries(&self, condemned: &[Condemned], taken: &'static str) -> Vec<Entry> {
        let mut days = self.sink.journal.days();
        let mut sums: BTreeMap<(&'static str, &str, i32), u64> = BTreeMap::new();
        for (at, (device, time)) in self.batch.origins().enumerate() {
            let dead = condemned.iter().any(|found| found.lines.contains(&at));
            let end = if dead { account::DEAD_LETTERS } else { taken };
            *sums.entry((end, device.as_str(), days.of(time))).or_default() += 1;
        }
        for (device, time) in &self.batch.without_line {
            let key = (account::WITHOUT_LINE, device.as_str(), days.of(*time));
            *sums.entry(key).or_default() += 1;
        }
        let name = self.name();
        let entry = |((end, device, day), readings): ((&str, &str, i32), u64)| Entry {
            account: account::of(name, end),
            subject: device.to_owned(),
            day,
            readings,
        };
        sums.into_iter().map(entry).collect()
    }

    /// One event for each line. One for all of a large group that was refused as a whole, for
    /// example because it is older than what the server keeps: its readings are in the history
    /// between `from_ms` and `to_ms`, and writing them a second time would fill the disk.
    fn dead_letters(&self, found: &Condemned) -> Vec<Letter> {
        let lines = found.lines.clone();
        if lines.len() > NAMED_EACH_MAX {
            return vec![self.dead_letter(found, &lines)];
        }
        lines.map(|line| self.dead_letter(found, &(line..line.saturating_add(1)))).collect()
    }

    fn dead_letter(&self, found: &Condemned, lines: &Range<usize>) -> Letter {
        let first = lines.start..lines.start.saturating_add(1);
        let origins = lines.clone().filter_map(|line| self.batch.origin(line));
        let times = origins.map(|(_, time)| time.ms());
        let span = times.fold(None, |span, ms| match span {
            None => Some((ms, ms)),
            Some((from, to)) => Some((ms.min(from), ms.max(to))),
        });
        let (from_ms, to_ms) = span.unwrap_or_default();
        Letter {
            sink: self.sink.config.name.clone(),
            lines: lines.len(),
            line: self.batch.text(&first).trim_end().to_owned(),
            device: self.batch.origin(lines.start).map(|(device, _)| device.to_string()),
            from_ms,
            to_ms,
            status: found.status,
            message: found.message.clone(),
        }
    }

    fn event(&self, letter: &Letter) -> Record {
        let body = serde_json::to_string(letter).unwrap_or_default();
        let time = self.sink.clock.now();
        Record::Event(Event { kind: EventKind::DeadLetter, time, body })
    }

    /// Counts and shows an error. It is logged when it is another one than before.
    pub(super) fn trouble(&self, class: Class, text: Option<Text>, detail: String) {
        let name = &self.sink.config.name;
        let label = format!("{name}:{}", class.as_str());
        self.sink.tally.count(Happening::SinkError, &label);
        let time = self.sink.clock.now();
        let text = text.unwrap_or_else(|| class.text());
        let waits = !matches!(class, Class::Poison | Class::TooLarge);
        if waits {
            self.shared.condition(self.lane, |condition| condition.waiting = true);
        }
        self.sink.status.send_modify(|status| {
            let known = status.last_error.as_ref().is_some_and(|last| last.class == class.as_str());
            if waits && !(known && status.state == SinkState::Waiting) {
                tracing::warn!(sink = %name, error = class.as_str(), %detail, "{}", text.en);
            }
            status.state = if waits { SinkState::Waiting } else { status.state };
            status.last_error = Some(Trouble { class: class.as_str(), text, detail, time });
        });
    }

    /// Shows what this lane is at.
    pub(super) fn begin(&self) {
        let (oldest, full) = (self.batch.oldest, self.batch.full);
        self.shared.condition(self.lane, |condition| {
            condition.oldest = oldest;
            condition.full = full;
        });
        self.publish();
    }

    /// Refreshes the figures of the status.
    pub(super) fn publish(&self) {
        self.sink.publish();
    }
}

impl Sink {
    /// Refreshes the figures of the status. They are looked up while it is held, so that an older place
    /// is never shown after a newer one.
    pub(super) fn publish(&self) {
        let now = self.clock.now();
        let age = |oldest: Option<Timestamp>| oldest.map_or(0, |then| now.since_ms(then).max(0));
        self.status.send_if_modified(|status| {
            let before = status.clone();
            let head = self.journal.head();
            let [fresh, backlog] = self.shared.conditions();
            self.shared.look(|lanes| {
                status.totals = lanes.totals();
                status.letters_waiting = lanes.letters_waiting();
                status.lag_records = lanes.owed(head);
                status.backlog_records = lanes.backlog();
                status.jobs = lanes.jobs().iter().map(JobStatus::of).collect();
                status.jobs_done = lanes.done().iter().map(JobStatus::of).collect();
            });
            let behind = status.backlog_records > 0;
            status.takes_nothing = fresh.waiting;
            status.state = match () {
                () if fresh.waiting || backlog.waiting => SinkState::Waiting,
                () if behind || fresh.full || !status.jobs.is_empty() => SinkState::CatchingUp,
                () => SinkState::Ok,
            };
            let coming = status.lag_records > status.backlog_records;
            let under_way = if coming { age(fresh.oldest) } else { 0 };
            status.fresh_lag_ms = under_way.max(fresh.late_ms);
            status.lag_ms = under_way.max(if behind { age(backlog.oldest) } else { 0 });
            *status != before
        });
    }
}
