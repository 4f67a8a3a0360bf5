//! How much one device may say.
//!
//! A device that comes back after an outage sends thousands of messages at once, and all of them
//! count: they are of different moments. A device that floods says the same moment again and again.
//! So the measure is the device's own time: so many messages a second of it. Against clocks that
//! run wild there is a second, wider measure by the time of arrival.

use crate::model::Timestamp;

/// Messages a second of the device's own time, and how many may come before that counts.
const PER_OWN_SECOND: f64 = 50.0;
const OWN_BURST: f64 = 3_000.0;
/// The same by the time of arrival.
const PER_SECOND: f64 = 50.0;
const BURST: f64 = 100_000.0;

#[derive(Debug, Clone)]
struct Bucket {
    left: f64,
    last: Option<Timestamp>,
}

/// What one device may still say.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    own: Bucket,
    arrival: Bucket,
}

impl Default for Pace {
    fn default() -> Self {
        let bucket = |left| Bucket { left, last: None };
        Self { own: bucket(OWN_BURST), arrival: bucket(BURST) }
    }
}

impl Pace {
    /// Whether a message that has just come may be looked at.
    pub(super) fn admits(&mut self, now: Timestamp) -> bool {
        self.arrival.take(now, PER_SECOND, BURST)
    }

    /// Whether a message of this time may be kept.
    pub(super) fn allows(&mut self, time: Timestamp) -> bool {
        self.own.take(time, PER_OWN_SECOND, OWN_BURST)
    }
}

impl Bucket {
    #[allow(clippy::cast_precision_loss)] // milliseconds between two messages
    fn take(&mut self, time: Timestamp, per_second: f64, burst: f64) -> bool {
        // Late messages go back in time; that is no flood either.
        let passed_ms = self.last.map_or(0, |last| time.since_ms(last).saturating_abs());
        self.last = Some(time);
        self.left = (self.left + passed_ms as f64 / 1000.0 * per_second).min(burst);
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_436_000_000;

    fn allowed(times: impl Iterator<Item = i64>) -> usize {
        let mut pace = Pace::default();
        times.filter(|time| pace.allows(Timestamp::from_ms(NOW + time))).count()
    }

    #[test]
    fn a_backlog_counts_and_a_flood_does_not() {
        assert_eq!(allowed((0..10_000).map(|n| n * 60_000)), 10_000, "a week of minutes at once");
        assert_eq!(allowed((0..10_000).map(|n| -n * 1_000)), 10_000, "the newest first");
        let flood = allowed((0..100_000).map(|n| n / 10));
        assert_eq!(flood, 3_000 + 499, "ten thousand a second for ten seconds");
        let twenty_a_second = allowed((0..100_000).map(|n| n * 50));
        assert_eq!(twenty_a_second, 100_000);
    }

    #[test]
    fn a_clock_that_runs_wild_is_limited_by_arrival() {
        let mut pace = Pace::default();
        let admitted = (0..300_000).filter(|n| pace.admits(Timestamp::from_ms(NOW + n / 10)));
        assert_eq!(admitted.count(), 100_000 + 1_499);
    }
}
