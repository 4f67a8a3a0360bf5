//! What became of the readings of each source. Pure.

use std::collections::BTreeMap;

use crate::influx::account;
use crate::journal::{DOUBLED, Entry, KEPT, NOT_KEPT};

/// What a database has of a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtSink {
    /// Readings that it took.
    pub delivered: u64,
    /// Readings with nothing that is sent.
    pub without_line: u64,
    /// Readings that it refused for good.
    pub dead_letters: u64,
    /// Readings that it took from the history, because the journal had to drop them before.
    pub recovered: u64,
    /// Readings that it is still owed; `None` where they are too many to be counted by source.
    pub owed: Option<u64>,
}

/// What became of the readings of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Readings that are new and on disk.
    pub kept: u64,
    /// Readings that came again.
    pub doubled: u64,
    /// Readings that the disk did not take and that cannot be asked for again.
    pub not_kept: u64,
    /// By the name of the database.
    pub sinks: BTreeMap<String, AtSink>,
}

impl Sums {
    /// Readings that the source brought.
    #[must_use]
    pub const fn read(&self) -> u64 {
        self.kept + self.doubled + self.not_kept
    }

    /// Adds an entry of the ledger.
    pub(super) fn add(&mut self, entry: &Entry) {
        match entry.account.as_str() {
            KEPT => self.kept += entry.readings,
            DOUBLED => self.doubled += entry.readings,
            NOT_KEPT => self.not_kept += entry.readings,
            other => {
                let Some((sink, end)) = account::parse(other) else { return };
                let at = self.sinks.entry(sink.to_owned()).or_default();
                match end {
                    account::DELIVERED => at.delivered += entry.readings,
                    account::DEAD_LETTERS => at.dead_letters += entry.readings,
                    account::WITHOUT_LINE => at.without_line += entry.readings,
                    account::RECOVERED => at.recovered += entry.readings,
                    _ => {}
                }
            }
        }
    }
}

/// The sums of each source in some entries of the ledger.
#[must_use]
pub fn of_sources(entries: &[Entry]) -> BTreeMap<String, Sums> {
    let mut sources: BTreeMap<String, Sums> = BTreeMap::new();
    for entry in entries {
        sources.entry(entry.subject.clone()).or_default().add(entry);
    }
    sources
}

/// Adds what a database is owed; `None` where that is not known by source.
pub(super) fn owe(
    sources: &mut BTreeMap<String, Sums>,
    sink: &str,
    owed: Option<&BTreeMap<String, u64>>,
) {
    for (source, sums) in sources {
        let at = sums.sinks.entry(sink.to_owned()).or_default();
        at.owed = owed.map(|owed| owed.get(source).copied().unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_summed_by_source_and_sink() {
        let entry = |account: &str, subject: &str, readings| Entry {
            account: account.to_owned(),
            subject: subject.to_owned(),
            day: 0,
            readings,
        };
        let entries = [
            entry(KEPT, "a", 7),
            entry(KEPT, "a", 3),
            entry(DOUBLED, "a", 1),
            entry(NOT_KEPT, "a", 2),
            entry(&account::of("main", account::DELIVERED), "a", 8),
            entry(&account::of("main", account::DEAD_LETTERS), "a", 1),
            entry(&account::of("second", account::WITHOUT_LINE), "a", 4),
            entry("something:else", "b", 9),
        ];
        let sources = of_sources(&entries);
        let a = &sources["a"];
        assert_eq!((a.read(), a.kept, a.doubled, a.not_kept), (13, 10, 1, 2));
        let main = a.sinks["main"];
        assert_eq!((main.delivered, main.dead_letters, a.sinks["second"].without_line), (8, 1, 4));
        assert_eq!(sources["b"], Sums::default());
    }
}
