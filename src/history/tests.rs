//! Questions about a past, before it is packed, after, and half way.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::clock::ManualClock;
use crate::journal;
use crate::model::{Decimal, PointName, Quality, Record, Sample, Value};
use crate::tally::Tally;

const START: i64 = 1_763_900_000_000;

fn sample(point: &str, value: Value) -> Sample {
    let point = PointName::parse(point).expect("point");
    Sample { point, value, quality: Quality::Good }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(START + ms)
}

fn id() -> DeviceId {
    DeviceId::parse("inv-01").expect("id")
}

fn reading(ms: i64, message: u64, samples: Vec<Sample>) -> Reading {
    Reading { device: id(), time: at(ms), received: at(ms + 7), message, samples }
}

fn power(ms: i64, value: f64) -> Reading {
    reading(ms, 0, vec![sample("ac_power_w", Value::Float(value))])
}

struct World {
    _folder: tempfile::TempDir,
    journal: Journal,
    clock: Arc<ManualClock>,
    history: History,
    packer: Packer,
    config: Config,
}

impl World {
    fn new() -> Self {
        Self::within(12 << 30)
    }

    fn within(size_bytes_max: u64) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let config = Config { size_bytes_max, ..Config::default() };
        let clock = Arc::new(ManualClock::new(at(0)));
        let of_journal =
            journal::Config { commit_wait_ms: 0, ..journal::Config::new(folder.path()) };
        let journal = Journal::open(&of_journal, clock.clone(), Tally::new()).expect("opens");
        let (history, packer) = History::open(&config, &journal, clock.clone()).expect("opens");
        Self { _folder: folder, journal, clock, history, packer, config }
    }

    async fn keep(&self, readings: &[Reading]) {
        let records = readings.iter().cloned().map(Record::Reading).collect();
        self.journal.append(records).await.expect("kept");
    }

    async fn pack(&mut self) {
        self.packer.pack().await.expect("packed");
    }

    async fn all(&self, from: i64, to: i64) -> Vec<Reading> {
        let visit = |all: &mut Vec<Reading>, reading: &Reading| all.push(reading.clone());
        self.history.walk(id(), at(from), at(to), Vec::new(), visit).await.expect("read")
    }

    fn places(&self) -> Vec<store::Place> {
        let connection = store::open_read_only(self.journal.folder()).expect("opens");
        store::within(&connection, &id(), at(-1 << 50), at(1 << 50)).expect("places")
    }
}

/// A reading as devices send them: some points always, some seldom, of all kinds.
fn any_reading() -> impl Strategy<Value = Reading> {
    let value = prop_oneof![
        (-9999i64..9999).prop_map(|n| Value::Decimal(Decimal { mantissa: n, exponent: -1 })),
        (0i32..1000).prop_map(|n| Value::Float(f64::from(n) / 8.0)),
        any::<bool>().prop_map(Value::Bool),
        "[ab]{0,2}".prop_map(|text| Value::Text(text.into())),
    ];
    let samples = prop::collection::vec(prop::option::of(value), 5).prop_map(|values| {
        let names = ["ac_power_w", "energy_total_wh", "online", "serial_number", "vendor_x"];
        let pairs = names.iter().zip(values);
        pairs.filter_map(|(name, value)| Some(sample(name, value?))).collect()
    });
    (0i64..3000, 0u64..3, samples)
        .prop_map(|(ms, message, samples)| reading(ms * 10, message, samples))
}

/// The order of values in a reading is not kept.
fn in_order(mut readings: Vec<Reading>) -> Vec<Reading> {
    for reading in &mut readings {
        reading.samples.sort_by(|a, b| a.point.cmp(&b.point));
    }
    readings.sort_by_key(segment::key);
    readings
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(work)
}

/// The numbers of some points, reading by reading.
fn rows(
    history: &History,
    points: &[String],
    from: i64,
    to: i64,
) -> Vec<(Timestamp, Vec<Option<f64>>)> {
    let (mut rows, points) = (Vec::new(), points.iter().map(String::as_str).collect::<Vec<_>>());
    let mut take = |time: Timestamp, numbers: &[Option<f64>]| {
        rows.push((time, numbers.to_vec()));
        std::ops::ControlFlow::Continue(())
    };
    history.rows_blocking(&id(), &points, at(from), at(to), &mut take).expect("read");
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_reading_comes_back_as_it_was_in_whatever_order_it_came(
        rounds in prop::collection::vec(prop::collection::vec(any_reading(), 0..60), 1..8),
        (from, to) in (0i64..30_000, 0i64..30_000),
    ) {
        block_on(async {
            let mut world = World::new();
            let mut kept: BTreeSet<(Timestamp, u64)> = BTreeSet::new();
            let mut expected = Vec::new();
            for (round, readings) in rounds.iter().enumerate() {
                world.keep(readings).await;
                let new = readings.iter().filter(|reading| kept.insert(segment::key(reading)));
                expected.extend(new.cloned());
                if round % 3 != 2 {
                    world.pack().await;
                }
                let inside = |r: &&Reading| at(from) <= r.time && r.time < at(to);
                let of_span: Vec<Reading> = expected.iter().filter(inside).cloned().collect();
                assert_eq!(in_order(world.all(from, to).await), in_order(of_span.clone()));
                let points = vec!["ac_power_w".to_owned(), "vendor_x".to_owned()];
                let numbers = world.history.numbers(id(), points.clone(), at(from), at(to)).await;
                for (numbers, point) in numbers.expect("read").iter().zip(&points) {
                    let number = |r: &Reading| Some((r.time, r.measured(point)?));
                    let of_point: Vec<_> = in_order(of_span.clone()).iter().filter_map(number).collect();
                    assert_eq!(numbers, &of_point);
                }
                let rows = rows(&world.history, &points, from, to);
                let expected_rows: Vec<_> = in_order(of_span.clone())
                    .iter()
                    .map(|r| (r.time, points.iter().map(|point| r.measured(point)).collect()))
                    .collect();
                assert_eq!(rows, expected_rows);
                let last = world.history.last_before(id(), at(to), 5).await.expect("read");
                let before = expected.iter().filter(|r| r.time < at(to)).cloned().collect();
                let newest = in_order(before).into_iter().rev().take(5).collect::<Vec<_>>();
                let sorted = |mut reading: Reading| {
                    reading.samples.sort_by(|a, b| a.point.cmp(&b.point));
                    reading
                };
                assert_eq!(last.into_iter().map(sorted).collect::<Vec<_>>(), newest);
            }
            let places = world.places();
            assert!(places.windows(2).all(|pair| pair[0].until < pair[1].start), "{places:?}");
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_say_what_a_point_did() {
    let mut world = World::new();
    world.keep(&[power(0, 10.0), power(900, 20.0), power(2500, 5.0)]).await;
    world.clock.set(at(60_000));
    for _ in 0..2 {
        let asked = vec![Asked { point: "ac_power_w".into(), counter: None, hold_ms: 1000 }];
        let steps = Windows::every_ms(at(0), at(4000), 1000).expect("steps");
        let windows = world.history.windows(id(), asked, steps).await.expect("read").remove(0);
        let means: Vec<_> = windows.iter().map(|window| window.mean).collect();
        assert_eq!(means, [Some(15.0), None, Some(5.0), None]);
        assert_eq!((windows[0].min, windows[0].max, windows[0].count), (Some(10.0), Some(20.0), 2));
        assert_eq!(windows[0].last, Some((at(900), 20.0)));
        assert_eq!(windows[0].time_weighted_mean, Some((10.0 * 900.0 + 20.0 * 100.0) / 1000.0));
        let covered: Vec<_> = windows.iter().map(|window| window.covered_ms).collect();
        assert_eq!(covered, [1000, 900, 500, 500], "a value holds for a second at most");
        assert_eq!(windows[1].time_weighted_mean, Some(20.0));
        world.pack().await;
    }
    assert_eq!(Windows::every_ms(at(0), at(4000), 0), Err(HistoryError::BadSteps));
    assert_eq!(Windows::every_ms(at(0), at(i64::MAX / 2), 1), Err(HistoryError::BadSteps));
    assert!(Windows::every_ms(at(0), at(0), 1).expect("none").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_counter_counts_between_two_readings_is_shared_out_and_a_reset_is_no_loss() {
    let mut world = World::new();
    let energy = |ms: i64, wh: i64| {
        let value = Value::Decimal(Decimal::whole(wh));
        reading(ms, 0, vec![sample("energy_total_wh", value)])
    };
    let hour = 3_600_000;
    // Two hours without a reading; then the counter begins anew at zero.
    let all = [
        energy(-hour / 2, 1000),
        energy(hour / 2, 1400),
        energy(hour, 1600),
        energy(3 * hour, 2600),
        energy(3 * hour + hour / 2, 0),
        energy(3 * hour + hour * 3 / 4, 100),
    ];
    world.keep(&all).await;
    world.clock.set(at(10 * hour));
    let nature =
        crate::counter::Nature::of("energy_total_wh", None, Some(5000.0)).expect("counter");
    for _ in 0..2 {
        let asked = vec![Asked {
            point: "energy_total_wh".into(),
            counter: Some(nature.clone()),
            hold_ms: 0,
        }];
        let steps = Windows::every_ms(at(0), at(4 * hour), hour).expect("steps");
        let windows = world.history.windows(id(), asked, steps).await.expect("read").remove(0);
        let increase: Vec<_> = windows.iter().map(|window| window.increase).collect();
        assert_eq!(increase, [Some(400.0), Some(500.0), Some(500.0), Some(100.0)]);
        // Asked for by itself, an hour says the same: what was counted over its ends is shared out.
        for (hour_of_day, expected) in (0..).zip(&increase) {
            let asked = vec![Asked {
                point: "energy_total_wh".into(),
                counter: Some(nature.clone()),
                hold_ms: 0,
            }];
            let (from, to) = (at(hour_of_day * hour), at((hour_of_day + 1) * hour));
            let steps = Windows::every_ms(from, to, hour).expect("steps");
            let alone = world.history.windows(id(), asked, steps).await.expect("read").remove(0);
            assert_eq!(&alone[0].increase, expected, "hour {hour_of_day}");
        }
        world.pack().await;
    }
}

#[test]
fn local_days_and_months_are_whole() {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
    let time = |text: &str| {
        let time: jiff::Timestamp = text.parse().expect("time");
        Timestamp::from_ms(time.as_millisecond())
    };
    let days = Windows::days(time("2026-02-27T20:00:00Z"), time("2026-03-01T20:00:00Z"), &zone);
    let days = days.expect("days");
    assert_eq!((days.start(), days.len()), (time("2026-02-27T16:00:00Z"), 3));
    let months = Windows::months(time("2025-12-31T20:00:00Z"), time("2026-03-01T20:00:00Z"), &zone);
    let months = months.expect("months");
    assert_eq!((months.start(), months.len()), (time("2025-12-31T16:00:00Z"), 3));
    assert_eq!(months.end(), time("2026-03-31T16:00:00Z"));
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").expect("zone");
    let short = Windows::days(time("2026-03-29T10:00:00Z"), time("2026-03-29T11:00:00Z"), &berlin);
    let short = short.expect("day");
    assert_eq!(short.end().since_ms(short.start()), 23 * 3_600_000, "a day of 23 hours");
}

#[tokio::test(flavor = "multi_thread")]
async fn small_segments_become_large_ones() {
    let mut world = World::new();
    let mut all = Vec::new();
    for round in 0..300i64 {
        let readings: Vec<Reading> =
            (0..40).map(|n| power((round * 40 + n) * 5000, (n % 7) as f64)).collect();
        world.keep(&readings).await;
        world.pack().await;
        all.extend(readings);
    }
    assert_eq!(world.all(0, i64::MAX / 4).await, all);
    let rows: Vec<usize> = world.places().iter().map(|place| place.rows).collect();
    assert!(rows.len() < 16, "{rows:?}");
    assert!(rows.iter().filter(|rows| **rows >= 4096).count() >= 1, "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_journal_in_the_old_place_is_packed_from_its_beginning() {
    let mut world = World::new();
    world.keep(&[power(0, 1.0), power(1000, 2.0)]).await;
    world.pack().await;
    world.journal.close();
    for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        drop(std::fs::remove_file(world.journal.folder().join(file)));
    }
    let of_journal =
        journal::Config { commit_wait_ms: 0, ..journal::Config::new(world.journal.folder()) };
    world.journal = Journal::open(&of_journal, world.clock.clone(), Tally::new()).expect("opens");
    (world.history, world.packer) =
        History::open(&world.config, &world.journal, world.clock.clone()).expect("opens");
    // One that was there comes again.
    world.keep(&[power(1000, 2.0), power(2000, 3.0)]).await;
    world.pack().await;
    assert_eq!(world.all(0, 9000).await, [power(0, 1.0), power(1000, 2.0), power(2000, 3.0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_costs_one_point_of_one_segment_and_is_put_aside() {
    let mut world = World::new();
    let both = |n: i64| {
        let value = |n: i64| Value::Decimal(Decimal::whole(n * n % 97));
        reading(n * 1000, 0, vec![sample("ac_power_w", value(n)), sample("vendor_x", value(n + 1))])
    };
    let all: Vec<Reading> = (0..500).map(both).collect();
    world.keep(&all).await;
    world.pack().await;
    let flip = "UPDATE packed SET body = zeroblob(length(body)) WHERE point = 'ac_power_w'";
    let connection = store::open_to_write(world.journal.folder()).expect("opens");
    connection.execute(flip, []).expect("flipped");
    let points = vec!["ac_power_w".to_owned(), "vendor_x".to_owned()];
    let numbers = world.history.numbers(id(), points.clone(), at(0), at(1 << 40)).await;
    let lengths = |numbers: &[Vec<_>]| numbers.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths(&numbers.expect("read")), [0, 500], "never a made-up value");
    world.pack().await;
    let aside: i64 =
        connection.query_row("SELECT count(*) FROM damaged", [], |row| row.get(0)).expect("count");
    assert_eq!(aside, 1);
    assert_eq!(world.all(0, 1 << 40).await, all, "the journal still had it");

    // When the journal has dropped it, it is gone.
    world.journal.close();
    let journal = rusqlite::Connection::open(world.journal.folder().join("journal.db"));
    journal.expect("opens").execute("DELETE FROM log", []).expect("dropped");
    let of_journal =
        journal::Config { commit_wait_ms: 0, ..journal::Config::new(world.journal.folder()) };
    world.journal = Journal::open(&of_journal, world.clock.clone(), Tally::new()).expect("opens");
    (world.history, world.packer) =
        History::open(&world.config, &world.journal, world.clock.clone()).expect("opens");
    connection.execute(flip, []).expect("flipped");
    let numbers = world.history.numbers(id(), points.clone(), at(0), at(1 << 40)).await;
    assert_eq!(lengths(&numbers.expect("read")), [0, 500]);
    world.pack().await;
    let left = world.all(0, 1 << 40).await;
    assert_eq!(left.len(), 500);
    assert!(left.iter().all(|reading| reading.samples.len() == 1));
    connection.execute("UPDATE segment SET times = zeroblob(9)", []).expect("flipped");
    assert!(world.all(0, 1 << 40).await.is_empty());
    world.keep(&[both(100), both(600)]).await;
    world.pack().await;
    assert_eq!(world.all(0, 1 << 40).await.len(), 2, "the rest goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_goes_by_age_and_by_room() {
    let mut world = World::within(400_000);
    for round in 0..60i64 {
        let noise = |n: i64| power((round * 2000 + n) * 1000, ((round * 2000 + n) as f64).sin());
        world.clock.set(at((round + 1) * 2_000_000));
        world.keep(&(0..2000).map(noise).collect::<Vec<_>>()).await;
        world.pack().await;
    }
    let places = world.places();
    assert!(places[0].start > at(0), "the oldest went");
    assert!(places.last().expect("some").until > at(119_000_000), "the newest stays");
    let size = std::fs::metadata(world.journal.folder().join(store::FILE)).expect("file").len();
    assert!(size < 800_000, "{size} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_flipped_bit_of_a_block_is_ever_answered_with() {
    let mut world = World::new();
    let value = |n: i64| Value::Decimal(Decimal::whole(n * n % 97));
    let all: Vec<Reading> =
        (0..60).map(|n| reading(n * 1000, 0, vec![sample("vendor_x", value(n))])).collect();
    world.keep(&all).await;
    world.pack().await;
    let connection = store::open_to_write(world.journal.folder()).expect("opens");
    for (table, name) in [("packed", "body"), ("segment", "times")] {
        let find = format!("SELECT {name} FROM {table}");
        let whole: Vec<u8> = connection.query_row(&find, [], |row| row.get(0)).expect("one");
        let put = format!("UPDATE {table} SET {name} = ?1");
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            connection.execute(&put, [flipped]).expect("flipped");
            let read = world.history.numbers(id(), vec!["vendor_x".into()], at(0), at(1 << 40));
            assert!(read.await.expect("read")[0].is_empty(), "bit {bit} of {name}");
        }
        connection.execute(&put, [whole]).expect("as it was");
    }
    assert_eq!(world.all(0, 1 << 40).await, all, "nothing was put aside that is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_read_is_put_aside_and_the_last_days_are_packed_again() {
    let mut world = World::new();
    let all: Vec<Reading> = (0..60).map(|n| power(n * 1000, 1.0)).collect();
    world.keep(&all).await;
    world.pack().await;
    let World { _folder: folder, journal, clock, history, packer, config } = world;
    drop((history, packer));
    let file = journal.folder().join(store::FILE);
    let size = usize::try_from(std::fs::metadata(&file).expect("file").len()).expect("small");
    std::fs::write(&file, vec![0x5A; size]).expect("spoiled");
    let (history, packer) = History::open(&config, &journal, clock.clone()).expect("opens");
    let mut world = World { _folder: folder, journal, clock, history, packer, config };
    world.pack().await;
    assert_eq!(world.all(0, 1 << 40).await, all);
    let names = std::fs::read_dir(world.journal.folder()).expect("folder");
    let aside = names
        .filter_map(Result::ok)
        .any(|entry| entry.file_name().to_string_lossy().starts_with("history.damaged-"));
    assert!(aside, "for whoever wants to look at it");
}
