//! What can happen again and again: each has a name, one log line and one counter.
//!
//! Rooms call [`Tally::count`]; `/metrics` and the gateway's own readings show the sums. Labels
//! come from fixed words in the code, never from a device, so the number of series is bounded.

mod late;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use late::Lateness;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Happening {
    /// A value, an answer or a message was refused; nothing of it was kept.
    Rejected,
    /// A reading was on disk.
    ReadingKept,
    /// A reading was already on disk and was not kept twice.
    Duplicate,
    /// A reading could not be kept because the disk did not take it.
    NotKept,
    /// A poll of a device went well.
    PollOk,
    /// A poll of a device failed.
    PollFailed,
    /// A cycle took longer than its interval.
    PollOverrun,
    /// A request to a sink or a notification was answered with an error.
    SinkError,
    /// A record was delivered to a sink.
    Delivered,
    /// A record was refused by a sink for good and set aside.
    DeadLetter,
    /// A task ended with a panic and was started again.
    Panic,
    /// A request to the web server was refused.
    WebRefused,
}

impl Happening {
    /// Name of the counter, without the prefix.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::ReadingKept => "readings_kept",
            Self::Duplicate => "duplicates",
            Self::NotKept => "readings_not_kept",
            Self::PollOk => "polls_ok",
            Self::PollFailed => "polls_failed",
            Self::PollOverrun => "polls_overrun",
            Self::SinkError => "sink_errors",
            Self::Delivered => "delivered",
            Self::DeadLetter => "dead_letters",
            Self::Panic => "panics",
            Self::WebRefused => "web_refused",
        }
    }

    /// What the counter counts, for `/metrics`.
    const fn help(self) -> &'static str {
        match self {
            Self::Rejected => "Data refused, by reason",
            Self::ReadingKept => "Readings committed to the journal",
            Self::Duplicate => "Readings that were already in the journal",
            Self::NotKept => "Readings that could not be kept, by reason",
            Self::PollOk => "Polls that went well",
            Self::PollFailed => "Polls that failed, by reason",
            Self::PollOverrun => "Poll cycles longer than their interval",
            Self::SinkError => "Errors of sinks and channels, by reason",
            Self::Delivered => "Records delivered, by sink",
            Self::DeadLetter => "Records refused for good, by sink",
            Self::Panic => "Tasks restarted after a panic, by task",
            Self::WebRefused => "Web requests refused, by reason",
        }
    }
}

/// The most labels that one name may have; a further one is counted as `other`.
const LABELS_MAX: usize = 200;

/// By label, for each happening.
type Counters = BTreeMap<Happening, BTreeMap<String, u64>>;

#[derive(Debug, Default)]
struct Sums {
    counters: Mutex<Counters>,
    late: Lateness,
}

/// All counters of the process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Sums>);

impl Tally {
    /// A new set of counters, all zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.0.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one under `label`.
    pub fn count(&self, happening: Happening, label: &str) {
        self.add(happening, label, 1);
    }

    /// Adds `n` under `label`.
    pub fn add(&self, happening: Happening, label: &str, n: u64) {
        let mut counters = self.counters();
        let of_name = counters.entry(happening).or_default();
        if let Some(counter) = of_name.get_mut(label) {
            *counter += n;
            return;
        }
        let label = if of_name.len() < LABELS_MAX { label } else { "other" };
        *of_name.entry(label.to_owned()).or_default() += n;
    }

    /// Notes how long after its time a poll began.
    pub fn late(&self, late: Duration) {
        self.0.late.note(late);
    }

    /// The sum over all labels.
    #[must_use]
    pub fn total(&self, happening: Happening) -> u64 {
        self.counters().get(&happening).map_or(0, |labels| labels.values().sum())
    }

    /// The counters of one name, by label.
    #[must_use]
    pub fn labels(&self, happening: Happening) -> Vec<(String, u64)> {
        let counters = self.counters();
        let of_name = counters.get(&happening).into_iter().flatten();
        of_name.map(|(label, n)| (label.clone(), *n)).collect()
    }

    /// All counters in the Prometheus text format.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let counters = self.counters().clone();
        let mut text = String::new();
        for (happening, labels) in &counters {
            let (name, help) = (happening.as_str(), happening.help());
            let mut lines = format!(
                "# HELP hallwatch_{name}_total {help}\n# TYPE hallwatch_{name}_total counter\n"
            );
            for (label, n) in labels {
                let label = label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
                let line = writeln!(lines, "hallwatch_{name}_total{{label=\"{label}\"}} {n}");
                debug_assert!(line.is_ok(), "writing to a String cannot fail");
            }
            text.push_str(&lines);
        }
        text + &self.0.late.prometheus()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_bounded_and_shown() {
        let tally = Tally::new();
        for i in 0..1000 {
            tally.count(Happening::Rejected, &format!("r{i}"));
        }
        assert_eq!(tally.total(Happening::Rejected), 1000);
        assert_eq!(tally.labels(Happening::Rejected).len(), LABELS_MAX + 1);
        tally.count(Happening::Panic, "a\"b");
        assert!(tally.prometheus().contains("hallwatch_panics_total{label=\"a\\\"b\"} 1"));
    }
}
