//! What a sink has delivered and what it still owes, as it is kept with its cursor. Pure.
//!
//! Fresh readings and a backlog go two ways, so that the present is on time while days catch up:
//! the fresh lane stands at one position of the journal, and what it leapt over is a list of gaps,
//! oldest first. Jobs fill the database from the history. The cursor is the oldest position that
//! is still owed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::journal::Dropped;
use crate::model::{Position, Timestamp};

/// Gaps that are remembered; more are joined, and what lies between them is sent again.
const GAPS_MAX: usize = 64;
/// Jobs that are remembered after their end.
const DONE_MAX: usize = 16;
/// Jobs that may wait.
pub(super) const JOBS_MAX: usize = 16;

/// Readings after `from` and up to `to` that are still owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    pub(super) from: u64,
    pub(super) to: u64,
}

/// What became of the readings that have been seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Readings that the server took.
    pub delivered: u64,
    /// Readings with nothing that is sent, such as texts alone.
    pub without_line: u64,
    /// Lines refused for good and set aside.
    pub dead_letters: u64,
    /// Lines that the server took from jobs: old readings once more.
    pub resent: u64,
}

/// Why old readings are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A person asked for it.
    Asked,
    /// The journal had to drop them before this sink had them.
    Cut,
}

/// What a job sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// All readings of a span, window by window and in each device by device.
    Span {
        /// The windows before this time are done.
        next: i64,
        /// In this window, the devices up to this one are done.
        after: Option<String>,
    },
    /// The lines that were set aside after `next` and up to `until`, positions of the journal.
    Letters { next: u64, until: u64 },
}

/// Old readings to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) cause: Cause,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) task: Task,
    /// Lines that the server took.
    pub(super) lines: u64,
    /// Lines that it refused for good.
    pub(super) dead_letters: u64,
    /// Lines to be sent, where that is known beforehand.
    #[serde(default)]
    pub(super) of: Option<u64>,
}

impl Job {
    const fn is_span(&self) -> bool {
        matches!(self.task, Task::Span { .. })
    }
}

/// The form in which it is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    fresh: u64,
    gaps: VecDeque<Gap>,
    jobs: VecDeque<Job>,
    #[serde(default)]
    done: VecDeque<Job>,
    last_job: u64,
    totals: Totals,
    letters_through: u64,
    #[serde(default)]
    letters_waiting: u64,
}

/// Where a sink stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes(Kept);

impl Lanes {
    /// As it was kept with the cursor. A state that cannot be read owes everything after it.
    pub(super) fn open(cursor: Option<(Position, Vec<u8>)>) -> Self {
        let Some((position, state)) = cursor else { return Self::default() };
        let kept = serde_json::from_slice(&state).unwrap_or_else(|error| {
            if !state.is_empty() {
                tracing::error!(%error, "a sink's place cannot be read; what it may have is sent again");
            }
            Kept { fresh: position.0, ..Kept::default() }
        });
        Self(kept)
    }

    /// A new sink's: what is in the journal after a position is owed.
    pub(super) fn begin(position: Position) -> Self {
        Self(Kept { fresh: position.0, ..Kept::default() })
    }

    /// The form in which it is kept.
    pub(super) fn state(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// Everything up to here is delivered or set aside.
    pub(super) fn cursor(&self) -> Position {
        Position(self.0.gaps.front().map_or(self.0.fresh, |gap| gap.from))
    }

    /// Where the fresh lane stands.
    pub(super) const fn fresh(&self) -> Position {
        Position(self.0.fresh)
    }

    pub(super) const fn totals(&self) -> Totals {
        self.0.totals
    }

    pub(super) const fn totals_mut(&mut self) -> &mut Totals {
        &mut self.0.totals
    }

    /// Records that are owed, those before `head` that the fresh lane has not seen included.
    pub(super) fn owed(&self, head: Position) -> u64 {
        let gaps: u64 = self.0.gaps.iter().map(|gap| gap.to.saturating_sub(gap.from)).sum();
        gaps + head.0.saturating_sub(self.0.fresh)
    }

    /// Records that the fresh lane has leapt over and that are still owed.
    pub(super) fn backlog(&self) -> u64 {
        self.owed(self.fresh())
    }

    /// The oldest gap.
    pub(super) fn gap(&self) -> Option<Gap> {
        self.0.gaps.front().copied()
    }

    /// The fresh lane has delivered everything after its place and up to here.
    pub(super) fn fresh_through(&mut self, position: Position) {
        self.0.fresh = self.0.fresh.max(position.0);
    }

    /// The fresh lane goes on at `to`; what lies before is owed.
    pub(super) fn leap(&mut self, to: Position) {
        if to.0 <= self.0.fresh {
            return;
        }
        let gap = Gap { from: self.0.fresh, to: to.0 };
        self.0.fresh = to.0;
        match self.0.gaps.back_mut() {
            Some(last) if last.to >= gap.from => last.to = gap.to,
            _ => self.0.gaps.push_back(gap),
        }
        if self.0.gaps.len() > GAPS_MAX {
            self.join();
        }
    }

    /// Joins the two gaps with the least between them.
    fn join(&mut self) {
        let between = self.0.gaps.iter().zip(self.0.gaps.iter().skip(1));
        let least = between.enumerate().min_by_key(|(_, (a, b))| b.from.saturating_sub(a.to));
        let Some((at, _)) = least else { return };
        if let Some(second) = self.0.gaps.remove(at + 1)
            && let Some(first) = self.0.gaps.get_mut(at)
        {
            first.to = second.to;
        }
    }

    /// Where the readings are that are owed: after the one place and up to the other.
    pub(super) fn ranges(&self, head: Position) -> Vec<(Position, Position)> {
        let gaps = self.0.gaps.iter().map(|gap| (Position(gap.from), Position(gap.to)));
        gaps.chain(std::iter::once((self.fresh(), head))).filter(|(from, to)| from < to).collect()
    }

    /// Of the oldest gap, everything up to here is delivered.
    pub(super) fn gap_through(&mut self, position: Position) {
        if let Some(gap) = self.0.gaps.front_mut() {
            gap.from = gap.from.max(position.0);
            if gap.from >= gap.to {
                self.0.gaps.pop_front();
            }
        }
    }

    /// Readings that are owed are no longer in the journal: the history sends them instead.
    pub(super) fn step_over(&mut self, dropped: Dropped) {
        let through = dropped.through.0;
        if self.cursor().0 >= through {
            return;
        }
        for gap in &mut self.0.gaps {
            gap.from = gap.from.max(through);
        }
        self.0.gaps.retain(|gap| gap.from < gap.to);
        self.0.fresh = self.0.fresh.max(through);
        let (from, to) = (dropped.from, dropped.to.plus_ms(1));
        // The end of the journal moves on while it waits: one job grows with it, until it is begun.
        let last = self.0.jobs.len().saturating_sub(1);
        let same =
            self.0.jobs.back().is_some_and(|job| {
                job.cause == Cause::Cut && job.is_span() && job.from <= from.ms()
            });
        let lengthened = if same { self.lengthen(last, to) } else { Err(from) };
        if lengthened.is_err() {
            // From its own beginning: what came late may be older than where the other one ends.
            self.add_all(Cause::Cut, from, to);
        }
    }

    fn add(&mut self, cause: Cause, from: i64, to: i64, task: Task) -> u64 {
        self.0.last_job += 1;
        let id = self.0.last_job;
        let (lines, dead_letters, of) = (0, 0, None);
        self.0.jobs.push_back(Job { id, cause, from, to, task, lines, dead_letters, of });
        id
    }

    /// Sends all readings of `from <= time < to` again; the job's number.
    pub(super) fn add_span(&mut self, cause: Cause, from: Timestamp, to: Timestamp) -> u64 {
        // Somebody who asks twice has not seen that it goes on; the end grows with the time of day.
        let covers = |job: &&Job| {
            // Not one that has passed a part of it already: it may be asked for because that was lost.
            let comes = matches!(job.task, Task::Span { next, .. } if next <= from.ms());
            job.cause == cause && comes && job.to >= to.ms()
        };
        if let Some(job) = self.0.jobs.iter().find(covers) {
            return job.id;
        }
        let same = |job: &Job| job.cause == cause && job.from == from.ms() && job.is_span();
        let Some(at) = self.0.jobs.iter().position(same) else {
            return self.add_all(cause, from, to);
        };
        self.lengthen(at, to).unwrap_or_else(|until| self.add_all(cause, until, to))
    }

    /// Makes a job end later that has not begun yet; else where it ends, so that another one goes on
    /// from there: of one that has begun a part may be on its way.
    fn lengthen(&mut self, at: usize, to: Timestamp) -> Result<u64, Timestamp> {
        let Some(job) = self.0.jobs.get_mut(at) else { return Err(to) };
        if to.ms() <= job.to {
            return Ok(job.id);
        }
        if at == 0 {
            return Err(Timestamp::from_ms(job.to));
        }
        job.to = to.ms();
        Ok(job.id)
    }

    fn add_all(&mut self, cause: Cause, from: Timestamp, to: Timestamp) -> u64 {
        let task = Task::Span { next: from.ms(), after: None };
        self.add(cause, from.ms(), to.ms(), task)
    }

    /// Sends what was set aside up to here once more, those lines that have been tried again before
    /// left out; the job's number.
    pub(super) fn add_letters(&mut self, until: Position) -> u64 {
        let next = std::mem::replace(&mut self.0.letters_through, until.0);
        let waiting = std::mem::take(&mut self.0.letters_waiting);
        let id = self.add(Cause::Asked, 0, 0, Task::Letters { next, until: until.0 });
        if let Some(job) = self.0.jobs.back_mut() {
            job.of = Some(waiting);
        }
        id
    }

    /// Lines that are set aside and have not been tried again.
    pub(super) const fn letters_waiting(&self) -> u64 {
        self.0.letters_waiting
    }

    /// Lines were set aside.
    pub(super) fn set_aside(&mut self, lines: u64) {
        self.0.totals.dead_letters += lines;
        self.0.letters_waiting += lines;
    }

    /// Lines set aside after this place have not been tried again.
    pub(super) const fn letters_through(&self) -> Position {
        Position(self.0.letters_through)
    }

    pub(super) const fn jobs(&self) -> &VecDeque<Job> {
        &self.0.jobs
    }

    /// Jobs that are done, the last one last.
    pub(super) const fn done(&self) -> &VecDeque<Job> {
        &self.0.done
    }

    /// The job at hand.
    pub(super) fn job(&self) -> Option<&Job> {
        self.0.jobs.front()
    }

    /// The job of this number has come so far; `None` ends it. Of the lines that were refused, so many
    /// were not set aside already.
    pub(super) fn job_through(
        &mut self,
        id: u64,
        task: Option<Task>,
        lines: u64,
        dead_letters: u64,
        letters: u64,
    ) {
        self.0.totals.resent += lines;
        self.0.letters_waiting += letters;
        // One that was given up meanwhile is not the one at hand any more.
        let Some(job) = self.0.jobs.front_mut().filter(|job| job.id == id) else { return };
        job.lines += lines;
        job.dead_letters += dead_letters;
        match task {
            Some(task) => job.task = task,
            None => {
                self.0.done.extend(self.0.jobs.pop_front());
                if self.0.done.len() > DONE_MAX {
                    self.0.done.pop_front();
                }
            }
        }
    }

    /// Gives a job up; whether it was there.
    pub(super) fn cancel(&mut self, id: u64) -> bool {
        let Some(at) = self.0.jobs.iter().position(|job| job.id == id) else { return false };
        let job = self.0.jobs.remove(at);
        if let Some(Job { task: Task::Letters { next, .. }, lines, dead_letters, of, .. }) = job {
            // What it has not tried waits again. Lines that it tried and that were refused are set aside
            // a second time behind these.
            self.0.letters_through = self.0.letters_through.min(next);
            let tried = lines.saturating_add(dead_letters);
            self.0.letters_waiting += of.unwrap_or(0).saturating_sub(tried);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(position: u64) -> Position {
        Position(position)
    }

    #[test]
    fn a_new_sink_owes_everything_and_an_unreadable_one_what_follows_its_cursor() {
        assert_eq!(Lanes::open(None).cursor(), at(0));
        let old = Lanes::open(Some((at(7), Vec::new())));
        assert_eq!((old.cursor(), old.fresh(), old.owed(at(10))), (at(7), at(7), 3));
        let odd = Lanes::open(Some((at(7), b"{".to_vec())));
        assert_eq!((odd.cursor(), odd.fresh()), (at(7), at(7)));
    }

    #[test]
    fn a_hole_of_the_journal_becomes_a_job() {
        let mut lanes = Lanes::open(Some((at(10), Vec::new())));
        lanes.leap(at(100));
        let dropped = |through, to| Dropped {
            through: at(through),
            from: Timestamp::from_ms(5),
            to: Timestamp::from_ms(to),
        };
        lanes.step_over(dropped(60, 90));
        assert_eq!((lanes.gap(), lanes.fresh()), (Some(Gap { from: 60, to: 100 }), at(100)));
        lanes.step_over(dropped(200, 150));
        assert_eq!((lanes.gap(), lanes.fresh(), lanes.cursor()), (None, at(200), at(200)));
        let spans = |lanes: &Lanes| -> Vec<(i64, i64)> {
            lanes.jobs().iter().map(|job| (job.from, job.to)).collect()
        };
        assert_eq!(spans(&lanes), [(5, 91), (5, 151)], "the first may be on its way");
        lanes.step_over(dropped(300, 170));
        assert_eq!(spans(&lanes), [(5, 91), (5, 171)], "the second grew");
        lanes.step_over(dropped(300, 170));
        assert_eq!(lanes.jobs().len(), 2);
        // The same for what somebody asks for twice.
        let asked = |lanes: &mut Lanes, to| {
            lanes.add_span(Cause::Asked, Timestamp::from_ms(1000), Timestamp::from_ms(to))
        };
        let waiting = asked(&mut lanes, 2000);
        assert_eq!((asked(&mut lanes, 2500), asked(&mut lanes, 2000)), (waiting, waiting));
        let mut begun = Lanes::default();
        let first = asked(&mut begun, 2000);
        assert_eq!(asked(&mut begun, 2000), first);
        assert_ne!(asked(&mut begun, 2500), first);
        assert_eq!(spans(&begun), [(1000, 2000), (2000, 2500)]);
    }

    proptest! {
        /// A model that knows of each position whether it is delivered.
        #[test]
        fn nothing_that_is_owed_is_forgotten(
            steps in prop::collection::vec((0u8..3, 1u64..40), 1..400),
        ) {
            let mut lanes = Lanes::default();
            let mut delivered = vec![false; 20_000];
            for (step, length) in steps {
                match step {
                    0 => {
                        let from = lanes.fresh().0;
                        delivered[from as usize..(from + length) as usize].fill(true);
                        lanes.fresh_through(at(from + length));
                    }
                    1 => lanes.leap(at(lanes.fresh().0 + length)),
                    _ => if let Some(gap) = lanes.gap() {
                        let to = gap.to.min(gap.from + length);
                        delivered[gap.from as usize..to as usize].fill(true);
                        lanes.gap_through(at(to));
                    }
                }
                lanes = Lanes::open(Some((lanes.cursor(), lanes.state())));
                let cursor = lanes.cursor().0 as usize;
                prop_assert!(delivered[..cursor].iter().all(|done| *done));
                let owed = delivered[..lanes.fresh().0 as usize].iter().filter(|done| !**done);
                prop_assert!(lanes.backlog() >= owed.count() as u64);
                prop_assert!(lanes.0.gaps.len() <= GAPS_MAX);
            }
            while let Some(gap) = lanes.gap() {
                delivered[gap.from as usize..gap.to as usize].fill(true);
                lanes.gap_through(at(gap.to));
            }
            prop_assert_eq!(lanes.cursor(), lanes.fresh());
            prop_assert!(delivered[..lanes.fresh().0 as usize].iter().all(|done| *done));
        }
    }
}
