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

/// One line.
#[derive(Debug, Clone)]
pub struct LineFigures {
    since: Instant,
    busy: Duration,
    slots: [(u64, Duration); SLOTS],
    /// Connections made.
    pub connects: u64,
    /// Connections that could not be made.
    pub connect_failures: u64,
    /// What was on the line besides answers.
    pub strays: StrayFigures,
    /// Cycles that began later than they were due, by how much.
    pub lateness: Histogram,
    /// The units, by number.
    pub units: BTreeMap<u8, UnitFigures>,
}

impl LineFigures {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            busy: Duration::ZERO,
            slots: [(0, Duration::ZERO); SLOTS],
            connects: 0,
            connect_failures: 0,
            strays: StrayFigures::default(),
            lateness: Histogram::default(),
            units: BTreeMap::new(),
        }
    }

    pub(super) fn was_busy(&mut self, took: Duration) {
        self.busy += took;
        let slot = self.slot();
        let place = usize::try_from(slot).unwrap_or(0) % SLOTS;
        if let Some((number, busy)) = self.slots.get_mut(place) {
            if *number != slot {
                (*number, *busy) = (slot, Duration::ZERO);
            }
            *busy += took;
        }
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
        let now = self.slot();
        let recent = |(number, _): &&(u64, Duration)| number + SLOTS as u64 > now;
        let busy: Duration = self.slots.iter().filter(recent).map(|(_, busy)| *busy).sum();
        // The running slot is only partly over.
        let whole = SLOT * u32::try_from(SLOTS - 1).unwrap_or(1);
        let running = self.since.elapsed() - SLOT * u32::try_from(now).unwrap_or(u32::MAX);
        let window = self.since.elapsed().min(whole + running);
        if window.is_zero() { 0.0 } else { (busy.as_secs_f64() / window.as_secs_f64()).min(1.0) }
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
}
