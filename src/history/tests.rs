//! Questions about a past that was written a moment ago.

use std::sync::Arc;

use super::*;
use crate::clock::ManualClock;
use crate::journal::{Config, Journal};
use crate::model::{PointName, Record, Sample, Value};
use crate::tally::Tally;

const START: i64 = 1_763_900_000_000;

fn reading(ms: i64, message: u64, value: f64) -> Record {
    let time = Timestamp::from_ms(START + ms);
    Record::Reading(Reading {
        device: id(),
        time,
        received: time,
        message,
        samples: vec![Sample {
            point: PointName::parse("ac_power_w").expect("point"),
            value: Value::Float(value),
            quality: Quality::Good,
        }],
    })
}

fn id() -> DeviceId {
    DeviceId::parse("inv-01").expect("id")
}

async fn history(folder: &std::path::Path, records: Vec<Record>) -> History {
    let config = Config { folder: folder.to_owned(), commit_wait_ms: 1, retention_days: 400 };
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    let journal = Journal::open(&config, clock, Tally::new()).expect("opens");
    journal.append(records).await.expect("kept");
    History::new(journal.archive().expect("archive"))
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(START + ms)
}

#[tokio::test]
async fn a_series_has_gaps_where_nothing_was_measured() {
    let folder = tempfile::tempdir().expect("temp dir");
    let records = vec![reading(0, 0, 10.0), reading(900, 0, 20.0), reading(2500, 0, 5.0)];
    let history = history(folder.path(), records).await;
    let series = history.series_mean(id(), "ac_power_w", at(0), at(4000), 1000).await;
    let expected =
        vec![(at(0), Some(15.0)), (at(1000), None), (at(2000), Some(5.0)), (at(3000), None)];
    assert_eq!(series, Ok(expected));
    let none = history.series_mean(id(), "ac_power_w", at(0), at(4000), 0).await;
    assert_eq!(none, Err(HistoryError::BadSteps));
    let many = history.series_mean(id(), "ac_power_w", at(0), at(i64::MAX / 2), 1).await;
    assert_eq!(many, Err(HistoryError::BadSteps));
}

#[tokio::test]
async fn the_ends_of_a_span_are_found() {
    let folder = tempfile::tempdir().expect("temp dir");
    let records = vec![reading(0, 0, 10.0), reading(900, 0, 20.0), reading(2500, 0, 35.0)];
    let history = history(folder.path(), records).await;
    let found = history.first_and_last(id(), "ac_power_w", at(1), at(9999)).await;
    let expected = FirstAndLast { first: (at(900), 20.0), last: (at(2500), 35.0) };
    assert_eq!(found, Ok(Some(expected)));
    assert_eq!(history.first_and_last(id(), "energy_total_wh", at(0), at(9999)).await, Ok(None));
    assert_eq!(history.first_and_last(id(), "ac_power_w", at(3000), at(9999)).await, Ok(None));
}

#[tokio::test]
async fn pages_neither_lose_nor_double_a_reading() {
    let folder = tempfile::tempdir().expect("temp dir");
    // Three readings share each time, so that page borders fall amid them.
    let records: Vec<_> =
        (0..5000_u64).map(|n| reading(i64::try_from(n / 3).expect("small"), n, 1.0)).collect();
    let history = history(folder.path(), records).await;
    let count = history.walk(id(), at(0), at(9999), 0, |count, _| *count += 1).await;
    assert_eq!(count, Ok(5000));
}
