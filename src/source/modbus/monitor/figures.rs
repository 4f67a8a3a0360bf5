//! The figures of a line and of each unit on it, since the start of the process.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::histogram::Histogram;

/// The last minute in slots of ten seconds.
const SLOTS: usize = 6;
const SLOT: Duration = Duration::from_secs(10);

/// One unit on a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFigures {
    /// Questions asked.
    pub questions: u64,
    /// Questions since the last answer or refusal; who is behind a gateway that answers in its
    /// place counts as not answering.
    pub unanswered: u64,
    /// Answers with data.
    pub answers: u64,
    /// Deadlines that passed in silence.
    pub timeouts: u64,
    /// Refusals, by Modbus exception code.
    pub exceptions: BTreeMap<u8, u64>,
    /// Answers that did not fit, and deadlines that passed with other frames than the answer.
    pub bad_answers: u64,
    /// Connections that the peer closed instead of answering.
    pub closed: u64,
    /// How long answers and refusals took.
    pub latency: Histogram,
}

/// What was on a line besides answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StrayFigures {
    /// Bytes that were no frame.
    pub noise_bytes: u64,
    /// Awaited answers with a wrong checksum.
    pub crc_errors: u64,
    /// Our own questions, sent back by an adapter.
    pub echoes: u64,
    /// Answers that came after their deadline; none was taken for another.
    pub late_answers: u64,
    /// Frames of others: questions of another master and the answers to them.
    pub foreign_frames: u64,
}

impl StrayFigures {
    /// Adds others.
    pub(super) const fn add(&mut self, other: &Self) {
        self.noise_bytes += other.noise_bytes;
        self.crc_errors += other.crc_errors;
        self.echoes += other.echoes;
        self.late_answers += other.late_answers;
        self.foreign_frames += other.foreign_frames;
    }
}

/// Ten seconds of a line.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    number: u64,
    busy: Duration,
    questions: u64,
    cycles: u64,
    late_cycles: u64,
    strays: StrayFigures,
}

/// What a line did in the last minute.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LastMinute {
    /// Share of it in which the line was busy, 0 to 1.
    pub utilisation: f64,
    /// Questions asked.
    pub questions: u64,
    /// Cycles of its units.
    pub cycles: u64,
    /// Those of them that began so late that a reading of their unit is missing.
    pub late_cycles: u64,
    /// What was on the line besides answers.
    pub strays: StrayFigures,
}

/// One line.
#[derive(Debug, Clone)]
pub struct LineFigures {
    since: Instant,
    busy: Duration,
    slots: [Slot; SLOTS],
    /// Connections made.
    pub connects: u64,
    /// Connections that could not be made.
    pub connect_failures: u64,
    /// Attempts that failed since the last connection.
    pub unconnected: u64,
    /// What was on the line besides answers.
    pub strays: StrayFigures,
    /// Cycles that began later than they were due, by how much.
    pub lateness: Histogram,
    /// The units, by number; boxed, because a map has room for eleven values and most lines have
    /// one unit.
    pub units: BTreeMap<u8, Box<UnitFigures>>,
}

impl LineFigures {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            busy: Duration::ZERO,
            slots: [Slot::default(); SLOTS],
            connects: 0,
            connect_failures: 0,
            unconnected: 0,
            strays: StrayFigures::default(),
            lateness: Histogram::default(),
            units: BTreeMap::new(),
        }
    }

    pub(super) fn was_busy(&mut self, took: Duration) {
        self.busy += took;
        if let Some(slot) = self.running() {
            slot.busy += took;
            slot.questions += 1;
        }
    }

    pub(super) fn began_late(&mut self, late: Duration, interval: Duration) {
        self.lateness.add(late);
        if let Some(slot) = self.running() {
            slot.cycles += 1;
            slot.late_cycles += u64::from(late >= interval);
        }
    }

    pub(super) fn strayed(&mut self, new: &StrayFigures) {
        self.strays.add(new);
        if let Some(slot) = self.running() {
            slot.strays.add(new);
        }
    }

    /// The slot of now, emptied when it was one of long ago.
    fn running(&mut self) -> Option<&mut Slot> {
        let number = self.slot();
        let slot = self.slots.get_mut(usize::try_from(number).unwrap_or(0) % SLOTS)?;
        if slot.number != number {
            *slot = Slot { number, ..Slot::default() };
        }
        Some(slot)
    }

    fn slot(&self) -> u64 {
        self.since.elapsed().as_secs() / SLOT.as_secs()
    }

    /// Time since it is watched.
    #[must_use]
    pub fn watched(&self) -> Duration {
        self.since.elapsed()
    }

    /// Time in which it waited for answers, since it is watched.
    #[must_use]
    pub const fn busy(&self) -> Duration {
        self.busy
    }

    /// Share of the last minute in which the line was busy, 0 to 1.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.last_minute().utilisation
    }

    /// The last minute, or the time since the line is watched.
    #[must_use]
    pub fn last_minute(&self) -> LastMinute {
        let now = self.slot();
        let mut last = LastMinute::default();
        let mut busy = Duration::ZERO;
        for slot in self.slots.iter().filter(|slot| slot.number + SLOTS as u64 > now) {
            busy += slot.busy;
            last.questions += slot.questions;
            last.cycles += slot.cycles;
            last.late_cycles += slot.late_cycles;
            last.strays.add(&slot.strays);
        }
        // The running slot is only partly over.
        let whole = SLOT * u32::try_from(SLOTS - 1).unwrap_or(1);
        let running = self.since.elapsed() - SLOT * u32::try_from(now).unwrap_or(u32::MAX);
        let window = self.since.elapsed().min(whole + running);
        if !window.is_zero() {
            last.utilisation = (busy.as_secs_f64() / window.as_secs_f64()).min(1.0);
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn utilisation_is_that_of_the_last_minute() {
        let mut figures = LineFigures::new();
        for _ in 0..60 {
            figures.was_busy(Duration::from_millis(500));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let half = figures.utilisation();
        assert!((0.45..=0.55).contains(&half), "{half}");
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(figures.utilisation() < 0.01, "what was long ago is over");
        assert_eq!(figures.busy(), Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_of_long_ago_is_not_of_the_last_minute() {
        let mut figures = LineFigures::new();
        let crc = StrayFigures { crc_errors: 3, ..StrayFigures::default() };
        figures.strayed(&crc);
        tokio::time::advance(Duration::from_secs(30)).await;
        figures.strayed(&crc);
        assert_eq!(figures.last_minute().strays.crc_errors, 6);
        tokio::time::advance(Duration::from_secs(45)).await;
        assert_eq!(figures.last_minute().strays.crc_errors, 3);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(figures.last_minute(), LastMinute::default());
        assert_eq!(figures.strays.crc_errors, 6, "the sum stays");
    }
}
