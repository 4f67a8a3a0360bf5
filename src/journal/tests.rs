//! The promises of the journal, on a real disk.

use std::sync::Arc;

use super::*;
use crate::clock::ManualClock;
use crate::model::{
    Decimal, DeviceId, Event, EventKind, PointName, Quality, Reading, Sample, Timestamp, Value,
};

const START: i64 = 1_763_900_000_000;

fn config(folder: &std::path::Path) -> Config {
    Config { commit_wait_ms: 1, ..Config::new(folder.to_owned()) }
}

fn open(folder: &std::path::Path) -> Journal {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    Journal::open(&config(folder), clock, Tally::new()).expect("opens")
}

fn reading(device: &str, tick: i64) -> Record {
    let time = Timestamp::from_ms(START + tick * 1000);
    Record::Reading(Reading {
        device: DeviceId::parse(device).expect("id"),
        time,
        received: time,
        message: 0,
        samples: vec![Sample {
            point: PointName::parse("ac_power_w").expect("point"),
            value: Value::Decimal(Decimal::whole(tick)),
            quality: Quality::Good,
        }],
    })
}

fn event(n: i64) -> Record {
    let body = format!("{{\"n\":{n}}}");
    Record::Event(Event { kind: EventKind::Alert, time: Timestamp::from_ms(START + n), body })
}

#[tokio::test]
async fn a_reading_is_kept_once_and_read_in_order() {
    let folder = tempfile::tempdir().expect("temp dir");
    let journal = open(folder.path());
    let first = journal.append(vec![reading("a", 1), reading("b", 1)]).await.expect("kept");
    assert_eq!((first.stored, first.duplicates), (2, 0));
    let again = journal.append(vec![reading("a", 1), reading("a", 2)]).await.expect("kept");
    assert_eq!((again.stored, again.duplicates), (1, 1));
    let mut reader = journal.reader("test", Kinds::All).expect("reader");
    let batch = reader.next(100).await.expect("records");
    let records: Vec<_> = batch.records.iter().map(|(_, r)| (**r).clone()).collect();
    assert_eq!(records, [reading("a", 1), reading("b", 1), reading("a", 2)]);
    assert_eq!(batch.through, journal.head());
}

#[tokio::test]
async fn of_a_large_batch_each_reading_is_kept_once_wherever_its_double_stands() {
    let folder = tempfile::tempdir().expect("temp dir");
    let journal = open(folder.path());
    let old = (0..500).step_by(7).map(|t| reading("a", t)).collect::<Vec<_>>();
    let before = journal.append(old.clone()).await.expect("kept");
    // The old ones again, all of them twice in a row, and the first thirty once more at the end.
    let twice = (0..500).flat_map(|t| [reading("a", t), reading("a", t)]);
    let batch: Vec<Record> = twice.chain((0..30).map(|t| reading("a", t))).collect();
    let asked = batch.len();
    let answer = journal.append(batch).await.expect("kept");
    assert_eq!((before.stored, answer.stored), (old.len(), 500 - old.len()));
    assert_eq!(answer.duplicates, asked - answer.stored);
    assert_eq!(answer.position, journal.head());
    let after = journal.append(vec![event(1), event(1)]).await.expect("kept");
    assert_eq!((after.stored, after.duplicates), (2, 0), "events are no doubles");

    let mut expected = old;
    expected.extend((0..500).filter(|t| t % 7 != 0).map(|t| reading("a", t)));
    expected.extend([event(1), event(1)]);
    let mut places = Vec::new();
    for (name, disk) in [("tail", false), ("disk", true)] {
        let mut reader = journal.reader(name, Kinds::All).expect("reader");
        let size = if disk { 3 } else { 10_000 };
        let mut seen = Vec::new();
        while seen.len() < expected.len() {
            seen.extend(reader.next(size).await.expect("records").records);
        }
        assert!(seen.is_sorted_by(|(a, _), (b, _)| a < b), "{name}: places only grow");
        let (at, records): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
        assert_eq!(records.iter().map(|r| (**r).clone()).collect::<Vec<_>>(), expected, "{name}");
        places.push(at);
    }
    assert_eq!(places[0], places[1], "told and kept under the same place");
}

#[tokio::test]
async fn a_cursor_survives_a_restart_and_a_state_comes_with_it() {
    let folder = tempfile::tempdir().expect("temp dir");
    let journal = open(folder.path());
    journal.append((0..10).map(|t| reading("a", t)).collect()).await.expect("kept");
    let mut reader = journal.reader("sink", Kinds::Readings).expect("reader");
    let batch = reader.next(4).await.expect("records");
    reader.done(batch.through).await;
    let cursor = Cursor::new("rules", batch.through, Some(b"seen".to_vec()));
    journal.append_with_cursor(vec![event(1)], cursor).await.expect("kept");
    drop(reader);
    journal.close();
    assert_eq!(journal.append(vec![event(2)]).await, Err(JournalError::Closed));

    let journal = open(folder.path());
    assert_eq!(journal.cursor("rules").expect("read"), Some((batch.through, b"seen".to_vec())));
    let mut reader = journal.reader("sink", Kinds::Readings).expect("reader");
    let rest = reader.next(100).await.expect("records");
    assert_eq!(rest.records.len(), 6, "from disk, after the cursor");
    assert_eq!(rest.through, journal.head(), "the event went by unseen");
    let mut decisions = journal.reader("bot", Kinds::Decisions).expect("reader");
    let only = decisions.next(100).await.expect("records");
    assert_eq!(*only.records[0].1, event(1));
}

#[tokio::test]
async fn a_reader_behind_the_tail_reads_from_disk_and_catches_up() {
    let folder = tempfile::tempdir().expect("temp dir");
    let journal = open(folder.path());
    for chunk in 0..10 {
        let records = (0..1000).map(|t| reading("a", chunk * 1000 + t)).collect();
        journal.append(records).await.expect("kept");
    }
    let mut reader = journal.reader("slow", Kinds::All).expect("reader");
    let mut seen = 0i64;
    while seen < 10_000 {
        for (_, record) in reader.next(700).await.expect("records").records {
            assert_eq!(*record, reading("a", seen));
            seen += 1;
        }
    }
}

#[tokio::test]
async fn readings_are_found_by_device_and_time() {
    let folder = tempfile::tempdir().expect("temp dir");
    let journal = open(folder.path());
    journal.append((0..100).map(|t| reading("a", t)).collect()).await.expect("kept");
    let archive = journal.archive().expect("archive");
    let device = DeviceId::parse("a").expect("id");
    let at = |s: i64| Timestamp::from_ms(START + s * 1000);
    let found = archive.readings(&device, at(10), at(20), 1000).expect("found");
    assert_eq!(found.len(), 10);
    let last = archive.last_before(&device, at(50), 1).expect("found");
    assert_eq!(last[0].time, at(49));
    let nobody = DeviceId::parse("nobody").expect("id");
    assert!(archive.readings(&nobody, at(0), at(100), 10).expect("none").is_empty());
}

#[tokio::test]
async fn old_records_go_only_after_every_reader_of_this_run_has_passed() {
    let folder = tempfile::tempdir().expect("temp dir");
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    let config = Config { readings_days: 1, links_days: 1, ..config(folder.path()) };
    let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("opens");
    // Decisions at the old end are kept, and do not keep the readings behind them; what nobody decided
    // goes.
    journal.append((0..20).map(event).collect()).await.expect("kept");
    let refused = (0..5).map(|n| {
        let Record::Event(event) = event(n) else { panic!("an event") };
        Record::Event(Event { kind: EventKind::Refused, ..event })
    });
    journal.append(refused.collect()).await.expect("kept");
    journal.append((0..100).map(|t| reading("a", t)).collect()).await.expect("kept");
    let mut gone = journal.reader("a sink that was removed", Kinds::All).expect("reader");
    gone.next(1).await.expect("records");
    gone.done(Position(1)).await;
    journal.append(vec![event(99)]).await.expect("kept");
    drop(gone);
    tokio::time::sleep(std::time::Duration::from_millis(6500)).await; // it has noted where it is
    journal.close();

    clock.advance_ms(2 * 24 * 3600 * 1000);
    let journal = Journal::open(&config, clock, Tally::new()).expect("opens");
    let mut reader = journal.reader("sink", Kinds::All).expect("reader");
    reader.done(Position(75)).await;
    journal.append(vec![event(100)]).await.expect("kept");
    tokio::time::sleep(std::time::Duration::from_millis(6500)).await;
    let archive = journal.archive().expect("archive");
    let device = DeviceId::parse("a").expect("id");
    let ever = Timestamp::from_ms(i64::MAX);
    let left = archive.readings(&device, Timestamp::from_ms(0), ever, 1000).expect("found");
    assert_eq!(left.len(), 50, "what the sink has not passed is kept, and nothing else");
    assert_eq!(archive.last_events(EventKind::Alert, 1000).expect("events").len(), 22);
    assert!(archive.last_events(EventKind::Refused, 1000).expect("events").is_empty());
    assert_eq!(journal.status().cursors, [("sink".to_owned(), Position(75))]);
    assert_eq!(reader.next(1000).await.expect("records").records.len(), 22 + 50);
}

#[tokio::test]
async fn a_folder_that_is_removed_under_it_is_seen_and_nothing_is_said_to_be_kept() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("data");
    let journal = open(&path);
    journal.append(vec![reading("a", 1)]).await.expect("kept");
    std::fs::rename(&path, folder.path().join("elsewhere")).expect("moved");
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let refused = journal.append(vec![reading("a", 2)]).await;
    assert!(matches!(refused, Err(JournalError::Gone(_))), "{refused:?}");
    assert!(matches!(journal.status().trouble, Some(JournalError::Gone(_))));
    std::fs::rename(folder.path().join("elsewhere"), &path).expect("moved back");
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    journal.append(vec![reading("a", 2)]).await.expect("kept again");
    assert_eq!(journal.status().trouble, None);
    journal.close();
}

#[test]
fn dropping_old_records_reads_the_old_end_only() {
    let folder = tempfile::tempdir().expect("temp dir");
    let opened = schema::open(folder.path(), Timestamp::from_ms(START)).expect("opens");
    let sql = format!("EXPLAIN QUERY PLAN {}", trim::OLD_READINGS);
    let mut statement = opened.connection.prepare(&sql).expect("plan");
    let rows = statement.query_map([1, 2, 3], |row| row.get::<_, String>(3)).expect("plan");
    let plan: Vec<String> = rows.map(|row| row.expect("row")).collect();
    assert!(plan.iter().all(|line| !line.contains("TEMP B-TREE FOR ORDER BY")), "{plan:?}");
    assert!(
        plan.iter().any(|line| line.contains("SEARCH log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)")),
        "{plan:?}"
    );
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().expect("temp dir");
    let journal = open(folder.path());
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    let second = Journal::open(&config(folder.path()), clock, Tally::new());
    assert!(matches!(second.err(), Some(JournalError::Busy(_))));
    journal.close();
}

/// A database as version 1 made it, row by row.
const OF_VERSION_1: &str = "
    CREATE TABLE log(
        pos INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, subject INTEGER NOT NULL,
        time INTEGER NOT NULL, message INTEGER NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX log_once ON log(subject, time, message) WHERE kind = 0;
    CREATE INDEX log_decisions ON log(pos) WHERE kind > 0;
    CREATE TABLE name(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE cursor(
        name TEXT PRIMARY KEY, pos INTEGER NOT NULL, state BLOB NOT NULL
    ) STRICT;
    INSERT INTO name(id, name) VALUES (1, 'a'), (2, 'ac_power_w'), (3, 'alert');
    INSERT INTO log VALUES (1, 0, 1, 1763900001000, 0, x'010004000002');
    INSERT INTO log VALUES (2, 2, 3, 1763900000005, 0, x'017b226e223a357d');
    INSERT INTO cursor VALUES ('influx:main', 1, x'');
    PRAGMA user_version = 1;
";

#[tokio::test]
async fn a_journal_of_version_1_is_taken_over_as_it_is() {
    let folder = tempfile::tempdir().expect("temp dir");
    let old = rusqlite::Connection::open(folder.path().join(schema::FILE)).expect("database");
    old.execute_batch(OF_VERSION_1).expect("old tables");
    drop(old);
    let journal = open(folder.path());
    let mut reader = journal.reader_from(Position(0), Kinds::All);
    let batch = reader.next(10).await.expect("records");
    let records: Vec<_> = batch.records.iter().map(|(_, record)| (**record).clone()).collect();
    assert_eq!(records, [reading("a", 1), event(5)]);
    assert_eq!(journal.cursor("influx:main"), Ok(Some((Position(1), Vec::new()))));
    assert_eq!(
        journal.append(vec![reading("a", 1), reading("a", 2)]).await.expect("kept").stored,
        1
    );
    let identity = journal.identity().to_owned();
    journal.close();
    assert_eq!(open(folder.path()).identity(), identity);
}

#[tokio::test]
async fn a_flipped_bit_in_a_row_is_found() {
    let folder = tempfile::tempdir().expect("temp dir");
    let journal = open(folder.path());
    journal.append(vec![reading("a", 1), reading("a", 2)]).await.expect("kept");
    journal.close();
    let connection = rusqlite::Connection::open(folder.path().join(schema::FILE)).expect("opens");
    let flipped = connection.execute("UPDATE log SET time = time + 4 WHERE pos = 1", []);
    assert_eq!(flipped, Ok(1));
    drop(connection);
    let journal = open(folder.path());
    let archive = journal.archive().expect("archive");
    let device = DeviceId::parse("a").expect("id");
    let (from, to) = (Timestamp::from_ms(0), Timestamp::from_ms(i64::MAX));
    let left = archive.readings(&device, from, to, 10).expect("read");
    assert_eq!(left.into_iter().map(Record::Reading).collect::<Vec<_>>(), [reading("a", 2)]);
}
