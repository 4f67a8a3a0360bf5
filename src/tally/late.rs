//! How late polls begin: a histogram that costs a poll three additions.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the steps, milliseconds; what is later falls into a step of its own.
const STEPS_MS: [u64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/// Polls by lateness.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    steps: [AtomicU64; STEPS_MS.len()],
    later: AtomicU64,
    sum_us: AtomicU64,
    max_ms: AtomicU64,
}

impl Lateness {
    pub(super) fn note(&self, late: Duration) {
        let us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        let ms = us.div_ceil(1000);
        let by_step = STEPS_MS.iter().zip(&self.steps).find(|(bound, _)| ms <= **bound);
        by_step.map_or(&self.later, |(_, step)| step).fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
        self.max_ms.fetch_max(ms, Relaxed);
    }

    /// The histogram in the Prometheus text format, and the longest since the last look. Empty
    /// before the first poll.
    pub(super) fn prometheus(&self) -> String {
        let mut text = String::new();
        let mut line = |line: std::fmt::Arguments<'_>| {
            let written = writeln!(text, "{line}");
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        };
        let later = self.later.load(Relaxed);
        let mut below = 0;
        let counts: Vec<u64> = self.steps.iter().map(|step| step.load(Relaxed)).collect();
        let all = counts.iter().sum::<u64>() + later;
        if all == 0 {
            return text;
        }
        line(format_args!("# HELP hallwatch_poll_late_ms Time by which polls began late"));
        line(format_args!("# TYPE hallwatch_poll_late_ms histogram"));
        for (bound, count) in STEPS_MS.iter().zip(counts) {
            below += count;
            line(format_args!("hallwatch_poll_late_ms_bucket{{le=\"{bound}\"}} {below}"));
        }
        line(format_args!("hallwatch_poll_late_ms_bucket{{le=\"+Inf\"}} {all}"));
        let sum_ms = self.sum_us.load(Relaxed) / 1000;
        line(format_args!("hallwatch_poll_late_ms_sum {sum_ms}"));
        line(format_args!("hallwatch_poll_late_ms_count {all}"));
        let max_ms = self.max_ms.swap(0, Relaxed);
        line(format_args!("# HELP hallwatch_poll_late_max_ms Latest poll since the last look"));
        line(format_args!("# TYPE hallwatch_poll_late_max_ms gauge"));
        line(format_args!("hallwatch_poll_late_max_ms {max_ms}"));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_fall_into_steps_and_the_latest_is_told_once() {
        let late = Lateness::default();
        assert_eq!(late.prometheus(), "");
        for us in [0, 900, 1_000, 1_001, 40_000, 3_000_000] {
            late.note(Duration::from_micros(us));
        }
        let shown = late.prometheus();
        let has = |line: &str| assert!(shown.lines().any(|l| l == line), "{line} in {shown}");
        has("hallwatch_poll_late_ms_bucket{le=\"1\"} 3");
        has("hallwatch_poll_late_ms_bucket{le=\"2\"} 4");
        has("hallwatch_poll_late_ms_bucket{le=\"20\"} 4");
        has("hallwatch_poll_late_ms_bucket{le=\"50\"} 5");
        has("hallwatch_poll_late_ms_bucket{le=\"1000\"} 5");
        has("hallwatch_poll_late_ms_bucket{le=\"+Inf\"} 6");
        has("hallwatch_poll_late_ms_sum 3042");
        has("hallwatch_poll_late_max_ms 3000");
        assert!(late.prometheus().contains("hallwatch_poll_late_max_ms 0"));
    }
}
