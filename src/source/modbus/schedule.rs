//! When each read of a unit is due: in its rhythm, after a rest when it failed.

use std::time::Duration;

use super::plan::Block;

/// A block that fails while others are answered rests for twice as many cycles each time, up to
/// this long; after its first failure it does not rest.
const FAILED_REST_MAX: Duration = Duration::from_secs(15 * 60);
/// The same, in cycles.
const FAILED_CYCLES_MAX: u64 = 64;
/// An optional block that the device does not have is asked for again after this time.
const MISSING_REST: Duration = Duration::from_secs(30 * 60);
/// A block that failed so often and was never read is counted as one that will not be read.
const GIVEN_UP: u32 = 5;

/// A block and when it is read next. Cycles are numbered from 0.
#[derive(Debug)]
pub(super) struct PlannedBlock {
    pub(super) block: Block,
    /// Not before this cycle.
    next: u64,
    failures: u32,
    read_before: bool,
    rests: bool,
    /// With which Modbus exception it was refused last.
    pub(super) exception: Option<u8>,
}

impl PlannedBlock {
    pub(super) const fn new(block: Block) -> Self {
        Self { block, next: 0, failures: 0, read_before: false, rests: false, exception: None }
    }

    pub(super) const fn is_due(&self, cycle: u64) -> bool {
        self.next <= cycle
    }

    /// It is left out because it was refused or failed.
    pub(super) const fn rests(&self, cycle: u64) -> bool {
        self.rests && self.next > cycle
    }

    /// Nothing of it was ever read, and hardly will be.
    pub(super) const fn is_given_up(&self) -> bool {
        !self.read_before && (self.failures >= GIVEN_UP || self.rests && self.failures == 0)
    }

    /// `true` if it was not so before. Blocks that are read in the same n-th cycle stay together.
    pub(super) fn was_read(&mut self, cycle: u64) -> bool {
        let news = self.rests;
        let every = u64::from(self.block.every.max(1));
        self.next = (cycle / every + 1) * every;
        (self.failures, self.read_before, self.rests) = (0, true, false);
        self.exception = None;
        news
    }

    /// The device answers, only not to this: it must not hold up the others.
    pub(super) fn failed(&mut self, cycle: u64, interval: Duration) {
        let rest = (1_u64 << self.failures.min(16)) - 1;
        let most = FAILED_CYCLES_MAX.min(cycles_in(FAILED_REST_MAX, interval));
        self.next = cycle + 1 + rest.min(most);
        self.failures = self.failures.saturating_add(1);
        self.rests = true;
    }

    /// The device does not have it.
    pub(super) fn is_missing(&mut self, cycle: u64, interval: Duration) {
        self.next = cycle + cycles_in(MISSING_REST, interval);
        (self.failures, self.rests) = (0, true);
    }

    /// The device has changed: what it refused it may have now.
    pub(super) fn wake(&mut self) {
        if self.rests {
            self.next = 0;
        }
    }
}

fn cycles_in(time: Duration, interval: Duration) -> u64 {
    let cycles = time.as_millis() / interval.as_millis().max(1);
    u64::try_from(cycles).unwrap_or(u64::MAX).clamp(1, u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Function;

    fn planned(every: u32) -> PlannedBlock {
        let (function, points) = (Function::Holding, Vec::new().into());
        let block = Block { function, start: 0, count: 1, every, optional: false, points };
        PlannedBlock::new(block)
    }

    fn due(block: &PlannedBlock, cycles: std::ops::Range<u64>) -> Vec<u64> {
        cycles.filter(|cycle| block.is_due(*cycle)).take(1).collect()
    }

    #[test]
    fn a_block_that_failed_in_its_turn_is_not_left_out_until_the_next_one() {
        let second = Duration::from_secs(1);
        let mut block = planned(60);
        assert!(block.is_due(0));
        block.failed(0, second);
        assert_eq!(due(&block, 0..200), [1], "at once, the first time");
        block.failed(1, second);
        assert_eq!(due(&block, 0..200), [3]);
        block.was_read(3);
        assert_eq!(due(&block, 0..200), [60], "and then with the others of its rhythm");
    }

    #[test]
    fn rests_are_bounded_in_time_however_long_the_interval() {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        let mut block = planned(1);
        for _ in 0..20 {
            block.failed(0, minutes(5));
        }
        assert_eq!(due(&block, 0..200), [4], "a quarter of an hour");
        block.is_missing(0, minutes(5));
        assert_eq!(due(&block, 0..200), [6], "half an hour");
        block.is_missing(0, Duration::from_secs(10));
        assert_eq!(due(&block, 0..400), [180], "half an hour");
        block.wake();
        assert_eq!(due(&block, 1..200), [1]);
    }
}
