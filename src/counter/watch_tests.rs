//! The follower over a real journal that is left in the lurch at every step.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::ManualClock;
use crate::journal::{Config, Journal};
use crate::model::{
    Device, DeviceId, DeviceKind, EventKind, PointName, Quality, Reading, Record, Sample, Text,
    Timestamp, Value, ZoneId,
};
use crate::profile::{Catalog, Profile};
use crate::tally::Tally;

const START: i64 = 1_763_900_000_000;

fn meter() -> (Arc<Device>, Arc<Profile>) {
    let catalog = Catalog::shipped().expect("profiles");
    let profile = catalog.get("huawei-sun2000").expect("profile").clone();
    let device = Device {
        id: DeviceId::parse("inv-1").expect("id"),
        name: Text::same("inv-1"),
        zone: ZoneId::parse("roof").expect("id"),
        kind: DeviceKind::Inverter,
        profile: profile.id.clone(),
        rated_power_w: Some(50_000.0),
        interval_ms: 10_000,
        stale_after_ms: 30_000,
    };
    (Arc::new(device), profile)
}

fn reading(n: i64, wh: f64) -> Record {
    let time = Timestamp::from_ms(START + n * 10_000);
    let point = PointName::parse("energy_total_wh").expect("point");
    let samples = vec![Sample { point, value: Value::Float(wh), quality: Quality::Good }];
    let device = DeviceId::parse("inv-1").expect("id");
    Record::Reading(Reading { device, time, received: time, message: 0, samples })
}

fn journal(folder: &std::path::Path) -> Journal {
    let config = Config { commit_wait_ms: 1, ..Config::new(folder.to_owned()) };
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    Journal::open(&config, clock, Tally::new()).expect("opens")
}

fn events(journal: &Journal) -> Vec<CounterEvent> {
    let events = journal.archive().expect("archive").last_events(EventKind::Counter, 100);
    events.expect("events").iter().filter_map(CounterEvent::of).collect()
}

/// Waits until so many events are on disk, and a little longer for one too many.
async fn settled(journal: &Journal, count: usize) -> Vec<CounterEvent> {
    for _ in 0..100 {
        if events(journal).len() >= count {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    events(journal)
}

#[tokio::test]
async fn what_happened_is_written_once_however_often_the_follower_dies() {
    let folder = tempfile::tempdir().expect("temp dir");
    let journal = journal(folder.path());
    let values = [1e6, 1_000_100.0, 50.0, 150.0, 250.0, 350.0, 9e8, 900_000_100.0];
    // The first start of all begins at the end of the journal; what is kept is its place.
    let first = Watch::open(journal.clone(), [meter()]).expect("opens");
    let stop = CancellationToken::new();
    stop.cancel();
    first.run(stop).await;
    for (n, value) in (0..).zip(values) {
        journal.append(vec![reading(n, value)]).await.expect("kept");
        // Dies without a word while it reads.
        let watch = Watch::open(journal.clone(), [meter()]).expect("opens");
        let life = tokio::time::timeout(
            std::time::Duration::from_millis(20 + 40 * u64::try_from(n % 3).expect("small")),
            watch.run(CancellationToken::new()),
        );
        assert!(life.await.is_err(), "it never ends by itself");
    }
    let seen = stopped_in_order(&journal, 2).await;
    let changes: Vec<_> = seen.iter().rev().map(|event| event.happened.change).collect();
    assert_eq!(changes, [Change::Reset, Change::Swap]);
    assert_eq!(seen.last().map(|event| event.happened.before), Some(1_000_100.0));
    // Stopped in order, it finds nothing again.
    assert_eq!(stopped_in_order(&journal, 3).await.len(), 2);
    journal.close();
}

/// The events after a life that lasts until there are so many, and ends in order.
async fn stopped_in_order(journal: &Journal, count: usize) -> Vec<CounterEvent> {
    let watch = Watch::open(journal.clone(), [meter()]).expect("opens");
    let stop = CancellationToken::new();
    let look = async {
        let seen = settled(journal, count).await;
        stop.cancel();
        seen
    };
    tokio::join!(watch.run(stop.clone()), look).1
}
