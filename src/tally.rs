//! What can happen again and again: each has a name, one log line and one counter.
//!
//! Rooms call [`Tally::count`]; `/metrics` and the gateway's own readings show the sums. Labels
//! come from fixed words in the code, never from a device, so the number of series is bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

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

type Counters = BTreeMap<(Happening, String), u64>;

/// All counters of the process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Counters>>);

impl Tally {
    /// A new set of counters, all zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one under `label`.
    pub fn count(&self, happening: Happening, label: &str) {
        self.add(happening, label, 1);
    }

    /// Adds `n` under `label`.
    pub fn add(&self, happening: Happening, label: &str, n: u64) {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = counters.get_mut(&(happening, label.to_owned())) {
            *counter += n;
            return;
        }
        let labels = counters.keys().filter(|(h, _)| *h == happening).count();
        let label = if labels < LABELS_MAX { label } else { "other" };
        *counters.entry((happening, label.to_owned())).or_default() += n;
    }

    /// The sum over all labels.
    #[must_use]
    pub fn total(&self, happening: Happening) -> u64 {
        self.labels(happening).iter().map(|(_, n)| n).sum()
    }

    /// The counters of one name, by label.
    #[must_use]
    pub fn labels(&self, happening: Happening) -> Vec<(String, u64)> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_name = counters.iter().filter(|((h, _), _)| *h == happening);
        of_name.map(|((_, label), n)| (label.clone(), *n)).collect()
    }

    /// All counters in the Prometheus text format.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::new();
        let mut last = None;
        for ((happening, label), n) in &counters {
            let name = happening.as_str();
            if last != Some(happening) {
                let help = happening.help();
                let head = writeln!(
                    text,
                    "# HELP hallwatch_{name}_total {help}\n# TYPE hallwatch_{name}_total counter"
                );
                debug_assert!(head.is_ok(), "writing to a String cannot fail");
                last = Some(happening);
            }
            let label = label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
            let line = writeln!(text, "hallwatch_{name}_total{{label=\"{label}\"}} {n}");
            debug_assert!(line.is_ok(), "writing to a String cannot fail");
        }
        text
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
