//! What is wrong with keeping and delivering data, looked for beside the journal. Pure.

use crate::history::Condition;
use crate::influx::SinkStatus;
use crate::journal::{Mended, Status};
use crate::model::{Text, Timestamp};
use crate::service::{Finding, What};

/// What was damaged is told for so long.
const TOLD_MS: i64 = 7 * 24 * 3600 * 1000;

/// How the data is kept and delivered at a moment.
#[derive(Default)]
pub(super) struct Storage {
    pub(super) history: Condition,
    pub(super) sinks: Vec<SinkStatus>,
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
    found
}

fn data_damaged(database: &str, mended: &Mended) -> Finding {
    let number = |n: u64| Text::same(n.to_string());
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
