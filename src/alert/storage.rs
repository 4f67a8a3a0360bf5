//! What is wrong with keeping and delivering data, looked for beside the journal. Pure.

use std::collections::BTreeMap;

use crate::history::Condition;
use crate::influx::SinkStatus;
use crate::journal::{Mended, Status};
use crate::model::{Text, Timestamp};
use crate::service::{Finding, What};

use super::channels::ChannelState;

/// What was damaged is told for so long.
const TOLD_MS: i64 = 7 * 24 * 3600 * 1000;
/// A channel fails when it has refused so often in a row.
const TRIES: u32 = 3;

/// How the data is kept and delivered at a moment.
#[derive(Default)]
pub(super) struct Storage {
    pub(super) history: Condition,
    pub(super) sinks: Vec<SinkStatus>,
    pub(super) channels: BTreeMap<String, ChannelState>,
}

pub(super) fn findings(journal: &Status, storage: &Storage, now: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(trouble) = &journal.trouble {
        found.push(finding(What::NothingKept, "", vec![("why", trouble.text())]));
    }
    let lately = |time: Timestamp| now.since_ms(time) < TOLD_MS;
    let databases = [("journal", &journal.mended), ("history", &storage.history.mended)];
    for (database, mended) in databases {
        let mended = mended.as_ref().filter(|mended| lately(mended.time));
        found.extend(mended.map(|mended| data_damaged(database, mended)));
    }
    if let Some(block) = &storage.history.put_aside
        && lately(Timestamp::from_ms(block.found_ms))
    {
        let words = vec![
            ("id", Text::same(block.device.clone())),
            ("from", Text::same(minute(block.from_ms))),
            ("to", Text::same(minute(block.to_ms))),
            ("blocks", Text::same(block.blocks.to_string())),
        ];
        found.push(finding(What::BlockDamaged, "", words));
    }
    let waiting = storage.sinks.iter().filter(|sink| sink.takes_nothing);
    found.extend(waiting.map(|sink| {
        let why = sink.last_error.as_ref().map(|error| error.text.clone());
        let why = why.unwrap_or_else(|| Text::new("没有应答", "it does not answer"));
        let words = vec![("sink", Text::same(sink.name.clone())), ("why", why)];
        finding(What::SinkWaiting, &sink.name, words)
    }));
    let failing = storage.channels.iter().filter(|(_, state)| state.tries >= TRIES);
    found.extend(failing.map(|(name, state)| {
        let why = state.why.clone().unwrap_or_else(|| Text::new("没有应答", "it does not answer"));
        let words = vec![("channel", Text::same(name.clone())), ("why", why)];
        finding(What::ChannelFailing, &format!("channel-{name}"), words)
    }));
    found
}

fn data_damaged(database: &str, mended: &Mended) -> Finding {
    let number = |n: u64| Text::same(n.to_string());
    if mended.aside.is_empty() {
        let file = Text::same(format!("{database}.db"));
        let at = Text::same(minute(mended.time.ms()));
        return finding(What::DataMissing, database, vec![("file", file), ("time", at)]);
    }
    let words = vec![
        ("rows", number(mended.rows)),
        ("holes", number(mended.holes)),
        ("file", Text::same(mended.aside.clone())),
    ];
    // The journal's has had no part from the beginning on: alerts that are open keep their name.
    finding(What::DataDamaged, if database == "journal" { "" } else { database }, words)
}

fn finding(what: What, part: &str, words: Vec<(&'static str, Text)>) -> Finding {
    let (device, severity, devices) = (None, None, Vec::new());
    Finding { what, device, part: part.to_owned(), severity, words, devices }
}

/// A time for people, in UTC: this room knows no zone.
fn minute(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::PutAside;
    use crate::journal::JournalError;
    use crate::model::Position;

    const NOW: Timestamp = Timestamp::from_ms(1_780_000_000_000);

    fn journal() -> Status {
        Status {
            head: Position::default(),
            size_bytes: 0,
            cut: Position::default(),
            disk_free_bytes: 0,
            disk_bytes: 0,
            mended: None,
            trouble: None,
            cursors: Vec::new(),
        }
    }

    fn mended(time: Timestamp) -> Option<Mended> {
        Some(Mended { time, rows: 5, holes: 2, aside: "history.db.damaged".to_owned() })
    }

    /// What was found, and the English words of it by their names.
    fn told(journal: &Status, storage: &Storage) -> Vec<(What, String, String)> {
        let found = findings(journal, storage, NOW);
        let words = |finding: &Finding| {
            let words = finding.words.iter().map(|(name, text)| format!("{name}={}", text.en));
            words.collect::<Vec<_>>().join(" ")
        };
        found.iter().map(|found| (found.what, found.part.clone(), words(found))).collect()
    }

    #[test]
    fn nothing_is_told_of_data_that_is_well() {
        let storage = Storage { sinks: vec![SinkStatus::new("main")], ..Storage::default() };
        assert_eq!(told(&journal(), &storage), []);
    }

    #[test]
    fn damage_is_told_for_a_week_with_its_place() {
        let mut storage = Storage::default();
        storage.history.mended = mended(NOW.plus_ms(1 - TOLD_MS));
        storage.history.put_aside = Some(PutAside {
            found_ms: NOW.ms() - 1,
            device: "inv-01".to_owned(),
            from_ms: 0,
            to_ms: 3_600_000,
            blocks: 3,
        });
        let words = "id=inv-01 from=1970-01-01 00:00 UTC to=1970-01-01 01:00 UTC blocks=3";
        let history = "rows=5 holes=2 file=history.db.damaged".to_owned();
        let block = (What::BlockDamaged, String::new(), words.to_owned());
        let expected = [(What::DataDamaged, "history".to_owned(), history.clone()), block.clone()];
        assert_eq!(told(&journal(), &storage), expected);

        storage.history.mended = mended(NOW.plus_ms(-TOLD_MS));
        let journal = Status { mended: mended(NOW), ..journal() };
        assert_eq!(
            told(&journal, &storage),
            [(What::DataDamaged, String::new(), history), block],
            "the history's was a week ago"
        );
    }

    #[test]
    fn a_database_that_takes_nothing_is_named_with_its_reason() {
        let silent = SinkStatus { takes_nothing: true, ..SinkStatus::new("second") };
        let storage =
            Storage { sinks: vec![SinkStatus::new("main"), silent], ..Storage::default() };
        let words = "sink=second why=it does not answer".to_owned();
        assert_eq!(told(&journal(), &storage), [(What::SinkWaiting, "second".to_owned(), words)]);
        let full = Status { trouble: Some(JournalError::Closed), ..journal() };
        assert_eq!(told(&full, &storage)[0].0, What::NothingKept);
    }
}
